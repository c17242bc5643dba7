"""`flow2api account …`: the operator's own accounts at the services."""

import os
import sys
from pathlib import Path
from typing import Any

import click
import msgspec

from flow2api.cli.client import call, checked, part
from flow2api.cli.options import Start, with_json, with_start
from flow2api.cli.outcomes import REFUSED, CommandFailed, told_as_failures
from flow2api.cli.output import moment, print_json, print_table, shown
from flow2api.cli.wiring import Wiring
from flow2api.domain.account import AccountView

_COLUMNS = ("id", "kind", "group", "name", "tier", "credits", "state", "reason", "until", "pictures", "clips")


@click.group()
def account() -> None:
    """Add, list, check and remove accounts."""


@account.command("add")
@with_start
@with_json
@click.option("--kind", metavar="NAME", help="Which service it is an account of; left out, Google Flow.")
@click.option(
    "--key",
    "--session-token",
    "credential",
    metavar="TEXT",
    help="Its API key, for Google Flow the cookie __Secure-next-auth.session-token of labs.google; - reads it from standard input. "
    "Left out, it is asked for without being shown, which keeps it out of the shell's history.",
)
@click.option("--base-url", metavar="URL", help="Address of the service, where accounts of its kind have their own.")
@click.option("--group", default="", help="Label by which routes of models choose accounts.")
@click.option("--label", default="", help="Name to call the account by; else its e-mail address.")
@click.option("--note", default="", help="Anything you want to remember about it.")
@click.pass_obj
def add(
    wiring: Wiring, /, start: Start, as_json: bool, kind: str | None, credential: str | None, **fields: str | None
) -> None:
    """Add an account, or renew the login or key of one that is known. It is tried, free of charge, before it is taken."""
    given = {"provider": kind, "credential": _credential(credential, kind), **fields}
    body = {name: value for name, value in given.items() if value}
    print_account("added", call(wiring, start, "POST", "/api/accounts", body), as_json)


@account.command("list")
@with_start
@with_json
@click.pass_obj
def list_accounts(wiring: Wiring, start: Start, as_json: bool) -> None:
    """List all accounts and how they stand."""
    answer = call(wiring, start, "GET", "/api/accounts")
    if as_json:
        print_json(answer)
        return
    empty = "There is no account yet. Add one with: flow2api account add"
    print_table(_COLUMNS, map(_row, checked(answer["accounts"], list[AccountView])), empty=empty)


@account.command("import")
@with_start
@click.argument("file", type=click.File("rb"))
@click.pass_obj
def import_accounts(wiring: Wiring, start: Start, file: Any) -> None:
    """Add all accounts of a FILE that `account export` wrote; - reads standard input."""
    try:
        content = msgspec.json.decode(file.read())
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CommandFailed(f"the file is not JSON: {error}") from None
    accounts = content.get("accounts") if isinstance(content, dict) else content
    if not isinstance(accounts, list):
        raise CommandFailed('the file must hold a list of accounts, or an object with such a list as "accounts"')
    answer = call(wiring, start, "POST", "/api/accounts/import", {"accounts": accounts})
    failed = [entry for entry in answer["imported"] if entry["error"]]
    click.echo(f"imported {len(accounts) - len(failed)} of {len(accounts)} accounts")
    if failed:
        raise CommandFailed("\n".join(f"{shown(entry['label'])}: {entry['error']}" for entry in failed), REFUSED)


@account.command("export")
@with_start
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), required=False)
@click.pass_obj
def export_accounts(wiring: Wiring, start: Start, file: Path | None) -> None:
    """Write all accounts with their credentials to a new FILE that only you can read, else to standard output."""
    answer = call(wiring, start, "GET", "/api/accounts/export")
    if file is None:
        print_json(answer)
        return
    with told_as_failures():
        # A new file: one that is there might be readable by others, or hold accounts that are nowhere else.
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as out:
            out.write(msgspec.json.format(msgspec.json.encode(answer), indent=2) + b"\n")
    click.echo(f"wrote {len(answer['accounts'])} accounts with their credentials to {file}; keep it safe")


@account.command("group")
@with_start
@with_json
@click.argument("account_id", metavar="ID")
@click.argument("name", default="")
@click.pass_obj
def group(wiring: Wiring, start: Start, account_id: str, name: str, as_json: bool) -> None:
    """Put an account into the group NAME; without a name it leaves its group."""
    answer = call(wiring, start, "PATCH", f"/api/accounts/{part(account_id)}", {"group": name})
    print_account("changed", answer, as_json)


@account.command("remove")
@with_start
@click.argument("account_id", metavar="ID")
@click.pass_obj
def remove(wiring: Wiring, start: Start, account_id: str) -> None:
    """Take an account out."""
    call(wiring, start, "DELETE", f"/api/accounts/{part(account_id)}")
    click.echo(f"removed {account_id}")


@account.command("enable")
@with_start
@with_json
@click.argument("account_id", metavar="ID")
@click.pass_obj
def enable(wiring: Wiring, start: Start, account_id: str, as_json: bool) -> None:
    """Let an account work again; ends its rest too."""
    _act(wiring, start, account_id, "enable", as_json)


@account.command("disable")
@with_start
@with_json
@click.argument("account_id", metavar="ID")
@click.pass_obj
def disable(wiring: Wiring, start: Start, account_id: str, as_json: bool) -> None:
    """Give an account no more work."""
    _act(wiring, start, account_id, "disable", as_json)


@account.command("refresh")
@with_start
@with_json
@click.argument("account_id", metavar="ID")
@click.pass_obj
def refresh(wiring: Wiring, start: Start, account_id: str, as_json: bool) -> None:
    """Sign in anew and read credits and tier now."""
    _act(wiring, start, account_id, "refresh", as_json)


@account.command("renew")
@with_start
@with_json
@click.argument("account_id", metavar="ID")
@click.pass_obj
def renew(wiring: Wiring, start: Start, account_id: str, as_json: bool) -> None:
    """Take over a newer session from the browser profile of `account login`."""
    _act(wiring, start, account_id, "renew", as_json)


def _act(wiring: Wiring, start: Start, account_id: str, act: str, as_json: bool) -> None:
    answer = call(wiring, start, "POST", f"/api/accounts/{part(account_id)}/{act}")
    print_account(f"{act}{'d' if act.endswith('e') else 'ed'}", answer, as_json)


def _credential(given: str | None, kind: str | None) -> str:
    """The key or session token from the option, from standard input or asked for."""
    if given is None:
        given = click.prompt("API key" if kind else "Session token", hide_input=True, err=True)
    elif given == "-":
        given = sys.stdin.read()
    token = str(given).strip()
    if not token:
        raise click.UsageError("the key or session token is empty")
    return token


def print_account(done: str, answer: Any, as_json: bool) -> None:
    """One account as the gateway answered with it, after what was done to it."""
    if as_json:
        print_json(answer)
        return
    view = checked(answer, AccountView)
    click.echo(f"{done} {shown(view.account.label)}")
    print_table(_COLUMNS, [_row(view)], empty="")


def _row(view: AccountView) -> tuple[object, ...]:
    account, standing = view.account, view.account.standing
    return (
        account.id,
        account.provider,
        account.group or None,
        account.label,
        account.tier.value,
        account.credits,
        standing.state.value,
        standing.detail or standing.code or None,
        moment(standing.until),
        view.images_in_flight,
        view.videos_in_flight,
    )

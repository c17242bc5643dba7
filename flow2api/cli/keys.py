"""`flow2api key …`: the API keys that programs use with this gateway, and what each may do."""

import functools
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import click

from flow2api.cli.client import call, part
from flow2api.cli.options import Command, Start, with_json, with_start
from flow2api.cli.output import moment, print_json, print_table, shown
from flow2api.cli.wiring import Wiring
from flow2api.domain.key import SCOPES

NONE = "none"
_UNITS = {"h": 3600.0, "d": 86_400.0, "w": 7 * 86_400.0}


class Amount(click.ParamType[Any]):
    """A whole number, or `none`, which takes the limit away."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value == NONE or isinstance(value, int):
            return value
        if not str(value).isascii() or not str(value).isdecimal():
            self.fail(f"{value!r} is neither a whole number nor {NONE}", param, ctx)
        return int(value)


class Expiry(click.ParamType[Any]):
    """A date such as 2030-01-31 (its beginning, here), a span such as 12h, 30d or 2w from now, or `none`."""

    name = "when"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value == NONE or isinstance(value, float):
            return value
        number, unit = value[:-1], _UNITS.get(value[-1:])
        if unit is not None and number.isascii() and number.isdecimal():
            return time.time() + int(number) * unit
        try:
            return datetime.fromisoformat(value).astimezone().timestamp()
        except (ValueError, OverflowError, OSError):
            self.fail(f"{value!r} is no date such as 2030-01-31, no span such as 30d, and not {NONE}", param, ctx)


def with_limits(command: Command) -> Command:
    """Add the options of what a key may do; the command gets those that were given as `limits`, as the API takes them."""

    @click.option("--scope", "scopes", multiple=True, type=click.Choice([*SCOPES, "all"]), help="Routes that it opens.")
    @click.option(
        "--model",
        "models",
        multiple=True,
        metavar="ID",
        help="Models that it may use, such as veo-3.1 or 'veo-*'; or all.",
    )
    @click.option("--per-minute", "requests_per_minute", type=Amount(), help="Requests within a minute.")
    @click.option("--concurrent", "concurrent_jobs", type=Amount(), help="Generations under way at a time.")
    @click.option("--daily-credits", type=Amount(), help="Credits for one day of UTC.")
    @click.option("--total-credits", type=Amount(), help="Credits in all.")
    @click.option("--expires", "expires_at", type=Expiry(), help="Its end: 2030-01-31, or 12h, 30d, 2w from now.")
    @functools.wraps(command)
    def wrapped(*args: Any, scopes: Sequence[str], models: Sequence[str], **rest: Any) -> None:
        names = ("requests_per_minute", "concurrent_jobs", "daily_credits", "total_credits", "expires_at")
        given = {name: value for name in names if (value := rest.pop(name)) is not None}
        lists = {"scopes": scopes, "models": models}
        limits: dict[str, object] = {name: None if value == NONE else value for name, value in given.items()}
        limits |= {name: [] if "all" in value else list(value) for name, value in lists.items() if value}
        command(*args, limits=limits, **rest)

    return wrapped


@click.group()
def key() -> None:
    """Make, list, limit and revoke API keys."""


@key.command("create")
@with_start
@with_json
@with_limits
@click.argument("name")
@click.pass_obj
def create(wiring: Wiring, start: Start, name: str, as_json: bool, limits: Mapping[str, object]) -> None:
    """Make a key called NAME, which may do everything unless it is limited. It is printed this once: only its digest is kept."""
    answer = call(wiring, start, "POST", "/api/keys", {"name": name, **limits})
    if as_json:
        print_json(answer)
        return
    click.echo("This key is shown only now:", err=True)
    click.echo(answer["secret"])


@key.command("list")
@with_start
@with_json
@click.pass_obj
def list_keys(wiring: Wiring, start: Start, as_json: bool) -> None:
    """List all keys, by name and a hint of what they look like, with their limits and what they have spent."""
    answer = call(wiring, start, "GET", "/api/keys")
    if as_json:
        print_json(answer)
        return
    empty = "There is no key yet. Make one with: flow2api key create NAME"
    columns = ("id", "name", "key", "made", "last used", "ends", "spent today", "in all", "limits")
    print_table(columns, map(_row, answer["keys"]), empty=empty)


@key.command("change")
@with_start
@with_json
@with_limits
@click.option("--name", help="Another name.")
@click.argument("key_id", metavar="ID")
@click.pass_obj
def change(
    wiring: Wiring, start: Start, key_id: str, name: str | None, as_json: bool, limits: Mapping[str, object]
) -> None:
    """Change the name or the limits of a key from now on; what is not named stays. `none` takes a limit away."""
    changes = {**({"name": name} if name is not None else {}), **limits}
    if not changes:
        raise click.UsageError("say what to change, such as --per-minute 60")
    answer = call(wiring, start, "PATCH", f"/api/keys/{part(key_id)}", changes)
    if as_json:
        print_json(answer)
        return
    click.echo(f"changed {shown(answer['name'])}: {_limits(answer) or 'no limits'}")


@key.command("revoke")
@with_start
@click.argument("key_id", metavar="ID")
@click.pass_obj
def revoke(wiring: Wiring, start: Start, key_id: str) -> None:
    """Refuse a key from now on."""
    call(wiring, start, "DELETE", f"/api/keys/{part(key_id)}")
    click.echo(f"revoked {key_id}")


def _row(entry: Mapping[str, Any]) -> tuple[object, ...]:
    revoked, expires = entry.get("revoked_at"), entry.get("expires_at")
    return (
        entry["id"],
        entry.get("name"),
        entry.get("hint"),
        moment(entry.get("created_at")),
        moment(entry.get("last_used_at")),
        f"revoked {moment(revoked)}" if revoked else moment(expires),
        entry.get("spent_today"),
        entry.get("spent_total"),
        _limits(entry) or None,
    )


def _limits(entry: Mapping[str, Any]) -> str:
    """What a key may not exceed, in words."""
    amounts = {
        "requests_per_minute": "{} requests a minute",
        "concurrent_jobs": "{} jobs at a time",
        "daily_credits": "{} credits a day",
        "total_credits": "{} credits in all",
    }
    told = [form.format(entry[name]) for name, form in amounts.items() if entry.get(name) is not None]
    routes = [f"only {', '.join(entry['scopes'])}"] if entry.get("scopes") else []
    models = [f"models {', '.join(entry['models'])}"] if entry.get("models") else []
    return "; ".join([*routes, *models, *told])

"""`flow2api key …`: the API keys that programs use with this gateway."""

import click

from flow2api.cli.client import call, part
from flow2api.cli.options import Start, with_json, with_start
from flow2api.cli.output import moment, print_json, print_table
from flow2api.cli.wiring import Wiring


@click.group()
def key() -> None:
    """Make, list and revoke API keys."""


@key.command("create")
@with_start
@with_json
@click.argument("name")
@click.pass_obj
def create(wiring: Wiring, start: Start, name: str, as_json: bool) -> None:
    """Make a key called NAME. It is printed this once: only its digest is kept."""
    answer = call(wiring, start, "POST", "/api/keys", {"name": name})
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
    """List all keys, by name and a hint of what they look like."""
    answer = call(wiring, start, "GET", "/api/keys")
    if as_json:
        print_json(answer)
        return
    rows = (
        (
            entry["id"],
            entry.get("name"),
            entry.get("hint"),
            moment(entry.get("created_at")),
            moment(entry.get("last_used_at")),
            moment(entry.get("revoked_at")),
        )
        for entry in answer["keys"]
    )
    empty = "There is no key yet. Make one with: flow2api key create NAME"
    print_table(("id", "name", "key", "made", "last used", "revoked"), rows, empty=empty)


@key.command("revoke")
@with_start
@click.argument("key_id", metavar="ID")
@click.pass_obj
def revoke(wiring: Wiring, start: Start, key_id: str) -> None:
    """Refuse a key from now on."""
    call(wiring, start, "DELETE", f"/api/keys/{part(key_id)}")
    click.echo(f"revoked {key_id}")

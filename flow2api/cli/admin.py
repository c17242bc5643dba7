"""`flow2api admin …`: the way in to the dashboard, for an operator who is locked out. Needs no password: whoever can run it on the data
folder could read everything anyway."""

import sys

import click

from flow2api.cli.client import call
from flow2api.cli.options import Start, with_start
from flow2api.cli.wiring import Wiring


@click.group()
def admin() -> None:
    """Set the administrator's password, turn the second factor off, or end all sign-ins."""


@admin.command("password")
@with_start
@click.option("--password", "given", metavar="-", help="With -, it is read from standard input instead of asked for.")
@click.pass_obj
def password(wiring: Wiring, start: Start, given: str | None) -> None:
    """Set the password of the dashboard. Ends every sign-in; the second factor stays as it is."""
    if given not in (None, "-"):
        raise click.UsageError(
            "--password takes nothing but -, since a password does not belong into the shell's history"
        )
    chosen = (
        click.prompt("New password", hide_input=True, confirmation_prompt=True, err=True)
        if given is None
        else sys.stdin.read().rstrip("\r\n")
    )
    answer = call(wiring, start, "PUT", "/api/password", {"password": chosen})
    click.echo(f"The password is set; {_ended(answer['ended'])}.")


@admin.command("second-factor-off")
@with_start
@click.pass_obj
def second_factor_off(wiring: Wiring, start: Start) -> None:
    """Let the password alone be enough again, as when the authenticator and the recovery codes are lost. Ends every sign-in."""
    call(wiring, start, "DELETE", "/api/second-factor", {"password": ""})
    click.echo("The second factor is off. Turn it on again in the dashboard, under your account.")


@admin.command("sign-out")
@with_start
@click.pass_obj
def sign_out(wiring: Wiring, start: Start) -> None:
    """End every sign-in, on all devices."""
    answer = call(wiring, start, "DELETE", "/api/sessions")
    click.echo(f"Done; {_ended(answer['ended'])}.")


def _ended(count: int) -> str:
    return "1 sign-in was ended" if count == 1 else f"{count} sign-ins were ended"

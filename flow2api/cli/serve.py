"""`flow2api serve` and `flow2api demo`: the commands that run until they are stopped."""

import json
import shlex
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import click

from flow2api.browser.profile import captcha_profile, remove_locks
from flow2api.cli.generate import DEFAULT_MODEL
from flow2api.cli.options import Start, is_given, start_log, with_address, with_start
from flow2api.cli.outcomes import run
from flow2api.cli.wiring import Gateway, Wiring
from flow2api.config import Resolved
from flow2api.instance import remove_abandoned
from flow2api.log import register_secret

DASHBOARD = "/dashboard/"
_PROMPT = "A lighthouse at dusk, oil on canvas"
_TEMPORARY = "flow2api-demo-"
_END = {
    True: "Ctrl-C ends the demo. What is being made then goes on at the next start with this --data-dir; so it does after a kill -9.",
    False: "Ctrl-C ends the demo and removes all of it. With --data-dir FOLDER everything stays, and what is being made goes on at the next start.",
}


@click.command()
@with_start
@with_address
@click.pass_context
def serve(context: click.Context, start: Start) -> None:
    """Run the gateway.

    SIGTERM or Ctrl-C lets it finish what is under way and end; a second signal ends it at once.
    """
    wiring: Wiring = context.obj
    resolved = start.resolve(wiring)
    start_log(resolved, wiring.environ)
    context.exit(run(partial(wiring.load_app().run_gateway, resolved, wiring.environ, on_ready=_announce)))


@click.command()
@with_start
@with_address
@click.option("--api-key", metavar="KEY", help="API key to accept; else one is made, and kept with --data-dir.")
@click.pass_context
def demo(context: click.Context, start: Start, api_key: str | None) -> None:
    """Try everything without an account.

    Runs the gateway over emulated services on this machine. Its data lies in a folder that is removed at the end, unless
    --data-dir names one: then all that is under way goes on at the next start, even after a kill -9.
    """
    wiring: Wiring = context.obj
    if api_key is not None:
        register_secret(api_key)
    stays = "storage.data_dir" in start.flags
    with _data_folder(start) as kept:
        resolved = kept.resolve(wiring)
        # What the demo prints should not drown in the log, which its dashboard shows whole.
        start_log(resolved, wiring.environ, shown="debug" if is_given(resolved, "log.level") else "warning")

        def resolve(emulated: Mapping[str, object]) -> Resolved:
            return kept.with_flags(emulated).resolve(wiring)

        run_demo = wiring.load_demo().run_demo
        ready = partial(_introduce, stays)
        code = run(partial(run_demo, resolve, wiring.environ, api_key=api_key, on_ready=ready))
    context.exit(code)


def _announce(gateway: Gateway) -> None:
    register_secret(gateway.admin_token)
    _say(f"flow2api listens on {gateway.url}")
    if gateway.first_key:
        register_secret(gateway.first_key)
        _say(f"API key, made because there was none and shown only now: {gateway.first_key.reveal()}")
    _announce_dashboard(gateway)


def _announce_dashboard(gateway: Gateway) -> None:
    if gateway.setup_token is None:
        return
    register_secret(gateway.setup_token)
    _say(
        f"Dashboard: {gateway.url}{DASHBOARD} sets the administrator's password; from another machine it asks for this token, "
        f"which is good until then: {gateway.setup_token.reveal()}"
    )


@contextmanager
def _data_folder(start: Start) -> Iterator[Start]:
    """The start on the folder that was named; else on a new one, which is removed at the end."""
    if "storage.data_dir" in start.flags:
        yield start
        return
    parent = Path(tempfile.gettempdir())
    remove_abandoned(parent, _TEMPORARY, lambda folder: remove_locks(captcha_profile(folder)))
    with tempfile.TemporaryDirectory(prefix=_TEMPORARY, dir=parent, ignore_cleanup_errors=True) as folder:
        yield start.with_flags({"storage.data_dir": folder})


def _introduce(stays: bool, gateway: Gateway) -> None:
    register_secret(gateway.admin_token)
    assert gateway.first_key is not None
    key = gateway.first_key.reveal()
    notes = "".join(f"{note}\n" for note in gateway.notes)
    _say(
        f"The demo runs. Every picture and clip comes from an emulator on this machine; no account is needed.\n{notes}\n"
        f"  Address   {gateway.url}/v1\n"
        f"  Dashboard {gateway.url}{DASHBOARD}\n"
        f"  API key   {key}\n\n"
        f"Ask for a picture (paste this in another terminal), then open the link in the answer in a browser:\n\n"
        f"{curl(gateway.url, key)}\n\n"
        f"Or use address and key in any program that speaks OpenAI's API. {_END[stays]}"
    )


def curl(url: str, key: str) -> str:
    """A command for the shell that asks for a picture."""
    body = {"model": DEFAULT_MODEL, "messages": [{"role": "user", "content": _PROMPT}]}
    words = [f"{url}/v1/chat/completions", "-H", f"Authorization: Bearer {key}", "-H", "Content-Type: application/json"]
    return "curl " + " ".join(map(shlex.quote, [*words, "-d", json.dumps(body)]))


def _say(text: str) -> None:
    # Flushed by click, so that it arrives at once where the output is a pipe or a file.
    click.echo(text)

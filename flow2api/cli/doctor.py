"""`flow2api doctor`: looks at everything that a gateway needs, and says in words what is wrong and what to do."""

import time
from collections.abc import Sequence
from pathlib import Path

import click
import trio

from flow2api.cli.checks import gateway, ground, machine, reach
from flow2api.cli.checks.browser import browser
from flow2api.cli.checks.finding import Finding, Result
from flow2api.cli.options import Start, with_json, with_start
from flow2api.cli.outcomes import FAILED, run
from flow2api.cli.output import print_json, print_table
from flow2api.cli.wiring import Wiring
from flow2api.config import CaptchaConfig, ConfigError, Resolved, load_config

_WORDS: dict[Result, str] = {"good": "good", "advice": "advice", "broken": "BROKEN"}


@click.command()
@with_start
@with_json
@click.option("--online", is_flag=True, help="Ask the service's addresses for an answer too; nothing is sent to them.")
@click.pass_context
def doctor(context: click.Context, start: Start, as_json: bool, online: bool) -> None:
    """Look at everything that the gateway needs.

    Settings, data folder, database, running instance, browser, accounts, proxies. Changes nothing. The exit code is 1 if something is
    broken, 0 if there is nothing but advice.
    """
    findings = run(_examine, context.obj, start, online)
    broken = sum(finding.result == "broken" for finding in findings)
    if as_json:
        print_json({"ok": not broken, "findings": findings})
    else:
        rows = [(one.check, _WORDS[one.result], one.found, one.advice) for one in findings]
        print_table(("looked at", "result", "found", "what to do"), rows, empty="")
        click.echo(f"\n{broken} broken" if broken else "\nNothing is broken.")
    context.exit(FAILED if broken else 0)


async def _examine(wiring: Wiring, start: Start, online: bool) -> list[Finding]:
    try:
        resolved = load_config(start.config_path, wiring.environ, {}, flags=start.flags)
    except ConfigError as error:
        # Of the rest only what does not hang on them can be told.
        default = CaptchaConfig()
        return [
            *ground.wrong_settings(error),
            machine.open_files(),
            *await browser(default, wiring.environ, wiring.load_browser()),
        ]
    return [
        *await _here(wiring, resolved),
        *await browser(resolved.config.captcha, wiring.environ, wiring.load_browser()),
        *await _there(wiring, resolved, online),
    ]


async def _here(wiring: Wiring, resolved: Resolved) -> Sequence[Finding]:
    """What is on this machine, but for the browser."""
    config, environ = resolved.config, wiring.environ
    folder = Path(config.storage.data_dir)
    place = [*ground.data_folder(folder)]
    own = [machine.open_files(), machine.display(config.captcha, environ)]
    if any(finding.result == "broken" for finding in place):
        return [*ground.settings(resolved), *place, *own]
    database, found = await trio.to_thread.run_sync(ground.look_at_database, folder, environ)
    if found is not None:
        resolved = resolved.with_overrides(found.settings)
    async with wiring.open_http() as http:
        instance = await gateway.instance_and_accounts(folder, config.server, http, wiring)
    return [
        *ground.settings(resolved),
        *place,
        ground.master_key(folder, environ),
        database,
        *instance,
        *machine.clock(time.time(), folder),
        *own,
    ]


async def _there(wiring: Wiring, resolved: Resolved, online: bool) -> Sequence[Finding]:
    """What is beyond this machine."""
    config = resolved.config
    findings = [*await reach.proxies(config.proxy), *reach.addresses(config)]
    if online:
        async with wiring.open_http() as http:
            findings += await reach.online(config, http)
    return findings

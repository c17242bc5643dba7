"""`flow2api config`: every setting with its value and where that came from."""

import click

from flow2api.cli.options import Start, with_json, with_start
from flow2api.cli.output import print_json, print_table
from flow2api.cli.wiring import Wiring
from flow2api.config import KEYS, Config, Value, render


@click.command()
@with_start
@with_json
@click.option("--example", is_flag=True, help="Print a settings file with every setting explained, to start from.")
@click.pass_obj
def config(wiring: Wiring, start: Start, as_json: bool, example: bool) -> None:
    """Check the settings and show each value with its source.

    Passwords are masked. Shows what the environment, the settings file and the defaults say; what was changed at run time lies in the database.
    """
    if example:
        click.echo(render(Config()), nl=False)
        return
    resolved = start.resolve(wiring)
    if as_json:
        print_json([_entry(value) for value in resolved.values])
        return
    rows = ((value.key, _words(value.shown), value.source) for value in resolved.values)
    print_table(("setting", "value", "source"), rows, empty="")


def _entry(value: Value) -> dict[str, object]:
    key = KEYS[value.key]
    return {
        "key": value.key,
        "value": value.shown,
        "source": value.source,
        "default": key.default,
        "allowed": key.allowed,
        "description": key.description,
        "environment": key.env,
        "run_time": key.run_time,
    }


def _words(value: object) -> object:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else value

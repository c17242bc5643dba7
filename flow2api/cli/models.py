"""`flow2api models`: what can be asked for."""

import click

from flow2api.cli.client import call
from flow2api.cli.options import Start, with_json, with_start
from flow2api.cli.output import print_json, print_table
from flow2api.cli.wiring import Wiring


@click.command()
@with_start
@with_json
@click.pass_obj
def models(wiring: Wiring, start: Start, as_json: bool) -> None:
    """List the models that clients can name."""
    answer = call(wiring, start, "GET", "/v1/models")
    if as_json:
        print_json(answer)
        return
    rows = ((entry["id"], entry.get("name")) for entry in answer["data"])
    print_table(("id", "name"), rows, empty="There is no model.")

"""`flow2api models` and `flow2api model …`: what can be asked for, and what the operator offers under which names."""

from typing import Any

import click

from flow2api.cli.client import call, part
from flow2api.cli.options import Start, with_json, with_start
from flow2api.cli.output import print_json, print_table, shown
from flow2api.cli.wiring import Wiring


@click.command()
@with_start
@with_json
@click.option("--all", "everything", is_flag=True, help="Also those that are switched off, and the aliases.")
@click.pass_obj
def models(wiring: Wiring, start: Start, as_json: bool, everything: bool) -> None:
    """List the models that clients can name."""
    answer = call(wiring, start, "GET", "/api/models" if everything else "/v1/models")
    if as_json:
        print_json(answer)
    elif everything:
        rows = [(entry["id"], entry["title"], _state(entry["on"], entry["offered"])) for entry in answer["models"]]
        aliases = [(entry["name"], entry["target"], _state(True, entry["offered"])) for entry in answer["aliases"]]
        print_table(("id", "name or target", "offered"), rows + aliases, empty="There is no model.")
    else:
        print_table(
            ("id", "name"), ((entry["id"], entry.get("name")) for entry in answer["data"]), empty="There is no model."
        )


@click.group()
def model() -> None:
    """Switch models on and off, and give them further names."""


@model.command("switch")
@with_start
@click.argument("model_id", metavar="ID")
@click.argument("state", type=click.Choice(["on", "off"]))
@click.pass_obj
def switch(wiring: Wiring, start: Start, model_id: str, state: str) -> None:
    """Offer a model, or offer it no more, with its forms and aliases. What is under way goes on."""
    answer: Any = call(wiring, start, "PUT", f"/api/models/{part(model_id)}", {"on": state == "on"})
    click.echo(f"{shown(answer['id'])} is {_state(answer['on'], answer['offered'])}")


@model.command("alias")
@with_start
@click.argument("name")
@click.argument("target", required=False)
@click.option("--remove", is_flag=True, help="Forget the alias NAME.")
@click.pass_obj
def alias(wiring: Wiring, start: Start, name: str, target: str | None, remove: bool) -> None:
    """Let clients call the model TARGET by the NAME that they send, such as sora-2 or gpt-image-1."""
    if remove is (target is not None):
        raise click.UsageError("name either the model that it is to stand for, or --remove")
    if remove:
        call(wiring, start, "DELETE", f"/api/aliases/{part(name)}")
        click.echo(f"removed {shown(name)}")
        return
    answer: Any = call(wiring, start, "PUT", f"/api/aliases/{part(name)}", {"target": target})
    click.echo(f"{shown(answer['name'])} is {shown(answer['target'])}")


def _state(on: bool, offered: bool) -> str:
    if offered:
        return "on"
    return "off" if not on else "off, since a model that it needs is"

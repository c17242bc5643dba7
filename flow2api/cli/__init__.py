"""The command line: arguments in, words and exit codes out. Everything it does to a gateway goes through the gateway's API.

Groups of commands are files of their own; `wiring` has what they need, `outcomes` turns expected failures into messages.
"""

import click

from flow2api import __version__
from flow2api.cli.accounts import account
from flow2api.cli.admin import admin
from flow2api.cli.doctor import doctor
from flow2api.cli.generate import generate
from flow2api.cli.keys import key
from flow2api.cli.login import login
from flow2api.cli.models import model, models
from flow2api.cli.outcomes import EXIT_CODES
from flow2api.cli.serve import demo, serve
from flow2api.cli.settings import config
from flow2api.cli.wiring import Wiring, real_wiring

_EPILOG = "Exit codes: " + "; ".join(f"{code} {meaning}" for code, meaning in EXIT_CODES.items()) + "."


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}, epilog=_EPILOG)
@click.version_option(__version__, prog_name="flow2api", message="%(prog)s %(version)s")
def cli() -> None:
    """A self-hosted gateway: OpenAI's API for pictures and clips, over your own Google Flow accounts and keys of other services.

    Start with `flow2api demo`, which needs no account, or with `flow2api serve`. The other commands talk to the instance
    that runs on the same data folder; if none runs, they start one for themselves and stop it again.
    """


for _command in (serve, demo, account, key, models, model, config, admin, generate, doctor):
    cli.add_command(_command)
account.add_command(login)


def main(wiring: Wiring | None = None) -> None:
    """Run the command that the process's arguments name; ends the process."""
    cli(obj=wiring or real_wiring(), prog_name="flow2api")

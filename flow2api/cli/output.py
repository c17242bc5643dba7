"""How answers are printed: tables for people, JSON for scripts."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import click
import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

# Wide enough that nothing is cut where the output goes to a file or another program.
_WIDTH_ELSEWHERE = 200


def print_json(value: object) -> None:
    """One JSON document."""
    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2))


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str) -> None:
    """A table, or the sentence `empty` if there are no rows."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        # An id is there to be typed or copied, so it is never cut in two.
        table.add_column(column, overflow="fold", no_wrap=column == "id")
    for row in rows:
        table.add_row(*(Text(shown(cell)) for cell in row))
    if not table.rows:
        click.echo(empty)
        return
    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDTH_ELSEWHERE)
    console.print(table)


def shown(value: object) -> str:
    """A value in a cell. Control characters are left out, so that a name cannot write over the screen."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "".join(character for character in str(value) if character.isprintable())


def moment(seconds: float | None) -> str:
    """A point in time in the local zone, `-` for none."""
    if seconds is None:
        return "-"
    return datetime.fromtimestamp(seconds, UTC).astimezone().strftime("%Y-%m-%d %H:%M")

"""`flow2api generate`: one wish from the shell, with the progress that the gateway tells, and the results as files."""

import base64
import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import msgspec
import trio
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from flow2api.cli.client import Client, Refusal, decode, open_client
from flow2api.cli.options import Start, with_start
from flow2api.cli.outcomes import CommandFailed, run
from flow2api.cli.output import shown
from flow2api.cli.wiring import Wiring
from flow2api.domain.picture import inspect
from flow2api.domain.rendition import Format, Rendition
from flow2api.errors import Failure

DEFAULT_MODEL = "gemini-3.1-flash-image"
# A picture, or the plain link to a clip.
_LINK = re.compile(r"^!?\[[^\]]*\]\(([^)\s]+)\)", re.MULTILINE)
_MEDIA = re.compile(r"/media/[^/?#]+$")
_FORMATS: dict[str, Format] = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg", ".webp": "webp"}


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for on the command line."""

    prompt: str
    model: str
    aspect_ratio: str | None
    count: int
    seed: int | None
    images: tuple[Path, ...]

    def request(self) -> dict[str, object]:
        """The body of a chat completion that asks for it. Reads the pictures.

        Raises:
            Failure, OSError: a picture is none, or cannot be read."""
        pictures = [{"type": "image_url", "image_url": {"url": _data_url(path.read_bytes())}} for path in self.images]
        options = {"aspect_ratio": self.aspect_ratio, "n": self.count, "seed": self.seed}
        return {
            "model": self.model,
            "stream": True,
            "messages": [{"role": "user", "content": [{"type": "text", "text": self.prompt}, *pictures]}],
            **{name: value for name, value in options.items() if value is not None},
        }


@click.command()
@with_start
@click.argument("prompt")
@click.option("--model", default=DEFAULT_MODEL, show_default=True, help="One of `flow2api models`.")
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    metavar="FILE",
    help="File to write; several pictures get -1, -2 and so on before the ending.",
)
@click.option("--aspect-ratio", metavar="RATIO", help="For example 16:9, 9:16 or 1:1.")
@click.option("--count", type=click.IntRange(min=1), default=1, show_default=True, help="How many pictures.")
@click.option("--seed", type=int, help="The same seed asks for the same picture again.")
@click.option(
    "--image",
    "images",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    multiple=True,
    metavar="FILE",
    help="Picture to work from; may be given several times.",
)
@click.pass_obj
def generate(wiring: Wiring, /, start: Start, output: Path, **wish: Any) -> None:
    """Make a picture or a clip from PROMPT and write it to a file."""
    if not output.parent.is_dir():
        raise click.BadParameter(f"there is no folder {output.parent}", param_hint="--output")
    run(_generate, wiring, start, Wish(**wish), output)


async def _generate(wiring: Wiring, start: Start, wish: Wish, output: Path) -> None:
    with _progress() as progress:
        reading = Reading(progress)
        body = wish.request()
        async with open_client(wiring, start) as client:
            await client.events("/v1/chat/completions", body, reading.on_event)
            pictures = [await _fetch(client, link) for link in reading.links()]
    for path, picture in zip(_names(output, len(pictures)), pictures, strict=True):
        data = await trio.to_thread.run_sync(_as_named, picture, path.suffix)
        await trio.Path(path).write_bytes(data)
        click.echo(str(path))


def _progress() -> Progress:
    """A bar on standard error, where it does not mix with the names of the files."""
    console = Console(stderr=True)
    columns = SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn()
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


class Reading:
    """What comes in over the stream of a chat completion: progress, then the answer."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._bar = progress.add_task("asking", total=None)
        self._thoughts = self._answer = ""

    def on_event(self, data: bytes) -> None:
        """Take one event.

        Raises:
            CommandFailed: it says that the generation failed."""
        if data == b"[DONE]":
            return
        chunk = decode(data, _Chunk)
        if chunk.error is not None:
            raise chunk.error.failed()
        for choice in chunk.choices:
            self._answer += choice.delta.content or ""
            self._thoughts += choice.delta.reasoning_content or ""
        lines = self._thoughts.split("\n")
        latest = next((line.strip() for line in reversed(lines) if line.strip()), "asking")
        self._progress.update(self._bar, description=shown(latest))

    def links(self) -> Sequence[str]:
        """The pictures or clips in the answer.

        Raises:
            CommandFailed: there is none."""
        found = _LINK.findall(self._answer)
        if not found:
            raise CommandFailed(
                f"the answer holds no picture and no clip: {shown(self._answer)[:200] or 'it is empty'}"
            )
        return found


async def _fetch(client: Client, link: str) -> bytes:
    """A picture's bytes. The link names the gateway as clients outside know it; it is fetched from where we talk to it."""
    found = _MEDIA.search(link)
    if found is None:
        raise CommandFailed(f"the link {link} leads to no file of the gateway")
    return await client.fetch(found[0])


def _as_named(data: bytes, suffix: str) -> bytes:
    """A picture in the format that the ending of its file names; clips, and what has no such ending, as they came."""
    form = _FORMATS.get(suffix.lower())
    if form is None or not _is_picture(data) or Rendition(form).fits(inspect(data).mime):
        return data
    # Lazy on purpose: the library behind it takes a while to load.
    from flow2api.actors.recode import recode

    return recode(io.BytesIO(data), Rendition(form, 95))


def _is_picture(data: bytes) -> bool:
    try:
        inspect(data)
    except Failure:
        return False
    return True


def _names(output: Path, count: int) -> Sequence[Path]:
    if count == 1:
        return [output]
    return [output.with_name(f"{output.stem}-{number}{output.suffix}") for number in range(1, count + 1)]


def _data_url(data: bytes) -> str:
    return f"data:{inspect(data).mime};base64,{base64.b64encode(data).decode()}"


class _Delta(msgspec.Struct):
    content: str | None = None
    reasoning_content: str | None = None


class _Choice(msgspec.Struct):
    delta: _Delta = msgspec.field(default_factory=_Delta)


class _Chunk(msgspec.Struct):
    choices: list[_Choice] = []
    error: Refusal | None = None

"""What a finished job left behind: the names of its files or the reason why there are none, and the files' bytes.

Shared by all dialects. Files are read in worker threads.
"""

import base64
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypeVar

import trio

from flow2api.actors.library import MIMES, Library
from flow2api.domain.job import Job, JobState
from flow2api.errors import Code, Failure

T = TypeVar("T")


class Inline(NamedTuple):
    """A stored file as it stands inside an answer."""

    mime: str
    base64: str

    @property
    def data_url(self) -> str:
        return f"data:{self.mime};base64,{self.base64}"


def names(job: Job) -> tuple[str, ...]:
    """The names of a finished job's files.

    Raises:
        Failure: the job did not succeed; why."""
    if job.state is JobState.SUCCEEDED and job.results:
        return job.results
    raise reason(job)


def reason(job: Job) -> Failure:
    """Why a finished job has no results."""
    if job.error is not None:
        return job.error.failure()
    if job.state is JobState.CANCELLED:
        return Failure(Code.CANCELLED, "The generation was cancelled.")
    return Failure(Code.RESULT_LOST, "The generation ended without a result.")


def name_originals(job: Job, failure: Failure, link: Callable[[str], str]) -> None:
    """Say in a job's failure where to find what was made all the same; `link` makes the public link of a file."""
    originals = job.error.originals if job.error else ()
    if originals:
        where = " ".join(link(name) for name in originals)
        made = "picture" if job.generation.kind == "image" else "clip"
        failure.message = f"{failure.message} The {made} as it was made is kept: {where}"


async def inline(library: Library, name: str) -> Inline:
    """A stored file for the inside of an answer.

    Raises:
        Failure: it is no longer there."""
    mime = MIMES[name.rpartition(".")[2]]
    return await read(library, name, lambda path: Inline(mime, base64.b64encode(path.read_bytes()).decode()))


async def read(library: Library, name: str, how: Callable[[Path], T]) -> T:
    """What `how` makes of a stored file, in a worker thread.

    Raises:
        Failure: it is no longer there."""
    path = library.path(name)
    try:
        if path is None:
            raise FileNotFoundError(name)
        return await trio.to_thread.run_sync(how, path)
    except FileNotFoundError:
        raise Failure(Code.EXPIRED, "The result is no longer kept.") from None

"""The jobs of one request that asks for several pictures: each is a job of its own, so that they are made side by side, over all
accounts, and one that is refused costs none of the others. Shared by all dialects.

Seen from outside a batch is one thing: it is waited for, followed and left as a whole.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from flow2api.actors.watch import Watch
from flow2api.api import results, waiting
from flow2api.api.served import Served, served
from flow2api.domain import asking
from flow2api.domain.job import Generation, Job, Progress
from flow2api.domain.model import Model
from flow2api.errors import Code, Failure


class Parts(NamedTuple):
    """Into how many jobs a request falls: one for each picture. Clips of one request stay one job, which makes them all."""

    jobs: int
    each: int
    """How many results of each job."""
    seeds: tuple[int, int]

    @classmethod
    def of(cls, model: Model, n: int | None) -> "Parts":
        """The parts of a request for `n` results.

        Raises:
            Failure: the model does not make as many."""
        wanted = asking.count(model, n)
        return cls(*((wanted, 1) if model.kind == "image" else (1, wanted)), model.seeds)

    def another(self, generation: Generation, further: int) -> Generation:
        """The generation of the part that is so many places further: the same, but for a seed that was asked for."""
        if generation.seed is None:
            return generation
        least, most = self.seeds
        seed = least + (generation.seed - least + further) % (most - least + 1)
        return replace(generation, seed=seed, ways=tuple(replace(way, seed=seed) for way in generation.ways))


class Batch:
    """Watches on the jobs of one request, in order. Leaving it tells the jobs that this caller is gone."""

    def __init__(self, watches: Sequence[Watch]) -> None:
        self._watches = tuple(watches)

    @property
    def first(self) -> Job:
        """The first job, which names the batch: its id and its time are those of the answer."""
        return self._watches[0].progress.job

    def route(self) -> str:
        """By which routes its jobs went, each named once."""
        return ", ".join(dict.fromkeys(watch.progress.job.generation.route for watch in self._watches))

    def served(self) -> Served:
        """What served its jobs, for the inside of an answer."""
        return served([watch.progress.job for watch in self._watches])

    def warnings(self) -> tuple[str, ...]:
        """What its jobs left out of what was asked for, each thing named once."""
        told = (warning for watch in self._watches for warning in watch.progress.job.generation.warnings)
        return tuple(dict.fromkeys(told))

    async def wait_final(self) -> list[Job]:
        """All jobs once they are final.

        Raises:
            Failure: the process stops before that (`draining`)."""
        return [await watch.wait_final() for watch in self._watches]

    async def __aiter__(self) -> AsyncIterator[Job]:
        """Each job once it is final, in order. Raises as `wait_final`."""
        for watch in self._watches:
            yield await watch.wait_final()

    async def follow(self, tell: Callable[[Progress], Awaitable[None]]) -> list[Job]:
        """Tell every stage that lasts of the first job that is not done, until all are."""
        for watch in self._watches:
            await waiting.follow(watch, tell)
        return await self.wait_final()

    def close(self) -> None:
        for watch in self._watches:
            watch.close()

    def __enter__(self) -> "Batch":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def names(jobs: Sequence[Job], link: Callable[[str], str]) -> list[str]:
    """The names of all files that finished jobs left behind; what failed is left out, unless everything did.

    Raises:
        Failure: why there is none. A refusal comes before other reasons, since then it is no use to ask again."""
    found: list[str] = []
    failures: list[Failure] = []
    for job in jobs:
        try:
            found += results.names(job)
        except Failure as failure:
            results.name_originals(job, failure, link)
            failures.append(failure)
    if not found:
        raise next((failure for failure in failures if failure.code is Code.CONTENT_POLICY_VIOLATION), failures[0])
    return found

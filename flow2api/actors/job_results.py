"""From what the upstream made to files on disk: fetched, enlarged or joined.

Nothing here is paid, so everything may be repeated, also after a restart. What was asked for is delivered, or the job fails and
says where the lesser thing lies; one is never passed off as the other.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Literal, TypeVar

import msgspec
import trio

from flow2api.actors.account_messages import CheckJoin, Enlarge, FetchClip, Join, Locate
from flow2api.actors.dispatcher import Acquire, Lease
from flow2api.actors.job_steps import Ended, Interrupted, JobSteps
from flow2api.actors.media import AdoptResult, FetchResult, KeepResult
from flow2api.actors.poller import failure_of
from flow2api.domain.failure import UpstreamFailure
from flow2api.domain.job import Made, Source, enlargement
from flow2api.domain.media import MediaFile
from flow2api.domain.verdict import BEFORE_SUBMIT
from flow2api.errors import Code, Failure
from flow2api.kit.errors import ActorError
from flow2api.providers.base import Begun, Stage
from flow2api.store.errors import StoreFault

T = TypeVar("T")

log = logging.getLogger("flow2api.jobs")


class Results:
    """The results of one live job."""

    def __init__(self, steps: JobSteps) -> None:
        self._steps = steps
        self._parts = steps.parts
        self._located: dict[str, Made] = {}

    async def collect(self) -> list[MediaFile]:
        """Everything that the job made, as it was asked for.

        Raises:
            Ended: something could not be had; what exists all the same is stored and named.
        """
        job = self._steps.job
        generation = job.generation
        if generation.kind == "image" and generation.upscale is not None:
            self._steps.live.show(stage="upscaling")
            return await side_by_side(self._enlarged, job.made)
        if generation.source is not None and self._steps.service.joins:
            self._steps.live.show(stage="joining")
            return [await self._joined(generation.source, made) for made in job.made]
        self._steps.live.show(stage="saving")
        return await side_by_side(self.fetched, job.made)

    async def delivered(self, begun: Begun) -> tuple[Made, ...]:
        """What was begun and is done; what came as bytes is on disk by then, since it cannot be fetched again.

        Raises:
            Ended: it cannot be kept."""
        if not begun.data:
            return begun.made
        self._steps.live.show(stage="saving")
        made = []
        try:
            for one, data in zip(begun.made, begun.data, strict=True):
                file = await self._steps.ask(self._parts.media, KeepResult(self._steps.job.id, data))
                made.append(msgspec.structs.replace(one, file=file.name))
        except Failure as failure:
            raise Ended(failure) from None
        return tuple(made)

    def located(self) -> tuple[Made, ...]:
        """What the job made, with all that was learned of it while it was fetched; follow-up work may need that."""
        return tuple(self._located.get(made.media_id, made) for made in self._steps.job.made)

    async def keep_originals(self, made: Sequence[Made], failure: Failure, what: str) -> Ended:
        """The end of a job whose second step failed: the first step's results are stored and offered."""
        originals = await side_by_side(self.fetched, made)
        await self._steps.keep(originals)
        names = tuple(file.name for file in originals)
        message = f"{what} {failure.message} The original is kept as {', '.join(names)}."
        return Ended(Failure(failure.code, message, reason=failure.reason), names)

    async def found(self, lease: Lease, made: Made) -> Made:
        """A finished clip as follow-up calls know it; as it was where that cannot be learned now."""
        try:
            located = await self._steps.ask_account(lease, Locate(made))
        except (UpstreamFailure, ActorError) as trouble:
            log.info("no link before the next step job=%s: %s", self._steps.job.id, trouble)
            return made
        self._located[made.media_id] = located
        return located

    # -- fetching ------------------------------------------------------------------------------------------------

    async def fetched(self, made: Made) -> MediaFile:
        """A finished result on disk: by its link, and for a clip also by way of its account."""
        if made.file is not None:
            return await self._kept(made.file)
        if self._steps.job.generation.kind == "image" and made.url is not None:
            return await self._by_link(made)
        return await self._by_account(made)

    async def _kept(self, name: str) -> MediaFile:
        try:
            return await self._steps.ask(self._parts.media, AdoptResult(self._steps.job.id, name))
        except Failure as failure:
            raise Ended(failure) from None

    async def _by_link(self, made: Made) -> MediaFile:
        job = self._steps.job
        if made.url is None:
            raise Ended(Failure(Code.RESULT_LOST, "The provider gave no link to the result."))
        try:
            return await self._steps.ask(self._parts.media, self._to_fetch(made.url, job.generation.kind))
        except Failure as failure:
            raise Ended(failure) from None

    async def _by_account(self, made: Made) -> MediaFile:
        job = self._steps.job
        with await self._steps.adopt() as lease:
            try:
                located = await self._steps.ask_account(lease, Locate(made))
                self._located[made.media_id] = located
                if located.url is not None or job.generation.kind == "image":
                    return await self._by_link(located)
            except (UpstreamFailure, ActorError, Ended) as trouble:
                if job.generation.kind == "image":
                    raise Ended(_lost(trouble)) from None
                log.info("no link, asking for the bytes job=%s: %s", job.id, trouble)
            name, path = self._parts.library.new("mp4")
            try:
                await self._again("fetching", lambda: self._steps.ask_account(lease, FetchClip(made, path)))
                return await self._steps.ask(self._parts.media, AdoptResult(job.id, name))
            except (UpstreamFailure, ActorError, Failure) as trouble:
                raise Ended(_lost(trouble)) from None

    # -- enlarging pictures --------------------------------------------------------------------------------------

    async def _enlarged(self, made: Made) -> MediaFile:
        upscale = self._steps.job.generation.upscale
        try:
            data = await self._again("enlarging", lambda: self._enlarge_once(made))
            return await self._steps.ask(self._parts.media, KeepResult(self._steps.job.id, data))
        except (UpstreamFailure, Failure, ActorError) as error:
            failure = Failure(Code.UPSCALE_FAILED, f"({error}).")
            what = f"The picture was made, but its {upscale} form was not delivered"
            raise await self.keep_originals((made,), failure, what) from None

    async def _again(self, what: str, work: Callable[[], Awaitable[T]]) -> T:
        """The outcome of something that costs nothing, tried a few times where that may help."""
        for _ in range(self._parts.max_submits() - 1):
            try:
                return await work()
            except UpstreamFailure as failure:
                verdict = BEFORE_SUBMIT[failure.kind]
                if not verdict.again or not verdict.counted:
                    raise
                log.info("%s failed job=%s kind=%s, trying again", what, self._steps.job.id, failure.kind.value)
                await self._steps.pause()
        return await work()

    async def _enlarge_once(self, made: Made) -> bytes:
        job = self._steps.job
        wish = Acquire(
            # Several pictures of one job may wait at once, and a second wish under the same id would take the first one's place.
            job_id=f"{job.id}/{job.made.index(made)}",
            caller=job.caller,
            generation=enlargement(job.generation),
            deadline=job.deadline,
            only=job.account_id,
        )
        with trio.move_on_after(self._steps.seconds_left()):
            with await self._steps.ask(self._parts.dispatcher, wish) as lease:
                return await self._steps.ask_account(lease, Enlarge(job.id, job.generation, made))
        raise Failure(Code.GENERATION_TIMEOUT, "the time for it ran out")

    # -- joining clips -------------------------------------------------------------------------------------------

    async def _joined(self, source: Source, extension: Made) -> MediaFile:
        try:
            with trio.fail_after(self._steps.seconds_left()):
                return await self._join(source, extension)
        except (UpstreamFailure, Failure, ActorError, trio.TooSlowError) as error:
            failure = Failure(Code.JOIN_FAILED, f"({error}).")
            what = "The continuation was made, but it could not be joined with the clip before it"
            raise await self.keep_originals((extension,), failure, what) from None

    async def _join(self, source: Source, extension: Made) -> MediaFile:
        job = self._steps.job
        name, path = self._parts.library.new("mp4")
        with await self._steps.adopt() as lease:
            joined = await self._steps.ask_account(lease, Join(source, await self.found(lease, extension)))
            while True:
                await trio.sleep(self._steps.service.poll_seconds)
                check = await self._steps.ask_account(lease, CheckJoin(joined, path))
                if check.stage is Stage.DONE:
                    break
                if check.stage not in (Stage.WAITING, Stage.RUNNING):
                    raise failure_of(check)
        if check.written:
            return await self._steps.ask(self._parts.media, AdoptResult(job.id, name))
        return await self._steps.ask(self._parts.media, self._to_fetch(check.made.url or "", "video"))

    def _to_fetch(self, url: str, kind: Literal["image", "video"]) -> FetchResult:
        job = self._steps.job
        return FetchResult(job.id, url, job.generation.provider, job.account_id or "", kind)


async def side_by_side(work: Callable[[Made], Awaitable[MediaFile]], made: Sequence[Made]) -> list[MediaFile]:
    """Do the work for each, all at a time, and wait for all: what one saves is not cut short by another's failure."""
    if len(made) == 1:
        return [await work(made[0])]
    files: dict[int, MediaFile] = {}
    ends: list[Ended] = []
    cuts: list[Interrupted | StoreFault] = []

    async def one(place: int, item: Made) -> None:
        try:
            files[place] = await work(item)
        except Ended as end:
            ends.append(end)
        except (Interrupted, StoreFault) as cut:
            cuts.append(cut)

    async with trio.open_nursery() as nursery:
        for place, item in enumerate(made):
            nursery.start_soon(one, place, item)
    if cuts:  # bare, since those above do not look into groups
        raise cuts[0]
    if ends:
        saved = tuple(name for end in ends for name in end.originals)
        raise Ended(ends[0].failure, saved)
    return [files[place] for place in range(len(made))]


def _lost(trouble: Exception) -> Failure:
    return Failure(Code.RESULT_LOST, f"The result was made but could not be fetched: {trouble}")

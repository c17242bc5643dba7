"""Joining clips: the order, and the status that brings the joined clip along."""

import base64
from typing import Annotated, Any

from msgspec import Meta

from flow2api.emulator.accounts import Account
from flow2api.emulator.exchange import NOT_FOUND, Answer, Refused, json_answer, read_body
from flow2api.emulator.ledger import Accepted
from flow2api.emulator.media import Cut, Media, new_media
from flow2api.emulator.progress import PREFIX, SUCCESS, Progress
from flow2api.emulator.routing import Call, Route
from flow2api.emulator.state import State
from flow2api.emulator.wire import Strict

Offset = Annotated[str, Meta(pattern=r"^[0-9]+(\.[0-9]+)?s$")]


class InputVideo(Strict, frozen=True):
    """A stretch of a clip. The unit of `length_nanos` is not known for sure, so any positive number will do."""

    media_generation_id: str
    length_nanos: Annotated[int, Meta(gt=0)]
    start_time_offset: Offset
    end_time_offset: Offset


class Concatenate(Strict, frozen=True):
    input_videos: Annotated[list[InputVideo], Meta(min_length=1)]


class Operation(Strict, frozen=True):
    name: str


class OuterOperation(Strict, frozen=True):
    operation: Operation


class CheckConcatenation(Strict, frozen=True):
    operation: OuterOperation


class Concatenation:
    """Joins clips of one account."""

    def __init__(self, state: State) -> None:
        self._state = state

    def routes(self) -> list[Route]:
        run, check = "/v1:runVideoFxConcatenation", "/v1:runVideoFxCheckConcatenationStatus"
        return [
            Route(name="concatenation", method="POST", path=run, side="api", handle=self.run),
            Route(name="concatenation_status", method="POST", path=check, side="api", handle=self.check),
        ]

    async def run(self, call: Call) -> Answer:
        """Begin to join clips in the order given."""
        body = read_body(call.asked, Concatenate)
        cuts = tuple(self._cut(one, call.caller) for one in body.input_videos)
        sizes = {(cut.media.width, cut.media.height) for cut in cuts}
        if len(sizes) > 1:
            raise Refused(400, "Invalid value at 'inputVideos': all clips must have the same size.")
        now = self._state.now()
        media = new_media(call.caller, None, sizes.pop(), now)
        media.kind, media.mime, media.cuts = "video", "video/mp4", cuts
        media.progress = Progress(begun_at=now)
        self._state.media.put(media)
        self._accept(call.caller, media, body)
        return json_answer({"operation": {"operation": {"name": media.name}}})

    def _cut(self, one: InputVideo, account: Account) -> Cut:
        media = self._state.finished_media(one.media_generation_id, account)
        start, end = (float(offset.removesuffix("s")) for offset in (one.start_time_offset, one.end_time_offset))
        if media.clip is None:
            raise Refused(400, "Invalid value at 'inputVideos': only generated clips can be joined.")
        if not start < end <= media.clip.seconds:
            raise Refused(400, "Invalid value at 'inputVideos': the offsets are not inside the clip.")
        return Cut(media, start, end)

    def _accept(self, account: Account, media: Media, body: Concatenate) -> None:
        sources = ",".join(one.media_generation_id for one in body.input_videos)
        self._state.accept(
            Accepted(
                call="concatenation",
                account=account.email,
                at=self._state.now(),
                batch_id="",
                prompt=sources,
                media=(media.name,),
            )
        )

    async def check(self, call: Call) -> Answer:
        """The status, and with success the joined clip."""
        state = self._state
        name = read_body(call.asked, CheckConcatenation).operation.operation.name
        media = state.media.owned(name, call.caller, state.now())
        if not media.cuts or media.progress is None:
            raise Refused(404, NOT_FOUND)
        status = media.progress.poll(state.knobs.pace, state.now())
        answer: dict[str, Any] = {"status": status}
        if status == PREFIX + SUCCESS.word:
            answer |= {"inputsCount": len(media.cuts)} | await self._result(media, call.asked.base)
        return json_answer(answer)

    async def _result(self, media: Media, base: str) -> dict[str, str]:
        state = self._state
        if state.knobs.concatenation_form == "uri":
            return {"outputUri": state.media.link(media, base, state.now() + state.knobs.link_seconds)}
        return {"encodedVideo": base64.b64encode(await state.content(media)).decode()}

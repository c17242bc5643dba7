"""How clips get on: the status of several at once, and giving one up."""

from typing import Annotated

from msgspec import Meta

from flow2api.emulator.accounts import Account
from flow2api.emulator.exchange import NOT_FOUND, Answer, Refused, json_answer, read_body
from flow2api.emulator.media import Media
from flow2api.emulator.progress import Progress
from flow2api.emulator.routing import Call, Route
from flow2api.emulator.state import State
from flow2api.emulator.video_answers import as_media
from flow2api.emulator.wire import Strict


class MediaName(Strict, frozen=True):
    name: str
    project_id: str


class CheckStatus(Strict, frozen=True):
    """The older form, a list of operations, is refused like any unknown field."""

    media: Annotated[list[MediaName], Meta(min_length=1)]


class Cancel(Strict, frozen=True):
    media_id: str


class VideoStatus:
    """Answers the calls about clips that are being made."""

    def __init__(self, state: State) -> None:
        self._state = state

    def routes(self) -> list[Route]:
        status = "/v1/video:batchCheckAsyncVideoGenerationStatus"
        cancel = "/v1/flowMedia:cancelGeneration"
        return [
            Route(name="video_status", method="POST", path=status, side="api", handle=self.status),
            Route(name="cancel", method="POST", path=cancel, side="api", handle=self.cancel),
        ]

    async def status(self, call: Call) -> Answer:
        """The status of each clip asked for; for clips that move by polls this is a poll."""
        body = read_body(call.asked, CheckStatus)
        pace, now = self._state.knobs.pace, self._state.now()
        found = [self._clip(asked, call.caller, now) for asked in body.media]
        return json_answer({"media": [as_media(media, progress.poll(pace, now)) for media, progress in found]})

    def _clip(self, asked: MediaName, account: Account, now: float) -> tuple[Media, Progress]:
        media = self._state.media.owned(asked.name, account, now)
        if media.clip is None or media.progress is None or media.project_id != asked.project_id:
            raise Refused(404, NOT_FOUND)
        return media, media.progress

    async def cancel(self, call: Call) -> Answer:
        """Give up a clip that is not finished. What it cost is not given back."""
        state = self._state
        media = state.media.owned(read_body(call.asked, Cancel).media_id, call.caller, state.now())
        if media.progress is None:
            raise Refused(400, "Only the making of videos can be cancelled.")
        media.progress.status(state.knobs.pace, state.now())
        if media.progress.ended:
            raise Refused(400, "The generation has ended already.")
        media.progress.cancel()
        state.media.touch(media)
        return json_answer({})

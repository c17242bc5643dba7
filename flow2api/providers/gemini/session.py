"""One key's session at the Gemini API. Pictures come with the answer; clips are operations, and their files need the key."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import trio
from msgspec.structs import replace

from flow2api.domain.failure import FailureKind, UpstreamFailure
from flow2api.domain.job import Generation, Made
from flow2api.net.message import Response
from flow2api.providers.base import Begun, Check, Order, Prepared, Stage
from flow2api.providers.calls import Calls
from flow2api.providers.gemini import clips, failures, pictures, wire
from flow2api.providers.gemini.failures import Call
from flow2api.providers.gemini.how import How, Method
from flow2api.providers.gemini.pictures import Input
from flow2api.providers.keyed import KeySession, check_each
from flow2api.providers.words import how_of

# What each way to order is called in the catalogue, and in the service's paths.
_METHODS: Mapping[Method, str] = {"content": "generateContent", "predict": "predict", "clip": "predictLongRunning"}
_CALLS: Mapping[Method, Call] = {"content": Call.CONTENT, "predict": Call.PREDICT, "clip": Call.CLIP}
_QUICK_SECONDS = 30.0
# Four pictures in 4K as PNG, in base64.
_PICTURES_MIB = 160


class GeminiSession(KeySession):
    """The `Session` of one key."""

    def __init__(self, calls: Calls, vault: bytes, seconds: Callable[[], float]) -> None:
        super().__init__(vault)
        self._calls = calls
        self._seconds = seconds

    async def sign_in(self) -> None:
        """List one model, which is free and needs a good key."""
        await self._send(Call.KEY, "GET", "/models?pageSize=1")

    async def begin(self, prepared: Prepared, captcha_token: str) -> Begun:
        generation = prepared.order.generation
        how = how_of(generation, How).call
        body = _order(how, generation, await trio.to_thread.run_sync(_read, prepared.order))
        path = f"/models/{generation.upstream_model}:{_METHODS[how]}"
        try:
            response = await self._send(_CALLS[how], "POST", path, body)
        except UpstreamFailure as failure:
            if generation.source is not None and failures.is_denied(failure):
                raise failures.of_source(failure) from failure
            raise
        try:
            return _BEGUN[how](response.body)
        except UpstreamFailure as failure:
            raise self._calls.cleaned(failure) from None

    async def check(self, made: Sequence[Made]) -> list[Check]:
        return await check_each(made, self._check)

    async def fetch(self, made: Made, path: Path) -> None:
        link = made.context or (await self._check(made)).made.context
        file = clips.file_path(link)
        answer = await self._calls.download(Call.FILE, f"/v1beta{file}", path, seconds=self._seconds())
        if answer.status != 200:
            raise failures.of_answer(answer.status, answer.body, Call.FILE, self._calls.masked)

    async def _check(self, made: Made) -> Check:
        try:
            response = await self._send(Call.OPERATION, "GET", f"/{made.media_id}")
        except UpstreamFailure as failure:
            if failure.kind is not FailureKind.MEDIA_GONE:
                raise
            return Check(made=made, stage=Stage.FAILED, failure=failure)
        check = clips.checked(made, response.body)
        return replace(check, failure=self._calls.cleaned(check.failure)) if check.failure else check

    async def _send(self, call: Call, method: str, path: str, body: object = None) -> Response:
        """The successful answer to a call."""
        paid = call in failures.PAID
        seconds = self._seconds() if paid else min(self._seconds(), _QUICK_SECONDS)
        response = await self._calls.send(
            call, method, f"/v1beta{path}", body, paid=paid, seconds=seconds, max_mib=_PICTURES_MIB if paid else 4
        )
        if response.status != 200:
            raise failures.of_answer(response.status, response.body, call, self._calls.masked)
        return response


_BEGUN: Mapping[Method, Callable[[bytes], Begun]] = {
    "content": pictures.content_begun,
    "predict": pictures.predict_begun,
    "clip": clips.begun,
}


def _order(how: Method, generation: Generation, inputs: Sequence[Input]) -> wire.Wire:
    if how == "content":
        return pictures.content_order(generation, inputs)
    return pictures.predict_order(generation) if how == "predict" else clips.order(generation, inputs)


def _read(order: Order) -> list[Input]:
    """The input pictures; in a worker thread."""
    return [(picture.mime, picture.path.read_bytes()) for picture in order.pictures]

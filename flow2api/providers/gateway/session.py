"""One key's session at one gateway: the order in the shape of its model, following it, fetching it. Decides nothing about retries."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec
import trio

from flow2api.domain.failure import FailureKind, UpstreamFailure
from flow2api.domain.job import Made
from flow2api.domain.tier import Tier
from flow2api.net.message import Response
from flow2api.providers.answers import Call
from flow2api.providers.base import Balance, Begun, Check, Order, Picture, Prepared, Stage
from flow2api.providers.calls import Calls
from flow2api.providers.gateway import failures, wire
from flow2api.providers.gateway.failures import VOICE
from flow2api.providers.gateway.how import How
from flow2api.providers.gateway.shapes import FORMS, Handle, Input, Inputs, handle_of
from flow2api.providers.keyed import KeySession, cents, check_each
from flow2api.providers.words import how_of

T = TypeVar("T")

_SHORT_SECONDS = 30.0


class GatewaySession(KeySession):
    """The `Session` of one key at one gateway."""

    def __init__(self, vault: bytes, calls: Calls, seconds: Callable[[], float], clock: Callable[[], float]) -> None:
        super().__init__(vault)
        self._calls = calls
        self._seconds = seconds
        self._clock = clock

    async def sign_in(self) -> None:
        """Ask for the list of models, which is free and which no bad key gets."""
        answer = await self._calls.send(Call.KEY.value, "GET", "/v1/models", seconds=_SHORT_SECONDS, max_mib=16)
        if answer.status == 404:
            message = (
                "There is no list of models at this address. It should be the one that clients of OpenAI are given, such as "
                "https://host/v1."
            )
            raise UpstreamFailure(FailureKind.REQUEST_REJECTED, message, status=404)
        self._check(answer, Call.KEY)
        VOICE.read(answer.body, wire.Listed, Call.KEY.value)

    async def balance(self) -> Balance:
        """What is left in cents, from OpenAI's old billing calls, which many gateways have; of others nothing is known."""
        limit = await self._billing("subscription", wire.Subscription)
        used = await self._billing("usage", wire.Usage)
        if limit is None or used is None:
            return Balance(credits=None, tier=Tier.UNKNOWN)
        return Balance(credits=cents(limit.hard_limit_usd - used.total_usage / 100), tier=Tier.UNKNOWN)

    async def begin(self, prepared: Prepared, captcha_token: str) -> Begun:
        generation = prepared.order.generation
        how = how_of(generation, How)
        form = FORMS[how.shape]
        ask = form.order(generation, how, await _inputs(prepared.order))
        answer = await self._calls.send(
            Call.SUBMIT.value,
            "POST",
            ask.path,
            ask.body,
            form=ask.form,
            paid=True,
            seconds=self._seconds(),
            max_mib=ask.max_mib,
        )
        self._check(answer, Call.SUBMIT)
        return form.begun(answer.body, how)

    async def check(self, made: Sequence[Made]) -> list[Check]:
        return await check_each(made, self._stands)

    async def fetch(self, made: Made, path: Path) -> None:
        """The clip's bytes by its own call or from its link, whichever it has and brings them."""
        failure = UpstreamFailure(FailureKind.MEDIA_GONE, "The gateway gave no way to the clip.")
        for source in filter(None, (handle_of(made).content_path, made.url)):
            answer = await self._calls.download(Call.RESULT.value, source, path, seconds=self._seconds())
            if answer.status == 200:
                return
            response = Response(status=answer.status, headers=answer.headers, body=answer.body, url=source)
            failure = self._failure(response, Call.RESULT)
        raise failure

    async def cancel(self, made: Made) -> None:
        """Delete the order where that is possible. Resellers have no such call."""
        handle = handle_of(made)
        if handle.shape != "videos":
            raise UpstreamFailure(FailureKind.REQUEST_REJECTED, "This gateway cannot cancel what it has begun.")
        path = FORMS["videos"].status_path(handle)
        answer = await self._calls.send(Call.CANCEL.value, "DELETE", path, seconds=_SHORT_SECONDS)
        self._check(answer, Call.CANCEL)

    async def _stands(self, made: Made) -> Check:
        """How one clip stands; one that the gateway no longer knows has failed."""
        try:
            handle = handle_of(made)
            answer = await self._status(handle)
        except UpstreamFailure as failure:
            if failure.kind is FailureKind.MEDIA_GONE:
                return Check(made=made, stage=Stage.FAILED, failure=failure)
            raise
        standing = FORMS[handle.shape].standing(answer.body)
        if standing.stage is Stage.FAILED:
            why = failures.ended(standing.wrong.code, standing.wrong.message, self._calls.masked)
            return Check(made=made, stage=Stage.FAILED, failure=why)
        if standing.stage is Stage.UNKNOWN:
            message = f"The gateway tells a status that is not known here: {self._calls.masked(standing.word)[:80]!r}."
            return Check(made=made, stage=Stage.UNKNOWN, failure=UpstreamFailure(FailureKind.UNREADABLE, message))
        if standing.stage is Stage.DONE:
            return self._done(made, handle, standing.link)
        return Check(made=made, stage=standing.stage, percent=standing.percent)

    def _done(self, made: Made, handle: Handle, link: str | None) -> Check:
        if link is None and handle.content_path is None:
            failure = UpstreamFailure(
                FailureKind.UPSTREAM_FAULT, "The gateway finished the clip and gave no link to it."
            )
            return Check(made=made, stage=Stage.FAILED, failure=failure)
        return Check(made=msgspec.structs.replace(made, url=link), stage=Stage.DONE, percent=100)

    async def _status(self, handle: Handle) -> Response:
        path = FORMS[handle.shape].status_path(handle)
        answer = await self._calls.send(Call.STATUS.value, "GET", path, seconds=_SHORT_SECONDS)
        self._check(answer, Call.STATUS)
        return answer

    async def _billing(self, what: str, kind: type[T]) -> T | None:
        path = f"/v1/dashboard/billing/{what}"
        answer = await self._calls.send(Call.BILLING.value, "GET", path, seconds=_SHORT_SECONDS)
        if answer.status == 401:
            # A key that may not ask is told the same as one that is none.
            await self.sign_in()
        try:
            return VOICE.read(answer.body, kind, Call.BILLING.value) if answer.status == 200 else None
        except UpstreamFailure:
            # A page of the gateway's own, where it has no such call.
            return None

    def _check(self, answer: Response, call: Call) -> None:
        if answer.status not in (200, 201, 202):
            raise self._failure(answer, call)

    def _failure(self, answer: Response, call: Call) -> UpstreamFailure:
        return failures.failure_of(answer, call, self._clock(), self._calls.masked)


async def _inputs(order: Order) -> Inputs:
    pictures = [await _read(picture) for picture in order.pictures]
    return Inputs(pictures, await _read(order.mask) if order.mask else None)


async def _read(picture: Picture) -> Input:
    return Input(picture.mime, await trio.Path(picture.path).read_bytes())

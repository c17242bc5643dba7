"""One key's session at fal.ai: uploads, the submit, following the queue, cancelling. Decides nothing about rests or retries."""

from collections.abc import Callable, Sequence
from http import HTTPStatus

import msgspec
import trio

from flow2api.domain.failure import FailureKind, UpstreamFailure
from flow2api.domain.job import Made
from flow2api.domain.tier import Tier
from flow2api.net.message import Response
from flow2api.providers.answers import Call
from flow2api.providers.base import Balance, Begun, Check, Order, Picture, Prepared, Stage
from flow2api.providers.calls import Calls
from flow2api.providers.fal import failures, handles, wire
from flow2api.providers.fal.arguments import arguments
from flow2api.providers.fal.failures import VOICE
from flow2api.providers.keyed import KeySession, cents, check_each

# fal keeps uploads for longer; a request that waits in the queue must still find them.
UPLOAD_SECONDS = 3600.0
_OK = (HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.ACCEPTED)
_STAGES = {wire.WAITING: Stage.WAITING, wire.RUNNING: Stage.RUNNING}
_LONGEST_NOTE = 200
# What is wrong with the account says nothing about a request that was paid for, nor does what passes.
_OF_ACCOUNT = frozenset(
    {FailureKind.KEY_REFUSED, FailureKind.BALANCE_EMPTY, FailureKind.ACCOUNT_BLOCKED, FailureKind.MODEL_GONE}
)
_PASSING = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)
# What a call may take that nobody's money hangs on.
_SHORT_SECONDS = 30.0


class Hosts(msgspec.Struct, frozen=True):
    """The ways to fal's hosts, each of which may be given the key."""

    queue: Calls
    storage: Calls
    billing: Calls
    queue_url: str
    seconds: float
    """What one ordinary call may take."""


class FalSession(KeySession):
    """The `Session` of one key."""

    def __init__(self, vault: bytes, hosts: Hosts, clock: Callable[[], float]) -> None:
        super().__init__(vault)
        self._hosts = hosts
        self._clock = clock
        self._uploads: dict[str, tuple[str, float]] = {}

    async def sign_in(self) -> None:
        """Ask for an upload token, which is free and which no bad key gets."""
        way = "/storage/auth/token?storage_type=fal-cdn-v3"
        answer = await self._hosts.storage.send(Call.KEY.value, "POST", way, {}, seconds=_SHORT_SECONDS)
        self._check(answer, Call.KEY)

    async def balance(self) -> Balance:
        """The balance in cents. Only keys of an administrator may ask; of others nothing is known."""
        way = "/v1/account/billing?expand=credits"
        answer = await self._hosts.billing.send(Call.BILLING.value, "GET", way, seconds=_SHORT_SECONDS)
        if answer.status == HTTPStatus.UNAUTHORIZED:
            # A key that may not ask may be told the same as one that is none.
            await self.sign_in()
        if answer.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND):
            return Balance(credits=None, tier=Tier.UNKNOWN)
        self._check(answer, Call.BILLING)
        found = VOICE.read(answer.body, wire.Billing, Call.BILLING.value).credits
        return Balance(credits=cents(found.current_balance) if found else None, tier=Tier.UNKNOWN)

    async def prepare(self, order: Order) -> Prepared:
        """Bring the pictures to fal's storage. What was uploaded a short while ago is used again."""
        links = [await self._uploaded(picture) for picture in order.pictures]
        return Prepared(order=order, context=msgspec.json.encode(links).decode())

    async def begin(self, prepared: Prepared, captcha_token: str) -> Begun:
        generation = prepared.order.generation
        links = msgspec.json.decode(prepared.context, type=list[str])
        answer = await self._hosts.queue.send(
            Call.SUBMIT.value,
            "POST",
            f"/{generation.upstream_model}",
            arguments(generation, links),
            paid=True,
            seconds=self._hosts.seconds,
        )
        try:
            self._check(answer, Call.SUBMIT)
        except UpstreamFailure as failure:
            if failure.kind is FailureKind.MEDIA_GONE:
                self._uploads.clear()
            raise
        submitted = VOICE.read(answer.body, wire.Submitted, Call.SUBMIT.value)
        return Begun(made=handles.handles(submitted, generation.count, self._hosts.queue_url), finished=False)

    async def check(self, made: Sequence[Made]) -> list[Check]:
        return await check_each(made, self._stands)

    async def locate(self, made: Made) -> Made:
        if made.url is not None:
            return made
        check = await self._result(made, handles.links_of(made, self._hosts.queue_url))
        if check.failure is not None:
            raise check.failure
        return check.made

    async def cancel(self, made: Made) -> None:
        url = handles.links_of(made, self._hosts.queue_url).cancel_url
        answer = await self._hosts.queue.send(Call.CANCEL.value, "PUT", url, seconds=_SHORT_SECONDS)
        self._check(answer, Call.CANCEL)

    # -- following -----------------------------------------------------------------------------------------------

    async def _stands(self, made: Made) -> Check:
        """How one result stands; one that fal no longer knows has failed."""
        try:
            links = handles.links_of(made, self._hosts.queue_url)
            joint = "&" if "?" in links.status_url else "?"
            answer = await self._ask(Call.STATUS, f"{links.status_url}{joint}logs=1")
            self._check(answer, Call.STATUS)
        except UpstreamFailure as failure:
            if failure.kind is FailureKind.MEDIA_GONE:
                return Check(made=made, stage=Stage.FAILED, failure=failure)
            raise
        status = VOICE.read(answer.body, wire.Status, Call.STATUS.value)
        if status.status == wire.COMPLETED:
            told = failures.ended(status.error, status.error_type, self._masked) if status.error else None
            return await self._result(made, links, told)
        if status.status in _STAGES:
            return Check(made=made, stage=_STAGES[status.status], note=self._masked(_note(status))[:_LONGEST_NOTE])
        message = f"fal tells a status that is not known here: {self._masked(status.status)[:80]}."
        return Check(made=made, stage=Stage.UNKNOWN, failure=UpstreamFailure(FailureKind.UNREADABLE, message))

    async def _result(self, made: Made, links: handles.Links, told: UpstreamFailure | None = None) -> Check:
        """What came of a finished request, of which `told` says what its status does. A fault of the call itself is no end: unless
        the status says that the request failed, the result is asked for again."""
        answer = await self._ask(Call.RESULT, links.response_url)
        if answer.status in _OK:
            return _delivered(made, links.index, VOICE.read(answer.body, wire.Result, Call.RESULT.value))
        failure = self._failure(answer, Call.RESULT)
        of_call = failure.kind in _OF_ACCOUNT or answer.status in _PASSING or answer.status >= 500
        if failure.kind is FailureKind.KEY_REFUSED or (of_call and told is None):
            raise failure
        says_why = failures.read(answer).ours and failure.kind not in _OF_ACCOUNT
        return Check(made=made, stage=Stage.FAILED, failure=failure if says_why else told or failure)

    async def _ask(self, call: Call, url: str) -> Response:
        return await self._hosts.queue.send(call.value, "GET", url, seconds=_SHORT_SECONDS)

    # -- uploads -------------------------------------------------------------------------------------------------

    async def _uploaded(self, picture: Picture) -> str:
        link, until = self._uploads.get(picture.digest, ("", 0.0))
        if until <= self._clock():
            self._uploads = {known: found for known, found in self._uploads.items() if found[1] > self._clock()}
            link = await self._upload(picture)
            self._uploads[picture.digest] = (link, self._clock() + UPLOAD_SECONDS)
        return link

    async def _upload(self, picture: Picture) -> str:
        """The link of a picture that was brought to the storage. The key does not go where the bytes go."""
        wish = {"file_name": f"input.{picture.mime.partition('/')[2]}", "content_type": picture.mime}
        way = "/storage/upload/initiate?storage_type=gcs"
        answer = await self._hosts.storage.send(Call.UPLOAD.value, "POST", way, wish, seconds=_SHORT_SECONDS)
        self._check(answer, Call.UPLOAD)
        upload = VOICE.read(answer.body, wire.Upload, Call.UPLOAD.value)
        data = await trio.Path(picture.path).read_bytes()
        put = await self._hosts.storage.send(
            Call.UPLOAD.value, "PUT", upload.upload_url, form=(picture.mime, data), seconds=self._hosts.seconds
        )
        self._check(put, Call.UPLOAD)
        return upload.file_url

    def _check(self, answer: Response, call: Call) -> None:
        if answer.status not in _OK:
            raise self._failure(answer, call)

    def _masked(self, text: str) -> str:
        return self._hosts.queue.masked(text)

    def _failure(self, answer: Response, call: Call) -> UpstreamFailure:
        return failures.failure_of(answer, call, self._clock(), self._masked)


def _note(status: wire.Status) -> str:
    """What people may read meanwhile: the place in the queue, or the last line of the log."""
    if status.status == wire.WAITING and status.queue_position is not None:
        return f"place {status.queue_position + 1} in fal's queue"
    lines = [line.message for line in status.logs or () if line.message]
    return lines[-1].strip() if lines else ""


def _delivered(made: Made, index: int, result: wire.Result) -> Check:
    """One of the results of a finished request."""
    single = result.video or result.image
    files = [single] if single else result.images
    if index >= len(files):
        failure = UpstreamFailure(FailureKind.UPSTREAM_FAULT, "fal finished the request without a result.")
        return Check(made=made, stage=Stage.FAILED, failure=failure)
    if result.has_nsfw_concepts and result.has_nsfw_concepts[index : index + 1] == [True]:
        message = "fal's own check found the picture indecent, so what it delivered is blank."
        return Check(made=made, stage=Stage.FAILED, failure=UpstreamFailure(FailureKind.CONTENT_REFUSED, message))
    file = files[index]
    located = msgspec.structs.replace(made, url=file.url, width=file.width or 0, height=file.height or 0)
    return Check(made=located, stage=Stage.DONE)

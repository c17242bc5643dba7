"""Tells callers' own servers that their jobs are over: signed, again and again until it is taken, at least once.

What is to be sent lies in the store together with the job, so a kill loses nothing; this actor only looks there and sends. It knows
neither what a job is made of nor who asks for it. A receiver is reached through the guard alone, and its redirects are not followed.
"""

import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar, assert_never

import msgspec
import trio

from flow2api.actors.apart import apart
from flow2api.actors.signed_post import post, refusal
from flow2api.config import WebhooksConfig
from flow2api.domain.job import Progress
from flow2api.domain.job_view import JobView, job_view
from flow2api.domain.webhook import Attempt, Delivery, DeliveryState, after, ready, signature_headers
from flow2api.errors import Code, Failure, NetworkFault
from flow2api.kit.actor import Actor
from flow2api.kit.bus import EventBus
from flow2api.kit.mailbox import Ask, Mailbox
from flow2api.kit.supervisor import ChildSpec, Supervisor
from flow2api.kit.timing import Backoff
from flow2api.net.guard import Guard
from flow2api.net.http import Http
from flow2api.net.message import Response
from flow2api.net.url import parse_url
from flow2api.store import webhooks
from flow2api.store.base import Store
from flow2api.store.errors import StoreFault

log = logging.getLogger("flow2api.webhooks")

# One receiver that hangs keeps so many slots busy and no more.
EACH = 2
# A wall clock may be set, and a machine may sleep: nobody waits longer than this without a look at the time.
LOOK_SECONDS = 60.0
TROUBLE_SECONDS = 5.0


class Nudge(msgspec.Struct, frozen=True):
    """Something is due. Level-triggered: one that waits in the mailbox stands for all that were dropped."""


class Resend(Ask[Delivery], frozen=True):
    """Send a message again, whatever became of it, with all tries; answered at once.

    `Failure` not_found, or conflict while its job is not over."""

    delivery_id: str


WebhooksMessage = Nudge | Resend


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What a receiver gets."""

    type: str
    """`job.succeeded`, `job.failed` or `job.cancelled`."""
    timestamp: str
    """When that happened."""
    data: JobView


@dataclass(frozen=True)
class WebhookParts:
    """What the sending is done with."""

    store: Store
    http: Http
    guard: Guard
    config: WebhooksConfig
    send: bool = True
    """Whether anything goes out. Not from a gateway that a command starts for itself: it would not live to the end of it."""
    now: Callable[[], float] = time.time

    @property
    def pauses(self) -> Backoff:
        config = self.config
        return Backoff(first=config.pause_seconds, factor=4, limit=config.longest_pause_seconds, jitter=0.2)


class Webhooks(Actor[WebhooksMessage]):
    """Sends what is due, a few at a time."""

    mailbox_size: ClassVar[int] = 64
    expected: ClassVar[tuple[type[Exception], ...]] = (Failure, StoreFault)

    def __init__(self, parts: WebhookParts) -> None:
        self._parts = parts
        self._under_way: set[str] = set()
        self._news = trio.Event()
        self._draining = False

    async def start(self) -> None:
        if self._parts.send:
            self.tasks.start_soon(self._keep_sending)

    async def handle(self, message: WebhooksMessage) -> object:
        match message:
            case Nudge():
                self._news.set()
            case Resend():
                return await self._resend(message.delivery_id)
            case _:
                assert_never(message)
        return None

    async def drain(self) -> None:
        """Begin nothing more and let what is under way end; what is cut off goes out again after the next start."""
        self._draining = True
        while self._under_way:
            await self._news.wait()
            self._news = trio.Event()

    # -- what is to be sent --------------------------------------------------------------------------------------

    async def _keep_sending(self) -> None:
        while not self._draining:
            self._news = trio.Event()
            pause = await self._send_due()
            with trio.move_on_after(pause):
                await self._news.wait()

    async def _send_due(self) -> float:
        """Begin what is due, as far as there is room; seconds until more will be, unless there is news before."""
        store, now, most = self._parts.store, self._parts.now(), self._parts.config.concurrency
        try:
            # Those under way are still due by the store, so they are among the first.
            due = await store.read(webhooks.due, now, EACH, most + len(self._under_way))
            next_at = await store.read(webhooks.next_after, now)
        except StoreFault as fault:
            log.warning("the webhooks that are due could not be read, trying again: %s", fault)
            return TROUBLE_SECONDS
        for delivery in due:
            if delivery.id not in self._under_way and len(self._under_way) < most:
                self._under_way.add(delivery.id)
                self.tasks.start_soon(self._deliver, delivery.id, name=f"webhook {delivery.id}")
        return LOOK_SECONDS if next_at is None else min(LOOK_SECONDS, max(0.0, next_at - now))

    async def _resend(self, delivery_id: str) -> Delivery:
        now = self._parts.now()

        def again(delivery: Delivery) -> Delivery:
            if delivery.state is DeliveryState.WAITING:
                raise Failure(Code.CONFLICT, "The job of this webhook is not over yet, so there is nothing to send.")
            return ready(delivery, now)

        changed = await self._parts.store.write(webhooks.change, delivery_id, again)
        if changed is None:
            raise Failure(Code.NOT_FOUND, f"There is no delivery {delivery_id}.")
        self._news.set()
        return changed

    # -- one attempt ---------------------------------------------------------------------------------------------

    async def _deliver(self, delivery_id: str) -> None:
        """One attempt and its record. When the record cannot be written, the message goes out again."""
        store = self._parts.store
        try:
            letter = await store.read(webhooks.letter, delivery_id, self._parts.now())
            if letter is None:
                log.info("webhook dropped, its job is no longer stored id=%s", delivery_id)
                await store.write(webhooks.drop, delivery_id)
            elif letter.delivery.state is DeliveryState.DUE:
                attempt = await self._attempt(letter)
                noted = await store.write(webhooks.change, delivery_id, lambda now: self._after(now, attempt))
                _tell(noted or letter.delivery, attempt)
        except StoreFault as fault:
            log.warning("a webhook could not be read or noted, trying again id=%s: %s", delivery_id, fault)
            await trio.sleep(TROUBLE_SECONDS)
        finally:
            self._under_way.discard(delivery_id)
            self._news.set()

    def _after(self, delivery: Delivery, attempt: Attempt) -> Delivery:
        return after(delivery, attempt, self._parts.pauses.delay(delivery.tries), self._parts.config.tries)

    async def _attempt(self, letter: webhooks.Letter) -> Attempt:
        begun, start = self._parts.now(), trio.current_time()
        status, error, wait = None, "", 0.0
        if not letter.secrets:
            error = "there is no secret to sign it with; an administrator makes one"
        else:
            try:
                answer = await self._post(letter, begun)
            except NetworkFault as fault:
                error = str(fault)
            else:
                status, wait = answer.status, _wait_seconds(answer)
                error = refusal(status)
        seconds = trio.current_time() - start
        return Attempt(at=begun, seconds=seconds, status=status, error=error, wait_seconds=wait)

    async def _post(self, letter: webhooks.Letter, now: float) -> Response:
        """Raises:
        NetworkFault: the receiver may not or cannot be reached, or did not answer in time."""
        parts, body = self._parts, body_of(letter)
        headers = signature_headers(letter.delivery.id, now, body, letter.secrets)
        return await post(parts.http, parts.guard, letter.url, body, headers, parts.config.timeout_seconds)


def body_of(letter: webhooks.Letter) -> bytes:
    """The message, the same in all attempts as long as the results are kept."""
    job = letter.job
    over_at = datetime.fromtimestamp(job.finished_at or job.updated_at, UTC)
    message = Message(
        type=f"job.{job.state.value}",
        timestamp=over_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        data=job_view(Progress(job=job), letter.delivery.base, letter.files),
    )
    return msgspec.json.encode(message)


def new_call(job_id: str, caller: str, url: str, base: str, now: float) -> webhooks.Call:
    """A delivery to be made when the job is over, to a URL that the guard has let pass."""
    delivery = Delivery(
        id=f"msg_{secrets.token_hex(16)}",
        job_id=job_id,
        caller=caller,
        place=parse_url(url).place,
        base=base,
        created_at=now,
    )
    return webhooks.Call(delivery, url)


def supervised(parts: WebhookParts, mailbox: Mailbox[WebhooksMessage], bus: EventBus) -> Supervisor:
    """The actor, to be put into the tree so that its crashes are its own; a new one for each life."""
    return apart("webhooks", [ChildSpec("webhook sender", lambda: Webhooks(parts), mailbox=mailbox)], bus)


def _wait_seconds(answer: Response) -> float:
    """How long a receiver that has too much to do wants to be left alone; a date in place of seconds is not heeded."""
    wish = answer.headers.get("retry-after") or ""
    return float(wish) if wish.isascii() and wish.isdigit() and len(wish) < 9 else 0.0


def _tell(delivery: Delivery, attempt: Attempt) -> None:
    log.info(
        "webhook id=%s job=%s place=%s try=%d state=%s status=%s error=%s",
        *(delivery.id, delivery.job_id, delivery.place, delivery.tries, delivery.state.value, attempt.status),
        attempt.error or "-",
    )

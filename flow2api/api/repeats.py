"""The same request again: SDKs repeat a slow or failed call by themselves, and each repeat would be paid for.

A caller may name a request with an `Idempotency-Key`; the store then knows its job for good. Without one, a call that an SDK
marks as a repeat joins the job of its first try, which the store finds by caller and body for a while. A restart changes nothing in
either. A job that was given up before its paid call, since its caller left, is no job to come back to: the repeat is a new one, at the
end of the line, and has the key.
"""

import hashlib
import time
from typing import NamedTuple

import trio

from flow2api.actors.jobs import Attach
from flow2api.actors.watch import LiveJob, Watch
from flow2api.api.exchange import GatewayRequest
from flow2api.api.forms import media_type
from flow2api.api.services import Services
from flow2api.domain.job import Idempotency, Job, JobState
from flow2api.errors import Code, Failure
from flow2api.store import jobs

REMEMBER_SECONDS = 1800.0
MAX_KEY_LENGTH = 255
# Hashing more than this in the main thread would be felt by others.
_INLINE_BYTES = 1024 * 1024


class Claim(NamedTuple):
    """By what a request may be recognised."""

    caller: str
    digest: str
    """Of path and body."""
    key: str | None
    repeated: bool
    """Whether the SDK says that it is not the first try."""
    part: int = 0
    """Which job of the request, where it asks for several."""

    def of_part(self, part: int) -> "Claim":
        """By what this job of the request may be recognised. No key that a header brings holds a line break."""
        return self._replace(part=part, key=f"{self.key}\n{part}" if self.key and part else self.key)

    @property
    def mark(self) -> str:
        """What is stored with the job, by which a repeat is known."""
        return f"{self.digest}/{self.part}" if self.part else self.digest

    @property
    def idempotency(self) -> Idempotency | None:
        return Idempotency(self.key, self.digest) if self.key else None


class Repeats:
    """Finds the job of a request that was made before."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def find(self, claim: Claim) -> Watch | None:
        """A watch on the earlier request's job, live or ended; None when this request is a new one.

        Raises:
            Failure: `conflict`, the key was used with another body."""
        if claim.key is not None:
            job = await self._services.store.read(jobs.by_idempotency, claim.caller, claim.key)
            if job is None:
                return None
            if job.idempotency != claim.idempotency:
                message = "This Idempotency-Key was used before with another request body. Use a new key."
                raise Failure(Code.CONFLICT, message, param="Idempotency-Key")
            return await self._watch(job.id)
        if not claim.repeated:
            return None
        since = time.time() - REMEMBER_SECONDS
        known = await self._services.store.read(jobs.by_digest, claim.caller, claim.mark, since)
        return None if known is None else await self._watch(known.id, by_mark=True)

    async def _watch(self, job_id: str, *, by_mark: bool = False) -> Watch | None:
        live = await self._services.jobs.ask_again(Attach(job_id))
        if live is not None:
            return live
        job = await self._services.store.read(jobs.get, job_id)
        if job is None or not job.final or (_worth_another_try(job) if by_mark else job.idempotency is None):
            return None
        return ended(job)


async def claim_of(request: GatewayRequest, caller: str, body: bytes | bytearray) -> Claim:
    """By what this request may be recognised.

    Raises:
        Failure: the Idempotency-Key is unusable."""
    key = (request.header(b"idempotency-key") or b"").decode("latin-1").strip()
    if len(key) > MAX_KEY_LENGTH:
        message = f"An Idempotency-Key may have at most {MAX_KEY_LENGTH} characters."
        raise Failure(Code.INVALID_VALUE, message, param="Idempotency-Key")
    path: bytes = request.scope["raw_path"]
    boundary = media_type(request)[1].get("boundary", "").encode("latin-1", "replace")
    if len(body) > _INLINE_BYTES:
        digest = await trio.to_thread.run_sync(_digest, path, body, boundary)
    else:
        digest = _digest(path, body, boundary)
    count = request.header(b"x-stainless-retry-count")
    return Claim(caller, digest, key or None, repeated=count not in (None, b"", b"0"))


def ended(job: Job) -> Watch:
    """A watch on a job that is over."""
    live = LiveJob(job, lambda _: None)
    live.end()
    return Watch(live)


def _worth_another_try(job: Job) -> bool:
    if job.state is JobState.SUCCEEDED:
        return False
    return job.error is None or job.error.failure().kind.retry or job.state is JobState.CANCELLED


def _digest(path: bytes, body: bytes | bytearray, boundary: bytes) -> str:
    digest = hashlib.sha256(path + b"\0")
    # Clients draw a new boundary for each try of the same form.
    digest.update(body.replace(boundary, b"") if boundary else body)
    return digest.hexdigest()

"""What the jobs actor answers a submission with, and what it tells those who watch a job that it cannot bring to its end."""

from flow2api.actors.watch import LiveJob, Watch
from flow2api.domain.job import Idempotency, Job
from flow2api.errors import Code, Failure
from flow2api.kit.mailbox import Reply


def draining() -> Failure:
    return Failure(
        Code.DRAINING,
        "The gateway is being stopped. What waited stays stored and goes on after the next start.",
        retry_after_seconds=10.0,
    )


def left_alone(job: Job) -> Failure:
    return Failure(
        Code.INTERNAL_ERROR,
        f"The gateway's job engine was interrupted. Job {job.id} is stored and goes on; ask for it by its id.",
    )


async def answer(live: LiveJob, idempotency: Idempotency | None, reply: Reply[Watch]) -> None:
    """Answer with a watch on a job that may have been admitted for an earlier request with the same key."""
    await live.admitted.wait()
    refusal = live.refusal or _conflict(live.job, idempotency)
    if refusal is not None:
        reply.fail(refusal)
        return
    watch = Watch(live)
    if not reply.set(watch):
        watch.close()


def _conflict(earlier: Job, idempotency: Idempotency | None) -> Failure | None:
    if earlier.idempotency == idempotency:
        return None
    return Failure(Code.CONFLICT, "This Idempotency-Key was used before with another request body. Use a new key.")

"""Verbs for webhooks: who is to be told of which job's end, how the telling goes, and the secrets that sign it.

Addresses and secrets go in and come out plain and lie sealed, each bound to its row: an address may hold a token of its owner.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec

from flow2api.domain.job import Job
from flow2api.domain.job_view import files_of
from flow2api.domain.media import MediaFile
from flow2api.domain.webhook import Delivery, DeliveryState, ready
from flow2api.store import media
from flow2api.store.bodies import Body
from flow2api.store.database import Database
from flow2api.store.paging import Cut, Order, page_of

DEFAULT_SECRET = "default"
"""In place of a caller: the secret for all who have none of their own."""
# For so long after a change a message is signed with the former secret as well, so that a receiver can change over.
OVERLAP_SECONDS = 86400.0

_BODY = Body(Delivery)
_JOB = Body(Job)
_ORDER = Order(table="webhooks", time="created_at", key="id")
_INSERT = (
    "INSERT INTO webhooks (id, job_id, caller, place, state, created_at, next_at, body, sealed) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_SAVE = "UPDATE webhooks SET state = ?, next_at = ?, body = ? WHERE id = ?"
# The first few of each receiver, so that one that hangs does not hold up the others. Word for word the condition of the index.
_DUE = """
    SELECT body FROM (
        SELECT body, next_at, id, ROW_NUMBER() OVER (PARTITION BY caller, place ORDER BY next_at, id) AS place_in_line
        FROM webhooks WHERE state = 'due' AND next_at <= ?
    ) AS waiting WHERE place_in_line <= ? ORDER BY next_at, id LIMIT ?
"""


class Call(NamedTuple):
    """A delivery to be made when its job is over, and where to."""

    delivery: Delivery
    url: str


class Secrets(msgspec.Struct, frozen=True, kw_only=True):
    """The signing secrets of one caller."""

    current: str
    former: str | None = None
    former_until: float = 0.0

    def valid(self, now: float) -> list[str]:
        """All to sign with, the current one first."""
        return [self.current, *([self.former] if self.former and now < self.former_until else [])]

    def __repr__(self) -> str:
        return "Secrets(***)"


class Letter(NamedTuple):
    """All that one attempt needs."""

    delivery: Delivery
    url: str
    job: Job
    files: dict[str, MediaFile]
    secrets: list[str]

    def __repr__(self) -> str:
        return f"Letter({self.delivery.id})"


def insert(db: Database, delivery: Delivery, url: str) -> None:
    """Add a delivery."""
    sealed = db.seal.close(url.encode(), _purpose(delivery.id))
    first = (delivery.id, delivery.job_id, delivery.caller, delivery.place, delivery.state.value, delivery.created_at)
    db.execute(_INSERT, (*first, delivery.next_at, _BODY.text(delivery), sealed))


def make_due(db: Database, job_id: str, now: float) -> bool:
    """The job is over: whoever waits to be told of it is to be told. Whether there is anybody."""
    waiting = [one for one in of_job(db, job_id) if one.state is DeliveryState.WAITING]
    for delivery in waiting:
        _save(db, ready(delivery, now))
    return bool(waiting)


def due(db: Database, now: float, each: int, limit: int) -> list[Delivery]:
    """What is to be sent by now, at most `each` to one receiver, longest due first."""
    return _BODY.records(body for (body,) in db.rows(_DUE, (now, each, limit)))


def next_after(db: Database, now: float) -> float | None:
    """When something will be due next."""
    row = db.row("SELECT MIN(next_at) FROM webhooks WHERE state = 'due' AND next_at > ?", (now,))
    return None if row is None else row[0]


def change(db: Database, delivery_id: str, how: Callable[[Delivery], Delivery]) -> Delivery | None:
    """Replace a delivery by what `how` makes of it as it is now; None when there is none."""
    delivery = get(db, delivery_id)
    if delivery is None:
        return None
    changed = how(delivery)
    _save(db, changed)
    return changed


def get(db: Database, delivery_id: str) -> Delivery | None:
    """A delivery by its id."""
    row = db.row("SELECT body FROM webhooks WHERE id = ?", (delivery_id,))
    return None if row is None else _BODY.record(row[0])


def letter(db: Database, delivery_id: str, now: float) -> Letter | None:
    """All that an attempt needs; None when it, or its job, is no longer stored."""
    row = db.row(
        "SELECT webhooks.body, webhooks.sealed, jobs.body FROM webhooks JOIN jobs ON jobs.id = webhooks.job_id "
        "WHERE webhooks.id = ?",
        (delivery_id,),
    )
    if row is None:
        return None
    delivery, job = _BODY.record(row[0]), _JOB.record(row[2])
    url = db.seal.open(row[1], _purpose(delivery_id)).decode()
    return Letter(delivery, url, job, media.some(db, files_of(job)), signing_secrets(db, delivery.caller, now))


def drop(db: Database, delivery_id: str) -> None:
    """Forget a delivery; nothing happens when there is none."""
    db.execute("DELETE FROM webhooks WHERE id = ?", (delivery_id,))


def of_job(db: Database, job_id: str) -> list[Delivery]:
    """The deliveries of one job."""
    rows = db.rows("SELECT body FROM webhooks WHERE job_id = ? ORDER BY created_at, id", (job_id,))
    return _BODY.records(body for (body,) in rows)


def page(
    db: Database,
    *,
    caller: str | None = None,
    state: DeliveryState | None = None,
    after: str | None = None,
    limit: int = 50,
) -> list[Delivery]:
    """Deliveries, newest first; with `after` (an id) those that follow it, none when it is not known."""
    filters = {"caller": caller, "state": None if state is None else state.value}
    rows = page_of(db, "body", _ORDER, filters, Cut(after=after, limit=limit))
    return _BODY.records(body for (body,) in rows)


# -- secrets -----------------------------------------------------------------------------------------------------


def put_secret(db: Database, caller: str, secret: str, now: float) -> None:
    """Sign for a caller with `secret` from now on, and for a while with the one before as well."""
    before = _secrets(db, caller)
    secrets = Secrets(current=secret)
    if before is not None and before.current != secret:
        secrets = Secrets(current=secret, former=before.current, former_until=now + OVERLAP_SECONDS)
    db.execute(
        "INSERT INTO webhook_signers (caller, created_at, sealed) VALUES (?, ?, ?) "
        "ON CONFLICT (caller) DO UPDATE SET created_at = excluded.created_at, sealed = excluded.sealed",
        (caller, now, db.seal.close(msgspec.json.encode(secrets), _secret_purpose(caller))),
    )


def remove_secret(db: Database, caller: str) -> bool:
    """Forget a caller's secret; whether there was one."""
    return db.execute("DELETE FROM webhook_signers WHERE caller = ?", (caller,)) > 0


def secret_holders(db: Database) -> Sequence[tuple[str, float]]:
    """Who has a secret, and since when."""
    return [(caller, at) for caller, at in db.rows("SELECT caller, created_at FROM webhook_signers ORDER BY caller")]


def signing_secrets(db: Database, caller: str, now: float) -> list[str]:
    """What to sign a caller's messages with: its own secrets, else those for all; empty when there are none."""
    secrets = _secrets(db, caller) or _secrets(db, DEFAULT_SECRET)
    return [] if secrets is None else secrets.valid(now)


def _secrets(db: Database, caller: str) -> Secrets | None:
    row = db.row("SELECT sealed FROM webhook_signers WHERE caller = ?", (caller,))
    return None if row is None else msgspec.json.decode(db.seal.open(row[0], _secret_purpose(caller)), type=Secrets)


def _save(db: Database, delivery: Delivery) -> None:
    db.execute(_SAVE, (delivery.state.value, delivery.next_at, _BODY.text(delivery), delivery.id))


def _purpose(delivery_id: str) -> str:
    return f"webhook:{delivery_id}"


def _secret_purpose(caller: str) -> str:
    return f"webhook-secret:{caller}"

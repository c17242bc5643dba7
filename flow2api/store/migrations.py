"""The schema as numbered steps, applied in order when a database is opened; each step and its record are one transaction.

A step that was released is never changed again. Columns beside `body` exist to be searched, sorted or made unique; the record in
`body` is the truth. Tables refer to each other only where one row is nothing without the other: files and log entries may outlive
their job.
"""

import sqlite_utils
from sqlite_utils.db import ForeignKey

from flow2api.store.errors import StoreRefused


def accounts_and_settings(db: sqlite_utils.Database) -> None:
    db.table("accounts").create(
        {"id": str, "provider": str, "created_at": float, "body": str},
        pk="id",
        not_null={"provider", "created_at", "body"},
        strict=True,
    )
    owner = ForeignKey("vaults", "account_id", "accounts", "id", on_delete="CASCADE")
    db.table("vaults").create(
        {"account_id": str, "sealed": bytes}, pk="account_id", not_null={"sealed"}, foreign_keys=[owner], strict=True
    )
    db.table("settings").create({"name": str, "sealed": bytes}, pk="name", not_null={"sealed"}, strict=True)
    # What the store must know of itself; so far a sealed value that shows whether the master key is the right one.
    db.table("marks").create({"name": str, "sealed": bytes}, pk="name", not_null={"sealed"}, strict=True)


def jobs(db: sqlite_utils.Database) -> None:
    db.table("jobs").create(
        {
            "id": str,
            "state": str,
            "caller": str,
            "model": str,
            "kind": str,
            "account_id": str,
            "created_at": float,
            "updated_at": float,
            "finished_at": float,
            "idempotency_key": str,
            "body": str,
        },
        pk="id",
        not_null={"state", "caller", "model", "kind", "created_at", "updated_at", "body"},
        strict=True,
    )
    # Each index costs time at every write: there is one for each question that is asked often, and not one more.
    db.execute("CREATE INDEX jobs_by_time ON jobs (created_at, id)")
    db.execute("CREATE INDEX jobs_by_caller ON jobs (caller, created_at, id)")
    db.execute(
        "CREATE INDEX jobs_unfinished ON jobs (created_at, id) WHERE state NOT IN ('succeeded', 'failed', 'cancelled')"
    )
    db.execute(
        "CREATE UNIQUE INDEX jobs_by_idempotency ON jobs (caller, idempotency_key) WHERE idempotency_key IS NOT NULL"
    )


def media(db: sqlite_utils.Database) -> None:
    db.table("media").create(
        {
            "name": str,
            "role": str,
            "job_id": str,
            "mime": str,
            "size_bytes": int,
            "width": int,
            "height": int,
            "created_at": float,
            "expires_at": float,
        },
        pk="name",
        not_null={"role", "mime", "size_bytes", "width", "height", "created_at"},
        strict=True,
    )
    db.execute("CREATE INDEX media_by_time ON media (created_at, name)")
    db.execute("CREATE INDEX media_by_expiry ON media (expires_at) WHERE expires_at IS NOT NULL")


def api_keys(db: sqlite_utils.Database) -> None:
    db.table("api_keys").create(
        {
            "id": str,
            "name": str,
            "digest": str,
            "hint": str,
            "created_at": float,
            "last_used_at": float,
            "revoked_at": float,
            "expires_at": float,
        },
        pk="id",
        not_null={"name", "digest", "hint", "created_at"},
        strict=True,
    )
    db.execute("CREATE UNIQUE INDEX api_keys_by_digest ON api_keys (digest)")


def requests(db: sqlite_utils.Database) -> None:
    db.table("requests").create(
        {
            "job_id": str,
            "at": float,
            "request_id": str,
            "caller": str,
            "model": str,
            "kind": str,
            "outcome": str,
            "account_id": str,
            "duration_seconds": float,
            "detail": str,
        },
        pk="job_id",
        not_null={"at", "request_id", "caller", "model", "kind", "outcome", "duration_seconds", "detail"},
        strict=True,
    )
    db.execute("CREATE INDEX requests_by_time ON requests (at, job_id)")


def proxies(db: sqlite_utils.Database) -> None:
    db.table("proxies").create(
        {"id": str, "created_at": float, "body": str, "sealed": bytes},
        pk="id",
        not_null={"created_at", "body", "sealed"},
        strict=True,
    )
    # Without references: an account may have a way out before its row is written, and lose its proxy while it is in use.
    db.table("proxy_homes").create(
        {"account_id": str, "role": str, "proxy_id": str},
        pk=("account_id", "role"),
        not_null={"proxy_id"},
        strict=True,
    )


def key_limits(db: sqlite_utils.Database) -> None:
    db.execute("ALTER TABLE api_keys ADD COLUMN limits TEXT")


def charges(db: sqlite_utils.Database) -> None:
    db.execute("ALTER TABLE jobs ADD COLUMN charge INTEGER NOT NULL DEFAULT 0")
    # What the jobs counted that are stored no more.
    db.table("charges").create(
        {"caller": str, "day": int, "credits": int},
        pk=("caller", "day"),
        not_null={"credits"},
        strict=True,
    )


def clip_facts(db: sqlite_utils.Database) -> None:
    db.execute("ALTER TABLE media ADD COLUMN seconds REAL NOT NULL DEFAULT 0")
    db.execute("ALTER TABLE media ADD COLUMN companion_bytes INTEGER NOT NULL DEFAULT 0")
    db.execute("CREATE INDEX media_by_job ON media (job_id) WHERE job_id IS NOT NULL")


def webhooks(db: sqlite_utils.Database) -> None:
    db.table("webhooks").create(
        {
            "id": str,
            "job_id": str,
            "caller": str,
            "place": str,
            "state": str,
            "created_at": float,
            "next_at": float,
            "body": str,
            "sealed": bytes,
        },
        pk="id",
        not_null={"job_id", "caller", "place", "state", "created_at", "body", "sealed"},
        strict=True,
    )
    db.execute("CREATE INDEX webhooks_by_job ON webhooks (job_id)")
    db.execute("CREATE INDEX webhooks_by_time ON webhooks (created_at, id)")
    db.execute("CREATE INDEX webhooks_due ON webhooks (next_at) WHERE state = 'due'")
    db.table("webhook_signers").create(
        {"caller": str, "created_at": float, "sealed": bytes},
        pk="caller",
        not_null={"created_at", "sealed"},
        strict=True,
    )


def request_digests(db: sqlite_utils.Database) -> None:
    db.execute("ALTER TABLE jobs ADD COLUMN digest TEXT")
    db.execute("CREATE INDEX jobs_by_digest ON jobs (caller, digest, created_at, id) WHERE digest IS NOT NULL")


def administration(db: sqlite_utils.Database) -> None:
    db.table("admin_sessions").create(
        {
            "id": str,
            "digest": str,
            "created_at": float,
            "seen_at": float,
            "expires_at": float,
            "address": str,
            "user_agent": str,
        },
        pk="id",
        not_null={"digest", "created_at", "seen_at", "expires_at", "address", "user_agent"},
        strict=True,
    )
    db.table("audit_log").create(
        {
            "id": int,
            "at": float,
            "who": str,
            "session_id": str,
            "address": str,
            "act": str,
            "subject": str,
            "outcome": str,
            "detail": str,
            "request_id": str,
        },
        pk="id",
        not_null={"at", "who", "session_id", "address", "act", "subject", "outcome", "detail", "request_id"},
        strict=True,
    )


def usage(db: sqlite_utils.Database) -> None:
    # By the minute, so that a chart over weeks does not read the log. Clustered by time, hence without row ids.
    db.execute(
        "CREATE TABLE usage (slot INTEGER NOT NULL, model TEXT NOT NULL, kind TEXT NOT NULL, outcome TEXT NOT NULL, "
        "count INTEGER NOT NULL, PRIMARY KEY (slot, model, kind, outcome)) STRICT, WITHOUT ROWID"
    )
    db.execute(
        "INSERT INTO usage (slot, model, kind, outcome, count) "
        "SELECT CAST(at AS INTEGER) / 60 * 60, model, kind, outcome, count(*) FROM requests GROUP BY 1, 2, 3, 4"
    )
    db.execute("CREATE INDEX requests_failed ON requests (at, job_id) WHERE outcome NOT IN ('succeeded', 'cancelled')")


def debug_logs(db: sqlite_utils.Database) -> None:
    # Numbers are never used twice, so that a page that was read goes on where it ended.
    db.execute(
        "CREATE TABLE debug_logs (number INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, level TEXT NOT NULL, "
        "severity INTEGER NOT NULL, logger TEXT NOT NULL, message TEXT NOT NULL, request_id TEXT NOT NULL, "
        "job_id TEXT NOT NULL, account_id TEXT NOT NULL, fields TEXT NOT NULL, error TEXT NOT NULL, "
        "traceback TEXT NOT NULL) STRICT"
    )
    db.execute("CREATE INDEX debug_logs_by_time ON debug_logs (at)")
    db.execute("CREATE INDEX debug_logs_by_weight ON debug_logs (severity, number) WHERE severity > 1")
    for column in ("job_id", "account_id", "request_id"):
        db.execute(f"CREATE INDEX debug_logs_by_{column} ON debug_logs ({column}, number) WHERE {column} <> ''")


def fixed_homes(db: sqlite_utils.Database) -> None:
    db.execute("ALTER TABLE proxy_homes ADD COLUMN fixed INTEGER NOT NULL DEFAULT 0")


def notices(db: sqlite_utils.Database) -> None:
    db.table("notices").create(
        {"id": str, "channel_id": str, "created_at": float, "next_at": float, "body": str},
        pk="id",
        not_null={"channel_id", "created_at", "body"},
        strict=True,
    )


_STEPS = (
    *(accounts_and_settings, jobs, media, api_keys, requests, proxies, key_limits, charges),
    *(clip_facts, webhooks, request_digests),
    *(administration, usage, debug_logs, fixed_homes, notices),
)
_NAMES = {step: f"{number:04d}_{step.__name__}" for number, step in enumerate(_STEPS, start=1)}


def migrate(tables: sqlite_utils.Database, name: str) -> None:
    """Bring the schema up to date; `name` is what messages call the database.

    Raises:
        StoreRefused: it belongs to another program, or a newer version has changed it.
    """
    _checked_steps(tables, name).apply(tables)


def pending(tables: sqlite_utils.Database, name: str) -> list[str]:
    """The steps that `migrate` would take; changes nothing.

    Raises:
        StoreRefused: as for `migrate`.
    """
    return [step.name for step in _checked_steps(tables, name).pending(tables)]


def _checked_steps(tables: sqlite_utils.Database, name: str) -> sqlite_utils.Migrations:
    steps = sqlite_utils.Migrations("flow2api")
    for step, step_name in _NAMES.items():
        steps(name=step_name)(step)
    applied = {step.name for step in steps.applied(tables)}
    if not applied and tables.table_names():
        raise StoreRefused(
            f"{name} is a database of another program: it holds tables, but none of ours. "
            "Name another file, or move this one away."
        )
    newer = sorted(applied - set(_NAMES.values()))
    if newer:
        raise StoreRefused(
            f"{name} was changed by a newer version of flow2api (step {newer[-1]} is not known here). "
            "Start that version again, or restore a backup from before the upgrade."
        )
    return steps

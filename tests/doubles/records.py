"""Records to put into a store: valid, small, and different only where a test says so."""

from typing import Literal

from flow2api.domain.account import Account
from flow2api.domain.admin import AuditEntry
from flow2api.domain.job import Generation, Idempotency, Job, JobState
from flow2api.domain.key import ApiKey
from flow2api.domain.media import MediaFile
from flow2api.domain.proxy import Proxy
from flow2api.domain.request import RequestRecord

GENERATION = Generation(
    model="painter", kind="image", provider="flow", upstream_model="KEY", prompt="an apple", aspect_ratio="16:9"
)


def account(account_id: str = "a1", *, created_at: float = 100.0, label: str = "studio") -> Account:
    return Account(id=account_id, provider="flow", label=label, created_at=created_at)


def job(
    job_id: str = "j1",
    *,
    state: JobState = JobState.QUEUED,
    caller: str = "k1",
    created_at: float = 100.0,
    key: str | None = None,
) -> Job:
    return Job(
        id=job_id,
        state=state,
        generation=GENERATION,
        caller=caller,
        created_at=created_at,
        updated_at=created_at,
        queue_deadline=created_at + 600,
        deadline=created_at + 300,
        idempotency=None if key is None else Idempotency(key, "digest"),
    )


def media_file(
    name: str = "f1.png",
    *,
    role: Literal["input", "result"] = "result",
    created_at: float = 100.0,
    expires_at: float | None = None,
    size_bytes: int = 10,
) -> MediaFile:
    return MediaFile(
        name=name,
        role=role,
        job_id="j1",
        mime="image/png",
        size_bytes=size_bytes,
        width=4,
        height=3,
        created_at=created_at,
        expires_at=expires_at,
    )


def api_key(key_id: str = "k1", *, created_at: float = 100.0) -> ApiKey:
    return ApiKey(id=key_id, name="laptop", digest=f"digest of {key_id}", hint="f2a_3k…9x", created_at=created_at)


def request_record(
    job_id: str = "j1", *, at: float = 100.0, outcome: str = "succeeded", caller: str = "k1"
) -> RequestRecord:
    return RequestRecord(
        at=at,
        request_id="r1",
        job_id=job_id,
        caller=caller,
        model="painter",
        kind="image",
        outcome=outcome,
        account_id="a1",
        duration_seconds=2.5,
    )


def proxy(proxy_id: str = "p1", *, created_at: float = 100.0) -> Proxy:
    return Proxy(
        id=proxy_id, place="http://***@a.example:1", roles=("requests",), origin="operator", created_at=created_at
    )


def audit_entry(number: int) -> AuditEntry:
    return AuditEntry(
        id=0,
        at=float(number),
        who="admin",
        session_id="s1",
        address="192.0.2.7",
        act=f"DELETE /api/things/{number}",
        subject=str(number),
        outcome="done",
        detail="",
        request_id="r1",
    )

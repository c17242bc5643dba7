"""The request log: one record for each generation that ended."""

import msgspec


class RequestRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One finished generation, as kept for the operator."""

    at: float
    request_id: str
    job_id: str
    caller: str
    model: str
    kind: str
    outcome: str
    """`succeeded`, `cancelled`, or the error code."""
    account_id: str | None
    duration_seconds: float
    """From admission to the end, waiting included."""
    detail: str = ""

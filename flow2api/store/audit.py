"""Verbs for the audit log: what administrators did, newest first, bounded by number."""

from flow2api.domain.admin import AuditEntry
from flow2api.store.database import Database, Row

# Years of acts; bounds what a storm of wrong sign-ins can leave behind.
MOST_ENTRIES = 100_000
_COLUMNS = "id, at, who, session_id, address, act, subject, outcome, detail, request_id"


def append(db: Database, entry: AuditEntry) -> None:
    """Add an entry, whose id is given here; the oldest beyond the bound are forgotten."""
    db.execute(
        "INSERT INTO audit_log (at, who, session_id, address, act, subject, outcome, detail, request_id) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            entry.at,
            entry.who,
            entry.session_id,
            entry.address,
            entry.act,
            entry.subject,
            entry.outcome,
            entry.detail,
            entry.request_id,
        ),
    )
    db.execute("DELETE FROM audit_log WHERE id <= (SELECT max(id) FROM audit_log) - ?", (MOST_ENTRIES,))


def page(db: Database, *, before: int | None, act: str | None, limit: int) -> list[AuditEntry]:
    """Entries, newest first, those before an id; with `act` those whose act holds this text."""
    conditions, values = [], list[object]()
    if before is not None:
        conditions.append("id < ?")
        values.append(before)
    if act:
        conditions.append("instr(act, ?) > 0")
        values.append(act)
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    rows = db.rows(f"SELECT {_COLUMNS} FROM audit_log {where} ORDER BY id DESC LIMIT ?", (*values, limit))
    return [_entry(row) for row in rows]


def _entry(row: Row) -> AuditEntry:
    id_, at, who, session_id, address, act, subject, outcome, detail, request_id = row
    return AuditEntry(
        id=id_,
        at=at,
        who=who,
        session_id=session_id,
        address=address,
        act=act,
        subject=subject,
        outcome=outcome,
        detail=detail,
        request_id=request_id,
    )

"""Verbs for the kept lines of the log, masked like everywhere: appended in batches, read page by page, the oldest removed.

Lines are known by a number that rises with every line, over restarts too.
"""

from collections.abc import Sequence

import msgspec

from flow2api.domain.logline import LEVELS, Level, LogLine
from flow2api.store.database import Database, Row
from flow2api.store.paging import like

_COLUMNS = "number, at, level, logger, message, request_id, job_id, account_id, fields, error, traceback"
_INSERT = (
    "INSERT INTO debug_logs (at, level, severity, logger, message, request_id, job_id, account_id, fields, error, traceback) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


class LogFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which lines are wanted; what is None does not matter."""

    level: Level | None = None
    """The least weight."""
    logger: str | None = None
    """The beginning of the logger's name."""
    job: str | None = None
    account: str | None = None
    request: str | None = None
    search: str | None = None
    """Words that the line or its error holds, in any case of letters."""
    before: int | None = None
    """The number that those wanted are below."""


def append(db: Database, lines: Sequence[LogLine]) -> None:
    """Add lines, oldest first. Their own numbers are those of a process and not kept."""
    db.execute_many(_INSERT, [_values(line) for line in lines])


def page(db: Database, wanted: LogFilter, limit: int) -> list[LogLine]:
    """Lines, newest first."""
    conditions, values = _conditions(wanted)
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    rows = db.rows(f"SELECT {_COLUMNS} FROM debug_logs {where} ORDER BY number DESC LIMIT ?", (*values, limit))
    return [_line(row) for row in rows]


def prune(db: Database, before: float, limit: int) -> int:
    """Remove lines from before that time, oldest first and at most so many; how many there were."""
    chosen = "SELECT number FROM debug_logs WHERE at < ? ORDER BY number LIMIT ?"
    return db.execute(f"DELETE FROM debug_logs WHERE number IN ({chosen})", (before, limit))


def cut(db: Database, most: int, limit: int) -> int:
    """Remove the oldest lines beyond the newest `most`, at most `limit` at once; how many there were."""
    chosen = (
        "SELECT number FROM debug_logs WHERE number <= (SELECT max(number) FROM debug_logs) - ? ORDER BY number LIMIT ?"
    )
    return db.execute(f"DELETE FROM debug_logs WHERE number IN ({chosen})", (most, limit))


def _conditions(wanted: LogFilter) -> tuple[list[str], list[object]]:
    found: list[tuple[str, list[object]]] = []
    if wanted.level is not None:
        found.append(("severity >= ?", [LEVELS.index(wanted.level)]))
    if wanted.logger is not None:
        found.append(("logger LIKE ? ESCAPE '\\'", [like(wanted.logger)[1:]]))
    named = (("job_id", wanted.job), ("account_id", wanted.account), ("request_id", wanted.request))
    found += [(f"{column} = ?", [value]) for column, value in named if value is not None]
    if wanted.search is not None:
        words = like(wanted.search)
        found.append(("(message LIKE ? ESCAPE '\\' OR error LIKE ? ESCAPE '\\')", [words, words]))
    if wanted.before is not None:
        found.append(("number < ?", [wanted.before]))
    return [condition for condition, _ in found], [value for _, values in found for value in values]


def _values(line: LogLine) -> tuple[object, ...]:
    severity = LEVELS.index(line.level) if line.level in LEVELS else len(LEVELS)
    return (
        *(line.at, line.level, severity, line.logger, line.message, line.request_id, line.job_id, line.account_id),
        *(msgspec.json.encode(line.fields).decode(), line.error, line.traceback),
    )


def _line(row: Row) -> LogLine:
    number, at, level, logger, message, request_id, job_id, account_id, fields, error, traceback = row
    return LogLine(
        number=number,
        at=at,
        level=level,
        logger=logger,
        message=message,
        request_id=request_id,
        job_id=job_id,
        account_id=account_id,
        fields=msgspec.json.decode(fields, type=dict[str, str]),
        error=error,
        traceback=traceback,
    )

"""Verbs for the records of stored files. The files themselves are the media actor's affair."""

from collections.abc import Iterable, Sequence

from flow2api.domain.media import MediaFile
from flow2api.store.database import Database, Row

_COLUMNS = "name, role, job_id, mime, size_bytes, width, height, created_at, expires_at, seconds, companion_bytes"
_INSERT = f"INSERT INTO media ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


def insert(db: Database, file: MediaFile) -> None:
    """Add the record of a file."""
    db.execute(
        _INSERT,
        (
            file.name,
            file.role,
            file.job_id,
            file.mime,
            file.size_bytes,
            file.width,
            file.height,
            file.created_at,
            file.expires_at,
            file.seconds,
            file.companion_bytes,
        ),
    )


def get(db: Database, name: str) -> MediaFile | None:
    """The record of a file."""
    row = db.row(f"SELECT {_COLUMNS} FROM media WHERE name = ?", (name,))
    return None if row is None else _file(row)


def of_job(db: Database, job_id: str) -> list[MediaFile]:
    """All files that belong to a job, oldest first."""
    where = "WHERE job_id = ? ORDER BY created_at, name"
    return [_file(row) for row in db.rows(f"SELECT {_COLUMNS} FROM media {where}", (job_id,))]


def some(db: Database, names: Sequence[str]) -> dict[str, MediaFile]:
    """The records of those of these files that are still there, by name."""
    marks = ", ".join("?" * len(names))
    rows = db.rows(f"SELECT {_COLUMNS} FROM media WHERE name IN ({marks})", names) if names else []
    return {file.name: file for file in map(_file, rows)}


def expired(db: Database, now: float, limit: int) -> list[MediaFile]:
    """Files whose time is over, those first that ended first."""
    where = "WHERE expires_at <= ? ORDER BY expires_at, name LIMIT ?"
    return [_file(row) for row in db.rows(f"SELECT {_COLUMNS} FROM media {where}", (now, limit))]


def oldest(db: Database, limit: int) -> list[MediaFile]:
    """The oldest files, oldest first."""
    rows = db.rows(f"SELECT {_COLUMNS} FROM media ORDER BY created_at, name LIMIT ?", (limit,))
    return [_file(row) for row in rows]


def results_after(db: Database, after: MediaFile | None, limit: int) -> list[MediaFile]:
    """Results, oldest first; with `after` those that follow it."""
    created_at, name = (after.created_at, after.name) if after else (float("-inf"), "")
    where = "WHERE role = 'result' AND (created_at, name) > (?, ?) ORDER BY created_at, name LIMIT ?"
    return [_file(row) for row in db.rows(f"SELECT {_COLUMNS} FROM media {where}", (created_at, name, limit))]


def delete(db: Database, names: Iterable[str]) -> int:
    """Forget files; how many of them were known."""
    return db.execute_many("DELETE FROM media WHERE name = ?", [(name,) for name in names])


def add_companion(db: Database, name: str, size_bytes: int) -> None:
    """Count what was made of a clip and lies beside it."""
    db.execute("UPDATE media SET companion_bytes = companion_bytes + ? WHERE name = ?", (size_bytes, name))


def total_bytes(db: Database) -> int:
    """What all files take together, with their companions."""
    row = db.row("SELECT COALESCE(SUM(size_bytes + companion_bytes), 0) FROM media")
    return 0 if row is None else int(row[0])


def names(db: Database) -> set[str]:
    """The names of all files."""
    return {name for (name,) in db.rows("SELECT name FROM media")}


def known(db: Database, candidates: Sequence[str]) -> set[str]:
    """Which of these names belong to a record."""
    marks = ", ".join("?" * len(candidates))
    return {name for (name,) in db.rows(f"SELECT name FROM media WHERE name IN ({marks})", candidates)}


def _file(row: Row) -> MediaFile:
    name, role, job_id, mime, size_bytes, width, height, created_at, expires_at, seconds, companion_bytes = row
    return MediaFile(
        name=name,
        role=role,
        job_id=job_id,
        mime=mime,
        size_bytes=size_bytes,
        width=width,
        height=height,
        created_at=created_at,
        expires_at=expires_at,
        seconds=seconds,
        companion_bytes=companion_bytes,
    )

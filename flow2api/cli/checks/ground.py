"""What the gateway stands on: its settings, its data folder, the master key and the database. Changes nothing of it."""

import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from flow2api.cli.checks.finding import Finding, advised, broken, good
from flow2api.config import ConfigError, Resolved
from flow2api.store.checkup import Checkup, examine
from flow2api.store.errors import StoreError
from flow2api.store.seal import KEY_FILE, KEY_VARIABLE, Seal, load_master_key

DATABASE = "flow2api.db"
_MIB = 1024 * 1024
LITTLE_SPACE = 2048 * _MIB
NO_SPACE = 200 * _MIB
_OTHERS = 0o077


def wrong_settings(error: ConfigError) -> list[Finding]:
    """Settings with which no gateway starts."""
    return [broken("settings", problem, "Mend it; `flow2api config` checks again.") for problem in error.problems]


def settings(resolved: Resolved) -> Iterator[Finding]:
    """Where the settings come from, and which are left out."""
    counts = Counter(_origin(value.source) for value in resolved.values)
    told = ", ".join(f"{count} from {origin}" for origin, count in sorted(counts.items()))
    yield good("settings", f"{len(resolved.values)} are valid: {told}")
    for problem in resolved.ignored:
        yield advised(
            "settings",
            f"a stored change is left out: {problem}",
            "Set it anew; until then the file or the default holds, as `flow2api config` shows.",
        )


def _origin(source: str) -> str:
    if source.startswith("environment "):
        return "the environment"
    return {"default": "the defaults", "command line": "the command line", "admin": "stored changes"}.get(
        source, source
    )


def data_folder(folder: Path) -> Iterator[Finding]:
    """Whether the data folder can be written, and has room."""
    try:
        there = folder.exists()
        trouble = _unwritable(folder if there else _nearest(folder))
    except OSError as error:
        there, trouble = True, error.strerror or str(error)
    if trouble is not None:
        yield broken("data folder", f"{folder} cannot be used: {trouble}", _WRITABLE)
    elif there:
        yield _space(folder)
    else:
        yield good("data folder", f"{folder} is not there yet; the first start makes it")


def _nearest(folder: Path) -> Path:
    """What there is above a folder that is not there."""
    return next(one for one in folder.absolute().parents if one.exists())


_WRITABLE = "Make it a folder that this user can write, or choose another with storage.data_dir."


def _unwritable(folder: Path) -> str | None:
    if not folder.is_dir():
        return f"{folder} is not a folder"
    try:
        with tempfile.TemporaryFile(dir=folder):
            return None
    except OSError as error:
        return error.strerror or str(error)


def _space(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free
    found = f"{folder} can be written; {free / _MIB / 1024:.1f} GiB are free"
    if free < NO_SPACE:
        return broken("data folder", found, "Free some space: without it no result can be stored.")
    if free < LITTLE_SPACE:
        return advised("data folder", found, "Free some space, or lower media.max_bytes and media.retention_seconds.")
    return good("data folder", found)


def master_key(folder: Path, environ: Mapping[str, str]) -> Finding:
    """Whether there is a key that opens what is sealed, and who else can read it."""
    path = folder / KEY_FILE
    if KEY_VARIABLE not in environ and not path.exists():
        if (folder / DATABASE).exists():
            return broken(
                "master key",
                f"{path} is missing, and the database was sealed with it",
                f"Bring the file back from your copy, or set {KEY_VARIABLE}; without it accounts must be added anew.",
            )
        return good("master key", f"{path} is not there yet; the first start makes it")
    try:
        load_master_key(folder, environ)
    except StoreError as error:
        return broken("master key", str(error), "See there.")
    if KEY_VARIABLE in environ:
        return good("master key", f"it comes from {KEY_VARIABLE}")
    mode = path.stat().st_mode & 0o777
    if mode & _OTHERS:
        return advised(
            "master key",
            f"{path} can be read by others (mode {mode:o})",
            f"chmod 600 {path}",
        )
    return good("master key", f"{path}, for its owner alone; keep a copy apart from the database")


def look_at_database(folder: Path, environ: Mapping[str, str]) -> tuple[Finding, Checkup | None]:
    """Whether the database fits this version and its key, and is whole. Slow for a large one."""
    path = folder / DATABASE
    if not path.exists():
        return good("database", f"{path} is not there yet; the first start makes it"), None
    if KEY_VARIABLE not in environ and not (folder / KEY_FILE).exists():
        return broken("database", "it cannot be opened without its master key", "See master key."), None
    try:
        found = examine(path, Seal(load_master_key(folder, environ)))
    except StoreError as error:
        return broken("database", str(error), f"Backups lie in {folder / 'backups'}."), None
    if found.damages:
        advice = f"Stop the gateway and bring back a backup from {folder / 'backups'}."
        return broken("database", f"{path} is damaged: {'; '.join(found.damages)}", advice), found
    steps = f"; the next start takes {len(found.pending)} steps to its newest form" if found.pending else ""
    return good("database", f"{path} is whole, {found.size_bytes / _MIB:.1f} MiB, of this version{steps}"), found

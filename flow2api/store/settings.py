"""Verbs for the settings that an operator changed at run time: JSON values by name.

Values are sealed, because some (the address of a proxy, say) contain a password.
"""

from collections.abc import Mapping

import msgspec

from flow2api.store.database import Database


def all_settings(db: Database) -> dict[str, object]:
    """Every setting that was changed and not removed since."""
    rows = db.rows("SELECT name, sealed FROM settings ORDER BY name")
    return {name: msgspec.json.decode(db.seal.open(sealed, _purpose(name))) for name, sealed in rows}


def get(db: Database, name: str) -> object:
    """The value of a setting; None when it is not set."""
    row = db.row("SELECT sealed FROM settings WHERE name = ?", (name,))
    return None if row is None else msgspec.json.decode(db.seal.open(row[0], _purpose(name)))


def put(db: Database, name: str, value: object) -> None:
    """Set a setting to a value that JSON can hold."""
    sealed = db.seal.close(msgspec.json.encode(value), _purpose(name))
    db.execute(
        "INSERT INTO settings (name, sealed) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET sealed = excluded.sealed",
        (name, sealed),
    )


def swap(db: Database, name: str, known: object, value: object) -> bool:
    """Set a setting if it still is what is known of it; whether it was."""
    if get(db, name) != known:
        return False
    put(db, name, value)
    return True


def change(db: Database, changes: Mapping[str, object]) -> None:
    """Set several settings in one step; None forgets one."""
    for name, value in changes.items():
        if value is None:
            remove(db, name)
        else:
            put(db, name, value)


def remove(db: Database, name: str) -> None:
    """Forget a setting; nothing happens when it was not set."""
    db.execute("DELETE FROM settings WHERE name = ?", (name,))


def _purpose(name: str) -> str:
    return f"setting:{name}"

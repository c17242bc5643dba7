"""Verbs for accounts and their vaults (the credentials).

Vaults go in and come out as plain bytes and lie sealed in a table of their own, each bound to its account.
"""

from flow2api.domain.account import Account
from flow2api.store.bodies import Body
from flow2api.store.database import Database
from flow2api.store.errors import RowMissing

_BODY = Body(Account)
_WITH_VAULT = "SELECT a.id, a.body, v.sealed FROM accounts a JOIN vaults v ON v.account_id = a.id"


def insert(db: Database, account: Account, vault: bytes) -> None:
    """Add an account with its vault."""
    db.execute(
        "INSERT INTO accounts (id, provider, created_at, body) VALUES (?, ?, ?, ?)",
        (account.id, account.provider, account.created_at, _BODY.text(account)),
    )
    db.execute("INSERT INTO vaults (account_id, sealed) VALUES (?, ?)", (account.id, _sealed(db, account.id, vault)))


def save(db: Database, account: Account) -> None:
    """Replace the record of an account; its vault stays."""
    _require(db.execute("UPDATE accounts SET body = ? WHERE id = ?", (_BODY.text(account), account.id)), account.id)


def save_vault(db: Database, account_id: str, vault: bytes) -> None:
    """Replace the vault of an account; its record stays."""
    sealed = _sealed(db, account_id, vault)
    _require(db.execute("UPDATE vaults SET sealed = ? WHERE account_id = ?", (sealed, account_id)), account_id)


def delete(db: Database, account_id: str) -> None:
    """Remove an account and its vault; nothing happens when there is none."""
    db.execute("DELETE FROM accounts WHERE id = ?", (account_id,))


def get(db: Database, account_id: str) -> tuple[Account, bytes]:
    """An account with its vault.

    Raises:
        RowMissing: there is no such account.
    """
    row = db.row(f"{_WITH_VAULT} WHERE a.id = ?", (account_id,))
    if row is None:
        raise RowMissing(f"there is no account {account_id}")
    return _opened(db, row)


def all_with_vaults(db: Database) -> list[tuple[Account, bytes]]:
    """All accounts with their vaults, oldest first."""
    return [_opened(db, row) for row in db.rows(f"{_WITH_VAULT} ORDER BY a.created_at, a.id")]


def _opened(db: Database, row: tuple[str, str, bytes]) -> tuple[Account, bytes]:
    account_id, body, sealed = row
    return _BODY.record(body), db.seal.open(sealed, _purpose(account_id))


def _sealed(db: Database, account_id: str, vault: bytes) -> bytes:
    return db.seal.close(vault, _purpose(account_id))


def _purpose(account_id: str) -> str:
    return f"account:{account_id}"


def _require(changed: int, account_id: str) -> None:
    if not changed:
        raise RowMissing(f"there is no account {account_id}")

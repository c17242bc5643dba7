"""Verbs for proxies and for which account goes out through which.

Addresses go in and come out plain and lie sealed, each bound to its proxy, since most hold a password.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from flow2api.domain.proxy import Proxy, Role
from flow2api.store.bodies import Body
from flow2api.store.database import Database
from flow2api.store.errors import RowMissing

_BODY = Body(Proxy)


class Home(NamedTuple):
    """The proxy of an account for one role; None: it has none any more."""

    account_id: str
    role: Role
    proxy_id: str | None
    fixed: bool = False
    """An operator chose it."""


def insert(db: Database, proxies: Iterable[tuple[Proxy, str]]) -> None:
    """Add proxies with their addresses."""
    db.execute_many(
        "INSERT INTO proxies (id, created_at, body, sealed) VALUES (?, ?, ?, ?)",
        [
            (one.id, one.created_at, _BODY.text(one), db.seal.close(url.encode(), _purpose(one.id)))
            for one, url in proxies
        ],
    )


def save(db: Database, proxy: Proxy) -> None:
    """Replace the record of a proxy; its address stays.

    Raises:
        RowMissing: there is no such proxy.
    """
    if not db.execute("UPDATE proxies SET body = ? WHERE id = ?", (_BODY.text(proxy), proxy.id)):
        raise RowMissing(f"there is no proxy {proxy.id}")


def delete(db: Database, ids: Sequence[str]) -> None:
    """Forget proxies, and that accounts went out through them; unknown ones are passed over."""
    db.execute_many("DELETE FROM proxy_homes WHERE proxy_id = ?", [(one,) for one in ids])
    db.execute_many("DELETE FROM proxies WHERE id = ?", [(one,) for one in ids])


def all_with_urls(db: Database) -> list[tuple[Proxy, str]]:
    """All proxies with their addresses, oldest first."""
    rows = db.rows("SELECT id, body, sealed FROM proxies ORDER BY created_at, id")
    return [(_BODY.record(body), db.seal.open(sealed, _purpose(one)).decode()) for one, body, sealed in rows]


def homes(db: Database) -> list[Home]:
    """Which account goes out through which proxy."""
    rows = db.rows("SELECT account_id, role, proxy_id, fixed FROM proxy_homes")
    return [Home(account_id, role, proxy_id, bool(fixed)) for account_id, role, proxy_id, fixed in rows]


def save_homes(db: Database, changed: Iterable[Home]) -> None:
    """Note accounts that moved, and forget those that have no proxy any more."""
    for home in changed:
        if home.proxy_id is None:
            db.execute("DELETE FROM proxy_homes WHERE account_id = ? AND role = ?", (home.account_id, home.role))
        else:
            db.execute(
                "INSERT INTO proxy_homes (account_id, role, proxy_id, fixed) VALUES (?, ?, ?, ?) "
                "ON CONFLICT (account_id, role) DO UPDATE SET proxy_id = excluded.proxy_id, fixed = excluded.fixed",
                home,
            )


def _purpose(proxy_id: str) -> str:
    return f"proxy:{proxy_id}"

"""Sign-ins of administrators: made, found by their cookie, ended. They survive a restart; the store has digests alone.

All are held in memory, so a request is let in without touching the store; when one was last used is written now and then.
"""

import hashlib
import hmac
import logging
import secrets
import time
from collections.abc import Callable
from contextlib import suppress

import trio
from msgspec.structs import replace

from flow2api.config import DashboardConfig
from flow2api.domain.admin import AdminSession, SessionView
from flow2api.kit.timing import every
from flow2api.store import sessions
from flow2api.store.door import Store
from flow2api.store.errors import StoreFault

log = logging.getLogger("flow2api.signin")

# More than people have browsers; beyond it the one that was used longest ago ends.
MOST_SESSIONS = 50
FLUSH_SECONDS = 30.0
_FLUSH_AT_END_SECONDS = 3.0
_DELETE_SECONDS = 5.0
_USER_AGENT_LENGTH = 200


class Sessions:
    """All sign-ins that are good."""

    def __init__(self, store: Store, config: DashboardConfig, now: Callable[[], float] = time.time) -> None:
        self._store = store
        self._config = config
        self._now = now
        self._by_digest: dict[str, AdminSession] = {}
        self._ended: dict[str, trio.Event] = {}
        self._unwritten: set[str] = set()
        self._undeleted: set[str] = set()
        """Those that are over and still stored."""

    async def load(self) -> None:
        """Read them from the store; to be done before the first request."""
        stored = await self._store.read(sessions.all_sessions)
        now = self._now()
        for session in stored:
            if self._ends_at(session) > now:
                self._keep(session)
        over = [session.id for session in stored if session.id not in self._ended]
        if over:
            await self._store.write(sessions.delete, over)

    async def open(self, address: str, user_agent: str) -> tuple[AdminSession, str]:
        """A new sign-in, and the value of its cookie, which is told here and never again."""
        now, value = self._now(), secrets.token_urlsafe(32)
        session = AdminSession(
            id=f"ses_{secrets.token_hex(8)}",
            digest=_digest(value),
            created_at=now,
            seen_at=now,
            expires_at=now + self._config.session_seconds,
            address=address,
            user_agent=user_agent[:_USER_AGENT_LENGTH],
        )
        await self._store.write(sessions.insert, session)
        self._keep(session)
        by_use = sorted(self._by_digest.values(), key=lambda one: one.seen_at)
        await self._end(by_use[: max(0, len(by_use) - MOST_SESSIONS)])
        return session, value

    def find(self, value: str) -> AdminSession | None:
        """The sign-in with this cookie, if it is good now; notes its use."""
        digest = _digest(value)
        session = self._by_digest.get(digest)
        if session is None or not hmac.compare_digest(session.digest, digest) or self._ends_at(session) <= self._now():
            return None
        return self._touched(session)

    def see(self, session_id: str) -> None:
        """Note that a sign-in is used by an open page."""
        for session in self._by_digest.values():
            if session.id == session_id and self._ends_at(session) > self._now():
                self._touched(session)
                return

    def views(self, current: str) -> list[SessionView]:
        """Every sign-in that is good, the newest first."""
        now = self._now()
        good = [session for session in self._by_digest.values() if self._ends_at(session) > now]
        return [self.view(one, current) for one in sorted(good, key=lambda one: one.created_at, reverse=True)]

    def view(self, session: AdminSession, current: str) -> SessionView:
        return SessionView(
            id=session.id,
            created_at=session.created_at,
            seen_at=session.seen_at,
            ends_at=self._ends_at(session),
            address=session.address,
            user_agent=session.user_agent,
            current=session.id == current,
        )

    async def end(self, session_id: str) -> bool:
        """End one; False when there is none of that id."""
        found = [session for session in self._by_digest.values() if session.id == session_id]
        await self._end(found)
        return bool(found)

    async def end_others(self, session_id: str | None) -> int:
        """End all but one; how many there were."""
        others = [session for session in self._by_digest.values() if session.id != session_id]
        await self._end(others)
        return len(others)

    async def wait_ended(self, session_id: str) -> None:
        """Wait until a sign-in is over, by whatever reason."""
        while (ended := self._ended.get(session_id)) is not None:
            session = next(one for one in self._by_digest.values() if one.id == session_id)
            left = self._ends_at(session) - self._now()
            if left <= 0:
                await self._end([session])
                return
            with trio.move_on_after(left):
                await ended.wait()

    async def keep_written(self) -> None:
        """Write now and then when they were used, and once more when this is cancelled; forget those that are over."""
        try:
            async for _ in every(FLUSH_SECONDS):
                with suppress(StoreFault):  # told again at the next beat
                    await self._flush()
        finally:
            with trio.move_on_after(_FLUSH_AT_END_SECONDS, shield=True), suppress(StoreFault):
                await self._flush()

    async def _flush(self) -> None:
        now = self._now()
        await self._end([session for session in self._by_digest.values() if self._ends_at(session) <= now])
        await self._delete()
        for session in list(self._by_digest.values()):
            if session.id in self._unwritten:
                await self._store.write(sessions.touch, session.id, session.seen_at)
                self._unwritten.discard(session.id)

    async def _end(self, over: list[AdminSession]) -> None:
        # In memory first: whatever becomes of the store, they are good no more.
        for session in over:
            self._by_digest.pop(session.digest, None)
            self._unwritten.discard(session.id)
            self._undeleted.add(session.id)
            if (ended := self._ended.pop(session.id, None)) is not None:
                ended.set()
        if over:
            try:
                # Whoever signs out leaves at once, and a restart must not bring back what that ended.
                with trio.move_on_after(_DELETE_SECONDS, shield=True):
                    await self._delete()
            except StoreFault as fault:
                log.error("ended sign-ins are still stored, trying again: %s", fault)

    async def _delete(self) -> None:
        if over := sorted(self._undeleted):
            await self._store.write(sessions.delete, over)
            self._undeleted.difference_update(over)

    def _keep(self, session: AdminSession) -> None:
        self._by_digest[session.digest] = session
        self._ended[session.id] = trio.Event()

    def _touched(self, session: AdminSession) -> AdminSession:
        seen = replace(session, seen_at=max(session.seen_at, self._now()))
        self._by_digest[session.digest] = seen
        self._unwritten.add(session.id)
        return seen

    def _ends_at(self, session: AdminSession) -> float:
        return min(session.expires_at, session.seen_at + self._config.session_idle_seconds)


def csrf_token(value: str) -> str:
    """What changes must bring beside the cookie of this value: made of it, so that nothing is stored and no other page can know it."""
    return hmac.digest(value.encode(), b"flow2api csrf", hashlib.sha256).hex()


def _digest(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()

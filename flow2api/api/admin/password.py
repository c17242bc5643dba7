"""The administrator's password: set, and compared. Never there by default, never shown."""

import hashlib
import hmac
import secrets
import time

from flow2api.api.passwords import hash_password, verify_password
from flow2api.domain.events import SettingChanged
from flow2api.errors import Code, Failure
from flow2api.kit.bus import EventBus
from flow2api.store import settings
from flow2api.store.door import Store

PASSWORD_SETTING = "admin.password"
MIN_PASSWORD_LENGTH = 10
MAX_PASSWORD_LENGTH = 1000


class Password:
    """One of them, in the store as an argon2id hash."""

    def __init__(self, store: Store, bus: EventBus | None = None) -> None:
        self._store = store
        self._bus = bus or EventBus()
        self._salt = secrets.token_bytes(32)
        self._proven: tuple[str, bytes] | None = None
        """The stored hash and a digest of the password that matched it last, so that not each request costs an argon2."""

    async def is_set(self) -> bool:
        """Whether there is one."""
        return await self._stored() is not None

    async def set(self, password: str) -> None:
        """Replace it.

        Raises:
            Failure: it is too short or absurdly long."""
        if not MIN_PASSWORD_LENGTH <= len(password) <= MAX_PASSWORD_LENGTH:
            allowed = f"{MIN_PASSWORD_LENGTH} to {MAX_PASSWORD_LENGTH} characters"
            raise Failure(Code.INVALID_VALUE, f"A password must have {allowed}.", param="password")
        await self._store.write(settings.put, PASSWORD_SETTING, await hash_password(password))
        self._bus.publish(SettingChanged(name=PASSWORD_SETTING, at=time.time()))

    async def fits(self, password: str) -> bool:
        """Whether this is it."""
        stored = await self._stored()
        if stored is None or not password or len(password) > MAX_PASSWORD_LENGTH:
            return False
        digest = hmac.digest(self._salt, password.encode(), hashlib.sha256)
        proven = self._proven
        if proven is not None and proven[0] == stored and hmac.compare_digest(proven[1], digest):
            return True
        verdict = await verify_password(stored, password)
        if verdict.outdated:
            # Only in the place of the hash that was looked at: meanwhile there may be another password.
            fresh = await hash_password(password)
            if await self._store.write(settings.swap, PASSWORD_SETTING, stored, fresh):
                stored = fresh
        if verdict.matches:
            self._proven = (stored, digest)
        return verdict.matches

    async def _stored(self) -> str | None:
        stored = await self._store.read(settings.get, PASSWORD_SETTING)
        return stored if isinstance(stored, str) else None

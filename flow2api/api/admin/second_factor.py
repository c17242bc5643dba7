"""The second factor at sign-in: codes of an authenticator (TOTP), and recovery codes that stand in for it once each.

The secret lies sealed in the store, of the recovery codes their digests alone. A code that was taken is not taken again.
"""

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable

import msgspec
import pyotp
import segno
import trio
from msgspec.structs import replace

from flow2api.api.admin.shapes import SecondFactorOffer, SecondFactorView
from flow2api.domain.events import SettingChanged
from flow2api.errors import Code, Failure
from flow2api.kit.bus import EventBus
from flow2api.store import settings
from flow2api.store.door import Store

SETTING = "admin.second_factor"
ISSUER = "flow2api"
ACCOUNT = "admin"
RECOVERY_CODES = 10
OFFER_SECONDS = 600.0
_STEP_SECONDS = 30
_TOLERANCE = 1  # steps by which the other clock may be wrong
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
_GROUPS, _GROUP = 4, 4  # 31 ** 16 is more than 79 bits


class _Stored(msgspec.Struct, frozen=True, kw_only=True):
    """What is sealed."""

    secret: str
    since: float
    last_step: int = 0
    recovery: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return "_Stored()"


class SecondFactor:
    """The one of the administrator."""

    def __init__(self, store: Store, bus: EventBus | None = None, now: Callable[[], float] = time.time) -> None:
        self._store = store
        self._bus = bus or EventBus()
        self._now = now
        self._offers: dict[str, tuple[str, float]] = {}
        # Between reading what was used and writing it nobody else may read, else a code would let in twice.
        self._one_at_a_time = trio.Lock()

    async def view(self) -> SecondFactorView:
        """How it stands."""
        stored = await self._read()
        if stored is None:
            return SecondFactorView(on=False)
        return SecondFactorView(on=True, since=stored.since, recovery_codes_left=len(stored.recovery))

    async def is_on(self) -> bool:
        return await self._read() is not None

    def offer(self, session_id: str) -> SecondFactorOffer:
        """A new secret for one sign-in, in force once it is confirmed."""
        secret = pyotp.random_base32()
        now = self._now()
        self._offers = {owner: offer for owner, offer in self._offers.items() if offer[1] > now}
        self._offers[session_id] = (secret, now + OFFER_SECONDS)
        uri = pyotp.TOTP(secret).provisioning_uri(name=ACCOUNT, issuer_name=ISSUER)
        picture = segno.make(uri, error="m").svg_inline(scale=4, border=2, omitsize=True, light="#fff")
        return SecondFactorOffer(secret=secret, uri=uri, qr_svg=picture)

    async def confirm(self, session_id: str, code: str) -> list[str]:
        """Put the offered secret in force; the recovery codes.

        Raises:
            Failure: nothing was offered, or the code does not fit it."""
        async with self._one_at_a_time:
            return await self._confirm(session_id, code)

    async def _confirm(self, session_id: str, code: str) -> list[str]:
        secret, until = self._offers.get(session_id, ("", 0.0))
        if until <= self._now():
            raise Failure(Code.CONFLICT, "No second factor is being set up, or it took too long. Begin again.")
        if await self._read() is not None:
            raise Failure(Code.CONFLICT, "The second factor was turned on meanwhile. Turn it off first.")
        step = _fitting_step(secret, code, self._now(), after=0)
        if step is None:
            raise Failure(
                Code.INVALID_VALUE,
                "This code does not fit. Check the clock of the device, and enter the code that it shows now.",
                param="code",
            )
        codes = _new_codes()
        stored = _Stored(secret=secret, since=self._now(), last_step=step, recovery=_digests(codes))
        await self._write(stored)
        del self._offers[session_id]
        self._say_changed()
        return codes

    async def takes(self, code: str) -> bool:
        """Whether a code lets in; it does so once. True for everything while the second factor is off."""
        async with self._one_at_a_time:
            return await self._takes(code)

    async def _takes(self, code: str) -> bool:
        stored = await self._read()
        if stored is None:
            return True
        step = _fitting_step(stored.secret, code, self._now(), after=stored.last_step)
        if step is not None:
            await self._write(replace(stored, last_step=step))
            return True
        given = _digest(code)
        left = tuple(known for known in stored.recovery if not hmac.compare_digest(known, given))
        if len(left) == len(stored.recovery):
            return False
        await self._write(replace(stored, recovery=left))
        return True

    async def renew_recovery_codes(self) -> list[str]:
        """New recovery codes in place of all earlier ones.

        Raises:
            Failure: the second factor is off."""
        async with self._one_at_a_time:
            stored = await self._read()
            if stored is None:
                raise Failure(Code.CONFLICT, "The second factor is off, so there is nothing to recover.")
            codes = _new_codes()
            await self._write(replace(stored, recovery=_digests(codes)))
            return codes

    async def turn_off(self) -> None:
        """Let the password alone be enough again."""
        async with self._one_at_a_time:
            await self._store.write(settings.remove, SETTING)
        self._say_changed()

    def _say_changed(self) -> None:
        self._bus.publish(SettingChanged(name=SETTING, at=self._now()))

    async def _read(self) -> _Stored | None:
        value = await self._store.read(settings.get, SETTING)
        return None if value is None else msgspec.convert(value, _Stored)

    async def _write(self, stored: _Stored) -> None:
        await self._store.write(settings.put, SETTING, msgspec.to_builtins(stored))


def _fitting_step(secret: str, code: str, now: float, *, after: int) -> int | None:
    """The step of time whose code this is; steps up to `after` were used."""
    given, present = "".join(code.split()), int(now) // _STEP_SECONDS
    totp = pyotp.TOTP(secret, interval=_STEP_SECONDS)
    fitting = [
        step
        for step in range(present - _TOLERANCE, present + _TOLERANCE + 1)
        if step > after and hmac.compare_digest(totp.generate_otp(step).encode(), given.encode())
    ]
    return fitting[0] if fitting else None


def _new_codes() -> list[str]:
    def group() -> str:
        return "".join(secrets.choice(_ALPHABET) for _ in range(_GROUP))

    return ["-".join(group() for _ in range(_GROUPS)) for _ in range(RECOVERY_CODES)]


def _digests(codes: list[str]) -> tuple[str, ...]:
    return tuple(_digest(code) for code in codes)


def _digest(code: str) -> str:
    plain = "".join(character for character in code.lower() if character.isalnum())
    return hashlib.sha256(plain.encode()).hexdigest()

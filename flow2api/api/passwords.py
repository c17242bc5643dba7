"""Passwords of people: argon2id in a worker thread, a few at a time, since each hash takes tens of milliseconds and megabytes."""

from typing import NamedTuple

import trio
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_hasher = PasswordHasher()
_two_at_a_time = trio.CapacityLimiter(2)


class Verdict(NamedTuple):
    """Whether a password is right, and whether its hash should be made anew with today's parameters."""

    matches: bool
    outdated: bool


async def hash_password(password: str) -> str:
    """An encoded argon2id hash."""
    return await trio.to_thread.run_sync(_hasher.hash, password, limiter=_two_at_a_time)


async def verify_password(encoded: str, password: str) -> Verdict:
    """Compare a password with its hash; an unreadable hash matches nothing."""
    return await trio.to_thread.run_sync(_verify, encoded, password, limiter=_two_at_a_time)


def _verify(encoded: str, password: str) -> Verdict:
    try:
        _hasher.verify(encoded, password)
    except (VerificationError, InvalidHashError):
        return Verdict(matches=False, outdated=False)
    return Verdict(matches=True, outdated=_hasher.check_needs_rehash(encoded))

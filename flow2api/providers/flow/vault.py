"""What a Flow account must keep across restarts: its credentials, its projects, its uploads.

The only place that knows the stored form. The text form of a vault never shows a secret.
"""

import msgspec

from flow2api.domain.failure import FailureKind, UpstreamFailure


class Upload(msgspec.Struct, frozen=True):
    """A picture that was uploaded into a project."""

    media_id: str
    at: float


class Vault(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One account's private state; changed in place by the session that owns it."""

    session_token: str
    access_token: str = ""
    access_until: float | None = None
    """When the access token ends, as an upper bound; None without one."""
    email: str | None = None
    name: str | None = None
    projects: list[str] = []
    uploads: dict[str, dict[str, Upload]] = {}
    """By project, then by the picture's digest."""

    def __repr__(self) -> str:
        return f"Vault(email={self.email!r}, projects={len(self.projects)})"


_decoder = msgspec.json.Decoder(Vault)


def dump(vault: Vault) -> bytes:
    """The stored form."""
    return msgspec.json.encode(vault)


def load(stored: bytes) -> Vault:
    """The vault of a stored form.

    Raises:
        UpstreamFailure: `NEEDS_LOGIN`, since pasting the credential again is all that helps.
    """
    try:
        return _decoder.decode(stored)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        message = "The stored Flow login cannot be read; paste the session cookie of this account again."
    # Outside the handler: an error about bad UTF-8 carries all of the vault along.
    raise UpstreamFailure(FailureKind.NEEDS_LOGIN, message)


def renewed(old: bytes, new: Vault) -> Vault:
    """The vault of a person who logged in anew: the new login, and what was made and uploaded before."""
    try:
        earlier = load(old)
    except UpstreamFailure:
        # What cannot be read is what the new login is to replace.
        return new
    if earlier.email and new.email and earlier.email.casefold() != new.email.casefold():
        return new
    return msgspec.structs.replace(
        new,
        email=new.email or earlier.email,
        name=new.name or earlier.name,
        projects=list(dict.fromkeys((*earlier.projects, *new.projects))),
        uploads=earlier.uploads | new.uploads,
    )

"""Files that the gateway keeps: inputs that callers sent and results that were made."""

from typing import Literal

import msgspec


class MediaFile(msgspec.Struct, frozen=True, kw_only=True):
    """One stored file. `name` is `<unguessable id>.<extension>`: it is the public link's last part and the file's name."""

    name: str
    role: Literal["input", "result"]
    job_id: str | None
    mime: str
    size_bytes: int
    width: int = 0
    height: int = 0
    seconds: float = 0.0
    """Length of a clip as its file says, 0 where that is not known."""
    companion_bytes: int = 0
    """What the pictures made of a clip take besides. They lie beside it and go with it."""
    created_at: float
    expires_at: float | None

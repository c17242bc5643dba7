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
    created_at: float
    expires_at: float | None

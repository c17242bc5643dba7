"""Where files lie, and what they are called: a plain object that the media actor, the jobs and the serving route share.

A file's name is unguessable and is all that a link holds.
"""

import base64
import hashlib
import re
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from flow2api.providers.base import Picture

MIMES = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "webp": "image/webp",
    "gif": "image/gif",
    "bmp": "image/bmp",
    "mp4": "video/mp4",
}
EXTENSIONS = {mime: extension for extension, mime in MIMES.items()}
Companion = Literal["thumbnail", "spritesheet"]
"""A picture that is made of a clip: its beginning, or many moments on one sheet."""
# A companion has the name of its clip with another ending, so that everybody can tell the one from the other.
COMPANIONS: Mapping[Companion, str] = {"thumbnail": "jpg", "spritesheet": "webp"}
_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
_NAME = re.compile(r"[a-z2-7]{26}\.(png|jpg|webp|gif|bmp|mp4)")


class Library:
    """The media folder, by names."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, name: str) -> Path | None:
        """The file's path; None when `name` is not of the form that we give out, so nothing outside can be reached."""
        return self.folder / name[:1] / name if _NAME.fullmatch(name) else None

    def companions(self, name: str) -> list[Path]:
        """Where the pictures of a clip lie, if they were made; none for any other file."""
        path = self.path(name)
        if path is None or path.suffix != ".mp4":
            return []
        return [path.with_suffix(f".{extension}") for extension in COMPANIONS.values()]

    def make_folders(self) -> None:
        """Make all folders that names lead to, so that a writer finds them. Runs in a worker thread."""
        for letter in _LETTERS:
            (self.folder / letter).mkdir(parents=True, exist_ok=True)

    def pictures(self, names: Sequence[str]) -> tuple[Picture, ...]:
        """Stored pictures, ready for a provider. Reads the files, so it runs in a worker thread.

        Raises:
            FileNotFoundError: one of them is no longer there.
        """
        return tuple(self._picture(name) for name in names)

    def _picture(self, name: str) -> Picture:
        path = self.path(name)
        if path is None:
            raise FileNotFoundError(name)
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return Picture(path=path, mime=MIMES[path.suffix[1:]], digest=digest)

    def new(self, extension: str) -> tuple[str, Path]:
        """A fresh name and its path; 130 random bits make it unguessable."""
        return self._place(secrets.token_bytes(17), extension)

    def derived(self, name: str, what: str, extension: str) -> tuple[str, Path]:
        """The name and path of what is made from a stored file: always the same, and as unguessable as the file's own name."""
        digest = hashlib.sha256(f"{name}\0{what}".encode()).digest()
        return self._place(digest, extension)

    def _place(self, bits: bytes, extension: str) -> tuple[str, Path]:
        name = f"{base64.b32encode(bits).decode().lower()[:26]}.{extension}"
        path = self.path(name)
        if path is None:
            raise ValueError(f"no file of ours ends in {extension!r}")
        return name, path


def companion_name(clip: str, kind: Companion) -> str:
    """What the picture of a clip is called."""
    return f"{clip.rpartition('.')[0]}.{COMPANIONS[kind]}"


def clip_of(name: str) -> tuple[str, Companion] | None:
    """The clip whose picture has this name, and which one it is; None for a name that no companion has."""
    stem, _, extension = name.rpartition(".")
    kind = next((kind for kind, ending in COMPANIONS.items() if ending == extension), None)
    return (f"{stem}.mp4", kind) if kind else None

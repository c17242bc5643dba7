"""The media that the service holds, who owns them, and the signed links under which anyone may fetch them for a while."""

import hashlib
import hmac
import secrets
from typing import Any, Literal, NamedTuple

import msgspec

from flow2api.emulator.accounts import Account, new_id
from flow2api.emulator.clips import ClipSpec
from flow2api.emulator.exchange import NOT_FOUND, Refused
from flow2api.emulator.memory import KEPT_SECONDS, Memory
from flow2api.emulator.pictures import PictureSpec
from flow2api.emulator.progress import Progress

Kind = Literal["image", "video"]


class Cut(NamedTuple):
    """A stretch of a clip that is part of a joined one, in seconds."""

    media: "Media"
    start: float
    end: float


class Media(msgspec.Struct, kw_only=True):
    """One picture or clip: uploaded (`content`), generated (`picture` or `clip`, made when somebody looks at it) or joined (`cuts`)."""

    name: str
    kind: Kind = "image"
    owner: str
    """The owner's e-mail."""
    project_id: str | None
    workflow_id: str
    width: int
    height: int
    mime: str = "image/jpeg"
    made_at: float
    gone_at: float | None = None
    """When it can no longer be used as an input; None: never."""
    content: bytes | None = None
    picture: PictureSpec | None = None
    clip: ClipSpec | None = None
    cuts: tuple[Cut, ...] = ()
    progress: Progress | None = None
    """How it gets on, for what takes time; None: it is there."""
    described: dict[str, Any] = {}
    """What answers say of a clip besides its status."""


class SigningKey(msgspec.Struct, frozen=True):
    """What signs links."""

    key: bytes

    def __repr__(self) -> str:
        return "SigningKey()"


class Shelf:
    """All media, and the key that signs their links. `now` decides which of an earlier life's media are still of use."""

    def __init__(self, memory: Memory | None = None, now: float = 0.0) -> None:
        memory = memory or Memory()
        self._media = memory.table("media", Media, lambda media: _is_of_use(media, now))
        keys = memory.table("keys", SigningKey)
        self._key = keys.setdefault("links", SigningKey(secrets.token_bytes(32))).key

    def __len__(self) -> int:
        return len(self._media)

    def get(self, name: str) -> Media | None:
        return self._media.get(name)

    def put(self, media: Media) -> None:
        self._media[media.name] = media

    def touch(self, media: Media) -> None:
        """Let a change of the medium outlive the process."""
        self._media.touch(media.name)

    def remove(self, media: Media) -> None:
        self._media.pop(media.name, None)

    def of_project(self, project_id: str, account: Account) -> list[Media]:
        """The account's media in one project, oldest first."""
        return [one for one in self._media.values() if one.project_id == project_id and one.owner == account.email]

    def owned(self, name: str, account: Account, now: float) -> Media:
        """The account's own medium; `Refused` 404 for an unknown, foreign or outdated one."""
        media = self._media.get(name)
        if media is None or media.owner != account.email or (media.gone_at is not None and media.gone_at <= now):
            raise Refused(404, NOT_FOUND)
        return media

    def link(self, media: Media, base: str, until: float, *, thumbnail: bool = False) -> str:
        """A link for anyone, good until then."""
        expires = str(int(until))
        path = f"/{'image' if thumbnail else media.kind}/{media.name}"
        return f"{base}{path}?Expires={expires}&Signature={self._sign(path, expires)}"

    def by_link(self, path: str, query: dict[str, str], now: float) -> Media:
        """The medium behind a link; `Refused` 403 for a forged or expired one."""
        name, expires = path.rpartition("/")[2], query.get("Expires", "")
        signature = query.get("Signature", "").encode()
        if not hmac.compare_digest(signature, self._sign(path, expires).encode()):
            raise Refused(403, "The signature does not match.")
        if int(expires) <= now:
            raise Refused(403, "The link has expired.")
        media = self._media.get(name)
        if media is None:
            raise Refused(404, "No such object.")
        return media

    def _sign(self, path: str, expires: str) -> str:
        return hmac.new(self._key, f"{path}|{expires}".encode(), hashlib.sha256).hexdigest()


def _is_of_use(media: Media, now: float) -> bool:
    """Whether somebody may still ask for it."""
    return media.made_at > now - KEPT_SECONDS and (media.gone_at is None or media.gone_at > now)


def new_media(account: Account, project_id: str | None, size: tuple[int, int], made_at: float) -> Media:
    """A medium of the account under a fresh name, not yet on the shelf."""
    return Media(
        name=new_id(),
        owner=account.email,
        project_id=project_id,
        workflow_id=new_id(),
        width=size[0],
        height=size[1],
        made_at=made_at,
    )

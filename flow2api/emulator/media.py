"""The media that the service holds, who owns them, and the signed links under which anyone may fetch them for a while."""

import hashlib
import hmac
import secrets
from typing import Literal

import msgspec

from flow2api.emulator.accounts import Account, new_id
from flow2api.emulator.exchange import Refused
from flow2api.emulator.pictures import PictureSpec

Kind = Literal["image", "video"]


class Media(msgspec.Struct, kw_only=True):
    """One picture, uploaded (`content`) or generated (`picture`, made when somebody looks at it)."""

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


class Shelf:
    """All media, and the key that signs their links."""

    def __init__(self) -> None:
        self._media: dict[str, Media] = {}
        self._key = secrets.token_bytes(32)

    def __len__(self) -> int:
        return len(self._media)

    def get(self, name: str) -> Media | None:
        return self._media.get(name)

    def put(self, media: Media) -> None:
        self._media[media.name] = media

    def owned(self, name: str, account: Account, now: float) -> Media:
        """The account's own medium; `Refused` 404 for an unknown, foreign or outdated one."""
        media = self._media.get(name)
        if media is None or media.owner != account.email or (media.gone_at is not None and media.gone_at <= now):
            raise Refused(404, "Requested entity was not found.")
        return media

    def link(self, media: Media, base: str, until: float) -> str:
        """A link for anyone, good until then."""
        expires = str(int(until))
        return f"{base}/{media.kind}/{media.name}?Expires={expires}&Signature={self._sign(media.name, expires)}"

    def by_link(self, name: str, query: dict[str, str], now: float) -> Media:
        """The medium behind a link; `Refused` 403 for a forged or expired one."""
        expires = query.get("Expires", "")
        if not hmac.compare_digest(query.get("Signature", ""), self._sign(name, expires)):
            raise Refused(403, "The signature does not match.")
        if int(expires) <= now:
            raise Refused(403, "The link has expired.")
        media = self._media.get(name)
        if media is None:
            raise Refused(404, "No such object.")
        return media

    def _sign(self, name: str, expires: str) -> str:
        return hmac.new(self._key, f"{name}|{expires}".encode(), hashlib.sha256).hexdigest()


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

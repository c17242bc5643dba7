"""What an operator's channels are still to be told: in memory for quick looks, in the store for the next start.

A store that fails costs what a restart would lose, and nothing else: telling goes on from memory.
"""

import logging
import secrets
from collections.abc import Callable, Iterable
from typing import Any

from msgspec.structs import replace

from flow2api.domain.notification import News, Notice
from flow2api.domain.overview import Alert
from flow2api.store import notices
from flow2api.store.base import Store
from flow2api.store.errors import StoreError

log = logging.getLogger("flow2api.notifications")

# News that old is none: after a long stop it is given up instead of told.
STALE_SECONDS = 86_400.0


class Notices:
    """All of them, and the alerts that stand as far as anybody was told."""

    def __init__(self, store: Store, now: Callable[[], float]) -> None:
        self._store = store
        self._now = now
        self._kept: dict[str, Notice] = {}
        self.standing: dict[str, Alert] = {}

    async def load(self) -> None:
        """Read what an earlier life left."""
        self._kept = {notice.id: notice for notice in await self._store.read(notices.all_notices)}
        self.standing = {alert.id: alert for alert in await self._store.read(notices.standing)}
        for notice in self.due():
            if self._now() - notice.created_at > STALE_SECONDS:
                await self.note(replace(notice, next_at=None, error=notice.error or "it was too old after a stop"))

    def get(self, notice_id: str) -> Notice | None:
        return self._kept.get(notice_id)

    def all(self) -> list[Notice]:
        """Oldest first."""
        return list(self._kept.values())

    def due(self) -> list[Notice]:
        """Those that are still to be told, oldest first."""
        return [notice for notice in self._kept.values() if notice.due]

    def first_due(self, channel_id: str) -> Notice | None:
        """What the channel is to be told next."""
        return next((notice for notice in self.due() if notice.channel_id == channel_id), None)

    async def add(self, news: News, channels: Iterable[str], most_due: int) -> list[Notice]:
        """The news for each channel, kept together with the alerts that stand now; those beyond `most_due` are given up at once."""
        now, room = self._now(), most_due - len(self.due())
        made = []
        for number, channel_id in enumerate(channels):
            fits = number < room
            error = "" if fits else "too many messages waited already"
            made.append(
                Notice(
                    id=f"msg_{secrets.token_hex(16)}",
                    channel_id=channel_id,
                    news=news,
                    created_at=now,
                    next_at=now if fits else None,
                    error=error,
                )
            )
        if news.type == "alert.raised":
            self.standing[news.alert.id] = news.alert
        else:
            self.standing.pop(news.alert.id, None)
        self._kept |= {notice.id: notice for notice in made}
        self._trim()
        await self._write(notices.tell, list(self.standing.values()), made)
        return [notice for notice in made if notice.due]

    async def note(self, notice: Notice) -> None:
        """Keep how it stands now."""
        self._kept[notice.id] = notice
        self._trim()
        await self._write(notices.save, notice)

    async def remove(self, notice_id: str) -> None:
        """It was told, or is not wanted any more."""
        self._kept.pop(notice_id, None)
        await self._write(notices.remove, notice_id)

    async def remove_of(self, channel_id: str) -> None:
        """Forget all that a channel was to be told."""
        self._kept = {id_: notice for id_, notice in self._kept.items() if notice.channel_id != channel_id}
        await self._write(notices.remove_of, channel_id)

    def _trim(self) -> None:
        given_up = [one.id for one in self._kept.values() if not one.due]
        for old in given_up[: max(0, len(given_up) - notices.MOST_GIVEN_UP)]:
            del self._kept[old]

    async def _write(self, verb: Callable[..., Any], *args: object) -> None:
        try:
            await self._store.write(verb, *args)
        except StoreError as error:
            log.warning("notifications are kept in memory alone until the store works again: %s", error)

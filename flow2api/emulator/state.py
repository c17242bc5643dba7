"""All state of one emulated service, in one place, so that a reset is one call. Decides nothing and knows no route."""

import time
from collections.abc import Callable, Sequence

import trio

from flow2api.emulator.accounts import Account, Accounts, AccountSetup
from flow2api.emulator.captcha import Captcha
from flow2api.emulator.clips import Clips, Part
from flow2api.emulator.exchange import NOT_FOUND, Refused
from flow2api.emulator.faults import Faults
from flow2api.emulator.knobs import Knobs
from flow2api.emulator.ledger import Accepted, Ledger
from flow2api.emulator.media import Media, Shelf
from flow2api.emulator.memory import Memory
from flow2api.emulator.pictures import DRAWING_THREADS, Pictures


class State:
    """What the emulated service knows.

    `now` is its clock, so tests can let logins and links run out. What is in `memory` outlives the process: accounts, media and
    what was accepted.
    """

    accounts: Accounts
    captcha: Captcha
    media: Shelf
    pictures: Pictures
    clips: Clips
    faults: Faults
    """Set by `core.Emulator`, which knows the calls that can go wrong."""
    ledger: Ledger
    knobs: Knobs

    def __init__(
        self,
        accounts: Sequence[AccountSetup] = (),
        knobs: Knobs | None = None,
        *,
        now: Callable[[], float] = time.time,
        memory: Memory | None = None,
    ) -> None:
        self.now = now
        self.memory = memory or Memory()
        self._first_accounts = tuple(accounts)
        self._first_knobs = knobs or Knobs()
        self.begin()

    def reset(self) -> None:
        """Be as at the very start: the first accounts with the same session tokens, nothing recorded, no faults."""
        self.memory.clear()
        self.begin()

    def begin(self) -> None:
        """Begin with what an earlier life left, and the first accounts."""
        self.accounts = Accounts(self.memory)
        for setup in self._first_accounts:
            if self.accounts.get(setup.email) is None:
                self.accounts.add(setup)
        self.captcha = Captcha()
        self.media = Shelf(self.memory, self.now())
        threads = trio.CapacityLimiter(DRAWING_THREADS)
        self.pictures = Pictures(threads)
        self.clips = Clips(threads)
        self.ledger = Ledger(self.memory)
        self.knobs = self._first_knobs

    def accept(self, accepted: Accepted) -> None:
        """Note a call that is accepted and paid, so that it stays so if the process ends now."""
        self.ledger.accept(accepted)
        self.accounts.keep()

    def spend_token(self, token: str, action: str) -> None:
        """Use up a captcha token, as the knobs say; see `Captcha.spend`."""
        low = self.knobs.token_score == "low"
        self.captcha.spend(token, action, self.knobs.captcha, self.now(), low_score=low)

    def finished(self, media: Media) -> bool:
        """Whether the medium is there to be fetched and used."""
        progress = media.progress
        return progress is None or progress.succeeded(self.knobs.pace, self.now())

    def finished_media(self, name: str, account: Account) -> Media:
        """The account's own medium; `Refused` 404 when it is unknown, foreign, outdated, or not made yet."""
        media = self.media.owned(name, account, self.now())
        if not self.finished(media):
            raise Refused(404, NOT_FOUND)
        return media

    async def content(self, media: Media) -> bytes:
        """The bytes of a medium."""
        if media.content is not None:
            return media.content
        if media.picture is not None:
            return await self.pictures.make(media.picture, self.knobs.pictures, await self.inputs(media))
        if media.clip is not None:
            return await self.clips.make(media.clip, self.knobs.pictures, await self._shown(media.clip.pictures))
        if media.cuts:
            return await self.clips.join(
                [Part(await self.content(cut.media), cut.start, cut.end) for cut in media.cuts]
            )
        raise ValueError(f"medium {media.name} has nothing in it")

    async def thumbnail(self, media: Media) -> bytes:
        """The medium as a picture."""
        if media.clip is None:
            return await (self.thumbnail(media.cuts[0].media) if media.cuts else self.content(media))
        return await self.clips.still(media.clip, self.knobs.pictures, await self._shown(media.clip.pictures))

    async def inputs(self, media: Media) -> list[bytes]:
        """The bytes of the input pictures of a picture, as far as they show in it."""
        return list((await self._shown(media.picture.inputs)).values()) if media.picture is not None else []

    async def _shown(self, names: Sequence[str]) -> dict[str, bytes]:
        """The bytes of those media that still exist; plain media show nothing of others."""
        if self.knobs.pictures == "plain":
            return {}
        found = {name: self.media.get(name) for name in names}
        return {name: await self.content(one) for name, one in found.items() if one is not None}

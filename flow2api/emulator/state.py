"""All state of one emulated service, in one place, so that a reset is one call. Decides nothing and knows no route."""

import time
from collections.abc import Callable, Sequence

from flow2api.emulator.accounts import Accounts, AccountSetup
from flow2api.emulator.captcha import Captcha
from flow2api.emulator.faults import Faults
from flow2api.emulator.knobs import Knobs
from flow2api.emulator.ledger import Ledger
from flow2api.emulator.media import Media, Shelf
from flow2api.emulator.pictures import Pictures


class State:
    """What the emulated service knows. `now` is its clock, so tests can let logins and links run out."""

    accounts: Accounts
    captcha: Captcha
    media: Shelf
    pictures: Pictures
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
    ) -> None:
        self.now = now
        self._first_accounts = tuple(accounts)
        self._first_knobs = knobs or Knobs()
        self.reset()

    def reset(self) -> None:
        """Be as at the start: the first accounts with the same session tokens, nothing recorded, no faults."""
        self.accounts = Accounts()
        for setup in self._first_accounts:
            self.accounts.add(setup)
        self.captcha = Captcha()
        self.media = Shelf()
        self.pictures = Pictures()
        self.ledger = Ledger()
        self.knobs = self._first_knobs

    async def content(self, media: Media) -> bytes:
        """The bytes of a medium."""
        if media.content is not None:
            return media.content
        if media.picture is None:
            raise ValueError(f"medium {media.name} has neither content nor a picture")
        return await self.pictures.make(media.picture, self.knobs.pictures, await self.inputs(media))

    async def inputs(self, media: Media) -> list[bytes]:
        """The bytes of the input pictures of a medium, as far as they show in it."""
        if self.knobs.pictures == "plain" or media.picture is None:
            return []
        found = (self.media.get(name) for name in media.picture.inputs)
        return [await self.content(one) for one in found if one is not None]

"""`python -m tests.browser.dashboard.shots FOLDER [WORD …]`: pictures of every page, for people to look at.

Each in both themes and at the widths of a desk, a tablet and a phone: a new gateway, one in use, and one with a crowd of accounts. Words choose
among the names of the pictures.
"""

import logging
import sys
import tempfile
from pathlib import Path

import trio

from flow2api.browser.chromium import open_chromium
from flow2api.browser.launch import find_binary
from flow2api.emulator.accounts import numbered_accounts
from flow2api.emulator.faults import Status
from flow2api.emulator.knobs import Knobs
from tests.browser.dashboard.desk import Desk, open_desk
from tests.browser.dashboard.furnish import busy, lodgers, settle
from tests.browser.dashboard.operator import Operator
from tests.browser.dashboard.pages import DETAILED, PAGES
from tests.browser.stage import NOWHERE

WIDTHS = {1440: 900, 1024: 768, 390: 844}
CROWD = 300
LIMIT_SECONDS = 900.0


class Camera:
    """Takes pictures into a folder, of those views alone whose names hold one of the words."""

    def __init__(self, folder: trio.Path, words: list[str]) -> None:
        self._folder = folder
        self._words = words

    async def take(self, operator: Operator, name: str) -> None:
        """What is shown, in both themes and at all widths."""
        if self._words and not any(word in name for word in self._words):
            return
        for width, height in WIDTHS.items():
            await operator.resize(width, height)
            for theme in ("light", "dark"):
                await operator.prefer(theme)
                await operator.photograph(self._folder / f"{name}-{width}-{theme}.png")
        await operator.resize(1440)


async def shoot(browser: str, camera: Camera) -> None:
    """All pictures."""
    knobs = Knobs(pictures="drawn")
    async with open_desk(browser, (), limit_seconds=LIMIT_SECONDS) as desk:
        await _new(desk, camera)
    async with open_desk(browser, lodgers(), knobs=knobs, limit_seconds=LIMIT_SECONDS) as desk:
        await settle(desk.tested)
        await _used(desk, camera)
    async with open_desk(browser, numbered_accounts(CROWD), limit_seconds=LIMIT_SECONDS) as desk:
        await _crowded(desk, camera)


async def _new(desk: Desk, camera: Camera) -> None:
    async with desk.window() as operator:
        await operator.sees("Welcome to flow2api")
        await camera.take(operator, "new-setup")
    async with desk.inside() as operator:
        for page in PAGES:
            await operator.go(page)
            await camera.take(operator, f"new-{page}")
        await operator.press("You")
        await operator.press("Sign out")
        await operator.sees("Sign in")
        await camera.take(operator, "new-login")


async def _used(desk: Desk, camera: Camera) -> None:
    gate = await busy(desk.tested)
    async with desk.inside() as operator:
        for page in PAGES:
            await operator.go(page)
            await camera.take(operator, f"used-{page}")
        for page in DETAILED:
            await operator.go(page)
            address = await operator.reads("document.querySelector('main a[href*=\"open=\"]').getAttribute('href')")
            await operator.go(str(address).removeprefix("#/"))
            await operator.sees_some("aside.panel h2")
            await camera.take(operator, f"used-{page}-detail")
        await operator.go("accounts")
        await operator.press("Add account")
        await camera.take(operator, "used-accounts-add")
        await operator.key("Escape")
        await desk.relay.leave()
        await operator.sees("Not live")
        await camera.take(operator, "used-lost")
    gate.open()


async def _crowded(desk: Desk, camera: Camera) -> None:
    desk.tested.emulator.faults.always("image", Status(500))
    await desk.tested.chats(120)
    async with desk.inside() as operator:
        for page in ("overview", "accounts", "generations", "logs", "system"):
            await operator.go(page)
            await camera.take(operator, f"crowd-{page}")


async def main(folder: str, words: list[str]) -> None:
    """Start a browser and take them."""
    with tempfile.TemporaryDirectory() as profile:
        async with open_chromium(Path(profile), exit_url=NOWHERE, binary=find_binary()) as chromium:
            await shoot(chromium.address, Camera(trio.Path(folder), words))


if __name__ == "__main__":
    logging.getLogger().addHandler(logging.NullHandler())
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    trio.run(main, sys.argv[1], sys.argv[2:])

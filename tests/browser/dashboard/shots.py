"""`python -m tests.browser.dashboard.shots FOLDER [WORD …]`: pictures of every page, for people to look at.

Each in both themes and at the widths of a desk, a tablet and a phone: a new gateway, one in use, and one with a crowd of accounts. Words choose
among the names of the pictures; `--language zh` and `--width 390` choose further.
"""

import argparse
import json
import logging
import tempfile
from collections.abc import Sequence
from pathlib import Path

import trio

from flow2api.browser.chromium import open_chromium
from flow2api.browser.launch import find_binary
from flow2api.emulator.accounts import numbered_accounts
from flow2api.emulator.faults import Status
from flow2api.emulator.knobs import Knobs
from tests.browser.dashboard.desk import Desk, open_desk
from tests.browser.dashboard.furnish import FURNISHED, busy, lodgers, settle
from tests.browser.dashboard.operator import Operator
from tests.browser.dashboard.pages import DETAILED, LANGUAGES, PAGES, words
from tests.browser.stage import NOWHERE

WIDTHS = {1440: 900, 1024: 768, 390: 844}
CROWD = 300
LIMIT_SECONDS = 900.0


class Camera:
    """Takes pictures into a folder, of those views alone whose names hold one of the words."""

    def __init__(self, folder: trio.Path, wanted: Sequence[str], language: str, widths: Sequence[int]) -> None:
        self._folder = folder
        self._wanted = wanted
        self._language = language
        self._widths = widths
        self.words = words(language)
        """What the dashboard says in the language of the pictures, by the names of its texts."""

    async def speak(self, desk: Desk) -> None:
        """Have all windows of the desk show the language of the pictures, as if it had been chosen before."""
        async with desk.window() as operator:
            await operator.reads(f"localStorage.setItem('flow2api.language', {json.dumps(self._language)})")

    async def take(self, operator: Operator, name: str) -> None:
        """What is shown, in both themes and at all widths that are wanted."""
        if self._wanted and not any(word in name for word in self._wanted):
            return
        for width in self._widths:
            await operator.resize(width, WIDTHS[width])
            for theme in ("light", "dark"):
                await operator.prefer(theme)
                await operator.photograph(self._folder / f"{name}-{width}-{theme}.png")
        await operator.resize(1440)


async def shoot(browser: str, camera: Camera) -> None:
    """All pictures."""
    knobs = Knobs(pictures="drawn")
    async with open_desk(browser, (), limit_seconds=LIMIT_SECONDS) as desk:
        await _new(desk, camera)
    async with open_desk(browser, lodgers(), knobs=knobs, settings=FURNISHED, limit_seconds=LIMIT_SECONDS) as desk:
        await settle(desk.tested)
        await _used(desk, camera)
    async with open_desk(browser, numbered_accounts(CROWD), limit_seconds=LIMIT_SECONDS) as desk:
        await _crowded(desk, camera)


async def _new(desk: Desk, camera: Camera) -> None:
    said = camera.words
    await camera.speak(desk)
    async with desk.window() as operator:
        await operator.sees(said["setup.password"])
        await camera.take(operator, "new-setup")
    async with desk.inside() as operator:
        for page in PAGES:
            await operator.go(page)
            await camera.take(operator, f"new-{page}")
        await operator.press(said["you"])
        await operator.press(said["signout"])
        await operator.sees(said["login.enter"])
        await camera.take(operator, "new-login")


async def _used(desk: Desk, camera: Camera) -> None:
    said = camera.words
    await camera.speak(desk)
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
        await operator.press(said["accounts.add"])
        await camera.take(operator, "used-accounts-add")
        await operator.key("Escape")
        await desk.relay.leave()
        await operator.sees(said["connection.now"])
        await camera.take(operator, "used-lost")
    gate.open()


async def _crowded(desk: Desk, camera: Camera) -> None:
    desk.tested.emulator.faults.always("image", Status(500))
    await desk.tested.chats(120)
    await camera.speak(desk)
    async with desk.inside() as operator:
        for page in ("overview", "accounts", "generations", "logs", "system"):
            await operator.go(page)
            await camera.take(operator, f"crowd-{page}")


async def main(camera: Camera) -> None:
    """Start a browser and take them."""
    with tempfile.TemporaryDirectory() as profile:
        async with open_chromium(Path(profile), exit_url=NOWHERE, binary=find_binary()) as chromium:
            await shoot(chromium.address, camera)


def chosen() -> Camera:
    """From the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.browser.dashboard.shots", description=__doc__)
    parser.add_argument("folder", metavar="FOLDER", type=trio.Path)
    parser.add_argument("words", metavar="WORD", nargs="*")
    parser.add_argument("--language", choices=LANGUAGES, default=LANGUAGES[0])
    parser.add_argument(
        "--width", type=int, choices=tuple(WIDTHS), action="append", help="may be given more than once; all if absent"
    )
    given = parser.parse_args()
    return Camera(given.folder, given.words, given.language, given.width or tuple(WIDTHS))


if __name__ == "__main__":
    logging.getLogger().addHandler(logging.NullHandler())
    trio.run(main, chosen())

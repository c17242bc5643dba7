"""One Chromium process with its own profile folder: started, watched, and ended with everything it started.

Promises that nothing of it runs when the context is left, however it is left, and that nothing an earlier life left behind stands
in the way. The browser chooses its DevTools port itself, on loopback. Knows nothing of pages.
"""

import os
import re
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path

import trio

from flow2api.browser import process, profile
from flow2api.browser.cdp import load_commands, open_session
from flow2api.browser.errors import BrowserFault, BrowserUnavailable, ConnectionLost
from flow2api.browser.launch import Launch, find_binary, is_confined, read_exit
from flow2api.browser.unwrapped import unwrapped
from flow2api.net.exits import Exit

# On a small, busy machine with an empty profile it took six seconds.
START_SECONDS = 45.0
_LISTENING = re.compile(r"DevTools listening on (ws://\S+)")
_SHOWN_LINES = 5
# Its pipe is closed in the moment of its end; only a process that inherited it and survives could keep us waiting.
_LAST_WORDS_SECONDS = 1.0
# Complaints that every start in a container makes; they would crowd out the one that matters.
_NOISE = re.compile(r"dbus/|/usr/bin/chromium: \d+:")


class Chromium:
    """A running browser."""

    def __init__(self, group: process.Group, output: process.Output, exit_: Exit | None) -> None:
        self.pid = group.pid
        self.exit = exit_
        """The proxy of tabs in the profile's own context."""
        self.address = ""
        """Of the DevTools websocket. Whoever can reach it controls the browser; it is on loopback."""
        self.version = ""
        self.user_agent = ""
        """What the browser calls itself in every request."""
        self._group = group
        self._output = output

    async def wait_exited(self) -> str:
        """Wait until the process has ended, for whatever reason; says how, with its last words."""
        how = _how(await self._group.wait())
        with trio.move_on_after(_LAST_WORDS_SECONDS):
            await self._output.ended.wait()
        return f"{how}: {words}" if (words := self.last_words()) else how

    def last_words(self) -> str:
        """The end of what it wrote to its standard error."""
        return " | ".join([*self._output.lines][-_SHOWN_LINES:])


@asynccontextmanager
async def open_chromium(
    folder: Path, *, visible: bool = False, exit_url: str | None = None, binary: str = ""
) -> AsyncIterator[Chromium]:
    """Start a browser on the profile in `folder`. The body is not cancelled when the process ends: watch `wait_exited`.

    `exit_url` is the proxy of tabs in the profile's own context. Closing takes a tenth of a second, at worst some twenty seconds.

    Raises:
        BrowserUnavailable: not installed, not startable, or the profile is in use; the message has its last words."""
    if os.name != "posix":
        raise BrowserUnavailable("a browser of one's own needs process groups, which this system does not have")
    launch = _launch(folder, visible, exit_url, binary)
    await load_commands()
    await profile.clear(launch.profile)
    async with _started(launch) as chromium:
        yield chromium


def _launch(folder: Path, visible: bool, exit_url: str | None, binary: str) -> Launch:
    return Launch(
        binary=find_binary(binary),
        profile=folder.absolute(),
        visible=visible,
        exit=read_exit(exit_url),
        confined=is_confined(),
    )


@asynccontextmanager
async def _started(launch: Launch) -> AsyncIterator[Chromium]:
    """The process, from its start to its certain end; it listens and has said what it is."""
    announced = _Announcement()
    try:
        group, output = await process.start(launch.command(), launch.environment(), announced.look)
    except OSError as exc:
        raise BrowserUnavailable(f"{launch.binary} cannot be started: {exc.strerror}") from exc
    chromium = Chromium(group, output, launch.exit)
    with unwrapped():
        async with trio.open_nursery() as nursery:
            nursery.start_soon(output.watch, name=f"output of browser {group.pid}")
            nursery.start_soon(_settle_at_end, group, announced, name=f"end of browser {group.pid}")
            try:
                profile.remember(launch.profile, group.pid)
                await _introduce(chromium, announced)
                yield chromium
            finally:
                await group.stop(partial(_ask_to_close, announced.address) if announced.address else None)
                output.close()
                await profile.tidy(launch.profile)
                nursery.cancel_scope.cancel()


class _Announcement:
    """The line in which the browser tells its DevTools address."""

    def __init__(self) -> None:
        self.address = ""
        self.settled = trio.Event()

    def look(self, line: str) -> bool:
        match = _LISTENING.search(line)
        if match is not None:
            self.address = match[1]
            self.settled.set()
        return match is None and not _NOISE.search(line)


async def _settle_at_end(group: process.Group, announced: _Announcement) -> None:
    await group.wait()
    announced.settled.set()


async def _introduce(chromium: Chromium, announced: _Announcement) -> None:
    """Wait until it listens, and ask what it is."""
    with trio.move_on_after(START_SECONDS) as limit:
        await announced.settled.wait()
        if not announced.address:
            raise BrowserUnavailable(f"the browser did not start: it {await chromium.wait_exited()}")
        chromium.address = announced.address
        try:
            async with open_session(chromium.address) as session:
                _, chromium.version, _, chromium.user_agent, _ = await session.call(session.cdp.browser.get_version())
        except ConnectionLost as exc:
            raise BrowserUnavailable(f"the browser started but cannot be controlled: {exc}") from exc
    if limit.cancelled_caught:
        raise BrowserUnavailable(f"the browser was not ready in {START_SECONDS:.0f} s: {chromium.last_words()}")


async def _ask_to_close(address: str) -> None:
    with suppress(BrowserFault):
        async with open_session(address) as session:
            await session.call(session.cdp.browser.close())


def _how(code: int) -> str:
    return f"ended with code {code}" if code >= 0 else f"was ended by {signal.Signals(-code).name}"

"""A browser window for a person: an ordinary browser on a kept profile, which is neither driven nor looked into while it is open.

Promises that nothing of it runs when this returns, however it returns. What the person did there is in the profile afterwards.
"""

from pathlib import Path

import trio

from flow2api.browser import process, profile
from flow2api.browser.errors import BrowserUnavailable
from flow2api.browser.launch import Launch, find_binary, is_confined, read_exit

_SHOWN_LINES = 3
# Its pipe is closed in the moment of its end, unless a process that inherited it lives on.
_LAST_WORDS_SECONDS = 1.0


async def show_window(folder: Path, url: str, *, exit_url: str | None = None, binary: str = "") -> None:
    """Open a window at `url` and wait until it is closed. A proxy that wants a login asks the person for it.

    Raises:
        BrowserUnavailable: there can be no window; the message has the browser's last words."""
    launch = _launch(folder, url, exit_url, binary)
    await profile.clear(launch.profile)
    try:
        group, output = await process.start(launch.command(), launch.environment(), _is_telling)
    except OSError as exc:
        raise BrowserUnavailable(f"{launch.binary} cannot be started: {exc.strerror}") from exc
    async with trio.open_nursery() as nursery:
        nursery.start_soon(output.watch, name=f"output of window {group.pid}")
        try:
            profile.remember(launch.profile, group.pid)
            code = await group.wait()
            with trio.move_on_after(_LAST_WORDS_SECONDS):
                await output.ended.wait()
        finally:
            await group.stop()
            output.close()
            await profile.tidy(launch.profile)
    if code > 0:
        words = " | ".join([*output.lines][-_SHOWN_LINES:])
        raise BrowserUnavailable(f"the browser window ended with code {code}: {words or 'it does not say why'}")


def _launch(folder: Path, url: str, exit_url: str | None, binary: str) -> Launch:
    return Launch(
        binary=find_binary(binary),
        profile=folder.absolute(),
        visible=True,
        exit=read_exit(exit_url),
        confined=is_confined(),
        controlled=False,
        page=url,
    )


def _is_telling(line: str) -> bool:
    """Not so the complaints about a message bus, which a container never has."""
    return "dbus/" not in line

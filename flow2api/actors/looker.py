"""Looks into clips by way of a process of its own, so that whatever their bytes do to the library that reads them ends that process alone.

The process is started at the first order, which takes some tenths of a second, serves one order at a time, and is ended when there is
nothing to do for a while. See `flow2api.actors.looking` for what it may do.
"""

import json
import logging
import os
import subprocess
import sys
from typing import Final

import trio

from flow2api.domain.clip_facts import ClipFacts, Unshowable

log = logging.getLogger("flow2api.media")

# As in `looking`, which is not imported here: it loads the library.
_HEAD_BYTES: Final = 5
_DONE, _MISSING = b"d", b"m"

IDLE_SECONDS = 30.0
# The start of an interpreter on a busy machine.
START_SECONDS = 30.0
# Beyond the limits that the process sets itself (see `stills`): for a step of the library that comes to no end.
MEASURE_SECONDS = 8.0
PICTURE_SECONDS = 45.0
_END_SECONDS = 5.0
# A picture of a clip has some hundred kilobytes.
_MOST_BYTES = 64 * 1024 * 1024
# What an interpreter needs to start. No more: our environment may hold a key.
_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH", "TMPDIR", "PYTHONHOME")


class Looker:
    """One such process, when there is one. `run` it beside its use."""

    def __init__(self) -> None:
        self._turn = trio.Lock()
        self._process: trio.Process | None = None
        self._begun = trio.Event()
        self._orders = 0

    async def run(self) -> None:
        """End the process when it is idle, and when this is cancelled."""
        try:
            while True:
                await self._begun.wait()
                seen = self._orders
                await trio.sleep(IDLE_SECONDS)
                async with self._turn:
                    if seen == self._orders:
                        await self._end()
        finally:
            await self._end()

    async def measure(self, path: os.PathLike[str]) -> ClipFacts:
        """Size and length of a clip.

        Raises:
            Unshowable: see there.
            FileNotFoundError: it is not there."""
        return ClipFacts(*json.loads(await self._ask("measure", path, MEASURE_SECONDS)))

    async def thumbnail(self, path: os.PathLike[str]) -> bytes:
        """Its first frame. Raises as `measure`."""
        return await self._ask("thumbnail", path, PICTURE_SECONDS)

    async def spritesheet(self, path: os.PathLike[str]) -> bytes:
        """Frames from all of it on one sheet. Raises as `measure`."""
        return await self._ask("spritesheet", path, PICTURE_SECONDS)

    async def _ask(self, verb: str, path: os.PathLike[str], seconds: float) -> bytes:
        async with self._turn:
            self._orders += 1
            process = self._process or await self._start()
            whole = False
            try:
                with trio.move_on_after(seconds):
                    await _tell(process, verb, path)
                    what, data = await _answer(process)
                    whole = True
                    if what == _DONE:
                        return data
                    raise FileNotFoundError(path) if what == _MISSING else Unshowable(data.decode())
                raise Unshowable("looking at it takes too long")
            except (trio.BrokenResourceError, EOFError):
                await self._end()
                how = process.returncode
                log.warning("the process that looks into clips ended over one code=%s", how)
                raise Unshowable(f"the process that looked at it ended with {how}") from None
            finally:
                if not whole:  # a late answer must not be taken for that to the next order
                    await self._end()

    async def _start(self) -> trio.Process:
        environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        # It finds what we find, wherever it is started.
        environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
        process = await trio.lowlevel.open_process(
            [sys.executable, "-P", "-m", "flow2api.actors.looking"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            # Ctrl-C at the terminal is for us.
            start_new_session=True,
        )
        self._process = process
        try:
            with trio.fail_after(START_SECONDS):
                await _answer(process)
        except (trio.TooSlowError, trio.BrokenResourceError, EOFError):
            await self._end()
            raise Unshowable(f"the process that looks into clips could not be started ({process.returncode})") from None
        except BaseException:
            await self._end()
            raise
        self._begun.set()
        return process

    async def _end(self) -> None:
        """End the process if there is one. Bounded, and not to be cancelled."""
        process, self._process = self._process, None
        self._begun = trio.Event()
        if process is None:
            return
        with trio.move_on_after(_END_SECONDS, shield=True):
            process.kill()
            await process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    await pipe.aclose()


async def _tell(process: trio.Process, verb: str, path: os.PathLike[str]) -> None:
    assert process.stdin is not None
    await process.stdin.send_all(json.dumps([verb, os.fspath(path)]).encode() + b"\n")


async def _answer(process: trio.Process) -> tuple[bytes, bytes]:
    head = await _read(process, _HEAD_BYTES)
    size = int.from_bytes(head[1:], "big")
    if size > _MOST_BYTES:
        raise EOFError
    return head[:1], await _read(process, size)


async def _read(process: trio.Process, size: int) -> bytes:
    assert process.stdout is not None
    data = bytearray()
    while len(data) < size:
        piece = await process.stdout.receive_some(size - len(data))
        if not piece:
            raise EOFError
        data += piece
    return bytes(data)

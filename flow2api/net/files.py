"""Files that appear under their name only when complete.

Bytes go to a side file in the same folder, through a worker thread and in large pieces; a small file costs one single hop. What
is not committed is removed, also on cancellation.
"""

import os
from pathlib import Path
from secrets import token_hex
from types import TracebackType
from typing import BinaryIO, Self

import trio

# Each hop to a thread costs about as much as copying some hundred KiB.
CHUNK_BYTES = 1024 * 1024


class SideFile:
    """A file in the making: `write` any number of times, then `commit`; leaving the block without it removes everything."""

    def __init__(self, path: Path, limiter: trio.CapacityLimiter) -> None:
        self._path = path
        self._side = path.with_name(f".{path.name}.{token_hex(4)}.part")
        self._limiter = limiter
        self._file: BinaryIO | None = None
        self._pieces: list[bytes] = []
        self._held = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        # Here and now instead of in a thread: it happens on failure only, and must happen even while being cancelled.
        if self._file is not None:
            self._file.close()
            self._side.unlink(missing_ok=True)

    async def write(self, piece: bytes) -> None:
        """Take `piece`; waits for the disk once in a MiB.

        Raises:
            OSError: the disk does not take it."""
        self._pieces.append(piece)
        self._held += len(piece)
        if self._held >= CHUNK_BYTES:
            await trio.to_thread.run_sync(self._flush, limiter=self._limiter)

    async def commit(self, *, durable: bool) -> None:
        """Write what is left and give the file its name, replacing an older one; `durable` makes it survive a power cut.

        The last thing that can be cancelled is the way to the thread: once this returns, the file is there."""
        await trio.to_thread.run_sync(self._finish, durable, limiter=self._limiter)

    def _flush(self) -> BinaryIO:
        if self._file is None:
            self._file = self._side.open("xb")
        self._file.writelines(self._pieces)
        self._pieces.clear()
        self._held = 0
        return self._file

    def _finish(self, durable: bool) -> None:
        file = self._flush()
        file.flush()
        if durable:
            os.fsync(file.fileno())
        file.close()
        self._side.replace(self._path)
        self._file = None

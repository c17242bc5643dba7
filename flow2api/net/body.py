"""Receiving a body: decompression, counting, and where the bytes go.

The limit counts decoded bytes and is checked in small steps, so that a small compressed body cannot fill the memory.
Knows no connection; whoever reads one calls `begin`, `write` for each chunk and `end`.
"""

import zlib
from collections.abc import Iterator

from flow2api.errors import ResponseTooLarge, ResponseUnreadable
from flow2api.net.files import SideFile
from flow2api.net.message import Head

HEAD_BYTES = 64 * 1024
# Largest step of decompression, so that a bomb is noticed after one step beyond the limit.
_STEP = 256 * 1024
_GZIP = 16 + zlib.MAX_WBITS
_GZIP_MAGIC = b"\x1f"


class Inflater:
    """Decodes gzip (also of several members) and deflate (with or without its zlib header)."""

    def __init__(self, encoding: str) -> None:
        self._encoding = encoding
        self._inflate: zlib._Decompress | None = None

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The decoded bytes of `data`, in steps.

        Raises:
            ResponseUnreadable: it is not what the encoding promises."""
        inflate = self._inflate = self._inflate or self._new(data)
        while True:
            if inflate.eof:
                if not self._is_member(data):
                    return
                inflate = self._inflate = self._new(data)
            piece = self._step(inflate, data)
            if piece:
                yield piece
            data = inflate.unused_data if inflate.eof else inflate.unconsumed_tail
            if not data and len(piece) < _STEP:
                return

    def end(self) -> None:
        """No more data will come.

        Raises:
            ResponseUnreadable: what came stopped in the middle."""
        if self._inflate is not None and not self._inflate.eof:
            raise ResponseUnreadable(f"the {self._encoding} body of the answer ends early")

    def _step(self, inflate: "zlib._Decompress", data: bytes) -> bytes:
        try:
            return inflate.decompress(data, _STEP)
        except zlib.error as exc:
            raise ResponseUnreadable(f"the {self._encoding} body of the answer is broken") from exc

    def _new(self, data: bytes) -> "zlib._Decompress":
        return zlib.decompressobj(_deflate_bits(data) if self._encoding == "deflate" else _GZIP)

    def _is_member(self, data: bytes) -> bool:
        """Whether another gzip member begins; whatever else follows an end is padding and ignored."""
        return self._encoding != "deflate" and data[:1] == _GZIP_MAGIC


class Intake:
    """Takes one body in and keeps it in memory."""

    def __init__(self, max_bytes: int) -> None:
        self.size_bytes = 0
        self._max_bytes = max_bytes
        self._pieces: list[bytes] = []
        self._inflater: Inflater | None = None

    def begin(self, head: Head) -> None:
        """Look at the head.

        Raises:
            ResponseTooLarge: it announces more than the limit.
            ResponseUnreadable: it announces an encoding that we did not ask for."""
        if head.bodiless:
            return
        encoding = (head.headers.get("content-encoding") or "identity").strip().lower()
        if encoding != "identity":
            self._inflater = _inflater(encoding)
        elif int(head.headers.get("content-length") or 0) > self._max_bytes:
            raise self._too_large()

    async def write(self, data: bytes) -> None:
        """Take the next bytes as they came."""
        if self._inflater is None:
            await self._take(data)
            return
        for piece in self._inflater.feed(data):
            await self._take(piece)

    def end(self) -> None:
        """The body is complete, says HTTP; see whether its encoding agrees."""
        if self._inflater is not None:
            self._inflater.end()

    @property
    def body(self) -> bytes:
        return b"".join(self._pieces)

    async def keep(self, piece: bytes) -> None:
        self._pieces.append(piece)

    async def _take(self, piece: bytes) -> None:
        self.size_bytes += len(piece)
        if self.size_bytes > self._max_bytes:
            raise self._too_large()
        await self.keep(piece)

    def _too_large(self) -> ResponseTooLarge:
        return ResponseTooLarge(f"the answer is larger than {self._max_bytes} bytes")


class FileIntake(Intake):
    """Takes the body of a 200 into a file, and keeps the first 64 KiB of any body in memory."""

    def __init__(self, max_bytes: int, file: SideFile) -> None:
        super().__init__(max_bytes)
        self._file = file
        self._to_file = False
        self._kept = 0

    def begin(self, head: Head) -> None:
        super().begin(head)
        self._to_file = head.status == 200

    async def keep(self, piece: bytes) -> None:
        if self._kept < HEAD_BYTES:
            first = piece[: HEAD_BYTES - self._kept]
            self._kept += len(first)
            self._pieces.append(first)
        if self._to_file:
            await self._file.write(piece)


def _inflater(encoding: str) -> Inflater:
    if encoding in ("gzip", "x-gzip", "deflate"):
        return Inflater(encoding)
    raise ResponseUnreadable("the answer comes in a content encoding that was not asked for")


def _deflate_bits(data: bytes) -> int:
    """Servers disagree on what deflate is; a zlib header has 8 in its low bits and is divisible by 31."""
    zlib_header = data[0] & 0x0F == 8 and (len(data) < 2 or int.from_bytes(data[:2], "big") % 31 == 0)
    return zlib.MAX_WBITS if zlib_header else -zlib.MAX_WBITS

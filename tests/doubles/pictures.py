"""Pictures to send: good ones of any size, and such as only look like one."""

import base64
import io
import struct
import zlib

from PIL import Image


def drawn(width: int = 64, height: int = 48, colour: str = "red", form: str = "PNG") -> bytes:
    """A good picture in one colour."""
    data = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(data, form)
    return data.getvalue()


def bomb(width: int = 60_000, height: int = 60_000) -> bytes:
    """A PNG of a few bytes that says it unpacks to gigabytes."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(b"\0" * 64)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in chunks)


def data_url(data: bytes, mime: str = "image/png") -> str:
    """The bytes inside a URL."""
    return f"data:{mime};base64,{base64.b64encode(data).decode()}"


def size_of(data: bytes, form: str = "JPEG") -> tuple[int, int]:
    """Width and height of a picture that a real decoder takes for whole."""
    with Image.open(io.BytesIO(data)) as picture:
        picture.load()
        assert picture.format == form
        return picture.size


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

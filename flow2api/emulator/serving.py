"""What the servers in front of the emulator share: addresses, limits, and how a body is cut and slowed down."""

from collections.abc import Iterator
from typing import Protocol

import msgspec

from flow2api.emulator.exchange import Answer, Asked, Delivery

MAX_REQUEST_BYTES = 64 * 1024 * 1024

# A test of the gateway may open very many connections at once; a shorter queue would make the rest wait for seconds.
BACKLOG = 2048

# A slow body comes in pieces so small that a reader notices the pace, and so large that a fast one is not all overhead.
PIECES_PER_SECOND = 20


class Service(Protocol):
    """Anything that answers requests; each server serves one."""

    async def answer(self, asked: Asked) -> Answer: ...


class Urls(msgspec.Struct, frozen=True, kw_only=True):
    """What a client has to be told: the three base addresses, named as in the gateway's settings, and their common root."""

    base: str
    labs_base_url: str
    api_base_url: str
    page_url: str


def urls_under(base: str) -> Urls:
    """The addresses of an emulator at `base`, such as `http://127.0.0.1:4321`."""
    return Urls(
        base=base,
        labs_base_url=f"{base}/fx/api",
        api_base_url=f"{base}/v1",
        page_url=f"{base}/fx/tools/flow",
    )


def pieces(body: bytes, delivery: Delivery) -> Iterator[tuple[bytes, float]]:
    """The part of the body that is sent at all, and for how long to wait after each piece of it."""
    if delivery.body_bytes is not None:
        body = body[: delivery.body_bytes]
    if delivery.bytes_per_second is None:
        yield body, 0.0
        return
    size = max(1, int(delivery.bytes_per_second / PIECES_PER_SECOND))
    for start in range(0, len(body), size):
        piece = body[start : start + size]
        yield piece, len(piece) / delivery.bytes_per_second

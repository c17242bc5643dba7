"""Bodies are decoded and counted in small steps."""

import gzip
import zlib
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flow2api.errors import ResponseTooLarge, ResponseUnreadable
from flow2api.net.body import Inflater, Intake
from flow2api.net.message import Head, Headers


def _decode(encoding: str, pieces: list[bytes]) -> bytes:
    inflater = Inflater(encoding)
    decoded = b"".join(step for piece in pieces for step in inflater.feed(piece))
    inflater.end()
    return decoded


def _raw_deflate(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return compressor.compress(data) + compressor.flush()


def _cut(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


def _head(*headers: tuple[str, str], status: int = 200, bodiless: bool = False) -> Head:
    return Head(status, Headers(headers), bodiless)


_ENCODERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
}


@given(st.binary(max_size=2000), st.integers(1, 200), st.sampled_from(sorted(_ENCODERS)))
def test_decoding_gives_the_original_however_it_was_cut(data: bytes, size: int, encoding: str) -> None:
    assert _decode(encoding, _cut(_ENCODERS[encoding](data), size)) == data


@given(st.binary(max_size=2000), st.integers(2, 200))
def test_deflate_without_its_header_is_understood(data: bytes, size: int) -> None:
    assert _decode("deflate", _cut(_raw_deflate(data), size)) == data


@pytest.mark.parametrize("size", [1, 7, 10_000_000])
def test_several_gzip_members_are_one_body_and_padding_is_ignored(size: int) -> None:
    data = gzip.compress(b"one ") + gzip.compress(b"two") + b"\0\0\0\0"
    assert _decode("gzip", _cut(data, size)) == b"one two"


@given(st.binary(min_size=1, max_size=300), st.sampled_from(sorted(_ENCODERS)))
def test_arbitrary_bytes_raise_nothing_but_our_error(data: bytes, encoding: str) -> None:
    with suppress(ResponseUnreadable):
        _decode(encoding, [data])


@pytest.mark.parametrize("encoding", sorted(_ENCODERS))
def test_a_truncated_body_is_unreadable(encoding: str) -> None:
    with pytest.raises(ResponseUnreadable, match="ends early"):
        _decode(encoding, [_ENCODERS[encoding](b"x" * 1000)[:-4]])


def test_decompression_goes_in_steps_so_that_a_bomb_is_never_whole() -> None:
    bomb = gzip.compress(bytes(20_000_000))
    steps = [len(step) for step in Inflater("gzip").feed(bomb)]
    assert sum(steps) == 20_000_000
    assert max(steps) <= 256 * 1024


async def test_the_limit_counts_decoded_bytes() -> None:
    intake = Intake(1_000_000)
    intake.begin(_head(("Content-Encoding", "gzip"), ("Content-Length", "19500")))
    with pytest.raises(ResponseTooLarge, match="1000000 bytes"):
        await intake.write(gzip.compress(bytes(20_000_000)))
    assert len(intake.body) <= 1_000_000


async def test_a_body_as_large_as_the_limit_is_taken() -> None:
    intake = Intake(6)
    intake.begin(_head(("Content-Length", "6")))
    await intake.write(b"abc")
    await intake.write(b"def")
    intake.end()
    assert intake.body == b"abcdef"
    with pytest.raises(ResponseTooLarge):
        await intake.write(b"g")


def test_an_announced_length_beyond_the_limit_is_refused_before_reading() -> None:
    with pytest.raises(ResponseTooLarge):
        Intake(5).begin(_head(("Content-Length", "6")))


def test_an_answer_without_body_may_announce_anything() -> None:
    intake = Intake(5)
    intake.begin(_head(("Content-Length", "6"), ("Content-Encoding", "gzip"), bodiless=True))
    intake.end()
    assert intake.body == b""


def test_an_empty_body_needs_no_gzip_frame() -> None:
    intake = Intake(5)
    intake.begin(_head(("Content-Encoding", "gzip")))
    intake.end()
    assert intake.body == b""


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip"])
def test_an_encoding_that_was_not_asked_for_is_unreadable(encoding: str) -> None:
    with pytest.raises(ResponseUnreadable, match="not asked for"):
        Intake(5).begin(_head(("Content-Encoding", encoding)))

import pytest

from flow2api.api.ranges import MAX_RANGES, Span, parts, wanted


@pytest.mark.parametrize(
    ("header", "spans"),
    [
        (b"bytes=0-", [Span(0, 100)]),
        (b"bytes=0-0", [Span(0, 1)]),
        (b"bytes=10-19", [Span(10, 20)]),
        (b"bytes=90-500", [Span(90, 100)]),
        (b"bytes=-10", [Span(90, 100)]),
        (b"bytes=-500", [Span(0, 100)]),
        (b"bytes=0-1, 5-6,-1", [Span(0, 2), Span(5, 7), Span(99, 100)]),
        (b"bytes=0-1,500-600", [Span(0, 2)]),
        (b"bytes=100-", []),
        (b"bytes=500-600", []),
        (b"bytes=-0", []),
        (b"bytes=100-,-0", []),
    ],
)
def test_a_header_names_these_bytes(header: bytes, spans: list[Span]) -> None:
    assert wanted(header, 100) == spans


@pytest.mark.parametrize(
    "header",
    [
        None,
        b"",
        b"bytes=",
        b"bytes=-",
        b"bytes=5-2",
        b"bytes=0-1,x",
        b"items=0-1",
        b"bytes=a-b",
        # More than the file in all, or very many parts: only who means harm asks so.
        b"bytes=0-,0-,0-",
        b"bytes=" + b"0-0," * MAX_RANGES + b"1-1",
        # Endless digits.
        b"bytes=0-" + b"9" * 5000,
        b"bytes=-" + b"9" * 5000,
    ],
)
def test_what_is_not_understood_or_too_much_asks_for_the_whole(header: bytes | None) -> None:
    assert wanted(header, 100) is None


def test_several_parts_are_told_apart_by_a_boundary_that_nobody_can_guess() -> None:
    pieces, boundary = parts([Span(0, 2), Span(5, 7)], 100, "video/mp4")
    assert [span for _, span in pieces] == [Span(0, 2), Span(5, 7), Span(0, 0)]
    assert b"Content-Range: bytes 5-6/100" in pieces[1][0]
    assert pieces[2][0] == f"\r\n--{boundary}--\r\n".encode()
    assert parts([Span(0, 2)], 100, "video/mp4")[1] != boundary

import pytest

from flow2api.api.files import Span, wanted


@pytest.mark.parametrize(
    ("header", "span"),
    [
        (b"bytes=0-", Span(0, 100)),
        (b"bytes=0-0", Span(0, 1)),
        (b"bytes=10-19", Span(10, 20)),
        (b"bytes=90-500", Span(90, 100)),
        (b"bytes=-10", Span(90, 100)),
        (b"bytes=-500", Span(0, 100)),
    ],
)
def test_a_range_names_these_bytes(header: bytes, span: Span) -> None:
    assert wanted(header, 100) == span


@pytest.mark.parametrize("header", [None, b"", b"bytes=-", b"bytes=5-2", b"bytes=0-1,5-6", b"items=0-1", b"bytes=a-b"])
def test_what_is_no_single_range_asks_for_the_whole(header: bytes | None) -> None:
    assert wanted(header, 100) is None


@pytest.mark.parametrize("header", [b"bytes=100-", b"bytes=500-600", b"bytes=-0"])
def test_a_range_outside_is_empty(header: bytes) -> None:
    span = wanted(header, 100)
    assert span is not None
    assert span.start >= span.end


def test_a_range_of_endless_digits_is_not_understood() -> None:
    assert wanted(b"bytes=0-" + b"9" * 5000, 100) is None
    assert wanted(b"bytes=-" + b"9" * 5000, 100) is None

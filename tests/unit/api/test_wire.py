import msgspec
import pytest

from flow2api.api.wire import decode, decoder, weigh
from flow2api.errors import Code, Failure


class Inner(msgspec.Struct):
    size: int | None = None
    url: str | None = None


class Outer(msgspec.Struct):
    name: str
    items: list[Inner] = []
    on: bool | None = None


_outer = decoder(Outer)


def refused(body: bytes) -> Failure:
    with pytest.raises(Failure) as caught:
        decode(body, _outer)
    return caught.value


def test_numbers_and_booleans_may_be_strings_and_null_is_absent() -> None:
    read = decode(b'{"name": "a", "items": [{"size": "2"}, {"size": null}], "on": "true", "more": [1]}', _outer)
    assert read == Outer("a", [Inner(2), Inner(None)], True)


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        (b'{"name": "a", "items": [{}, {"url": 5}]}', Code.INVALID_TYPE, "items[1].url"),
        (b'{"name": "a", "items": [{"size": "x"}]}', Code.INVALID_TYPE, "items[0].size"),
        (b'{"items": []}', Code.MISSING_REQUIRED_PARAMETER, "name"),
        (b'{"name": null}', Code.MISSING_REQUIRED_PARAMETER, "name"),
        (b"[]", Code.INVALID_JSON, None),
        (b"", Code.INVALID_JSON, None),
        (b"{", Code.INVALID_JSON, None),
        (b'{"name": "\xff"}', Code.INVALID_JSON, None),
        (b'{"name": "a", "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", Code.INVALID_JSON, None),
    ],
)
def test_what_cannot_be_read_is_named(body: bytes, code: Code, param: str | None) -> None:
    failure = refused(body)
    assert failure.code is code
    assert failure.param == param
    assert failure.message


@pytest.mark.parametrize("small", [b"1,", b'{"a": 1},', rb'"\n",'])
async def test_a_large_body_of_small_things_is_refused_before_it_is_decoded(small: bytes) -> None:
    await weigh(b'{"name": "' + b"x" * 4_000_000 + b'"}')
    await weigh(b"the fox, which was red, ran and the dog, who slept, woke up. " * 20_000)
    await weigh(small * 100_000)
    # Also where it is not large: these take as long to look at as ten megabytes of text.
    for count in (100_001, 2_500_000):
        with pytest.raises(Failure) as caught:
            await weigh(small * count)
        assert caught.value.code is Code.REQUEST_TOO_LARGE


async def test_a_large_body_of_escapes_is_refused_but_not_the_slashes_that_some_clients_escape() -> None:
    await weigh(rb"a/b\/c" * 1_900_000)
    with pytest.raises(Failure, match="escapes"):
        await weigh(rb"\u00e9" * 2_100_000)

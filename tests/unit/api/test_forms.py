"""Forms as real clients send them, and as nobody should."""

import contextlib
import time
from urllib.parse import urlencode

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.sansio.multipart import MultipartDecoder

from flow2api.api import forms
from flow2api.api.forms import MAX_FIELD_BYTES, MAX_PARTS, FormFile, read
from flow2api.errors import Code, Failure
from tests.unit.api.doubles import make_request

MULTIPART = "multipart/form-data; boundary=b"


def sent(data: dict[str, object], files: list[tuple[str, tuple[str, bytes, str]]]) -> tuple[str, bytes]:
    """Content type and body as an HTTP client writes them."""
    request = httpx.Request("POST", "http://x/", data=data, files=files)
    return request.headers["content-type"], request.read()


async def parsed(kind: str, body: bytes) -> forms.Form:
    return await read(make_request({"content-type": kind}), body)


async def test_files_and_fields_are_told_apart_in_any_order() -> None:
    kind, body = sent({"model": "m", "n": "2"}, [("image[]", ("C:\\a/b.png", b"one", "text/html"))])
    form = await parsed(kind, body)
    assert (form.get("model"), form.get("n")) == ("m", "2")
    assert form.files_of("image") == [FormFile("image[]", b"one")]


async def test_lists_come_in_three_spellings() -> None:
    files = [
        (name, ("x", name.encode(), "image/png")) for name in ("image", "image[]", "image[0]", "images", "image[a]")
    ]
    form = await parsed(*sent({}, files))
    assert [file.data for file in form.files_of("image")] == [b"image", b"image[]", b"image[0]"]


async def test_nested_values_stand_in_brackets() -> None:
    kind, body = (
        "application/x-www-form-urlencoded",
        urlencode({"video[id]": "job_1", "a": " ", "prompt": "Möwe"}).encode(),
    )
    form = await parsed(kind, body)
    assert (form.inner("video", "id"), form.get("a"), form.get("prompt")) == ("job_1", None, "Möwe")


async def test_a_large_form_is_read_whole() -> None:
    data = bytes(range(256)) * 8192
    form = await parsed(*sent({"prompt": "p"}, [("image", ("upload", data, "application/octet-stream"))]))
    assert form.files_of("image") == [FormFile("image", data)]


@pytest.mark.parametrize(
    ("kind", "body", "code"),
    [
        ("multipart/form-data", b"", Code.INVALID_VALUE),
        (MULTIPART, b"nothing of the kind", Code.INVALID_VALUE),
        (MULTIPART, b"--b\r\nContent-Disposition: form-data; name=a\r\n\r\nunended", Code.INVALID_VALUE),
        (MULTIPART, b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n\xff\r\n--b--\r\n', Code.INVALID_VALUE),
        (
            MULTIPART,
            b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n' * (MAX_PARTS + 1) + b"--b--\r\n",
            Code.INVALID_VALUE,
        ),
        (
            MULTIPART,
            b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n'
            + b"x" * (MAX_FIELD_BYTES + 1)
            + b"\r\n--b--\r\n",
            Code.REQUEST_TOO_LARGE,
        ),
        (MULTIPART, b"--b\r\nContent-Disposition: form-data\r\n\r\n1\r\n--b--\r\n", Code.INVALID_VALUE),
        (forms.URLENCODED, b"\xff=1", Code.INVALID_VALUE),
        (forms.URLENCODED, b"a=1&" * (MAX_PARTS + 1), Code.INVALID_VALUE),
    ],
)
async def test_a_form_that_cannot_be_read_is_refused_in_words(kind: str, body: bytes, code: Code) -> None:
    with pytest.raises(Failure) as caught:
        await parsed(kind, body)
    assert caught.value.code is code


@given(st.binary(max_size=300))
async def test_any_bytes_are_a_form_or_a_failure(body: bytes) -> None:
    with contextlib.suppress(Failure):
        form = await parsed(MULTIPART, b"--b\r\n" + body)
        assert len(form.fields) + len(form.files) <= len(body)


async def test_a_large_form_is_taken_apart_in_small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """A search through all of it in one go would keep every other request waiting."""
    longest = 0
    receive = MultipartDecoder.receive_data

    def spy(decoder: MultipartDecoder, data: bytes | None) -> None:
        nonlocal longest
        longest = max(longest, len(data or b""))
        receive(decoder, data)

    monkeypatch.setattr(MultipartDecoder, "receive_data", spy)
    body = b"\r\n".join(
        [b"--b", b'Content-Disposition: form-data; name="image"; filename="f"', b"", b"\r\n--" * 400_000]
    )
    form = await parsed(MULTIPART, body + b"\r\n--b--\r\n")
    assert form.files_of("image")[0].data == b"\r\n--" * 400_000
    assert 0 < longest <= 64 * 1024


@pytest.mark.parametrize("fill", [b"\r\n", b"A: b\r\n"], ids=["before the first part", "in a part's head"])
async def test_what_holds_no_part_is_not_searched_for_long(fill: bytes) -> None:
    start = b"" if fill == b"\r\n" else b"--b\r\n"
    with pytest.raises(Failure) as caught:
        await parsed(MULTIPART, start + fill * 100_000 + b"\r\n--b--\r\n")
    assert caught.value.code is Code.INVALID_VALUE


def test_a_content_type_of_thousands_of_options_is_not_taken_apart() -> None:
    request = make_request({"content-type": "multipart/form-data; boundary=b;" + ';a="b' * 10_000})
    begun = time.perf_counter()
    for _ in range(20):
        kind, options = forms.media_type(request)
        assert (kind, options["boundary"]) == ("multipart/form-data", "b")
    # It took a quarter of a second each time.
    assert time.perf_counter() - begun < 2.0


async def test_a_url_encoded_form_may_not_be_as_large_as_one_with_files() -> None:
    with pytest.raises(Failure) as caught:
        await parsed("application/x-www-form-urlencoded", b"prompt=" + b"%41" * 400_000)
    assert caught.value.code is Code.REQUEST_TOO_LARGE

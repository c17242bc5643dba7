"""Stored files over a real socket, as browsers and servers without a key ask for them."""

import email
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
import trio

from flow2api.domain.media import MediaFile
from tests.unit.api.doubles import Desk, open_desk, serving

DATA = bytes(range(256)) * 4000


@asynccontextmanager
async def opened(
    folder: Path, data: bytes = DATA, mime: str = "image/png"
) -> AsyncIterator[tuple[Desk, httpx.AsyncClient, MediaFile]]:
    with trio.fail_after(30):
        async with open_desk(folder) as desk, serving(desk) as url, httpx.AsyncClient(base_url=url) as client:
            yield desk, client, await desk.media.keep(data, mime)


@pytest.mark.parametrize(
    ("mime", "extension"),
    [("image/png", "png"), ("image/jpeg", "jpg"), ("image/webp", "webp"), ("image/gif", "gif"), ("video/mp4", "mp4")],
)
async def test_trap_2_a_file_comes_with_its_exact_type_and_without_a_key_and_is_never_a_page(
    tmp_path: Path, mime: str, extension: str
) -> None:
    async with opened(tmp_path, mime=mime) as (_, client, file):
        assert file.name.endswith(f".{extension}")
        answer = await client.get(f"/media/{file.name}", headers={"Origin": "https://page.example"})
        assert answer.status_code == 200
        assert answer.content == DATA
        headers = answer.headers
        assert headers["content-type"] == mime
        assert headers["content-length"] == str(len(DATA))
        assert headers["accept-ranges"] == "bytes"
        assert headers["access-control-allow-origin"] == "*"
        assert headers["cross-origin-resource-policy"] == "cross-origin"
        assert headers["x-content-type-options"] == "nosniff"
        # Whatever an upload holds besides a picture, nothing of it runs.
        assert headers["content-security-policy"] == "default-src 'none'; sandbox"
        assert headers["content-disposition"] == f'inline; filename="{file.name}"'
        assert "immutable" in headers["cache-control"]


async def test_head_tells_all_but_the_bytes(tmp_path: Path) -> None:
    async with opened(tmp_path) as (_, client, file):
        whole, head = await client.get(f"/media/{file.name}"), await client.head(f"/media/{file.name}")
        for name in ("content-type", "content-length", "etag", "accept-ranges"):
            assert head.headers[name] == whole.headers[name]
        assert head.content == b""


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=100-199", 100, 200),
        ("bytes=1000000-", 1000000, None),
        ("bytes=-5", len(DATA) - 5, None),
    ],
)
async def test_a_range_gives_these_bytes(tmp_path: Path, asked: str, start: int, end: int | None) -> None:
    async with opened(tmp_path) as (_, client, file):
        answer = await client.get(f"/media/{file.name}", headers={"Range": asked})
        part = DATA[start:end]
        assert answer.status_code == 206
        assert answer.content == part
        assert answer.headers["content-range"] == f"bytes {start}-{start + len(part) - 1}/{len(DATA)}"


async def test_several_ranges_come_as_parts_of_one_answer(tmp_path: Path) -> None:
    async with opened(tmp_path, mime="video/mp4") as (_, client, file):
        answer = await client.get(f"/media/{file.name}", headers={"Range": "bytes=0-9,-5"})
        assert answer.status_code == 206
        assert answer.headers["content-length"] == str(len(answer.content))
        message = email.message_from_bytes(b"Content-Type: " + answer.headers["content-type"].encode() + answer.content)
        told = [(part["Content-Range"], part["Content-Type"]) for part in message.walk() if not part.is_multipart()]
        size = len(DATA)
        assert told == [(f"bytes 0-9/{size}", "video/mp4"), (f"bytes {size - 5}-{size - 1}/{size}", "video/mp4")]
        assert b"\r\n\r\n" + DATA[:10] + b"\r\n--" in answer.content
        assert b"\r\n\r\n" + DATA[-5:] + b"\r\n--" in answer.content


async def test_a_range_outside_is_refused_with_the_size(tmp_path: Path) -> None:
    async with opened(tmp_path) as (_, client, file):
        answer = await client.get(f"/media/{file.name}", headers={"Range": "bytes=9999999-"})
        assert answer.status_code == 416
        assert answer.headers["content-range"] == f"bytes */{len(DATA)}"


async def test_a_range_counts_only_for_the_bytes_that_it_was_meant_for(tmp_path: Path) -> None:
    async with opened(tmp_path) as (_, client, file):
        etag = (await client.head(f"/media/{file.name}")).headers["etag"]
        for tag, status in ((etag, 206), ('"other"', 200), ("Mon, 23 Nov 2026 10:00:00 GMT", 200)):
            answer = await client.get(f"/media/{file.name}", headers={"Range": "bytes=0-9", "If-Range": tag})
            assert answer.status_code == status


async def test_a_known_file_is_not_sent_again(tmp_path: Path) -> None:
    async with opened(tmp_path) as (_, client, file):
        etag = (await client.get(f"/media/{file.name}")).headers["etag"]
        for known in (etag, f"W/{etag}", f'"x", {etag}', "*"):
            answer = await client.get(f"/media/{file.name}", headers={"If-None-Match": known})
            assert (answer.status_code, answer.content) == (304, b"")
            assert answer.headers["etag"] == etag
            assert "content-length" not in answer.headers
        assert (await client.get(f"/media/{file.name}", headers={"If-None-Match": '"x"'})).status_code == 200


@pytest.mark.parametrize(
    "name",
    [
        "abcdefghijklmnopqrstuvwxy2.png",
        "x.png",
        "..%2fsecret.png",
        "%2e%2e/x.png",
        "",
        "abcdefghijklmnopqrstuvwxy2.svg",
    ],
)
async def test_a_file_that_is_none_is_a_json_404_that_pages_may_read(tmp_path: Path, name: str) -> None:
    (tmp_path.parent / "secret.png").write_bytes(b"secret")
    async with opened(tmp_path) as (_, client, _):
        answer = await client.get(f"/media/{name}", headers={"Origin": "https://page.example"})
        assert answer.status_code == 404
        assert answer.json()["error"]["code"] == "not_found"
        assert answer.headers["access-control-allow-origin"] == "*"


def is_open(name: str) -> bool:
    """Whether this process holds a file of that name open."""
    return any(name in str(link.resolve()) for link in Path("/proc/self/fd").iterdir() if link.exists())


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="open files can be listed on Linux only")
async def test_a_reader_that_leaves_leaves_no_open_file(tmp_path: Path) -> None:
    async with opened(tmp_path, data=b"\0" * 20_000_000) as (_, client, file):
        async with client.stream("GET", f"/media/{file.name}") as answer:
            assert answer.status_code == 200
        while is_open(file.name):
            await trio.lowlevel.checkpoint()

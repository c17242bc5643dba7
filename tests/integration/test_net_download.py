"""Downloads: the file appears whole or not at all."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trio

from flow2api.errors import ConnectionBroken, NetworkFault, ResponseTooLarge, ResponseUnreadable
from flow2api.net.files import CHUNK_BYTES
from flow2api.net.message import Limits
from tests.doubles.asking import open_asking
from tests.doubles.server import Answer, chunked, cut_off, gzipped, pausing, plain, reset

_LARGE = os.urandom(3_500_000)


@pytest.mark.parametrize("body", [b"", b"small", _LARGE])
@pytest.mark.parametrize("durable", [False, True])
async def test_a_download_is_a_file_with_the_bytes_of_the_answer(tmp_path: Path, body: bytes, durable: bool) -> None:
    answer = plain(body, headers=[("Content-Type", "Video/MP4; codecs=avc1")])
    async with open_asking(answer) as (server, http):
        got = await http.download(server.url, tmp_path / "clip.mp4", headers=[("Range", "bytes=0-")], durable=durable)
    assert (got.status, got.mime, got.size_bytes, got.body) == (200, "video/mp4", len(body), b"")
    assert got.head == body[:65536]
    assert (tmp_path / "clip.mp4").read_bytes() == body
    assert os.listdir(tmp_path) == ["clip.mp4"]
    assert server.requests[0].headers["range"] == "bytes=0-"
    assert server.requests[0].headers["accept-encoding"] == "identity"


async def test_a_compressed_or_chunked_body_is_written_decoded(tmp_path: Path) -> None:
    async with open_asking(gzipped(_LARGE), chunked([b"ab", b"c"])) as (server, http):
        assert (await http.download(server.url, tmp_path / "large")).size_bytes == len(_LARGE)
        assert (await http.download(server.url, tmp_path / "small")).size_bytes == 3
    assert (tmp_path / "large").read_bytes() == _LARGE
    assert (tmp_path / "small").read_bytes() == b"abc"


@pytest.mark.parametrize(("body", "hops"), [(b"small", 1), (_LARGE, len(_LARGE) // CHUNK_BYTES + 1)])
async def test_a_file_costs_one_hop_to_a_thread_for_each_mebibyte(
    tmp_path: Path, body: bytes, hops: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def counted(fn: Callable[..., Any], *args: Any, **options: Any) -> Any:
        called.append(fn)
        return await run_sync(fn, *args, **options)

    called: list[object] = []
    run_sync = trio.to_thread.run_sync
    async with open_asking(plain(body)) as (server, http):
        monkeypatch.setattr(trio.to_thread, "run_sync", counted)
        await http.download(server.url, tmp_path / "file")
    assert len(called) == hops


async def test_an_older_file_is_replaced_only_by_a_complete_one(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"older")
    async with open_asking(cut_off(_LARGE, 2_000_000), plain(b"newer")) as (server, http):
        with pytest.raises(ConnectionBroken):
            await http.download(server.url, path)
        assert path.read_bytes() == b"older"
        await http.download(server.url, path)
    assert path.read_bytes() == b"newer"
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize("status", [204, 206, 302, 404, 500])
async def test_another_status_writes_no_file_and_shows_the_beginning_of_the_body(tmp_path: Path, status: int) -> None:
    body = b"" if status == 204 else b"sorry" * 20_000
    async with open_asking(plain(body, status=status)) as (server, http):
        got = await http.download(server.url, tmp_path / "file")
    assert (got.status, got.size_bytes, got.head, got.body) == (status, 0, b"", body[:65536])
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (cut_off(_LARGE, 2_000_000), ConnectionBroken),
        (reset(before=b"HTTP/1.1 200 OK\r\nContent-Length: 4000000\r\n\r\n" + _LARGE), ConnectionBroken),
        (chunked([_LARGE], finish=False), ConnectionBroken),
        (plain(_LARGE), ResponseTooLarge),
        (chunked([_LARGE]), ResponseTooLarge),
        (plain(b"broken", headers=[("Content-Encoding", "gzip")]), ResponseUnreadable),
    ],
)
async def test_a_failed_download_leaves_nothing_behind(
    tmp_path: Path, answer: Answer, fault: type[NetworkFault]
) -> None:
    async with open_asking(answer) as (server, http):
        limits = Limits(max_bytes=3_000_000 if fault is ResponseTooLarge else 10_000_000)
        with pytest.raises(fault):
            await http.download(server.url, tmp_path / "file", limits=limits)
        assert os.listdir(tmp_path) == []
        await server.wait_open(0)


async def test_a_cancelled_download_leaves_nothing_behind(tmp_path: Path) -> None:
    reached = trio.Event()
    before = b"HTTP/1.1 200 OK\r\nContent-Length: 4000000\r\n\r\n" + _LARGE
    async with open_asking(pausing(before, reached=reached)) as (server, http):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(http.download, server.url, tmp_path / "file")
            await reached.wait()
            while not os.listdir(tmp_path):
                await trio.sleep(0.001)
            nursery.cancel_scope.cancel()
        assert os.listdir(tmp_path) == []
        await server.wait_open(0)


@pytest.mark.parametrize("body", [b"small", _LARGE])
async def test_a_disk_that_does_not_take_it_is_the_callers_error(tmp_path: Path, body: bytes) -> None:
    async with open_asking(plain(body)) as (server, http):
        with pytest.raises(FileNotFoundError):
            await http.download(server.url, tmp_path / "missing" / "file")
        await server.wait_open(http.statistics().pool.idle)

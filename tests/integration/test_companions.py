"""Pictures of clips on disk: made once, counted, and gone with their clip."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio

from flow2api.actors.companions import Companions, MakeCompanion
from flow2api.actors.library import COMPANIONS, Companion, Library
from flow2api.actors.looker import Looker
from flow2api.actors.media_sweep import STRAY_SECONDS, Sweep, Sweeper
from flow2api.domain.media import MediaFile
from flow2api.errors import Code, Failure
from flow2api.store import media
from flow2api.store.door import Store, open_inline_store
from tests.doubles.clips import plain
from tests.doubles.records import media_file

NOW = 1_800_000_000.0


class Shelf:
    """A media folder with its store."""

    def __init__(self, folder: Path, store: Store, looker: Looker) -> None:
        self.store = store
        self.library = Library(folder)
        self.library.make_folders()
        self.companions = Companions(self.library, store, looker)

    async def put(self, data: bytes | None = None) -> MediaFile:
        """A clip as it lies there after some days."""
        name, path = self.library.new("mp4")
        path.write_bytes(data or plain())
        os.utime(path, (0, 0))
        file = msgspec.structs.replace(media_file(name, created_at=NOW, size_bytes=1000), job_id=None, mime="video/mp4")
        await self.store.write(media.insert, file)
        return file

    async def make(self, clip: str, kind: Companion = "thumbnail") -> Path:
        name = await self.companions.make(MakeCompanion(clip, kind))
        path = self.library.path(name)
        assert path is not None
        return path

    def files(self) -> list[Path]:
        return [path for path in self.library.folder.rglob("*") if path.is_file()]

    async def sweep(self, *, retention_seconds: float = 1e9, max_bytes: int = 10**9) -> None:
        order = Sweep(retention_seconds=retention_seconds, max_bytes=max_bytes)
        await Sweeper(self.library, self.store, lambda: NOW + STRAY_SECONDS * 2).sweep(order)


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Shelf]:
    with trio.fail_after(30):
        looker = Looker()
        async with open_inline_store() as store, trio.open_nursery() as nursery:
            nursery.start_soon(looker.run)
            yield Shelf(folder, store, looker)
            nursery.cancel_scope.cancel()


async def test_a_picture_is_made_once_however_many_ask_and_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[str] = []
    ask = Looker._ask

    async def counted(looker: Looker, verb: str, *rest: Any) -> bytes:
        drawn.append(verb)
        return await ask(looker, verb, *rest)

    monkeypatch.setattr(Looker, "_ask", counted)
    async with opened(tmp_path) as shelf:
        clip = await shelf.put()
        async with trio.open_nursery() as nursery:
            for kind in [*COMPANIONS] * 5:
                nursery.start_soon(shelf.make, clip.name, kind)
        paths = [await shelf.make(clip.name, kind) for kind in COMPANIONS]
        assert sorted(drawn) == ["spritesheet", "thumbnail"]
        assert [path.name.split(".")[0] for path in paths] == [clip.name.split(".")[0]] * 2
        size = sum(path.stat().st_size for path in paths)
        assert await shelf.store.read(media.total_bytes) == 1000 + size


async def test_a_broken_clip_is_a_clear_failure_and_looked_at_once(tmp_path: Path) -> None:
    async with opened(tmp_path) as shelf:
        clip = await shelf.put(b"\0\0\0\x18ftypisom" + b"\0" * 100)
        for _ in range(2):
            with pytest.raises(Failure, match="no thumbnail of this clip, since its file cannot be shown") as caught:
                await shelf.make(clip.name)
            assert caught.value.code is Code.NOT_FOUND
            # The second time nothing is read any more.
            path = shelf.library.path(clip.name)
            assert path is not None
            path.write_bytes(plain())


async def test_a_clip_that_is_gone_has_no_picture(tmp_path: Path) -> None:
    async with opened(tmp_path) as shelf:
        with pytest.raises(Failure) as caught:
            await shelf.make(shelf.library.new("mp4")[0])
        assert caught.value.code is Code.NOT_FOUND


@pytest.mark.parametrize("sweep", [{"retention_seconds": 1.0}, {"max_bytes": 0}])
async def test_pictures_are_no_strays_while_their_clip_is_there_and_go_with_it(
    tmp_path: Path, sweep: dict[str, float]
) -> None:
    async with opened(tmp_path) as shelf:
        clip = await shelf.put()
        paths = [await shelf.make(clip.name, kind) for kind in COMPANIONS]
        for path in paths:
            os.utime(path, (0, 0))
        await shelf.sweep()
        assert [path.exists() for path in paths] == [True, True]
        await shelf.sweep(**sweep)  # type: ignore[arg-type]
        assert [path.exists() for path in paths] == [False, False]
        assert shelf.files() == []


async def test_a_picture_that_its_clip_left_behind_is_a_stray(tmp_path: Path) -> None:
    async with opened(tmp_path) as shelf:
        clip = await shelf.put()
        path = await shelf.make(clip.name)
        os.utime(path, (0, 0))
        await shelf.store.write(media.delete, [clip.name])
        await shelf.sweep()
        assert not path.exists()

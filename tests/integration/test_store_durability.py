"""kill -9: whatever the store acknowledged is there afterwards, whole, and the file opens again at once."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import trio

from flow2api.store import jobs, media
from flow2api.store.door import open_store
from flow2api.store.seal import Seal

SEAL = Seal(b"k" * 32)
WRITERS = 8
ENOUGH = 200

# Writes jobs and their ends from several tasks and says so on standard output after each acknowledgement.
CHILD = """
import os, sys
from pathlib import Path
import msgspec, trio
from flow2api.domain.job import JobState
from flow2api.store import jobs
from flow2api.store.door import open_store
from flow2api.store.seal import Seal
from tests.doubles.records import job, media_file

async def write(store, writer):
    number = 0
    while True:
        name = f"w{writer}-{number}"
        await store.write(jobs.insert, job(name))
        os.write(1, f"inserted {name}\\n".encode())
        done = msgspec.structs.replace(job(name), state=JobState.SUCCEEDED, finished_at=101.0)
        await store.write(jobs.finish, done, [media_file(name + ".png"), media_file(name + ".jpg")])
        os.write(1, f"finished {name}\\n".encode())
        number += 1

async def main():
    async with open_store(Path(sys.argv[1]), Seal(b"k" * 32)) as store, trio.open_nursery() as nursery:
        for writer in range(int(sys.argv[2])):
            nursery.start_soon(write, store, writer)

trio.run(main)
"""


async def acknowledged_before_death(path: Path) -> set[str]:
    """Let a child write until it has acknowledged enough, kill it in the middle of it, and return what it had said."""
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", CHILD, str(path), str(WRITERS)]
    said = b""
    with trio.fail_after(60):
        child = await trio.lowlevel.open_process(
            command, stdout=subprocess.PIPE, cwd=root, env={**os.environ, "PYTHONPATH": str(root)}
        )
        try:
            assert child.stdout is not None
            while said.count(b"\n") < ENOUGH:
                piece = await child.stdout.receive_some()
                assert piece, "the child ended by itself"
                said += piece
            child.send_signal(signal.SIGKILL)
            async for piece in child.stdout:
                said += piece
        finally:
            child.kill()
            await child.wait()
    lines = said.decode().split("\n")[:-1]
    return set(lines)


@pytest.mark.skipif(os.name != "posix", reason="there is no kill -9")
async def test_nothing_acknowledged_is_lost_when_the_process_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    said = await acknowledged_before_death(path)
    async with open_store(path, SEAL) as store:
        stored = {job.id: job for job in await store.read(jobs.page, limit=1_000_000)}
        files = await store.read(media.names)
        check = await store.read(lambda db: db.rows("PRAGMA integrity_check"))
    inserted = {line.split()[1] for line in said}
    finished = {line.split()[1] for line in said if line.startswith("finished")}
    assert len(said) >= ENOUGH
    assert inserted <= stored.keys()
    assert finished <= {name for name, job in stored.items() if job.final}
    assert files == {f"{name}.{end}" for name, job in stored.items() if job.final for end in ("png", "jpg")}
    assert len(stored) <= len(inserted) + WRITERS
    assert check == [("ok",)]

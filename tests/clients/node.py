"""Node packages as clients: fetched once by the packaged Node, and run as programs that print JSON."""

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
import trio

from hatch_build import Unbuildable, environ, install, node_program

_HERE = Path(__file__).with_name("node")
_FILES = ("package.json", "package-lock.json", ".npmrc")


def node_client(cache: pytest.Cache) -> Path:
    """A folder with the packages and the programs; kept from one run of the tests to the next."""
    folder = Path(cache.mkdir("clients-node"))
    for name in _FILES:
        # Only what changed, since its time tells whether the packages are those that are wanted.
        if not (folder / name).exists() or (folder / name).read_bytes() != (_HERE / name).read_bytes():
            shutil.copyfile(_HERE / name, folder / name)
    for program in _HERE.glob("*.mjs"):
        shutil.copyfile(program, folder / program.name)
    try:
        install(folder)
    except Unbuildable as why:
        # Offline is no fault of ours; in continuous integration nobody would notice.
        (pytest.fail if os.environ.get("CI") else pytest.skip)(str(why))
    return folder


async def run_client(folder: Path, program: str, *arguments: str) -> dict[str, Any]:
    """What a program told."""
    node = node_program()
    done = await trio.run_process(
        [node, program, *arguments],
        cwd=folder,
        env=environ(node.parent),
        capture_stdout=True,
        capture_stderr=True,
        check=False,
    )
    said = done.stderr.decode(errors="replace")
    assert done.returncode == 0, said[-3000:]
    print(said, file=sys.stderr)
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told

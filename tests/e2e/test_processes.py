"""The tests' own hold on processes: none outlives its block, and none writes a secret unnoticed."""

import os
import sys
from pathlib import Path

import pytest

from tests.doubles.processes import Launch, Secrets, clean_environ, open_program, run_program

FOREVER = "import sys, threading; print('ready', flush=True); threading.Event().wait()"


def launch(folder: Path, code: str, *secrets: str, shows: tuple[str, ...] = ()) -> Launch:
    return Launch([sys.executable, "-c", code], folder, clean_environ(), Secrets(set(secrets)), shows=list(shows))


async def test_a_process_is_ended_when_its_test_fails(tmp_path: Path) -> None:
    pid = 0

    async def fail_beside_it() -> None:
        nonlocal pid
        async with open_program(launch(tmp_path, FOREVER)) as program:
            await program.says("ready")
            pid = program.pid
            raise LookupError

    with pytest.raises(LookupError):
        await fail_beside_it()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_a_process_that_ends_before_it_is_ready_says_why(tmp_path: Path) -> None:
    async with open_program(launch(tmp_path, "raise SystemExit('no room')")) as program:
        with pytest.raises(AssertionError, match="no room"):
            await program.says("ready")


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
@pytest.mark.parametrize("secret", ["plain-secret", "ya29.abcdefgh", "eyJhbGciOiJkaXIi.x", "f2a_abcdefghijkl"])
async def test_a_secret_in_either_stream_is_found(tmp_path: Path, stream: str, secret: str) -> None:
    code = f"import sys; print('all is well {secret}', file=sys.{stream})"
    with pytest.raises(AssertionError, match="wrote a secret"):
        await run_program(launch(tmp_path, code, "plain-secret"))
    ended = await run_program(launch(tmp_path, code, "plain-secret", shows=(secret,)))
    assert ended.code == 0

"""Earlier major versions of Google's Python package, unmodified, each beside ours in a folder of its own."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import trio

from flow2api.emulator.knobs import Knobs
from tests.doubles.gateway import MODEL, open_tested_gateway

SCRIPT = Path(__file__).with_name("genai_script.py")
CLIP_MODEL = "veo-3.1-fast"


def installed(cache: pytest.Cache, requirement: str) -> Path:
    """A folder with that version alone; what it needs besides comes from our own environment."""
    folder = cache.mkdir(f"client-{''.join(filter(str.isalnum, requirement))}")
    if not (folder / "google").exists():
        uv = shutil.which("uv") or os.environ.get("UV")
        command = [uv or "uv", "pip", "install", "--quiet", "--no-deps", "--target", str(folder), requirement]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            # Offline is no fault of ours; in continuous integration nobody would notice.
            (pytest.fail if os.environ.get("CI") else pytest.skip)(f"{requirement} cannot be had: {done.stderr[-300:]}")
    return Path(folder)


@pytest.mark.slow
@pytest.mark.parametrize("requirement", ["google-genai>=1.75,<2", "google-genai>=2.34,<3"])
async def test_an_earlier_major_version_does_all_that_its_users_do(
    requirement: str, request: pytest.FixtureRequest
) -> None:
    folder = installed(request.config.cache, requirement)
    knobs = Knobs(video_queued=0, video_active=1)
    async with open_tested_gateway(knobs=knobs, settings={"flow.poll_interval": 0.1}) as gateway:
        command = [sys.executable, str(SCRIPT), gateway.url, gateway.key, MODEL, CLIP_MODEL]
        environ = {**os.environ, "PYTHONPATH": str(folder)}
        done = await trio.run_process(command, env=environ, capture_stdout=True, capture_stderr=True, check=False)
        assert done.returncode == 0, done.stderr.decode()[-2000:]
        told = json.loads(done.stdout)
    assert told["version"].partition(".")[0] == requirement.partition("=")[2].partition(".")[0]
    assert told["models"] > 200
    assert told["model"] == f"models/{MODEL}"
    assert [len(told[name]) for name in ("picture", "streamed", "changed")] == [1, 1, 1]
    assert len(told.get("images", [])) == (2 if told["version"].startswith("1.") else 0)
    assert told["clips"] == ["ftyp"]
    assert told["error"] == [404, "NOT_FOUND"]

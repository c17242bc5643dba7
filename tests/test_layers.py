"""The rules of the source tree, read from the source itself: who may import what, and how large a piece may be."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MAX_MODULE_LINES = 400
MAX_FUNCTION_LINES = 60

# The composition root and the command line: they may import everything, and nothing below imports them.
TOP = frozenset({"cli", "app", "demo", "demo_folder", "tree", "process", "__main__"})
EVERYWHERE = frozenset({"errors", "log"})
# Part of the package -> the parts it may import besides itself, `errors` and `log`.
BELOW: dict[str, frozenset[str]] = {
    "errors": frozenset(),
    "log": frozenset(),
    "kit": frozenset(),
    "config": frozenset(),
    "instance": frozenset(),
    "domain": frozenset(),
    "emulator": frozenset(),
    "net": frozenset({"domain"}),
    "store": frozenset({"domain", "net"}),
    "providers": frozenset({"domain", "net"}),
    "browser": frozenset({"domain", "net"}),
    "actors": frozenset({"kit", "config", "domain", "store", "providers", "browser", "net"}),
    "api": frozenset({"actors", "kit", "config", "domain", "store", "net"}),
}
# These know nothing of this program at all.
ALONE = frozenset({"errors", "log", "kit"})

# Library -> the only places that may import it.
FENCED: dict[str, tuple[str, ...]] = {
    "quart": ("flow2api/api/", "flow2api/emulator/"),
    "quart_trio": ("flow2api/api/", "flow2api/emulator/"),
    "hypercorn": ("flow2api/api/", "flow2api/emulator/"),
    "asks": ("flow2api/net/http.py",),
    "python_socks": ("flow2api/net/",),
    "sqlite3": ("flow2api/store/",),
    "sqlite_utils": ("flow2api/store/",),
    "psycopg": ("flow2api/store/",),
    "nodriver": ("flow2api/browser/cdp.py",),
    "click": ("flow2api/cli/",),
    "rich": ("flow2api/cli/",),
}
# Where an unexpected exception ends: an actor's life, a request, a connection, a topic of the dashboard, which must not take the API
# with it, and a job, which must not meet a bug again and again after every restart of the engine.
MAY_CATCH_ALL = (
    "flow2api/kit/",
    "flow2api/api/exchange.py",
    "flow2api/api/worker.py",
    "flow2api/api/live/topic.py",
    "flow2api/actors/dispatcher.py",
    "flow2api/actors/job_run.py",
)


def imported(node: ast.AST) -> Iterator[str]:
    """The modules that an import statement names."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module == "flow2api":
        # What begins with an underscore is the package's own, such as its version; the rest are modules.
        yield from (f"flow2api.{alias.name}" for alias in node.names if not alias.name.startswith("_"))
    elif isinstance(node, ast.ImportFrom) and not node.level:
        yield node.module or ""


def layer_violations(path: str, tree: ast.Module) -> Iterator[str]:
    """Imports between our parts that go upwards or sideways."""
    own = path.removesuffix(".py").split("/")[1]
    if own in TOP:
        return
    if own not in BELOW and own != "__init__":
        yield f"{path}: a new part of the package needs its place in the layers"
        return
    allowed = BELOW.get(own, frozenset()) | {own} | (frozenset() if own in ALONE else EVERYWHERE)
    for node in ast.walk(tree):
        for module in imported(node):
            package, *parts = module.split(".")
            if package == "flow2api" and parts and parts[0] not in allowed:
                yield f"{path}:{getattr(node, 'lineno', 0)}: {own} imports {module}"


def fence_violations(path: str, tree: ast.Module) -> Iterator[str]:
    """Libraries outside their fence."""
    for node in ast.walk(tree):
        for module in imported(node):
            places = FENCED.get(module.split(".")[0])
            if places is not None and not path.startswith(places):
                yield f"{path}:{getattr(node, 'lineno', 0)}: imports {module}"


def form_violations(path: str, tree: ast.Module) -> Iterator[str]:
    """Imports in a form that the house does not use, and errors that are caught wholesale."""
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom(module="trio"):
                yield f"{path}:{node.lineno}: write `import trio`"
            case ast.ImportFrom(level=level) if level:
                yield f"{path}:{node.lineno}: imports are absolute"
            case ast.ImportFrom(names=[ast.alias(name="*")]):
                yield f"{path}:{node.lineno}: imports a star"
            case ast.ExceptHandler(type=None | ast.Name(id="Exception")) if not path.startswith(MAY_CATCH_ALL):
                yield f"{path}:{node.lineno}: catches everything"
            case ast.ExceptHandler(type=ast.Name(id="BaseException"), body=[*_, last]) if not isinstance(
                last, ast.Raise
            ):
                yield f"{path}:{node.lineno}: keeps a cancellation to itself"


def size_violations(path: str, source: str, tree: ast.Module) -> Iterator[str]:
    """Modules and functions that nobody reads in one go."""
    lines = len(source.splitlines())
    if lines > MAX_MODULE_LINES:
        yield f"{path}: {lines} lines"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or 0) - node.lineno + 1
            if length > MAX_FUNCTION_LINES:
                yield f"{path}:{node.lineno}: {node.name} has {length} lines"


def violations(path: str, source: str) -> list[str]:
    """Everything in one file of the package that breaks a rule."""
    tree = ast.parse(source)
    return [
        *layer_violations(path, tree),
        *fence_violations(path, tree),
        *form_violations(path, tree),
        *size_violations(path, source, tree),
    ]


def test_the_package_keeps_to_its_layers_fences_forms_and_sizes() -> None:
    files = sorted((ROOT / "flow2api").rglob("*.py"))
    assert len(files) > 50
    found = [line for file in files for line in violations(file.relative_to(ROOT).as_posix(), file.read_text("utf-8"))]
    assert found == []


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("flow2api/kit/actor.py", "from flow2api.errors import Failure"),
        ("flow2api/log.py", "import flow2api.config"),
        ("flow2api/domain/job.py", "from flow2api.store.door import Store"),
        ("flow2api/store/door.py", "from flow2api.providers.base import Session"),
        ("flow2api/providers/flow/client.py", "from flow2api import kit"),
        ("flow2api/emulator/app.py", "from flow2api.providers.flow import wire"),
        ("flow2api/actors/jobs.py", "from flow2api.api.services import Services"),
        ("flow2api/api/server.py", "from flow2api.app import run_gateway"),
        ("flow2api/api/server.py", "def later():\n    from flow2api.cli import main"),
        ("flow2api/brandnew/thing.py", ""),
        ("flow2api/actors/jobs.py", "import quart"),
        ("flow2api/net/guard.py", "from asks.sessions import Session"),
        ("flow2api/api/server.py", "import sqlite_utils"),
        ("flow2api/browser/tab.py", "import nodriver.cdp"),
        ("flow2api/app.py", "import rich.table"),
        ("flow2api/kit/actor.py", "from trio import Event"),
        ("flow2api/kit/actor.py", "from .mailbox import Ref"),
        ("flow2api/net/dial.py", "from socket import *"),
        ("flow2api/net/dial.py", "try:\n    x()\nexcept Exception:\n    pass"),
        ("flow2api/net/dial.py", "try:\n    x()\nexcept:\n    raise"),
        ("flow2api/net/dial.py", "try:\n    x()\nexcept BaseException:\n    y()"),
        ("flow2api/net/dial.py", "x = 1\n" * (MAX_MODULE_LINES + 1)),
        ("flow2api/net/dial.py", "def long():\n" + "    x = 1\n" * MAX_FUNCTION_LINES),
    ],
)
def test_the_check_catches_a_violation(path: str, source: str) -> None:
    assert len(violations(path, source)) == 1


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("flow2api/api/server.py", "from flow2api import __version__\nfrom flow2api.errors import Failure"),
        ("flow2api/api/server.py", "import quart\nfrom flow2api.kit.mailbox import Ref"),
        ("flow2api/actors/jobs.py", "from flow2api.store import jobs\nfrom flow2api.log import Secret"),
        ("flow2api/cli/serve.py", "from flow2api import app"),
        ("flow2api/net/http.py", "try:\n    x()\nexcept BaseException:\n    y()\n    raise"),
        ("flow2api/net/http.py", "def long():\n" + "    x = 1\n" * (MAX_FUNCTION_LINES - 1)),
    ],
)
def test_the_check_lets_pass_what_is_allowed(path: str, source: str) -> None:
    assert violations(path, source) == []

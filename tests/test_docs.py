"""The documents keep up with the code: settings, commands, exit codes, and the commands that are to be typed."""

import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from flow2api.cli import cli
from flow2api.cli.outcomes import EXIT_CODES
from flow2api.config import KEYS, ONLY_ENVIRONMENT, Config, Key, load_config, render
from flow2api.config.render import toml_value

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
SETTINGS = (ROOT / "docs" / "settings.md").read_text("utf-8")
EXAMPLE = ROOT / "config" / "setting.example.toml"
TEST_COMMAND = re.compile(r"^pip install uv && .*python -m tests$", re.MULTILINE)


def commands(group: click.Group, prefix: str = "flow2api") -> Iterator[tuple[str, click.Command]]:
    """Every command that can be run, with the words that run it."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{prefix} {name}")
        else:
            yield f"{prefix} {name}", command


def test_the_example_file_is_what_the_program_writes() -> None:
    assert EXAMPLE.read_text("utf-8") == render(Config())


def test_the_example_file_loads_to_the_defaults() -> None:
    assert load_config(EXAMPLE, {}, {}).config == Config()


def test_the_example_file_loads_to_the_defaults_with_every_setting_switched_on(tmp_path: Path) -> None:
    switched_on = tmp_path / "setting.toml"
    text, count = re.subn(r"^# (\w+ = .*)$", r"\1", EXAMPLE.read_text("utf-8"), flags=re.MULTILINE)
    switched_on.write_text(text, "utf-8")
    resolved = load_config(switched_on, {}, {})
    assert resolved.config == Config()
    assert count == len(KEYS)
    assert {value.source for value in resolved.values} == {f"file {switched_on}"}


@pytest.mark.parametrize("key", KEYS.values(), ids=list(KEYS))
def test_every_setting_is_documented(key: Key) -> None:
    row = f"| `{key.name}` | `{toml_value(key.default)}` | {key.description} |"
    assert row in SETTINGS.splitlines()


def test_every_documented_setting_exists() -> None:
    assert set(re.findall(r"^\| `(\w+\.\w+)` \| `", SETTINGS, re.MULTILINE)) == set(KEYS)


def test_what_only_the_environment_sets_is_documented() -> None:
    assert [name for name in ONLY_ENVIRONMENT if f"`{name}`" not in SETTINGS] == []


def test_every_command_is_in_the_readme_and_explains_itself() -> None:
    for words, command in commands(cli):
        assert re.search(rf"^\| `{words}[` ]", README, re.MULTILINE), words
        assert command.help, words
        for option in command.params:
            assert not isinstance(option, click.Option) or option.help, f"{words} {option.name}"


def test_every_command_in_the_readme_exists() -> None:
    known = {words for words, _ in commands(cli)}
    for typed in re.findall(r"^\| `(flow2api [^`]*)`", README, re.MULTILINE):
        words = [word for word in typed.split() if word.islower() and not word.startswith("-")]
        assert " ".join(words) in known


def test_the_exit_codes_in_the_readme_are_those_of_the_program() -> None:
    told = " ".join(README.split())
    assert "Exit codes: " + "; ".join(f"{code} {meaning}" for code, meaning in EXIT_CODES.items()) + "." in told


def test_the_readme_is_short_enough_to_be_read() -> None:
    # Commands are for looking up.
    assert len([line for line in README.splitlines() if not line.startswith("| `")]) <= 200


def test_links_between_documents_lead_somewhere() -> None:
    for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", *map(str, (ROOT / "docs").glob("*.md"))):
        for target in re.findall(r"\]\(([^)#:]+)\)", (ROOT / name).read_text("utf-8")):
            assert ((ROOT / name).parent / target).exists() or target.startswith("http"), f"{name}: {target}"


def test_ci_runs_the_readmes_test_command_to_the_letter(tmp_path: Path) -> None:
    """With a `pip`, a `uv` and a `chromium` that only note how they were called."""
    [command] = TEST_COMMAND.findall(README)
    notes = tmp_path / "notes"
    for name in ("pip", "uv", "chromium", "apt-get"):
        tool = tmp_path / name
        tool.write_text(f'#!/bin/sh\necho {name} "$@" >> {shlex.quote(str(notes))}\n')
        tool.chmod(0o755)
    environ = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    done = subprocess.run([ROOT / ".ci" / "run"], env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    called = [line for line in notes.read_text().splitlines() if not line.startswith("apt-get")]
    assert called == command.split(" && ")


def test_ci_fails_when_the_tests_fail(tmp_path: Path) -> None:
    for name, code in (("pip", 0), ("uv", 3), ("chromium", 0), ("apt-get", 0)):
        tool = tmp_path / name
        tool.write_text(f"#!/bin/sh\nexit {code}\n")
        tool.chmod(0o755)
    environ = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    assert subprocess.run([ROOT / ".ci" / "run"], env=environ, capture_output=True, check=False).returncode == 3

"""`flow2api config`, and wrong settings at any command."""

import json
from pathlib import Path

import pytest

from flow2api.cli.outcomes import USAGE
from flow2api.config import KEYS, Config, load_config
from tests.unit.cli.stage import Stage


def test_each_setting_is_shown_with_its_value_and_source(stage: Stage, tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text("[log]\nlevel = 'debug'\n")
    stage.environ = {"FLOW2API_SERVER_PORT": "9000"}
    shown = {
        line.split()[0]: line
        for line in stage.run("config", "--config", str(file), "--data-dir", "d").stdout.splitlines()
    }
    assert set(KEYS) <= set(shown)
    assert f"file {file}" in shown["log.level"]
    assert "9000" in shown["server.port"]
    assert "environment FLOW2API_SERVER_PORT" in shown["server.port"]
    assert "command line" in shown["storage.data_dir"]
    assert "default" in shown["server.host"]


def test_json_has_description_and_source_of_each_setting(stage: Stage) -> None:
    entries = {entry["key"]: entry for entry in json.loads(stage.run("config", "--json").stdout)}
    assert set(entries) == set(KEYS)
    assert entries["server.port"] == {
        "key": "server.port",
        "value": 8000,
        "source": "default",
        "default": 8000,
        "allowed": "a whole number from 0 to 65535",
        "description": "Port to listen on; 0 takes any free one.",
        "environment": "FLOW2API_SERVER_PORT",
        "run_time": False,
    }


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_passwords_are_not_shown(stage: Stage, form: list[str]) -> None:
    stage.environ = {"FLOW2API_PROXY_URLS": "http://ada:hunter22@proxy:8080"}
    shown = stage.run("config", *form).output
    assert "hunter22" not in shown
    assert "***@proxy:8080" in shown


def test_the_example_is_a_file_that_loads_to_the_defaults(stage: Stage, tmp_path: Path) -> None:
    file = tmp_path / "example.toml"
    file.write_text(stage.run("config", "--example").stdout)
    assert load_config(file, {}, {}).config == Config()


@pytest.mark.parametrize("command", [["config"], ["serve"], ["demo"], ["account", "list"], ["models"]])
def test_wrong_settings_end_every_command_with_a_message_and_code_2(stage: Stage, command: list[str]) -> None:
    stage.environ = {"FLOW2API_SERVER_PORT": "many", "FLOW2API_LOGLEVEL": "info"}
    result = stage.run(*command)
    assert result.exit_code == USAGE
    assert "server.port must be a whole number from 0 to 65535" in result.stderr
    assert "did you mean FLOW2API_LOG_LEVEL?" in result.stderr
    assert stage.started == []


def test_a_named_file_that_is_missing_is_told(stage: Stage) -> None:
    result = stage.run("serve", "--config", "none.toml")
    assert result.exit_code == USAGE
    assert result.stderr == "Error: none.toml: there is no such file; name one that is with --config\n"

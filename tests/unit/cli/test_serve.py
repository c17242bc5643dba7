"""`flow2api serve`, `flow2api demo`, and how commands end."""

import json
import logging
import shlex
from pathlib import Path

import pytest

from flow2api import __version__
from flow2api.cli.outcomes import EXIT_CODES, FAILED, NO_INSTANCE, USAGE, CommandFailed, run
from flow2api.errors import Code, Failure, TimedOut
from flow2api.instance import AlreadyRunning
from flow2api.kit.errors import TooManyRestarts
from flow2api.log import Secret
from flow2api.store.errors import StoreRefused
from tests.unit.cli.stage import FakeGateway, Stage


def test_serve_takes_address_and_folder_from_the_command_line(stage: Stage) -> None:
    stage.environ = {"FLOW2API_SERVER_PORT": "9000"}
    result = stage.run("serve", "--host", "0.0.0.0", "--port", "0", "--data-dir", "elsewhere")
    assert result.exit_code == 0
    assert result.stdout == "flow2api listens on http://127.0.0.1:4321\n"
    [resolved] = stage.started
    assert (resolved.config.server.host, resolved.config.server.port) == ("0.0.0.0", 0)
    assert resolved.config.storage.data_dir == "elsewhere"


def test_serve_shows_the_first_key_once(stage: Stage) -> None:
    stage.gateway = FakeGateway(first_key=Secret("f2a_first"))
    assert "f2a_first" in stage.run("serve").stdout


def test_serve_shows_the_token_of_the_set_up_as_long_as_there_is_no_administrator(stage: Stage) -> None:
    assert "/dashboard/" not in stage.run("serve").stdout
    stage.gateway = FakeGateway(setup_token=Secret("set-me-up-1234"))
    shown = stage.run("serve").stdout
    assert "http://127.0.0.1:4321/dashboard/" in shown
    assert "set-me-up-1234" in shown


def test_a_port_that_is_none_is_wrong_usage(stage: Stage) -> None:
    result = stage.run("serve", "--port", "70000")
    assert result.exit_code == USAGE
    assert "command line: server.port must be a whole number from 0 to 65535, not 70000" in result.stderr


def test_the_demo_introduces_itself_with_a_command_that_can_be_pasted(stage: Stage) -> None:
    result = stage.run("demo", "--api-key", "key with 'quotes'")
    assert result.exit_code == 0
    assert "http://127.0.0.1:4321/v1" in result.stdout
    [line] = [line for line in result.stdout.splitlines() if line.startswith("curl ")]
    words = shlex.split(line)
    assert words[1] == "http://127.0.0.1:4321/v1/chat/completions"
    assert "Authorization: Bearer key with 'quotes'" in words
    assert json.loads(words[-1])["messages"][0]["role"] == "user"
    assert stage.demo_keys == ["key with 'quotes'"]


def test_the_demo_makes_a_key_and_leaves_nothing_behind(stage: Stage, tmp_path: Path) -> None:
    result = stage.run("demo")
    assert stage.demo_keys == [None]
    assert "f2a_of_the_demo" in result.stdout
    [resolved] = stage.started
    assert resolved.config.captcha.method == "none"
    folder = Path(resolved.config.storage.data_dir)
    assert folder.is_absolute()
    assert not folder.exists()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("environ", "level", "shown"),
    [({}, "info", logging.WARNING), ({"FLOW2API_LOG_LEVEL": "debug"}, "debug", logging.DEBUG)],
)
def test_the_demos_terminal_is_quiet_unless_a_level_is_set_and_its_log_is_whole(
    stage: Stage, environ: dict[str, str], level: str, shown: int
) -> None:
    stage.environ = environ
    stage.run("demo")
    assert stage.started[0].config.log.level == level
    [terminal] = [handler for handler in logging.getLogger().handlers if type(handler) is logging.StreamHandler]
    assert terminal.level == shown


def test_the_demo_keeps_its_data_in_a_folder_that_was_named(stage: Stage) -> None:
    stage.run("demo", "--data-dir", "kept")
    assert stage.started[0].config.storage.data_dir == "kept"


@pytest.mark.parametrize(
    ("failure", "code", "words"),
    [
        (AlreadyRunning(Path("data"), 12), NO_INSTANCE, "already running on the data folder data (process 12)"),
        (StoreRefused("The database is newer than this program."), FAILED, "The database is newer"),
        (TooManyRestarts("root", "server", 3, 60), FAILED, "more than 3 restarts"),
        (PermissionError(13, "Permission denied", "data/x"), FAILED, "data/x: Permission denied"),
        (ExceptionGroup("group", [StoreRefused("Once."), TimedOut("Twice.")]), FAILED, "Once."),
    ],
)
def test_an_expected_failure_is_one_line_and_an_exit_code(
    stage: Stage, failure: Exception, code: int, words: str
) -> None:
    stage.failure = failure
    result = stage.run("serve")
    assert result.exit_code == code
    assert words in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_tree_that_gives_up_tells_the_crash_behind_it(stage: Stage) -> None:
    inner, outer = TooManyRestarts("http", "server", 3, 60), TooManyRestarts("flow2api", "http", 3, 60)
    inner.__cause__, outer.__cause__ = ValueError("bug"), inner
    stage.failure = outer
    result = stage.run("serve")
    assert result.exit_code == FAILED
    assert "the last for http: ValueError: bug" in result.stderr


def test_an_unexpected_failure_is_not_hidden(stage: Stage) -> None:
    stage.failure = ExceptionGroup("group", [StoreRefused("Once."), ValueError("bug")])
    with pytest.raises(ExceptionGroup):
        stage.run("serve")


def test_an_interrupt_inside_the_tree_is_an_abort(stage: Stage) -> None:
    stage.failure = BaseExceptionGroup("group", [KeyboardInterrupt()])
    result = stage.run("serve")
    assert result.exit_code == 1
    assert result.stderr == "\nAborted!\n" or "Aborted!" in result.stderr


def test_a_message_holds_no_secret() -> None:
    async def fail() -> None:
        raise Failure(Code.UPSTREAM_ERROR, "refused with Bearer abcdefgh12345")

    with pytest.raises(CommandFailed) as caught:
        run(fail)
    assert "abcdefgh12345" not in caught.value.message


def test_version_and_exit_codes_are_told(stage: Stage) -> None:
    assert stage.run("--version").stdout == f"flow2api {__version__}\n"
    words = " ".join(stage.run("--help").stdout.split())
    for code, meaning in EXIT_CODES.items():
        assert f"{code} {meaning}" in words

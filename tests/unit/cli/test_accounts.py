"""`flow2api account …`."""

import json
from pathlib import Path

import pytest

from flow2api.cli.outcomes import NO_INSTANCE, REFUSED
from flow2api.errors import Unreachable
from flow2api.instance import InstanceLock
from flow2api.log import Secret
from tests.unit.cli.stage import TOKEN, Stage

ACCOUNT = {
    "account": {
        "id": "acc_1",
        "provider": "flow",
        "label": "Ada [bold]",
        "tier": "pro",
        "credits": 980,
        "standing": {"state": "resting", "code": "throttled", "detail": "too many requests", "until": 1_900_000_000.0},
    },
    "images_in_flight": 1,
}


def test_accounts_are_listed_with_state_and_reason(stage: Stage) -> None:
    stage.answers = {"GET /api/accounts": {"accounts": [ACCOUNT]}}
    result = stage.run("account", "list")
    assert result.exit_code == 0
    for word in ("acc_1", "Ada [bold]", "980", "resting", "too many requests", "2030-03-17"):
        assert word in result.stdout


def test_a_name_cannot_write_over_the_screen(stage: Stage) -> None:
    stage.answers = {
        "GET /api/accounts": {"accounts": [{"account": {"id": "a", "provider": "flow", "label": "a\x1b[2Jb"}}]}
    }
    assert "a[2Jb" in stage.run("account", "list").stdout


def test_an_empty_list_says_what_to_do(stage: Stage) -> None:
    stage.answers = {"GET /api/accounts": {"accounts": []}}
    assert "flow2api account add" in stage.run("account", "list").stdout


def test_a_script_gets_json(stage: Stage) -> None:
    stage.answers = {"GET /api/accounts": {"accounts": [ACCOUNT]}}
    assert json.loads(stage.run("account", "list", "--json").stdout) == {"accounts": [ACCOUNT]}


@pytest.mark.parametrize(
    ("arguments", "input"),
    [
        (["--session-token", "cookie-value"], None),
        (["--session-token", "-"], " cookie-value\n"),
        ([], "cookie-value\n"),
    ],
)
def test_the_session_token_comes_from_the_option_from_standard_input_or_is_asked_for(
    stage: Stage, arguments: list[str], input: str | None
) -> None:
    stage.answers = {"POST /api/accounts": ACCOUNT}
    result = stage.run("account", "add", *arguments, "--label", "Ada", input=input)
    assert result.exit_code == 0
    assert "added Ada" in result.stdout
    assert "cookie-value" not in result.output
    assert stage.asked[0].body == {"credential": "cookie-value", "label": "Ada"}


def test_a_key_is_added_for_its_kind_with_address_and_group(stage: Stage) -> None:
    stage.answers = {"POST /api/accounts": ACCOUNT}
    kind = ("--kind", "gateway", "--base-url", "https://relay.example/v1", "--group", "paid")
    result = stage.run("account", "add", *kind, "--key", "-", input="sk-secret\n")
    assert result.exit_code == 0
    assert "sk-secret" not in result.output
    expected = {"provider": "gateway", "base_url": "https://relay.example/v1", "group": "paid"}
    assert stage.asked[0].body == {"credential": "sk-secret", **expected}


def test_an_account_is_put_into_a_group(stage: Stage) -> None:
    stage.answers = {"PATCH /api/accounts/acc_1": ACCOUNT}
    assert stage.run("account", "group", "acc_1", "paid").exit_code == 0
    assert stage.asked[0].body == {"group": "paid"}


def test_an_empty_session_token_is_wrong_usage(stage: Stage) -> None:
    result = stage.run("account", "add", "--session-token", "-", input="\n")
    assert result.exit_code == 2
    assert "session token is empty" in result.stderr
    assert stage.asked == []


def test_a_refusal_is_told_in_the_gateways_words(stage: Stage) -> None:
    error = {
        "message": "The cookie is too old.",
        "type": "invalid_request_error",
        "param": None,
        "code": "invalid_value",
    }
    stage.answers = {"POST /api/accounts": (400, {"error": error})}
    result = stage.run("account", "add", "--session-token", "x")
    assert result.exit_code == REFUSED
    assert result.stderr == "Error: The cookie is too old. (invalid_value)\n"


def test_an_answer_that_is_no_json_is_told_by_its_status(stage: Stage) -> None:
    stage.answers = {"GET /api/accounts": (502, b"<html>")}
    result = stage.run("account", "list")
    assert result.exit_code == REFUSED
    assert "status 502" in result.stderr


@pytest.mark.parametrize(("act", "done"), [("enable", "enabled"), ("disable", "disabled"), ("refresh", "refreshed")])
def test_an_account_is_enabled_disabled_and_refreshed_by_its_id(stage: Stage, act: str, done: str) -> None:
    stage.answers = {f"POST /api/accounts/acc_1/{act}": ACCOUNT}
    assert stage.run("account", act, "acc_1").stdout.startswith(f"{done} Ada")


def test_an_id_stays_one_part_of_the_path(stage: Stage) -> None:
    stage.answers = {"DELETE /api/accounts/..%2Fkeys%3Fa": b""}
    assert stage.run("account", "remove", "../keys?a").stdout == "removed ../keys?a\n"


def test_an_export_goes_to_a_new_file_that_only_the_owner_can_read(stage: Stage, tmp_path: Path) -> None:
    stage.answers = {"GET /api/accounts/export": {"accounts": [{"credential": "c"}]}}
    file = tmp_path / "accounts.json"
    result = stage.run("account", "export", str(file))
    assert "wrote 1 accounts" in result.stdout
    assert json.loads(file.read_text()) == {"accounts": [{"credential": "c"}]}
    assert file.stat().st_mode & 0o777 == 0o600
    again = stage.run("account", "export", str(file))
    assert again.exit_code == 1
    assert "File exists" in again.stderr


def test_an_export_without_a_file_is_printed(stage: Stage) -> None:
    stage.answers = {"GET /api/accounts/export": {"accounts": []}}
    assert json.loads(stage.run("account", "export").stdout) == {"accounts": []}


@pytest.mark.parametrize("content", ['{"accounts": [{"credential": "c"}]}', '[{"credential": "c"}]'])
def test_an_import_takes_what_an_export_wrote(stage: Stage, tmp_path: Path, content: str) -> None:
    stage.answers = {"POST /api/accounts/import": {"imported": [{"label": "Ada", "account": ACCOUNT, "error": None}]}}
    file = tmp_path / "accounts.json"
    file.write_text(content)
    result = stage.run("account", "import", str(file))
    assert (result.exit_code, result.stdout) == (0, "imported 1 of 1 accounts\n")
    assert stage.asked[0].body == {"accounts": [{"credential": "c"}]}


def test_an_import_that_fails_in_part_says_which(stage: Stage) -> None:
    bad = {"label": "Ada", "account": None, "error": "The cookie is too old."}
    good = {"label": "Grace", "account": ACCOUNT, "error": None}
    stage.answers = {"POST /api/accounts/import": {"imported": [bad, good]}}
    result = stage.run("account", "import", "-", input="[{}, {}]")
    assert (result.exit_code, result.stdout) == (REFUSED, "imported 1 of 2 accounts\n")
    assert result.stderr == "Error: Ada: The cookie is too old.\n"


@pytest.mark.parametrize("content", ["{", "3", '{"accounts": 1}'])
def test_an_import_of_something_else_is_refused_before_asking(stage: Stage, content: str) -> None:
    result = stage.run("account", "import", "-", input=content)
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: the file ")
    assert stage.asked == []


def test_a_running_instance_is_asked_with_its_token(stage: Stage, tmp_path: Path) -> None:
    stage.answers = {"GET /api/accounts": {"accounts": []}}
    with InstanceLock(tmp_path / "data") as lock:
        lock.publish("http://127.0.0.1:9999", Secret("token-of-the-instance"))
        stage.run("account", "list")
    assert stage.started == []
    assert stage.asked[0].url == "http://127.0.0.1:9999/api/accounts"
    assert stage.asked[0].authorization == "Bearer token-of-the-instance"


def test_without_a_running_instance_one_is_started_on_loopback_with_any_port(stage: Stage, tmp_path: Path) -> None:
    stage.answers = {"GET /api/accounts": {"accounts": []}}
    stage.environ = {"FLOW2API_SERVER_HOST": "0.0.0.0"}
    stage.run("account", "list", "--data-dir", str(tmp_path / "other"))
    [resolved] = stage.started
    assert (resolved.config.server.host, resolved.config.server.port) == ("127.0.0.1", 0)
    assert resolved.config.storage.data_dir == str(tmp_path / "other")
    assert stage.asked[0].url == "http://127.0.0.1:4321/api/accounts"
    assert stage.asked[0].authorization == f"Bearer {TOKEN}"


@pytest.mark.parametrize("answer", [b"<html>", {"accounts": [{"id": "a"}]}])
def test_something_else_than_a_gateway_is_told_as_such(stage: Stage, answer: object) -> None:
    stage.answers = {"GET /api/accounts": answer}
    result = stage.run("account", "list")
    assert result.exit_code == NO_INSTANCE
    assert "not a gateway" in result.stderr


def test_an_instance_that_does_not_answer_is_told_as_such(stage: Stage) -> None:
    stage.answers = {"GET /api/accounts": Unreachable("127.0.0.1:9999 cannot be reached: Connection refused")}
    result = stage.run("account", "list")
    assert result.exit_code == NO_INSTANCE
    assert "Connection refused" in result.stderr

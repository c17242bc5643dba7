"""`flow2api key …` and `flow2api models`."""

import json

from tests.unit.cli.stage import Stage


def test_a_new_key_is_alone_on_standard_output(stage: Stage) -> None:
    stage.answers = {"POST /api/keys": {"key": {"id": "key_1", "name": "chat"}, "secret": "f2a_new"}}
    result = stage.run("key", "create", "chat")
    assert result.stdout == "f2a_new\n"
    assert "only now" in result.stderr
    assert stage.asked[0].body == {"name": "chat"}


def test_a_new_key_as_json_is_the_whole_answer(stage: Stage) -> None:
    made = {"key": {"id": "key_1", "name": "chat"}, "secret": "f2a_new"}
    stage.answers = {"POST /api/keys": made}
    assert json.loads(stage.run("key", "create", "chat", "--json").stdout) == made


def test_keys_are_listed_with_their_times(stage: Stage) -> None:
    key = {"id": "key_1", "name": "chat", "hint": "f2a_3k…9x", "created_at": 1.0, "revoked_at": None}
    stage.answers = {"GET /api/keys": {"keys": [key]}}
    shown = stage.run("key", "list").stdout
    for word in ("key_1", "chat", "f2a_3k…9x", "1970-01-01", "-"):
        assert word in shown
    assert json.loads(stage.run("key", "list", "--json").stdout) == {"keys": [key]}


def test_without_keys_the_list_says_what_to_do(stage: Stage) -> None:
    stage.answers = {"GET /api/keys": {"keys": []}}
    assert "flow2api key create" in stage.run("key", "list").stdout


def test_a_key_is_revoked_by_its_id(stage: Stage) -> None:
    stage.answers = {"DELETE /api/keys/key_1": b""}
    assert stage.run("key", "revoke", "key_1").stdout == "revoked key_1\n"


def test_models_are_listed_by_id_and_name(stage: Stage) -> None:
    models = {"object": "list", "data": [{"id": "gemini-3.1-flash-image", "name": "Gemini 3.1 Flash Image"}]}
    stage.answers = {"GET /v1/models": models}
    shown = stage.run("models").stdout
    assert "gemini-3.1-flash-image" in shown
    assert "Gemini 3.1 Flash Image" in shown
    assert json.loads(stage.run("models", "--json").stdout) == models

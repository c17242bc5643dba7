"""`flow2api key …` and `flow2api models`."""

import json
import time

import pytest

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


def test_limits_are_sent_as_the_api_takes_them(stage: Stage) -> None:
    stage.answers = {"POST /api/keys": {"key": {}, "secret": "f2a_new"}}
    options = ["--scope", "chat", "--scope", "models", "--model", "veo-*", "--per-minute", "60", "--concurrent", "2"]
    options += ["--daily-credits", "0", "--total-credits", "900", "--expires", "2030-01-31T00:00:00+00:00"]
    assert stage.run("key", "create", "guest", *options).exit_code == 0
    assert stage.asked[-1].body == {
        "name": "guest",
        "scopes": ["chat", "models"],
        "models": ["veo-*"],
        "requests_per_minute": 60,
        "concurrent_jobs": 2,
        "daily_credits": 0,
        "total_credits": 900,
        "expires_at": 1_896_048_000.0,
    }


def test_a_change_names_only_what_was_given_and_none_takes_a_limit_away(stage: Stage) -> None:
    stage.answers = {"PATCH /api/keys/key_1": {"name": "guest", "daily_credits": 5, "models": ["veo-*"]}}
    options = ["--scope", "all", "--per-minute", "none", "--daily-credits", "5", "--expires", "none"]
    changed = stage.run("key", "change", "key_1", *options)
    assert changed.stdout == "changed guest: models veo-*; 5 credits a day\n"
    assert stage.asked[-1].body == {
        "scopes": [],
        "requests_per_minute": None,
        "daily_credits": 5,
        "expires_at": None,
    }


def test_an_expiry_may_be_a_span_from_now(stage: Stage) -> None:
    stage.answers = {"POST /api/keys": {"key": {}, "secret": "f2a_new"}}
    stage.run("key", "create", "guest", "--expires", "2d")
    assert 0 <= stage.asked[-1].body["expires_at"] - time.time() + 60 - 2 * 86_400 <= 60


@pytest.mark.parametrize(
    "options", [[], ["--per-minute", "-1"], ["--per-minute", "½"], ["--expires", "soon"], ["--scope", "everything"]]
)
def test_what_makes_no_sense_as_a_change_is_wrong_usage(stage: Stage, options: list[str]) -> None:
    assert stage.run("key", "change", "key_1", *options).exit_code == 2
    assert stage.asked == []


def test_models_are_listed_by_id_and_name(stage: Stage) -> None:
    models = {"object": "list", "data": [{"id": "gemini-3.1-flash-image", "name": "Gemini 3.1 Flash Image"}]}
    stage.answers = {"GET /v1/models": models}
    shown = stage.run("models").stdout
    assert "gemini-3.1-flash-image" in shown
    assert "Gemini 3.1 Flash Image" in shown
    assert json.loads(stage.run("models", "--json").stdout) == models


def test_all_models_are_listed_with_their_state_and_the_aliases(stage: Stage) -> None:
    entries = [
        {"id": "plain", "title": "Plain", "on": True, "offered": True},
        {"id": "away", "title": "Away", "on": False, "offered": False},
        {"id": "family", "title": "Family", "on": True, "offered": False},
    ]
    answer = {"models": entries, "aliases": [{"name": "sora-2", "target": "plain", "offered": True}]}
    stage.answers = {"GET /api/models": answer}
    lines = [line.split() for line in stage.run("models", "--all").stdout.splitlines()[1:]]
    assert [line[:3] for line in lines] == [
        ["plain", "Plain", "on"],
        ["away", "Away", "off"],
        ["family", "Family", "off,"],
        ["sora-2", "plain", "on"],
    ]
    assert json.loads(stage.run("models", "--all", "--json").stdout) == answer


def test_models_are_switched_and_named_anew(stage: Stage) -> None:
    stage.answers = {
        "PUT /api/models/veo": {"id": "veo", "on": False, "offered": False},
        "PUT /api/aliases/a%2Fb": {"name": "a/b", "target": "veo", "offered": True},
        "DELETE /api/aliases/sora-2": {"name": "sora-2", "removed": True},
    }
    assert stage.run("model", "switch", "veo", "off").stdout == "veo is off\n"
    assert stage.run("model", "alias", "a/b", "veo").stdout == "a/b is veo\n"
    assert stage.run("model", "alias", "sora-2", "--remove").stdout == "removed sora-2\n"
    assert [asked.body for asked in stage.asked] == [{"on": False}, {"target": "veo"}, None]


@pytest.mark.parametrize("arguments", [["sora-2"], ["sora-2", "veo", "--remove"]])
def test_an_alias_is_either_set_or_removed(stage: Stage, arguments: list[str]) -> None:
    assert stage.run("model", "alias", *arguments).exit_code == 2
    assert stage.asked == []

"""`flow2api admin …`: the way back in for an operator who is locked out."""

import pytest

from flow2api.cli.outcomes import REFUSED, USAGE
from tests.unit.cli.stage import TOKEN, Stage

CHANGED = {"changed": True, "ended": 2}
NEW = "a long enough password"


@pytest.mark.parametrize(
    ("arguments", "said"), [([], f"{NEW}\n{NEW}\n"), (["--password", "-"], NEW), (["--password", "-"], f"{NEW}\r\n")]
)
def test_a_password_is_set_without_the_old_one_and_never_shown(stage: Stage, arguments: list[str], said: str) -> None:
    stage.answers["PUT /api/password"] = CHANGED
    result = stage.run("admin", "password", *arguments, input=said)
    assert (result.exit_code, result.stdout) == (0, "The password is set; 2 sign-ins were ended.\n")
    [asked] = stage.asked
    assert (asked.authorization, asked.body) == (f"Bearer {TOKEN}", {"password": NEW})
    assert NEW not in result.output


def test_a_password_on_the_command_line_is_refused(stage: Stage) -> None:
    result = stage.run("admin", "password", "--password", NEW)
    assert result.exit_code == USAGE
    assert NEW not in result.output
    assert stage.asked == []


def test_a_password_that_is_too_short_is_told_in_the_gateways_words(stage: Stage) -> None:
    error = {"message": "A password must have 10 to 1000 characters.", "code": "invalid_value"}
    stage.answers["PUT /api/password"] = (
        400,
        {"error": {"type": "invalid_request_error", "param": "password", **error}},
    )
    result = stage.run("admin", "password", "--password", "-", input="short")
    assert result.exit_code == REFUSED
    assert "10 to 1000 characters" in result.stderr


def test_a_lost_authenticator_is_turned_off_and_all_are_signed_out(stage: Stage) -> None:
    stage.answers["DELETE /api/second-factor"] = {"on": False}
    stage.answers["DELETE /api/sessions"] = {"ended": 1}
    assert "is off" in stage.run("admin", "second-factor-off").stdout
    assert stage.run("admin", "sign-out").stdout == "Done; 1 sign-in was ended.\n"
    assert [asked.authorization for asked in stage.asked] == [f"Bearer {TOKEN}"] * 2

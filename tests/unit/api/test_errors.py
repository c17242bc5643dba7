import logging
from collections.abc import Callable

import msgspec
import pytest
from werkzeug.exceptions import BadRequest, MethodNotAllowed, NotFound

from flow2api.api.errors import advice, envelope, failure_of, respond
from flow2api.api.gemini import dialect
from flow2api.errors import KINDS, Code, Failure
from flow2api.kit.errors import ActorParked, ActorStopped


@pytest.mark.parametrize("code", list(Code))
def test_every_code_gives_an_object_with_all_four_fields(code: Code) -> None:
    error = msgspec.json.decode(envelope(Failure(code, "Something is wrong.", param="n")))["error"]
    assert error == {"message": "Something is wrong.", "type": KINDS[code].type, "param": "n", "code": code.value}


@pytest.mark.parametrize("told", [envelope, dialect.envelope])
def test_what_a_caller_made_up_is_not_sent_back_by_the_megabyte(told: Callable[[Failure], bytes]) -> None:
    long = "x" * 1_000_000
    assert len(told(Failure(Code.INVALID_VALUE, f"There is no field {long}.", param=long))) < 6000
    kept = "y" * 200
    assert kept in told(Failure(Code.INVALID_VALUE, kept, param=kept)).decode()


def test_a_failure_without_words_still_has_a_message() -> None:
    assert msgspec.json.decode(envelope(Failure(Code.UPSTREAM_ERROR, "")))["error"]["message"]


def test_a_known_wait_is_told_in_seconds_and_milliseconds() -> None:
    headers = advice(Failure(Code.QUEUE_FULL, "full", retry_after_seconds=2.3))
    assert headers == {"x-should-retry": "true", "retry-after-ms": "2300", "retry-after": "3"}


def test_an_unknown_wait_is_not_made_up() -> None:
    assert advice(Failure(Code.INSUFFICIENT_QUOTA, "gone")) == {"x-should-retry": "false"}


def test_a_failure_is_found_inside_nested_groups() -> None:
    failure = Failure(Code.NOT_FOUND, "not here")
    assert failure_of(ExceptionGroup("a", [ExceptionGroup("b", [failure])])) is failure


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (NotFound(), Code.NOT_FOUND),
        (MethodNotAllowed(), Code.METHOD_NOT_ALLOWED),
        (BadRequest("<b>html</b>"), Code.INVALID_VALUE),
        (ActorStopped("jobs"), Code.DRAINING),
        (ActorParked("account x", "crashed"), Code.CONFLICT),
    ],
)
def test_the_errors_of_framework_and_actors_have_codes_of_ours(error: Exception, code: Code) -> None:
    assert failure_of(error).code is code


def test_what_was_not_expected_is_logged_but_not_told(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        failure = failure_of(RuntimeError("the secret is 42"))
    assert failure.code is Code.INTERNAL_ERROR
    assert "42" not in failure.message
    assert any(record.exc_info for record in caplog.records)


def test_a_refused_method_is_told_which_are_allowed() -> None:
    response = respond(MethodNotAllowed(["GET"]))
    assert response.status_code == 405
    assert response.headers["Allow"] == "GET"
    assert response.headers["Content-Type"] == "application/json"

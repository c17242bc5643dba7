import pytest

from flow2api.kit.errors import ActorCrashed, ActorParked, ActorStopped, describe, only_cause


def test_a_single_exception_is_dug_out_of_nested_groups() -> None:
    error = ValueError("inner")
    assert only_cause(ExceptionGroup("", [ExceptionGroup("", [error])])) is error
    assert only_cause(error) is error


def test_a_group_of_several_is_kept_together() -> None:
    group = ExceptionGroup("both", [ValueError(), KeyError()])
    assert only_cause(ExceptionGroup("", [group])) is group


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ActorStopped("jobs"), "jobs has stopped"),
        (ActorParked("account", "ValueError: odd"), "account is parked: ValueError: odd"),
        (ActorCrashed("jobs", ValueError("odd")), "jobs crashed: ValueError: odd"),
        (ActorCrashed("jobs", None), "jobs was restarted"),
    ],
)
def test_an_error_names_the_actor_and_the_reason(error: Exception, text: str) -> None:
    assert str(error) == text


def test_an_error_without_a_message_is_described_by_its_type() -> None:
    assert describe(KeyError()) == "KeyError"

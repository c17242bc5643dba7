"""Answers about clips in all their forms: handles, stages, reasons; what is not known is never guessed."""

import json
from typing import Any

import pytest

from flow2api.domain.failure import FailureKind, UpstreamFailure
from flow2api.domain.job import Made
from flow2api.providers.base import Check, Stage
from flow2api.providers.flow import clip_answers, wire, wire_clips
from flow2api.providers.flow.place import Place, place_of
from tests.unit.providers.flow.fake import clip, handle, operation

K = FailureKind
PLACE = Place(project_id="p1", session_id=";1750000000000", batch_id="b1", inputs=("u1",))


def received(**fields: Any) -> wire_clips.ClipsAnswer:
    return wire.decode(json.dumps(fields).encode(), wire_clips.ClipsAnswer, "x")


def begun(count: int = 4, **fields: Any) -> tuple[Made, ...]:
    return clip_answers.begun(received(**fields), count, PLACE).made


def checked(*entries: Any, **fields: Any) -> Check:
    (check,) = clip_answers.checks(received(media=list(entries), **fields), [handle()])
    return check


FORMS: dict[str, dict[str, Any]] = {
    "media alone": {"media": [clip("a"), clip("b")]},
    "operations alone": {"operations": [operation("a"), operation("b")]},
    "both": {"media": [clip("a"), clip("b")], "operations": [operation("a"), operation("b")]},
    "some in each": {"media": [clip("a")], "operations": [operation("a"), operation("b")]},
    "media by their operations": {"media": [{"video": {"operation": {"name": each}}} for each in "ab"]},
    "operations by their media": {"operations": [{"mediaName": each} for each in "ab"]},
    "among rubbish": {"media": [7, None, {}, clip("a"), {"name": 3}, clip("b")], "operations": {"a": 1}},
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_accepted_clips_are_found_in_every_form(form: dict[str, Any]) -> None:
    assert [made.media_id for made in begun(**form)] == ["a", "b"]


def test_a_handle_carries_all_that_is_needed_later() -> None:
    answer = received(media=[clip("a") | {"projectId": "p9"}, {"name": "b"}], remainingCredits="880")
    found = clip_answers.begun(answer, 2, PLACE)
    assert (found.finished, found.credits_left) == (False, 880)
    assert [made.url for made in found.made] == [None, None]
    assert [place_of(made.context) for made in found.made] == [
        Place(project_id="p9", session_id=";1750000000000"),
        Place(project_id="p1", session_id=";1750000000000"),
    ]


def test_more_clips_than_asked_for_are_not_handed_on() -> None:
    assert len(begun(1, media=[clip("a"), clip("b")])) == 1


@pytest.mark.parametrize("form", [{}, {"media": []}, {"media": [{}]}, {"operations": [{}]}, {"media": 7}])
def test_an_answer_without_any_clip_is_unreadable_since_it_may_have_been_paid(form: dict[str, Any]) -> None:
    with pytest.raises(UpstreamFailure) as caught:
        begun(**form)
    assert caught.value.kind is K.UNREADABLE


@pytest.mark.parametrize(
    ("word", "stage"),
    [
        (None, Stage.WAITING),
        ("PENDING", Stage.WAITING),
        ("SCHEDULED", Stage.WAITING),
        ("ACTIVE", Stage.RUNNING),
        ("IN_PROGRESS", Stage.RUNNING),
        ("SUCCESSFUL", Stage.DONE),
        ("COMPLETE", Stage.DONE),
        ("FAILED", Stage.FAILED),
        ("CANCELED", Stage.FAILED),
        ("ERROR", Stage.FAILED),
        ("ERROR_SOMEHOW", Stage.FAILED),
        ("UNSPECIFIED", Stage.UNKNOWN),
        ("SUCCESSFULLY_LOST", Stage.UNKNOWN),
        ("BREWING", Stage.UNKNOWN),
        ("active", Stage.UNKNOWN),
    ],
)
def test_a_status_is_one_of_the_known_words_or_unknown(word: str | None, stage: Stage) -> None:
    for check in (checked(clip(status=word)), checked(operations=[operation(status=word)])):
        assert check.stage is stage
        assert (check.failure is not None) == (stage in (Stage.FAILED, Stage.UNKNOWN))


@pytest.mark.parametrize("status", [7, ["ACTIVE"], {"is": "ACTIVE"}, True])
def test_a_status_that_is_no_word_is_unknown(status: object) -> None:
    check = checked({"name": "9e41", "status": status})
    assert check.stage is Stage.UNKNOWN
    assert check.failure is not None
    assert check.failure.kind is K.UNREADABLE


def test_an_unknown_status_is_told_by_its_word() -> None:
    check = checked(clip(status="BREWING"))
    assert check.failure is not None
    assert "BREWING" in check.failure.message
    assert check.failure.kind is K.UNREADABLE


@pytest.mark.parametrize(
    "entry",
    [
        {"name": "9e41", "mediaMetadata": {"mediaStatus": {"mediaGenerationStatus": "MEDIA_GENERATION_STATUS_ACTIVE"}}},
        {"name": "9e41", "mediaMetadata": {"mediaStatus": {"status": "MEDIA_GENERATION_STATUS_ACTIVE"}}},
        {"name": "9e41", "mediaStatus": {"mediaGenerationStatus": "MEDIA_GENERATION_STATUS_ACTIVE"}},
        {"name": "9e41", "mediaStatus": {"status": "MEDIA_GENERATION_STATUS_ACTIVE"}},
        {"name": "9e41", "status": "MEDIA_GENERATION_STATUS_ACTIVE"},
        {"name": "9e41", "status": "ACTIVE"},
    ],
)
def test_a_status_is_found_in_every_known_place(entry: dict[str, Any]) -> None:
    assert checked(entry).stage is Stage.RUNNING


def test_the_present_form_counts_where_both_speak() -> None:
    check = checked(clip(status="SUCCESSFUL"), operations=[operation(status="PENDING")])
    assert check.stage is Stage.DONE
    assert checked(clip(status=None), operations=[operation(status="ACTIVE")]).stage is Stage.RUNNING


def test_clips_are_answered_in_the_order_in_which_they_were_asked_about() -> None:
    made = [handle("a"), handle("b"), handle("c")]
    answer = received(media=[clip("c", "FAILED"), clip("a", "ACTIVE"), clip("b", "SUCCESSFUL"), clip("z", "ACTIVE")])
    checks = clip_answers.checks(answer, made)
    assert [check.made for check in checks] == made
    assert [check.stage for check in checks] == [Stage.RUNNING, Stage.DONE, Stage.FAILED]


@pytest.mark.parametrize("form", [{}, {"media": []}, {"media": [clip("other")]}, {"media": {"name": "9e41"}}])
def test_a_clip_that_is_not_mentioned_is_unknown(form: dict[str, Any]) -> None:
    (check,) = clip_answers.checks(received(**form), [handle()])
    assert check.stage is Stage.UNKNOWN
    assert check.failure is not None
    assert check.failure.kind is K.UNREADABLE


@pytest.mark.parametrize(
    ("error", "reasons", "kind", "reason"),
    [
        ({"code": 3, "message": "PUBLIC_ERROR_IP_INPUT_IMAGE"}, None, K.CONTENT_REFUSED, "PUBLIC_ERROR_IP_INPUT_IMAGE"),
        ({"code": 3, "message": "PUBLIC_ERROR_MINOR"}, ["NEW"], K.CONTENT_REFUSED, "PUBLIC_ERROR_MINOR"),
        ({"code": 3, "message": "Something"}, ["IP_PROHIBITED"], K.CONTENT_REFUSED, "IP_PROHIBITED"),
        (None, ["NEW", "IP_PROHIBITED"], K.CONTENT_REFUSED, "IP_PROHIBITED"),
        (None, ["UNSAFE_GENERATION"], K.CONTENT_REFUSED, "UNSAFE_GENERATION"),
        ({"code": 8, "message": "PUBLIC_ERROR_HIGH_TRAFFIC"}, None, K.MODEL_BUSY, "PUBLIC_ERROR_HIGH_TRAFFIC"),
        ({"code": 3, "message": "bad frame"}, None, K.REQUEST_REJECTED, None),
        ({"code": 5, "message": "not found"}, None, K.MEDIA_GONE, None),
        ({"code": 13, "message": "internal"}, None, K.UPSTREAM_FAULT, None),
        ({"code": "13"}, [], K.UPSTREAM_FAULT, None),
        ({"code": 13, "message": "NOBODY_KNOWS_YET"}, None, K.UPSTREAM_FAULT, "NOBODY_KNOWS_YET"),
        (None, None, K.UPSTREAM_FAULT, None),
        ("broken", "broken", K.UPSTREAM_FAULT, None),
    ],
)
def test_a_failed_clip_is_classified_by_its_reasons(
    error: object, reasons: object, kind: FailureKind, reason: str | None
) -> None:
    for check in (
        checked(clip(status="FAILED", error=error, failureReasons=reasons)),
        checked(operations=[operation(status="FAILED", error=error) | {"failureReasons": reasons}]),
    ):
        assert check.failure is not None
        assert (check.failure.kind, check.failure.reason) == (kind, reason)


def test_words_inside_a_message_decide_nothing() -> None:
    check = checked(clip(status="FAILED", error={"code": 13, "message": "no PUBLIC_ERROR_MINOR here, 403"}))
    assert check.failure is not None
    assert check.failure.kind is K.UPSTREAM_FAULT


def test_a_cancelled_clip_is_no_fault_of_anybody() -> None:
    check = checked(clip(status="CANCELED"))
    assert check.failure is not None
    assert (check.failure.kind, check.failure.reason) == (K.REQUEST_REJECTED, "CANCELED")


def test_an_error_without_a_status_is_a_failure() -> None:
    assert checked(operations=[operation(status=None, error={"code": 13})]).stage is Stage.FAILED


# -- joining ------------------------------------------------------------------------------------------------------


def joined(**fields: Any) -> Check:
    answer = wire.decode(json.dumps(fields).encode(), wire_clips.JoinStatus, "x")
    return clip_answers.joined(answer, Made(media_id="op1"))


@pytest.mark.parametrize(
    ("fields", "stage"),
    [
        ({}, Stage.WAITING),
        ({"status": "MEDIA_GENERATION_STATUS_ACTIVE"}, Stage.RUNNING),
        ({"status": "MEDIA_GENERATION_STATUS_SUCCESSFUL", "outputUri": "https://x.test/v"}, Stage.DONE),
        ({"status": "MEDIA_GENERATION_STATUS_SUCCESSFUL", "encodedVideo": "AAAA"}, Stage.DONE),
        ({"outputUri": "https://x.test/v", "inputsCount": 2}, Stage.DONE),
        ({"status": "MEDIA_GENERATION_STATUS_SUCCESSFUL"}, Stage.UNKNOWN),
        ({"status": "MEDIA_GENERATION_STATUS_SUCCESSFUL", "outputUri": "gs://x/v"}, Stage.UNKNOWN),
        ({"status": "MEDIA_GENERATION_STATUS_FAILED"}, Stage.FAILED),
        ({"status": "ERROR"}, Stage.FAILED),
        ({"status": "BREWING"}, Stage.UNKNOWN),
    ],
)
def test_a_joining_stands_as_its_status_says(fields: dict[str, Any], stage: Stage) -> None:
    check = joined(**fields)
    assert check.stage is stage
    assert (check.failure is not None) == (stage in (Stage.FAILED, Stage.UNKNOWN))
    assert not check.written


def test_a_joined_clip_has_its_link() -> None:
    assert (
        joined(status="MEDIA_GENERATION_STATUS_SUCCESSFUL", outputUri="https://x.test/v").made.url == "https://x.test/v"
    )

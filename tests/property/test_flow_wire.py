"""Whatever arrives from Flow, reading it ends in a record or in the one failure that says it cannot be read."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flow2api.domain.failure import FailureKind, UpstreamFailure
from flow2api.net.message import Headers, Response
from flow2api.providers.base import Check, Stage
from flow2api.providers.flow import clip_answers, failures, login, pictures, wire, wire_clips
from flow2api.providers.flow.failures import Call
from flow2api.providers.flow.place import Place, seeds
from tests.unit.providers.flow.fake import NOW, generation, handle

KINDS = [
    wire.SessionAnswer,
    wire.CreditsAnswer,
    wire.ProjectAnswer,
    wire.UploadAnswer,
    wire.ImagesAnswer,
    wire.ImageMedia,
    wire.UpscaleAnswer,
    wire_clips.ClipsAnswer,
    wire_clips.MediaAnswer,
    wire_clips.JoinAnswer,
    wire_clips.JoinStatus,
]
WORDS = """media name image generatedImage fifeUrl mediaId dimensions width height result data json projectId access_token
expires user email error credits userPaygateTier mediaGenerationId encodedImage details reason message status retryDelay operations operation mediaMetadata mediaStatus
mediaGenerationStatus failureReasons video encodedVideo outputUri remainingCredits sceneId mediaName code"""
NAMES = st.sampled_from(WORDS.split())
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.sampled_from(["https://x.test/a", "2026-06-30T04:46:04.000Z", "ya29.x", "YQ==", "7s", "PUBLIC_ERROR_MINOR"])
    | st.sampled_from(["9e41", "MEDIA_GENERATION_STATUS_SUCCESSFUL", "MEDIA_GENERATION_STATUS_FAILED", "ERROR_X"])
)
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES | st.text(), inner, max_size=5),
    max_leaves=20,
)
BODIES = st.binary() | JSON.map(lambda value: json.dumps(value).encode())
PLACE = Place(project_id="p", session_id=";1")


def failure_of(kind: type[object], body: bytes) -> FailureKind | None:
    """How using the body as `kind` fails, None when it does not."""
    try:
        use(kind, body)
    except UpstreamFailure as failure:
        return failure.kind
    return None


def use(kind: type[object], body: bytes) -> None:
    """Read the body and all that is ever asked of the record."""
    answer = wire.decode(body, kind, "a call")
    match answer:
        case wire.SessionAnswer():
            assert login.read_login(answer, NOW).access_token
        case wire.CreditsAnswer():
            wire.whole(answer.credits)
            wire.text(answer.user_paygate_tier)
        case wire.ProjectAnswer():
            wire.is_id(answer.project_id)
        case wire.UploadAnswer():
            assert answer.media_id != ""
        case wire.ImagesAnswer():
            assert pictures.read(answer, generation(count=4), PLACE).made
        case wire_clips.ClipsAnswer():
            use_clips(answer)
        case wire_clips.JoinStatus():
            consistent(clip_answers.joined(answer, handle()))


def use_clips(answer: wire_clips.ClipsAnswer) -> None:
    made = [handle("9e41"), handle("other")]
    checks = clip_answers.checks(answer, made)
    assert [check.made for check in checks] == made
    for check in checks:
        consistent(check)
    begun = clip_answers.begun(answer, 2, PLACE)
    assert 1 <= len(begun.made) <= 2
    assert all(each.media_id for each in begun.made)


def consistent(check: Check) -> None:
    """A reason comes exactly with the stages that need one."""
    assert (check.failure is not None) == (check.stage in (Stage.FAILED, Stage.UNKNOWN))


@pytest.mark.parametrize("kind", KINDS)
@given(body=BODIES)
def test_reading_any_bytes_gives_a_record_or_a_classified_failure(kind: type[object], body: bytes) -> None:
    assert failure_of(kind, body) in {None, FailureKind.UNREADABLE, FailureKind.NEEDS_LOGIN}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html></html>",
        b'{"media":[',
        b'{"\xff":1}',
        b'{"error":"\xff"}',
        b'{"x":' + b"[" * 100_000,
        b'{"credits":1e999,"media":1e999}',
        b'{"expires":' + b"9" * 5000 + b"}",
        b"\xef\xbb\xbf{}",
        b'{"media":[{"image":{"generatedImage":{"fifeUrl":"https://x"},"dimensions":1e999}}]}',
    ],
)
def test_hostile_bytes_are_no_exception_to_that(kind: type[object], body: bytes) -> None:
    assert failure_of(kind, body) in {None, FailureKind.UNREADABLE, FailureKind.NEEDS_LOGIN}


@given(
    body=BODIES,
    status=st.integers(400, 599),
    retry_after=st.text(st.characters(codec="latin-1")) | st.sampled_from(["7", "Sun, 15 Jun 2025 15:07:40 GMT"]),
    call=st.sampled_from(Call),
)
def test_classifying_any_refusal_never_fails(body: bytes, status: int, retry_after: str, call: Call) -> None:
    response = Response(status=status, headers=Headers([("retry-after", retry_after)]), body=body, url="")
    failure = failures.of_response(response, call, NOW)
    assert failure.status == status
    assert failure.retry_after_seconds is None or failure.retry_after_seconds >= 0
    if not failures.TRAITS[call].paid:
        assert failure.kind is not FailureKind.OUTCOME_UNKNOWN


@given(location=st.text(st.characters(codec="latin-1")) | st.from_regex(r"https?://[\[\]a-z.:@/]*"))
def test_classifying_any_redirect_never_fails(location: str) -> None:
    response = Response(status=307, headers=Headers([("location", location)]), body=b"", url="")
    failure = failures.of_redirect(response, Call.SESSION, "https://labs.test/fx")
    assert failure.kind in {FailureKind.ACCOUNT_MOVED, FailureKind.NEEDS_LOGIN}


@given(first=st.none() | st.integers(0, 10**9), count=st.integers(1, 8))
def test_seeds_are_distinct_and_within_bounds(first: int | None, count: int) -> None:
    drawn = seeds(first, count)
    assert len(set(drawn)) == count
    assert all(1 <= seed <= 999_999 for seed in drawn)

"""What each call about clips puts on the wire, within which limits, and that no secret comes back in a failure."""

import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from flow2api.domain.failure import FailureKind, UpstreamFailure
from flow2api.domain.job import Source
from flow2api.errors import ConnectionBroken
from flow2api.net.message import Response
from flow2api.providers.flow import clips
from flow2api.providers.flow.calls import SESSION_COOKIE
from flow2api.providers.flow.clip_client import ClipClient
from flow2api.providers.flow.clips import Way
from flow2api.providers.flow.place import Marks, Place
from tests.unit.providers.flow import fake
from tests.unit.providers.flow.fake import (
    ACCESS_TOKEN,
    CAPTCHA_TOKEN,
    SECRETS,
    SESSION_TOKEN,
    FakeHttp,
    answer,
    clip,
    clip_generation,
    handle,
    redirect,
)

K = FailureKind
MIB = 1024 * 1024
PLACE = Place(project_id="p1", session_id=";1", batch_id="b1")
_, ORDER = clips.order(clip_generation(), PLACE, Marks(captcha_token=CAPTCHA_TOKEN))
VIDEO = "https://content.test/video/9e41?Signature=x"

Call = Callable[[ClipClient, Path], Awaitable[object]]
# How it is called, a good answer, its seconds, its most MiB.
CALLS: dict[str, tuple[Call, Response, float, int]] = {
    fake.TEXT_CLIP: (lambda c, _: c.begin(ACCESS_TOKEN, Way.TEXT, ORDER), answer(body={"media": [clip()]}), 75, 8),
    fake.LARGER_CLIP: (lambda c, _: c.begin(ACCESS_TOKEN, Way.UPSAMPLE, ORDER), answer(body={"media": []}), 75, 8),
    fake.CHECK: (lambda c, _: c.check(ACCESS_TOKEN, clips.question([handle()])), answer(body={"media": []}), 45, 8),
    fake.LOCATE: (lambda c, _: c.locate(SESSION_TOKEN, "9e41"), redirect(VIDEO), 10, 1),
    fake.FETCH: (lambda c, path: c.fetch(ACCESS_TOKEN, "9e41", path), answer(), 120, 256),
    fake.JOIN: (
        lambda c, _: c.join(ACCESS_TOKEN, clips.joining(Source(media_id="a"), handle("b"))),
        answer(body={"operation": {"operation": {"name": "op1"}}}),
        120,
        1,
    ),
    fake.CHECK_JOIN: (lambda c, _: c.check_join(ACCESS_TOKEN, "op1"), answer(body={"status": "PENDING"}), 300, 96),
    fake.CANCEL: (lambda c, _: c.cancel(ACCESS_TOKEN, "9e41"), answer(), 10, 1),
}
PAID = (fake.TEXT_CLIP, fake.LARGER_CLIP)


async def make(http: FakeHttp, call: str, folder: Path) -> object:
    return await CALLS[call][0](fake.client(http, exit_url="socks5://exit.test:1080").clips, folder / "file")


async def failure_of(http: FakeHttp, call: str, folder: Path) -> UpstreamFailure:
    with pytest.raises(UpstreamFailure) as caught:
        await make(http, call, folder)
    return caught.value


@pytest.mark.parametrize("call", CALLS)
async def test_each_call_is_one_request_with_its_headers_exit_and_limits(tmp_path: Path, call: str) -> None:
    _, good, seconds, mib = CALLS[call]
    http = FakeHttp()
    http.on(call, good)
    await make(http, call, tmp_path)
    (seen,) = http.seen
    headers = {"Origin": "https://labs.google", "Referer": "https://labs.google/", "Accept": "*/*"}
    if call == fake.LOCATE:
        headers["Cookie"] = f"{SESSION_COOKIE}={SESSION_TOKEN}"
    else:
        headers["Authorization"] = f"Bearer {ACCESS_TOKEN}"
    if seen.method == "POST":
        headers["Content-Type"] = "application/json"
    assert seen.headers == headers
    assert bool(seen.body) == (seen.method == "POST")
    assert seen.exit_url == "socks5://exit.test:1080"
    assert (seen.limits.total_seconds, seen.limits.max_bytes) == (seconds, mib * MIB)


@pytest.mark.parametrize("way", list(Way))
async def test_each_way_to_a_clip_has_its_address(way: Way) -> None:
    http = FakeHttp()
    http.on("POST", answer(body={"media": []}))
    await fake.client(http).clips.begin(ACCESS_TOKEN, way, ORDER)
    assert http.seen[0].url == f"https://api.test/v1/video:batchAsyncGenerateVideo{way}"


async def test_a_lookup_asks_for_the_whole_medium_by_its_quoted_name() -> None:
    http = FakeHttp()
    http.on(fake.LOCATE, redirect(VIDEO))
    assert await fake.client(http).clips.locate(SESSION_TOKEN, "CAM/a+b &c") == VIDEO
    assert http.seen[0].url.partition("?")[2] == "name=CAM%2Fa%2Bb%20%26c&mediaUrlType=MEDIA_URL_TYPE_FULL_MEDIA"


async def test_a_name_cannot_change_the_path_of_a_delivery(tmp_path: Path) -> None:
    http = FakeHttp()
    http.on("GET", answer())
    await fake.client(http).clips.fetch(ACCESS_TOKEN, "../a?b", tmp_path / "file")
    assert http.seen[0].url == "https://api.test/v1/media/..%2Fa%3Fb"
    with pytest.raises(UpstreamFailure):
        await fake.client(http).clips.fetch(ACCESS_TOKEN, "..", tmp_path / "file")


async def test_questions_about_joinings_and_cancellings_have_the_known_form() -> None:
    http = FakeHttp()
    http.on(fake.CHECK_JOIN, answer(body={}))
    http.on(fake.CANCEL, answer(body={}))
    await fake.client(http).clips.check_join(ACCESS_TOKEN, "op1")
    await fake.client(http).clips.cancel(ACCESS_TOKEN, "9e41")
    assert [seen.json for seen in http.seen] == [
        {"operation": {"operation": {"name": "op1"}}},
        {"mediaId": "9e41"},
    ]


@pytest.mark.parametrize("call", sorted(CALLS.keys() - {fake.FETCH, fake.CANCEL}))
@pytest.mark.parametrize("body", [b"<html>hello</html>", b'{"media":[{"na', b"", b"[]", b"7"])
async def test_a_complete_answer_of_unknown_shape_is_unreadable(tmp_path: Path, call: str, body: bytes) -> None:
    http = FakeHttp()
    http.on(call, answer(200, body))
    assert (await failure_of(http, call, tmp_path)).kind is K.UNREADABLE


@pytest.mark.parametrize("call", CALLS)
async def test_a_broken_connection_is_an_unknown_outcome_for_the_paid_calls_alone(tmp_path: Path, call: str) -> None:
    http = FakeHttp()
    http.on(call, ConnectionBroken("cut"))
    expected = K.OUTCOME_UNKNOWN if call in PAID else K.UPSTREAM_FAULT
    assert (await failure_of(http, call, tmp_path)).kind is expected
    assert len(http.seen) == 1


@pytest.mark.parametrize("call", CALLS)
async def test_a_redirect_away_is_a_moved_account_for_every_call(tmp_path: Path, call: str) -> None:
    http = FakeHttp()
    http.on(call, redirect("https://flow.google.com/", 308))
    assert (await failure_of(http, call, tmp_path)).kind is K.ACCOUNT_MOVED


@pytest.mark.parametrize(
    ("response", "kind"),
    [
        (redirect("https://accounts.google.com/signin"), K.NEEDS_LOGIN),
        (redirect("/fx/api/auth/signin"), K.NEEDS_LOGIN),
        (answer(302), K.NEEDS_LOGIN),
        (answer(200, b"No session found"), K.UNREADABLE),
        (answer(401), K.LOGIN_EXPIRED),
        (answer(404), K.MEDIA_GONE),
        (answer(500), K.UPSTREAM_FAULT),
    ],
)
async def test_a_lookup_without_a_link_is_told_apart(tmp_path: Path, response: Response, kind: FailureKind) -> None:
    http = FakeHttp()
    http.on(fake.LOCATE, response)
    assert (await failure_of(http, fake.LOCATE, tmp_path)).kind is kind


@pytest.mark.parametrize("call", sorted(CALLS.keys() - {fake.LOCATE}))
@pytest.mark.parametrize(
    ("response", "kind"),
    [
        (fake.refusal(401, "UNAUTHENTICATED"), K.LOGIN_EXPIRED),
        (fake.refusal(404, "NOT_FOUND"), K.MEDIA_GONE),
        (fake.refusal(400, "INVALID_ARGUMENT"), K.REQUEST_REJECTED),
        (fake.refusal(400, "INVALID_ARGUMENT", "PUBLIC_ERROR_MINOR"), K.CONTENT_REFUSED),
        (fake.refusal(403, "PERMISSION_DENIED", "PUBLIC_ERROR_MODEL_ACCESS_DENIED"), K.MODEL_DENIED),
        (fake.refusal(429, "RESOURCE_EXHAUSTED", "PUBLIC_ERROR_USER_QUOTA_REACHED"), K.QUOTA_REACHED),
        (fake.refusal(500, "INTERNAL"), K.UPSTREAM_FAULT),
    ],
)
async def test_a_refusal_is_classified_in_every_call(
    tmp_path: Path, call: str, response: Response, kind: FailureKind
) -> None:
    http = FakeHttp()
    http.on(call, response)
    failure = await failure_of(http, call, tmp_path)
    assert (failure.kind, failure.status) == (kind, response.status)


HOSTILE = " ".join(SECRETS)


@pytest.mark.parametrize("call", sorted(CALLS.keys() - {fake.CANCEL, fake.FETCH}))
@pytest.mark.parametrize(
    "response",
    [
        fake.refusal(400, "INVALID_ARGUMENT", None, f"Invalid value: {HOSTILE}"),
        fake.refusal(500, HOSTILE, None, HOSTILE * 20),
        answer(403, HOSTILE.encode()),
        answer(200, HOSTILE.encode() + b"\xff"),
        answer(200, [HOSTILE]),
        redirect(f"ftp://elsewhere.test/?{HOSTILE}", 302),
    ],
)
async def test_no_failure_shows_a_secret_even_when_the_answer_does(
    tmp_path: Path, call: str, response: Response
) -> None:
    http = FakeHttp()
    http.on(call, response)
    failure = await failure_of(http, call, tmp_path)
    told = "".join(traceback.format_exception(failure)) + repr(failure)
    own = SECRETS[:1] if call == fake.LOCATE else SECRETS[1:] if call in PAID else SECRETS[1:2]
    assert not [secret for secret in own if secret in told]

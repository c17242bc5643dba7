"""What each call puts on the wire, within which limits, and that no secret comes back in a failure."""

import traceback
from collections.abc import Awaitable, Callable, Collection

import pytest

from flow2api.domain.failure import FailureKind, UpstreamFailure
from flow2api.errors import ConnectionBroken, ProxyRefused
from flow2api.net.message import Response
from flow2api.providers.flow import wire
from flow2api.providers.flow.calls import SESSION_COOKIE, Times
from flow2api.providers.flow.client import Client
from tests.unit.providers.flow import fake
from tests.unit.providers.flow.fake import ACCESS_TOKEN, CAPTCHA_TOKEN, SECRETS, SESSION_TOKEN, FakeHttp, answer, client

CONTEXT = wire.ClientContext(
    recaptcha_context=wire.Recaptcha(token=CAPTCHA_TOKEN), session_id=";1", project_id="p1", user_paygate_tier="T"
)
IMAGES = wire.GenerateImages(
    client_context=CONTEXT, media_generation_context=wire.MediaGenerationContext(batch_id="b"), requests=()
)
UPSAMPLE = wire.UpsampleImage(media_id="m", target_resolution="R", client_context=CONTEXT)

CALLS: dict[str, Callable[[Client], Awaitable[object]]] = {
    fake.SESSION: lambda client: client.session(SESSION_TOKEN),
    fake.CREDITS: lambda client: client.credits(ACCESS_TOKEN),
    fake.PROJECT: lambda client: client.create_project(SESSION_TOKEN, "title"),
    fake.UPLOAD: lambda client: client.upload_image(ACCESS_TOKEN, b"{}"),
    fake.IMAGES: lambda client: client.generate_images(ACCESS_TOKEN, IMAGES),
    fake.UPSAMPLE: lambda client: client.upsample_image(ACCESS_TOKEN, UPSAMPLE),
}
GOOD: dict[str, Response] = {
    fake.SESSION: answer(body={"access_token": ACCESS_TOKEN}),
    fake.CREDITS: answer(body={"credits": 920}),
    fake.PROJECT: fake.project("0f7c2a52"),
    fake.UPLOAD: answer(body={"media": {"name": "6b1f"}}),
    fake.IMAGES: answer(body={"media": []}),
    fake.UPSAMPLE: answer(body={"encodedImage": "/9j/"}),
}
PAID = fake.IMAGES
LABS = (fake.SESSION, fake.PROJECT)


@pytest.mark.parametrize("call", CALLS)
async def test_each_call_is_one_request_with_its_headers_and_exit(call: str) -> None:
    http = FakeHttp()
    http.on(call, GOOD[call])
    await CALLS[call](client(http, exit_url="socks5://exit.test:1080"))
    (seen,) = http.seen
    headers = {"Origin": "https://labs.google", "Referer": "https://labs.google/", "Accept": "*/*"}
    if call in LABS:
        headers["Cookie"] = f"{SESSION_COOKIE}={SESSION_TOKEN}"
    else:
        headers["Authorization"] = f"Bearer {ACCESS_TOKEN}"
    if seen.method == "POST":
        headers["Content-Type"] = "application/json"
    assert seen.headers == headers
    assert bool(seen.body) == (seen.method == "POST")
    assert seen.exit_url == "socks5://exit.test:1080"


@pytest.mark.parametrize("exit_url", [None, "http://exit.test:3128"])
@pytest.mark.parametrize("call", CALLS)
async def test_a_paid_call_goes_over_no_kept_connection_of_an_exit(call: str, exit_url: str | None) -> None:
    http = FakeHttp()
    http.on(call, GOOD[call])
    await CALLS[call](client(http, exit_url=exit_url))
    assert http.seen[0].fresh == (call == PAID and exit_url is not None)


async def test_a_call_of_which_nothing_was_sent_goes_over_another_exit() -> None:
    http = FakeHttp()
    http.on(PAID, ProxyRefused("the proxy is gone"), GOOD[PAID])
    exits = ["http://one.test:1", "http://two.test:2"]

    def choose(avoid: Collection[str] = ()) -> str | None:
        return next(url for url in exits if url not in avoid)

    await CALLS[PAID](Client(http.http, fake.BASES, Times(), choose))
    assert [seen.exit_url for seen in http.seen] == exits


@pytest.mark.parametrize(
    ("call", "url", "seconds"),
    [
        (fake.SESSION, "https://labs.test/fx/api/auth/session", 10),
        (fake.CREDITS, "https://api.test/v1/credits", 10),
        (fake.PROJECT, "https://labs.test/fx/api/trpc/project.createProject", 15),
        (fake.UPLOAD, "https://api.test/v1/flow/uploadImage", 120),
        (fake.IMAGES, "https://api.test/v1/projects/p1/flowMedia:batchGenerateImages", 120),
        (fake.UPSAMPLE, "https://api.test/v1/flow/upsampleImage", 300),
    ],
)
async def test_each_call_has_its_address_and_its_own_time(call: str, url: str, seconds: float) -> None:
    http = FakeHttp()
    http.on(call, GOOD[call])
    await CALLS[call](client(http))
    assert http.seen[0].url == url
    assert http.seen[0].limits.total_seconds == seconds


async def test_only_an_enlargement_may_bring_many_megabytes() -> None:
    http = FakeHttp()
    for call, make in CALLS.items():
        http.on(call, GOOD[call])
        await make(client(http))
    large = [seen.url for seen in http.seen if seen.limits.max_bytes > 8 * 1024 * 1024]
    assert large == ["https://api.test/v1/flow/upsampleImage"]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("body", [b"<html>hello</html>", b'{"media":[{"na', b"", b"[]", b"7"])
async def test_a_complete_answer_of_unknown_shape_is_unreadable(call: str, body: bytes) -> None:
    http = FakeHttp()
    http.on(call, answer(200, body))
    with pytest.raises(UpstreamFailure) as caught:
        await CALLS[call](client(http))
    assert caught.value.kind is FailureKind.UNREADABLE


@pytest.mark.parametrize("call", CALLS)
async def test_a_broken_connection_is_an_unknown_outcome_for_the_paid_call_alone(call: str) -> None:
    http = FakeHttp()
    http.on(call, ConnectionBroken("cut"))
    with pytest.raises(UpstreamFailure) as caught:
        await CALLS[call](client(http))
    assert caught.value.kind is (FailureKind.OUTCOME_UNKNOWN if call == PAID else FailureKind.UPSTREAM_FAULT)
    assert len(http.seen) == 1


@pytest.mark.parametrize("call", CALLS)
async def test_a_redirect_away_is_a_moved_account_for_every_call(call: str) -> None:
    http = FakeHttp()
    http.on(call, answer(308, headers=[("Location", "https://flow.google.com/")]))
    with pytest.raises(UpstreamFailure) as caught:
        await CALLS[call](client(http))
    assert caught.value.kind is FailureKind.ACCOUNT_MOVED


@pytest.mark.parametrize("body", [b"null", b" null\n", b"{}"])
async def test_a_dead_session_is_answered_with_an_empty_record(body: bytes) -> None:
    http = FakeHttp()
    http.on(fake.SESSION, answer(200, body))
    reply = await client(http).session(SESSION_TOKEN)
    assert reply.answer == wire.SessionAnswer()


@pytest.mark.parametrize("project_id", ["", "../../x", "a/b", "a?b", "a b"])
async def test_a_project_id_that_would_change_the_path_is_unreadable(project_id: str) -> None:
    http = FakeHttp()
    http.on(fake.PROJECT, fake.project(project_id))
    with pytest.raises(UpstreamFailure) as caught:
        await client(http).create_project(SESSION_TOKEN, "title")
    assert caught.value.kind is FailureKind.UNREADABLE


async def test_an_upload_without_an_id_is_unreadable() -> None:
    http = FakeHttp()
    http.on(fake.UPLOAD, answer(body={"media": {}}))
    with pytest.raises(UpstreamFailure) as caught:
        await client(http).upload_image(ACCESS_TOKEN, b"{}")
    assert caught.value.kind is FailureKind.UNREADABLE


async def test_an_enlargement_comes_as_bytes() -> None:
    http = FakeHttp()
    http.on(fake.UPSAMPLE, answer(body={"encodedImage": "/9j/4A=="}))
    assert await client(http).upsample_image(ACCESS_TOKEN, UPSAMPLE) == b"\xff\xd8\xff\xe0"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"encodedImage": ""}, FailureKind.UPSTREAM_FAULT),
        ({}, FailureKind.UNREADABLE),
        ({"encodedImage": "no base64!"}, FailureKind.UNREADABLE),
        ({"encodedImage": None}, FailureKind.UNREADABLE),
    ],
)
async def test_an_enlargement_without_a_picture_is_a_failure(body: object, kind: FailureKind) -> None:
    http = FakeHttp()
    http.on(fake.UPSAMPLE, answer(body=body))
    with pytest.raises(UpstreamFailure) as caught:
        await client(http).upsample_image(ACCESS_TOKEN, UPSAMPLE)
    assert caught.value.kind is kind


HOSTILE = " ".join(SECRETS)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    "response",
    [
        fake.refusal(400, "INVALID_ARGUMENT", None, f"Invalid value: {HOSTILE}"),
        fake.refusal(401, "UNAUTHENTICATED", HOSTILE, HOSTILE),
        fake.refusal(500, HOSTILE, None, HOSTILE * 20),
        answer(403, HOSTILE.encode()),
        answer(200, HOSTILE.encode()),
        answer(200, HOSTILE.encode() + b"\xff"),
        answer(200, [HOSTILE]),
        answer(302, headers=[("Location", f"https://elsewhere.test/?{HOSTILE}")]),
    ],
)
async def test_no_failure_shows_a_secret_even_when_the_answer_does(call: str, response: Response) -> None:
    http = FakeHttp()
    http.on(call, response)
    with pytest.raises(UpstreamFailure) as caught:
        await CALLS[call](client(http))
    told = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    own = SECRETS[:1] if call in LABS else SECRETS[1:] if call in (fake.IMAGES, fake.UPSAMPLE) else SECRETS[1:2]
    assert not [secret for secret in own if secret in told]


async def test_a_session_reply_does_not_show_what_it_holds() -> None:
    http = FakeHttp()
    http.on(
        fake.SESSION, answer(200, {"access_token": ACCESS_TOKEN}, [("Set-Cookie", f"{SESSION_COOKIE}={SESSION_TOKEN}")])
    )
    reply = await client(http).session(SESSION_TOKEN)
    assert not [secret for secret in SECRETS if secret in repr(reply)]

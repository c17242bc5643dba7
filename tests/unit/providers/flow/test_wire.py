"""The exact form of what is sent, and what reading insists on."""

import json

import pytest

from flow2api.domain.failure import FailureKind, UpstreamFailure
from flow2api.providers.flow import wire
from tests.unit.providers.flow.fake import CAPTCHA_TOKEN, SECRETS


def test_an_upload_goes_out_in_the_service_s_own_words() -> None:
    upload = wire.UploadImage(
        client_context=wire.ClientContext(session_id=";1750000000000", project_id="p1"),
        file_name="input.png",
        mime_type="image/png",
        image_bytes=b"\x89PNG\xff",
    )
    assert json.loads(wire.encode(upload)) == {
        "clientContext": {"sessionId": ";1750000000000", "projectId": "p1", "tool": "PINHOLE"},
        "fileName": "input.png",
        "mimeType": "image/png",
        "imageBytes": "iVBOR/8=",
        "isHidden": False,
        "isUserUploaded": True,
    }


def test_a_project_wish_is_wrapped_as_trpc_wants_it() -> None:
    wish = wire.CreateProject(wire.ProjectWish(project_title="Jun 15 - 15:06 P1"))
    assert json.loads(wire.encode(wish)) == {"json": {"projectTitle": "Jun 15 - 15:06 P1", "toolName": "PINHOLE"}}


@pytest.mark.parametrize(
    ("body", "media_id"),
    [
        ('{"media":{"name":"a"}}', "a"),
        ('{"media":[{"x":1},{"name":""},{"name":"b"}]}', "b"),
        ('{"mediaGenerationId":{"mediaGenerationId":"c"}}', "c"),
        ('{"media":{"name":7},"mediaGenerationId":{"mediaGenerationId":"d"}}', "d"),
        ('{"media":[]}', None),
        ("{}", None),
    ],
)
def test_an_upload_s_id_is_found_in_every_known_form(body: str, media_id: str | None) -> None:
    assert wire.decode(body.encode(), wire.UploadAnswer, "x").media_id == media_id


def test_an_unreadable_answer_is_told_by_place_and_never_quoted() -> None:
    body = b'{"result":{"data":{"json":{"result":{"projectId":["SECRET"]}}}}}'
    with pytest.raises(UpstreamFailure) as caught:
        wire.decode(body, wire.ProjectAnswer, "the call")
    assert caught.value.kind is FailureKind.UNREADABLE
    assert "$.result.data.json.result.projectId" in caught.value.message
    assert "SECRET" not in repr(caught.value)


def test_an_unreadable_answer_does_not_travel_inside_the_failure() -> None:
    with pytest.raises(UpstreamFailure) as caught:
        wire.decode(b'{"access_token":"SECRET\xff"}', wire.SessionAnswer, "the call")
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (7, 7),
        (0, 0),
        (7.9, 7),
        ("920", 920),
        (-1, None),
        ("-1", None),
        (True, None),
        ("1e3", None),
        (None, None),
        ([], None),
    ],
)
def test_a_count_is_read_in_the_forms_that_google_uses(value: object, number: int | None) -> None:
    assert wire.whole(value) == number


@pytest.mark.parametrize(
    ("value", "good"), [("0f7c-2a52", True), ("..", False), ("a/b", False), ("", False), ("a?b", False)]
)
def test_only_a_plain_word_may_stand_in_a_path(value: str, good: bool) -> None:
    assert wire.is_id(value) is good


def test_no_record_shows_a_secret() -> None:
    recaptcha = wire.Recaptcha(token=CAPTCHA_TOKEN)
    records = (
        wire.ClientContext(recaptcha_context=recaptcha, session_id=";1", project_id="p"),
        wire.SessionAnswer(access_token=SECRETS[1], user={"email": "a@example.org"}),
    )
    assert not [secret for secret in SECRETS if secret in repr(records)]

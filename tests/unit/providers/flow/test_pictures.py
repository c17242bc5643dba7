"""Orders for pictures as they go out, and finished pictures as they come back."""

import json
from typing import Any

import pytest

from flow2api.domain.failure import FailureKind, UpstreamFailure
from flow2api.domain.job import Made
from flow2api.providers.flow import pictures, wire
from flow2api.providers.flow.place import Marks, Place, place_of, seeds
from tests.unit.providers.flow.fake import CAPTCHA_TOKEN, generation, picture

PLACE = Place(project_id="p1", session_id=";1750000000000", batch_id="b1", inputs=("u1", "u2"))
CONTEXT = {
    "recaptchaContext": {"token": CAPTCHA_TOKEN, "applicationType": "RECAPTCHA_APPLICATION_TYPE_WEB"},
    "sessionId": ";1750000000000",
    "projectId": "p1",
    "tool": "PINHOLE",
}


def sent(message: object) -> Any:
    return json.loads(wire.encode(message))


def received(*entries: object, **fields: object) -> wire.ImagesAnswer:
    return wire.decode(json.dumps({"media": entries} | fields).encode(), wire.ImagesAnswer, "x")


def test_an_order_has_the_known_form() -> None:
    assert sent(pictures.order(generation(seed=305830), PLACE, CAPTCHA_TOKEN)) == {
        "clientContext": CONTEXT,
        "mediaGenerationContext": {"batchId": "b1"},
        "useNewMedia": True,
        "requests": [
            {
                "clientContext": CONTEXT,
                "seed": 305830,
                "imageModelName": "NARWHAL",
                "imageAspectRatio": "IMAGE_ASPECT_RATIO_LANDSCAPE",
                "structuredPrompt": {"parts": [{"text": "a red apple"}]},
                "imageInputs": [
                    {"name": "u1", "imageInputType": "IMAGE_INPUT_TYPE_REFERENCE"},
                    {"name": "u2", "imageInputType": "IMAGE_INPUT_TYPE_REFERENCE"},
                ],
            }
        ],
    }


def test_several_pictures_differ_in_their_seed_alone() -> None:
    requests = sent(pictures.order(generation(count=4, seed=999_998), PLACE, ""))["requests"]
    assert [request.pop("seed") for request in requests] == [999_998, 999_999, 1, 2]
    assert requests == [requests[0]] * 4


def test_without_captcha_the_token_is_sent_empty() -> None:
    context = sent(pictures.order(generation(), PLACE, ""))["clientContext"]
    assert context["recaptchaContext"] == {"token": "", "applicationType": "RECAPTCHA_APPLICATION_TYPE_WEB"}


def test_seeds_are_drawn_anew_for_each_attempt() -> None:
    assert len({seeds(None, 1)[0] for _ in range(20)}) > 10


@pytest.mark.parametrize(
    ("ratio", "word"),
    [
        ("16:9", "LANDSCAPE"),
        ("9:16", "PORTRAIT"),
        ("1:1", "SQUARE"),
        ("4:3", "LANDSCAPE_FOUR_THREE"),
        ("3:4", "PORTRAIT_THREE_FOUR"),
    ],
)
def test_a_ratio_is_sent_in_flow_s_word(ratio: str, word: str) -> None:
    order = sent(pictures.order(generation(aspect_ratio=ratio), PLACE, ""))
    assert order["requests"][0]["imageAspectRatio"] == f"IMAGE_ASPECT_RATIO_{word}"


@pytest.mark.parametrize("fields", [{"kind": "video"}, {"aspect_ratio": "21:9"}])
def test_what_flow_cannot_be_asked_for_is_refused_beforehand(fields: dict[str, str]) -> None:
    with pytest.raises(UpstreamFailure) as caught:
        pictures.check(generation(**fields))
    assert caught.value.kind is FailureKind.REQUEST_REJECTED


def test_finished_pictures_carry_all_that_is_needed_later() -> None:
    begun = pictures.read(received(picture("a"), picture("b"), remainingCredits="900"), generation(count=2), PLACE)
    assert begun.finished
    assert begun.credits_left == 900
    assert [made.media_id for made in begun.made] == ["a", "b"]
    assert begun.made[0].url == "https://content.test/image/a?Signature=x"
    assert (begun.made[0].width, begun.made[0].height) == (1376, 768)
    assert place_of(begun.made[0].context) == Place(project_id="p1", session_id=";1750000000000")


@pytest.mark.parametrize("dimensions", [None, 7, {}, {"width": "wide", "height": -1}, {"width": None}])
def test_a_picture_without_believable_size_is_still_a_picture(dimensions: object) -> None:
    entry = picture("a")
    entry["image"]["dimensions"] = dimensions
    (made,) = pictures.read(received(entry), generation(), PLACE).made
    assert (made.width, made.height) == (0, 0)


@pytest.mark.parametrize("name", [None, 7, ""])
def test_a_picture_without_a_name_is_known_by_its_media_id(name: object) -> None:
    (made,) = pictures.read(received(picture("a", name=name)), generation(), PLACE).made
    assert made.media_id == "a"


def test_one_broken_entry_does_not_take_the_good_ones_along() -> None:
    begun = pictures.read(received({}, picture("a"), 7, {"image": {}}), generation(count=4), PLACE)
    assert [made.media_id for made in begun.made] == ["a"]


def test_more_pictures_than_asked_for_are_not_handed_on() -> None:
    begun = pictures.read(received(picture("a"), picture("b")), generation(count=1), PLACE)
    assert [made.media_id for made in begun.made] == ["a"]


@pytest.mark.parametrize("entries", [(), ({},), ({"image": {"generatedImage": {"fifeUrl": "file:///etc/passwd"}}},)])
def test_an_answer_without_any_picture_is_unreadable_since_it_may_have_been_paid(entries: tuple[object, ...]) -> None:
    with pytest.raises(UpstreamFailure) as caught:
        pictures.read(received(*entries), generation(), PLACE)
    assert caught.value.kind is FailureKind.UNREADABLE


def test_an_enlargement_has_the_known_form() -> None:
    context = wire.encode(Place(project_id="p1", session_id=";1750000000000")).decode()
    marks = Marks(captcha_token=CAPTCHA_TOKEN, paygate_tier="PAYGATE_TIER_ONE")
    assert sent(pictures.enlargement(Made(media_id="a3c0", context=context), "2k", marks)) == {
        "mediaId": "a3c0",
        "targetResolution": "UPSAMPLE_IMAGE_RESOLUTION_2K",
        "clientContext": CONTEXT | {"userPaygateTier": "PAYGATE_TIER_ONE"},
    }


def test_an_unknown_level_is_left_out_rather_than_invented() -> None:
    context = wire.encode(Place(project_id="p1", session_id=";1")).decode()
    message = sent(pictures.enlargement(Made(media_id="a", context=context), "4k", Marks(captcha_token="")))
    assert "userPaygateTier" not in message["clientContext"]
    assert message["targetResolution"] == "UPSAMPLE_IMAGE_RESOLUTION_4K"


@pytest.mark.parametrize(("media_id", "upscale"), [("a", "8k"), ("", "2k")])
def test_an_enlargement_that_cannot_be_asked_for_is_refused(media_id: str, upscale: str) -> None:
    with pytest.raises(UpstreamFailure) as caught:
        pictures.enlargement(Made(media_id=media_id, context="{}"), upscale, Marks(captcha_token=""))
    assert caught.value.kind is FailureKind.REQUEST_REJECTED


def test_marks_do_not_show_the_token() -> None:
    assert CAPTCHA_TOKEN not in repr(Marks(captcha_token=CAPTCHA_TOKEN))

"""Orders for clips as they go out in every mode, and what is asked about clips later."""

import json
from typing import Any

import pytest

from flow2api.domain.failure import FailureKind, UpstreamFailure
from flow2api.domain.job import Generation, Source
from flow2api.providers.flow import clips, wire
from flow2api.providers.flow.clips import Way
from flow2api.providers.flow.place import Marks, Place
from tests.unit.providers.flow.fake import CAPTCHA_TOKEN, clip_generation, handle

PLACE = Place(project_id="p1", session_id=";1750000000000", batch_id="b1")
MARKS = Marks(captcha_token=CAPTCHA_TOKEN, paygate_tier="PAYGATE_TIER_ONE")
ENVELOPE = {
    "mediaGenerationContext": {"batchId": "b1", "audioFailurePreference": "BLOCK_SILENCED_VIDEOS"},
    "clientContext": {
        "recaptchaContext": {"token": CAPTCHA_TOKEN, "applicationType": "RECAPTCHA_APPLICATION_TYPE_WEB"},
        "sessionId": ";1750000000000",
        "projectId": "p1",
        "tool": "PINHOLE",
        "userPaygateTier": "PAYGATE_TIER_ONE",
    },
    "useV2ModelConfig": True,
}
COMMON = {
    "aspectRatio": "VIDEO_ASPECT_RATIO_LANDSCAPE",
    "seed": 41234,
    "textInput": {"structuredPrompt": {"parts": [{"text": "waves at dusk"}]}},
    "videoModelKey": "veo_3_1_t2v_fast",
    "metadata": {},
}
SOURCE = Source(media_id="9e41", account_id="a1")


def sent(message: object) -> Any:
    return json.loads(wire.encode(message))


def ordered(inputs: tuple[str, ...] = (), **fields: Any) -> tuple[Way, Any]:
    generation = clip_generation(seed=41234, inputs=tuple(f"{name}.png" for name in inputs), **fields)
    place = Place(project_id="p1", session_id=";1750000000000", batch_id="b1", inputs=inputs)
    way, request = clips.order(generation, place, MARKS)
    return way, sent(request)


def refused(generation: Generation) -> str:
    with pytest.raises(UpstreamFailure) as caught:
        clips.check(generation)
    assert caught.value.kind is FailureKind.REQUEST_REJECTED
    return caught.value.message


@pytest.mark.parametrize(
    ("mode", "inputs", "way", "more"),
    [
        ("t2v", (), "Text", {}),
        ("i2v", ("u1",), "StartImage", {"startImage": {"mediaId": "u1"}}),
        ("i2v", ("u1", "u2"), "StartAndEndImage", {"startImage": {"mediaId": "u1"}, "endImage": {"mediaId": "u2"}}),
        *(
            (
                "r2v",
                inputs,
                "ReferenceImages",
                {"referenceImages": [{"imageUsageType": "IMAGE_USAGE_TYPE_ASSET", "mediaId": each} for each in inputs]},
            )
            for inputs in (("u1",), ("u1", "u2"), ("u1", "u2", "u3"))
        ),
    ],
)
def test_an_order_has_the_known_form_in_each_mode(
    mode: str, inputs: tuple[str, ...], way: str, more: dict[str, Any]
) -> None:
    assert ordered(inputs, mode=mode) == (way, ENVELOPE | {"requests": [COMMON | more]})


def test_a_continuation_names_the_clip_and_an_id_of_its_own() -> None:
    way, body = ordered(mode="extend", source=SOURCE, upstream_model="veo_3_1_extend_landscape")
    (request,) = body["requests"]
    assert (way, request["videoInput"]) == ("ExtendVideo", {"mediaId": "9e41"})
    assert len(request.pop("metadata")["workflowId"]) == 36
    assert request["textInput"] == COMMON["textInput"]
    assert request["videoModelKey"] == "veo_3_1_extend_landscape"


def test_the_id_of_the_finished_clip_is_the_one_that_is_continued() -> None:
    context = handle("old-name", clip_id="9e41").context
    _, body = ordered(mode="extend", source=Source(media_id="old-name", context=context))
    assert body["requests"][0]["videoInput"] == {"mediaId": "9e41"}


def test_several_clips_differ_in_their_seed_alone() -> None:
    _, body = ordered(count=4)
    assert [request.pop("seed") for request in body["requests"]] == [41234, 41235, 41236, 41237]
    assert body["requests"] == [body["requests"][0]] * 4


@pytest.mark.parametrize(("asked", "drawn"), [(1, 1), (99_999, 99_999), (100_000, 1), (999_999, 9)])
def test_a_seed_that_is_too_large_is_folded(asked: int, drawn: int) -> None:
    _, request = clips.order(clip_generation(seed=asked), PLACE, MARKS)
    assert request.requests[0].seed == drawn


def test_portrait_is_sent_in_flow_s_word() -> None:
    assert ordered(aspect_ratio="9:16")[1]["requests"][0]["aspectRatio"] == "VIDEO_ASPECT_RATIO_PORTRAIT"


def test_an_unknown_level_is_left_out_rather_than_invented() -> None:
    _, request = clips.order(clip_generation(), PLACE, Marks(captcha_token=""))
    assert "userPaygateTier" not in sent(request)["clientContext"]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"aspect_ratio": "1:1"}, "1:1"),
        ({"mode": "image"}, "mode image"),
        ({"mode": "t2v", "inputs": ("a.png",)}, "from 1 pictures"),
        ({"mode": "i2v"}, "from 0 pictures"),
        ({"mode": "i2v", "inputs": ("a.png",) * 3}, "from 3 pictures"),
        ({"mode": "r2v"}, "from 0 pictures"),
        ({"mode": "r2v", "inputs": ("a.png",) * 4}, "from 4 pictures"),
        ({"mode": "extend"}, "none is named"),
        ({"mode": "extend", "source": Source(media_id="")}, "none is named"),
        ({"upscale": "2k"}, "2k"),
    ],
)
def test_what_flow_cannot_be_asked_for_is_refused_beforehand(fields: dict[str, Any], told: str) -> None:
    assert told in refused(clip_generation(**fields))


@pytest.mark.parametrize(
    ("upscale", "resolution", "key"),
    [
        ("1080p", "VIDEO_RESOLUTION_1080P", "veo_3_1_upsampler_1080p"),
        ("4k", "VIDEO_RESOLUTION_4K", "veo_3_1_upsampler_4k"),
    ],
)
def test_an_enlargement_has_the_known_form(upscale: str, resolution: str, key: str) -> None:
    body = sent(clips.enlargement(handle(), clip_generation(upscale=upscale, aspect_ratio="9:16", seed=7), MARKS))
    (request,) = body.pop("requests")
    assert len(request.pop("metadata")["sceneId"]) == 36
    assert request == {
        "aspectRatio": "VIDEO_ASPECT_RATIO_PORTRAIT",
        "resolution": resolution,
        "seed": 7,
        "videoInput": {"mediaId": "9e41"},
        "videoModelKey": key,
    }
    assert len(body["mediaGenerationContext"].pop("batchId")) == 36
    assert body["clientContext"] == ENVELOPE["clientContext"]


def test_an_enlargement_is_of_the_finished_clip() -> None:
    request = clips.enlargement(handle("old-name", clip_id="9e41"), clip_generation(upscale="4k"), MARKS)
    assert sent(request)["requests"][0]["videoInput"] == {"mediaId": "9e41"}


@pytest.mark.parametrize("fields", [{"upscale": None}, {"upscale": "2k"}, {"upscale": "4k", "aspect_ratio": "1:1"}])
def test_an_enlargement_that_cannot_be_asked_for_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(UpstreamFailure) as caught:
        clips.enlargement(handle(), clip_generation(**fields), MARKS)
    assert caught.value.kind is FailureKind.REQUEST_REJECTED


def test_the_question_names_each_clip_with_its_project() -> None:
    asked = sent(clips.question([handle("a"), handle("b", project_id="p2")]))
    assert asked == {"media": [{"name": "a", "projectId": "p1"}, {"name": "b", "projectId": "p2"}]}


@pytest.mark.parametrize(("seconds", "end"), [(8, 8), (4, 4), (None, 8)])
def test_a_clip_and_its_continuation_are_joined_where_they_overlap(seconds: int | None, end: int) -> None:
    joined = sent(clips.joining(Source(media_id="one", seconds=seconds), handle("two")))
    assert joined["inputVideos"] == [
        {
            "mediaGenerationId": "one",
            "lengthNanos": end * 1000,
            "startTimeOffset": "0s",
            "endTimeOffset": f"{end}s",
        },
        {"mediaGenerationId": "two", "lengthNanos": 8000, "startTimeOffset": "1s", "endTimeOffset": "8s"},
    ]


def test_what_a_clip_continues_itself_comes_before_it_in_the_whole() -> None:
    first = Source(media_id="one", seconds=6)
    second = Source(media_id="two", before=first)
    joined = sent(clips.joining(Source(media_id="three", before=second), handle("four")))
    parts = [
        (each["mediaGenerationId"], each["startTimeOffset"], each["endTimeOffset"]) for each in joined["inputVideos"]
    ]
    assert parts == [("one", "0s", "6s"), ("two", "1s", "8s"), ("three", "1s", "8s"), ("four", "1s", "8s")]


def test_the_home_of_a_continuation_is_where_the_clip_lies() -> None:
    source = Source(media_id="9e41", context=handle(project_id="p7").context)
    assert clips.home_of(clip_generation(mode="extend", source=source)) == "p7"
    assert clips.home_of(clip_generation(mode="extend", source=SOURCE)) is None
    assert clips.home_of(clip_generation()) is None

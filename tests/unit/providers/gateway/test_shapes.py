"""What goes out in each shape, and what is read out of the answer to an order."""

import base64
from typing import Any

import msgspec
import pytest

from flow2api.domain.failure import FailureKind, UpstreamFailure
from flow2api.domain.job import Generation
from flow2api.providers.gateway.how import How
from flow2api.providers.gateway.shapes import FORMS, Inputs, handle_of

PICTURE = b"\x89PNG\r\n\x1a\nsome bytes"
BASE64 = base64.b64encode(PICTURE).decode()


def generation(**fields: Any) -> Generation:
    usual = {"provider": "gateway", "upstream_model": "m", "aspect_ratio": "16:9", "model": "x", "prompt": "waves"}
    return Generation(**{"kind": "image", **usual, **fields})


@pytest.mark.parametrize(
    "picture",
    [
        {"b64_json": BASE64},
        {"b64_json": f"data:image/png;base64,{BASE64}"},
        {"b64_json": "", "url": f"data:image/png;base64,{BASE64}"},
        {"url": f"data:image/png;base64,{BASE64}"},
        {"b64_json": BASE64, "url": "https://cdn.example/1"},
    ],
)
def test_a_picture_that_came_with_the_answer_is_taken_however_it_was_written(picture: dict[str, str]) -> None:
    begun = FORMS["images"].begun(msgspec.json.encode({"data": [picture]}), How("images"))
    assert (begun.finished, begun.data, len(begun.made)) == (True, (PICTURE,), 1)


def test_a_picture_behind_a_link_is_left_to_be_fetched() -> None:
    begun = FORMS["images"].begun(msgspec.json.encode({"data": [{"url": "https://cdn.example/1"}]}), How("images"))
    assert (begun.data, begun.made[0].url) == ((), "https://cdn.example/1")


@pytest.mark.parametrize(
    "picture", [{}, {"b64_json": "a"}, {"url": "data:image/png,plain"}, {"url": "data:image/png;base64,a"}]
)
def test_an_answer_without_anything_to_take_cannot_be_read(picture: dict[str, str]) -> None:
    with pytest.raises(UpstreamFailure) as caught:
        FORMS["images"].begun(msgspec.json.encode({"data": [picture]}), How("images"))
    assert caught.value.kind is FailureKind.UNREADABLE


@pytest.mark.parametrize(
    ("shape", "answer"),
    [
        ("videos", {"id": "t1", "status": "queued"}),
        ("videos", {"id": "t1"}),
        ("videos", {"task_id": "t1", "status": "queued"}),
        ("sora", {"task_id": "t1"}),
        ("sora", {"id": "t1", "status": "queued"}),
        ("tasks", {"code": "success", "data": {"task_id": "t1"}}),
        ("tasks", {"code": "success", "data": "t1"}),
    ],
)
def test_an_accepted_order_is_known_by_its_id_wherever_that_stands(shape: Any, answer: object) -> None:
    begun = FORMS[shape].begun(msgspec.json.encode(answer), How(shape, family="veo"))
    assert (begun.finished, handle_of(begun.made[0]).id) == (False, "t1")


@pytest.mark.parametrize("shape", ["videos", "sora", "tasks"])
def test_an_order_without_an_id_cannot_be_read(shape: Any) -> None:
    with pytest.raises(UpstreamFailure, match="id"):
        FORMS[shape].begun(b'{"status": "queued"}', How(shape))


def test_a_model_without_a_word_for_the_number_is_told_none() -> None:
    ask = FORMS["images"].order(generation(count=2), How("images", count=""), Inputs())
    assert ask.body == {"model": "m", "prompt": "waves"}

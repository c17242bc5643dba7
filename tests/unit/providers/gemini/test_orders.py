"""What goes out for an order to the Gemini API."""

from typing import Any

import msgspec
import pytest

from flow2api.domain.job import Generation
from flow2api.providers.gemini import clips, pictures


def generation(**fields: Any) -> Generation:
    usual = {"provider": "gemini", "upstream_model": "x", "aspect_ratio": "16:9", "model": "x", "prompt": "waves"}
    return Generation(**{"kind": "image", **usual, **fields})


OPTIONS = {"options": {"negative_prompt": "rain", "calm": True}, "option_names": {"negative_prompt": "negativePrompt"}}
SENT = {"negativePrompt": "rain", "calm": True}


@pytest.mark.parametrize(
    ("order", "place"),
    [
        (clips.order(generation(kind="video", seconds=8, **OPTIONS), ()), "parameters"),
        (pictures.predict_order(generation(**OPTIONS)), "parameters"),
        (pictures.content_order(generation(**OPTIONS), ()), "generationConfig"),
    ],
    ids=("clip", "predict", "content"),
)
def test_what_only_some_models_take_goes_out_by_the_names_of_the_service(order: object, place: str) -> None:
    sent = msgspec.json.decode(msgspec.json.encode(order))[place]
    assert SENT.items() <= sent.items()
    assert "negative_prompt" not in sent

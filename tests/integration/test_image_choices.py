"""What only some models for pictures can be asked for, through the image routes and the whole gateway to the emulated service."""

import io
from typing import Any

import httpx
from PIL import Image

from tests.doubles.gateway import error_of
from tests.doubles.keyed import KeyedGateway, open_keyed_gateway
from tests.doubles.pictures import drawn

MODEL = "gateway/gpt-image-1"
RED = drawn(colour="red")


def mask() -> bytes:
    """A mask with a hole in it."""
    data = io.BytesIO()
    picture = Image.new("RGBA", (64, 48), "black")
    picture.paste((0, 0, 0, 0), (10, 10, 30, 30))
    picture.save(data, "PNG")
    return data.getvalue()


async def edit(gateway: KeyedGateway, model: str = MODEL, **files: bytes) -> httpx.Response:
    form = {"model": model, "prompt": "make it green"}
    sent: Any = {name: (f"{name}.png", data) for name, data in files.items()}
    return await gateway.tested.client.post("/v1/images/edits", data=form, files=sent)


async def make(gateway: KeyedGateway, **fields: object) -> httpx.Response:
    return await gateway.tested.client.post(
        "/v1/images/generations", json={"model": MODEL, "prompt": "an apple", **fields}
    )


async def test_a_mask_reaches_a_model_that_keeps_to_it_and_is_refused_by_all_others() -> None:
    async with open_keyed_gateway() as gateway:
        hole = mask()
        answer = await edit(gateway, image=RED, mask=hole)
        assert answer.status_code == 200, answer.text
        [seen] = gateway.relay.ledger.calls("edit")
        assert seen.body.count(b'name="image"') == seen.body.count(b'name="mask"') == 1
        assert RED in seen.body
        assert hole in seen.body
        for model in ("gateway/nano-banana", "gemini-3.1-flash-image"):
            told = error_of(await edit(gateway, model, image=RED, mask=hole))
            assert (told["code"], told["param"]) == ("unsupported_operation", "mask")
        broken = error_of(await edit(gateway, image=RED, mask=b"no picture"))
        assert (broken["code"], broken["param"]) == ("invalid_image", "mask")
        assert len(gateway.relay.ledger.calls("edit")) == 1


async def test_background_and_quality_reach_a_model_that_has_a_choice_of_them() -> None:
    async with open_keyed_gateway() as gateway:
        answer = await make(gateway, background="transparent", quality="hd")
        assert answer.status_code == 200, answer.text
        assert answer.json()["quality"] == "high"
        sent = gateway.relay.ledger.calls("image")[-1].json
        assert (sent["background"], sent["quality"]) == ("transparent", "high")
        await make(gateway, background="auto", quality="auto")
        assert {"background", "quality"}.isdisjoint(gateway.relay.ledger.calls("image")[-1].json)
        tool = {"type": "image_generation", "quality": "low", "background": "opaque"}
        asked = {"model": MODEL, "input": "an apple", "tools": [tool]}
        assert (await gateway.tested.client.post("/v1/responses", json=asked)).status_code == 200
        sent = gateway.relay.ledger.calls("image")[-1].json
        assert (sent["background"], sent["quality"]) == ("opaque", "low")
        assert (await gateway.ask(MODEL, "an apple", quality="standard")).status_code == 200
        assert gateway.relay.ledger.calls("image")[-1].json["quality"] == "medium"
        assert (await make(gateway, model="gateway/nano-banana", quality="high")).status_code == 200
        told = error_of(await make(gateway, model="gateway/nano-banana", background="transparent"))
        assert (told["code"], told["param"]) == ("unsupported_operation", "background")

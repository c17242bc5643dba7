"""Ordering by hand over a real socket."""

from pathlib import Path
from typing import Any

import pytest
import trio

from tests.doubles.pictures import data_url, drawn
from tests.integration.test_api_admin import MODEL, opened

CLIP_MODEL = "veo-3.1-fast"


def order(**more: Any) -> dict[str, Any]:
    return {"model": MODEL, "prompt": "a red fox", **more}


async def test_the_offer_tells_what_each_model_takes_and_no_fixed_form_of_one(tmp_path: Path) -> None:
    async with opened(tmp_path) as (_, client):
        offer = (await client.get("/api/studio")).json()
        models = {model["id"]: model for model in offer["models"]}
        # The page begins with what the settings name, and not with what a service charges most for.
        assert list(models)[:2] == ["gemini-3.1-flash-image", "veo-3.1-fast"]
        assert "16:9" in models[MODEL]["accepts"]["aspect_ratios"]
        assert models[CLIP_MODEL]["kind"] == "video"
        assert f"{MODEL}-landscape" not in models
        assert MODEL in offer["ready"]
        assert not any(name.startswith("fal/") for name in offer["ready"])


async def test_an_order_is_a_generation_of_the_studio_that_runs_on_by_itself(tmp_path: Path) -> None:
    async with opened(tmp_path) as (desk, client):
        answer = await client.post("/api/studio", json=order(aspect_ratio="9:16", seed=7))
        assert answer.status_code == 202
        [begun] = answer.json()["jobs"]
        assert begun["job"]["origin"] == "studio"
        assert desk.jobs.submits[-1].detached
        generation = desk.jobs.submits[-1].generation
        assert (generation.prompt, generation.aspect_ratio, generation.seed) == ("a red fox", "9:16", 7)


async def test_several_are_several_generations_with_seeds_of_their_own(tmp_path: Path) -> None:
    async with opened(tmp_path) as (_, client):
        begun = (await client.post("/api/studio", json=order(n=3, seed=7))).json()["jobs"]
        assert len({one["job"]["id"] for one in begun}) == 3
        assert [one["job"]["generation"]["seed"] for one in begun] == [7, 8, 9]


async def test_pressing_twice_makes_two(tmp_path: Path) -> None:
    async with opened(tmp_path) as (_, client):
        headers = {"Idempotency-Key": "same", "X-Stainless-Retry-Count": "1"}
        answers = [await client.post("/api/studio", json=order(), headers=headers) for _ in range(2)]
        assert len({answer.json()["jobs"][0]["job"]["id"] for answer in answers}) == 2


async def test_pictures_are_taken_in(tmp_path: Path) -> None:
    async with opened(tmp_path) as (desk, client):
        await client.post("/api/studio", json=order(inputs=[data_url(drawn())]))
        assert len(desk.jobs.submits[-1].generation.inputs) == 1


@pytest.mark.parametrize(
    ("more", "status", "param"),
    [
        ({"prompt": " "}, 400, "prompt"),
        ({"model": "no-such"}, 404, "model"),
        ({"n": 0}, 400, "n"),
        ({"n": 9}, 400, "n"),
        ({"aspect_ratio": "7:3"}, 400, "aspect_ratio"),
        ({"inputs": ["data:image/png;base64,AAAA"]}, 400, "inputs.0"),
        ({"source": "/media/abc.mp4"}, 400, "source"),
    ],
)
async def test_what_cannot_be_made_names_the_field(
    tmp_path: Path, more: dict[str, Any], status: int, param: str
) -> None:
    async with opened(tmp_path) as (_, client):
        answer = await client.post("/api/studio", json=order(**more))
        assert (answer.status_code, answer.json()["error"]["param"]) == (status, param)


async def test_nothing_is_begun_while_the_gateway_stops(tmp_path: Path) -> None:
    async with opened(tmp_path) as (desk, client):
        desk.services.draining.set()
        with trio.fail_after(30):
            answer = await client.post("/api/studio", json=order())
        assert answer.json()["error"]["code"] == "draining"

"""The demonstration shows a full installation: every kind of account is there, and each makes something."""

from pathlib import Path

import httpx
import pytest
import trio

from flow2api.demo_folder import DATABASE, open_demo_folder
from flow2api.domain.catalog import Catalog
from flow2api.providers.registry import PROVIDERS
from tests.doubles.processes import open_program
from tests.e2e.site import CHAT, LIMIT_SECONDS, Place

KEY = "f2a_for_the_demonstration"
MODELS = ("gemini-3.1-flash-image", "fal/flux-pro-ultra", "gateway/nano-banana", "gateway/sora-2")


@pytest.mark.slow
async def test_the_demo_has_every_kind_of_account_and_each_makes_something(tmp_path: Path) -> None:
    launch = Place(tmp_path).launch("demo", "--port", "0", "--api-key", KEY, shows=(KEY,))
    with trio.fail_after(LIMIT_SECONDS):
        async with open_program(launch) as program:
            url = (await program.says(r"^  Address   (http://\S+)/v1$"))[1]
            headers = {"Authorization": f"Bearer {KEY}"}
            async with httpx.AsyncClient(base_url=url, headers=headers, timeout=60, trust_env=False) as client:
                listed = {model["id"] for model in (await client.get("/v1/models")).json()["data"]}
                catalog = Catalog.load(None)
                assert {model.provider for model in catalog.models() if model.id in listed} == set(PROVIDERS)
                async with trio.open_nursery() as nursery:
                    for model in MODELS:
                        nursery.start_soon(make_one, client, model)


async def make_one(client: httpx.AsyncClient, model: str) -> None:
    body = {"model": model, "messages": [{"role": "user", "content": "waves"}]}
    answer = await client.post(CHAT, json=body)
    assert answer.status_code == 200, answer.text
    assert "/media/" in answer.json()["choices"][0]["message"]["content"]


@pytest.mark.parametrize("command", [("serve", "--port", "0"), ("account", "list")])
async def test_a_demos_folder_is_taken_by_the_demo_alone_since_its_accounts_are_nobodys(
    command: tuple[str, ...], tmp_path: Path
) -> None:
    place = Place(tmp_path)
    with open_demo_folder(place.data, KEY):
        pass
    with trio.fail_after(LIMIT_SECONDS):
        ended = await place.run(*command)
    assert ended.code == 1
    assert "is one of flow2api demo" in ended.err
    assert "--data-dir" in ended.err
    assert not (place.data / DATABASE).exists()

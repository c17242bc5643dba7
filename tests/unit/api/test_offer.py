"""What an operator changes of the models while the gateway runs."""

import msgspec
import pytest

from flow2api.api.offer import ALIASES_SETTING, OFF_SETTING, Offer
from flow2api.config.keys import SECTIONS
from flow2api.domain.catalog import Catalog, Wish
from flow2api.domain.model import Family, Table
from flow2api.errors import Code, Failure
from flow2api.store import settings
from flow2api.store.base import Store
from flow2api.store.door import open_inline_store

TABLE = msgspec.convert(
    {"title": "T", "kind": "image", "provider": "p", "upstream": "U", "ratios": ["1:1", "9:16"]}, Table
)


def catalog() -> Catalog:
    tools = Family(title="Tools", models=("pen", "brush"))
    return Catalog({"pen": TABLE, "brush": TABLE}, {"tools": tools}, {"stylus": "pen", "crayon": "stylus"})


async def offer_of(store: Store) -> Offer:
    offer = Offer(store, catalog())
    await offer.load()
    return offer


async def test_an_alias_is_offered_at_once_and_after_a_restart_until_it_is_removed() -> None:
    async with open_inline_store() as store:
        offer = await offer_of(store)
        before = offer.catalog
        await offer.set_alias("dall-e-3", "pen-portrait")
        made = offer.catalog.resolve(Wish(model="dall-e-3", prompt="a fox"))
        assert (made.model, made.aspect_ratio) == ("pen-portrait", "9:16")
        assert "dall-e-3" not in before
        again = await offer_of(store)
        assert again.catalog.names(again.catalog.find("dall-e-3")) == ("dall-e-3", "pen-portrait", "pen")
        await again.set_alias("dall-e-3", "brush")
        assert again.catalog.find("dall-e-3").base == "brush"
        assert await again.remove_alias("dall-e-3")
        assert not await again.remove_alias("dall-e-3")
        assert "dall-e-3" not in (await offer_of(store)).catalog


@pytest.mark.parametrize(
    ("name", "target", "code", "param"),
    [
        ("pen", "brush", Code.CONFLICT, "name"),
        ("pen-portrait", "brush", Code.CONFLICT, "name"),
        ("stylus", "brush", Code.CONFLICT, "name"),
        ("sora-2", "nothing", Code.INVALID_VALUE, "target"),
        ("", "pen", Code.INVALID_VALUE, "name"),
        ("two words", "pen", Code.INVALID_VALUE, "name"),
        ("x" * 101, "pen", Code.INVALID_VALUE, "name"),
    ],
)
async def test_an_alias_that_would_mislead_is_refused(name: str, target: str, code: Code, param: str) -> None:
    async with open_inline_store() as store:
        offer = await offer_of(store)
        with pytest.raises(Failure) as caught:
            await offer.set_alias(name, target)
        assert (caught.value.code, caught.value.param) == (code, param)
        assert offer.aliases == {}


async def test_a_model_that_is_off_takes_its_forms_aliases_and_families_with_it() -> None:
    async with open_inline_store() as store:
        offer = await offer_of(store)
        whole = [model.id for model in offer.catalog.models()]
        await offer.set_alias("sora-2", "pen-portrait")
        await offer.switch("pen", False)
        for now in (offer, await offer_of(store)):
            assert {model.base for model in now.catalog.models()} == {"brush"}
            with pytest.raises(Failure) as caught:
                now.catalog.resolve(Wish(model="stylus", prompt="a fox"))
            assert caught.value.code is Code.MODEL_NOT_FOUND
        await offer.switch("pen", True)
        assert [model.id for model in offer.catalog.models()] == [*whole, "sora-2"]


async def test_only_models_of_their_own_are_switched() -> None:
    async with open_inline_store() as store:
        offer = await offer_of(store)
        for name, code in (("stylus", Code.UNSUPPORTED_OPERATION), ("nothing", Code.MODEL_NOT_FOUND)):
            with pytest.raises(Failure) as caught:
                await offer.switch(name, False)
            assert caught.value.code is code
        await offer.switch("tools", False)
        assert "tools" not in offer.catalog


async def test_what_was_stored_for_models_that_are_gone_has_no_effect() -> None:
    async with open_inline_store() as store:
        await store.write(settings.put, ALIASES_SETTING, {"old": "gone", "brush": "pen", "sora-2": "pen"})
        await store.write(settings.put, OFF_SETTING, ["gone"])
        offer = await offer_of(store)
        assert [model.id for model in offer.catalog.models()] == [*(model.id for model in catalog().models()), "sora-2"]
        assert offer.catalog.find("brush").base == "brush"


def test_no_setting_of_the_operator_has_a_name_of_these() -> None:
    assert {ALIASES_SETTING.partition(".")[0], OFF_SETTING.partition(".")[0]} & set(SECTIONS) == set()

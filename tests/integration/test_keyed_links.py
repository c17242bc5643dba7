"""Links that a service gives lead to where the service is, to the public internet, or nowhere."""

import pytest

from tests.doubles.gateway import error_of
from tests.doubles.keyed import KeyedGateway, open_keyed_gateway
from tests.doubles.pictures import drawn

# A clip whose status names a link, in each of the two forms of resellers.
MODELS = ("gateway/sora-2-relay", "gateway/veo")


def elsewhere(gateway: KeyedGateway) -> str:
    """The very same service under another name, which is another origin."""
    return gateway.urls["gateway"].removesuffix("/v1").replace("127.0.0.1", "localhost")


@pytest.mark.parametrize("model", MODELS)
async def test_a_link_into_our_own_network_is_not_followed_and_the_reason_is_told(model: str) -> None:
    async with open_keyed_gateway() as gateway:
        gateway.relay.knobs = gateway.relay.knobs.changed({"address": elsewhere(gateway)})
        answer = await gateway.ask(model, "x")
        error = error_of(answer)
        assert (answer.status_code, error["code"]) == (502, "result_lost"), error
        assert "leads to an address that is not public" in error["message"]
        assert "media.allow_private" in error["message"]
        assert gateway.relay.ledger.counts["file"] == 0
        assert len(gateway.relay.ledger.accepted) == 1


async def test_an_operator_may_allow_it() -> None:
    async with open_keyed_gateway(settings={"media.allow_private": ["localhost"]}) as gateway:
        gateway.relay.knobs = gateway.relay.knobs.changed({"address": elsewhere(gateway)})
        for model in MODELS:
            assert (await gateway.ask(model, "x")).status_code == 200


async def test_an_upload_goes_to_no_private_address_that_a_service_names() -> None:
    async with open_keyed_gateway() as gateway:
        gateway.fal.knobs = gateway.fal.knobs.changed(
            {"address": gateway.urls["fal"].replace("127.0.0.1", "localhost")}
        )
        error = error_of(await gateway.ask("fal/flux-kontext", "x", (drawn(64, 36, "red"),)))
        assert "may not be asked" in error["message"], error
        assert gateway.fal.ledger.accepted == []

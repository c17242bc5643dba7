"""Webhooks over the whole gateway, to a receiver on loopback that goes wrong in every way."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio
from standardwebhooks import Webhook, WebhookVerificationError

from tests.doubles.gateway import MODEL, TestedGateway, error_of, open_tested_gateway
from tests.doubles.server import Answer, Server, nothing, open_server, pausing, plain, reset

QUICK: Mapping[str, object] = {
    "webhooks.allow_private": ["127.0.0.1"],
    "webhooks.pause_seconds": 0.02,
    "webhooks.longest_pause_seconds": 0.1,
    "webhooks.timeout_seconds": 0.3,
}
DELIVERED, FAILED = "delivered", "failed"


@asynccontextmanager
async def receiving(
    *answers: Answer, default: Answer | None = None, **settings: object
) -> AsyncIterator[tuple[TestedGateway, Server, str]]:
    """A gateway, a receiver that answers so, and the secret for all keys."""
    given = {**QUICK, **{name.replace("__", "."): value for name, value in settings.items()}}
    async with open_server(*answers, default=default) as server, open_tested_gateway(settings=given) as gateway:
        made = await gateway.admin("POST", "/api/webhooks/secrets/default")
        yield gateway, server, made["secret"]


async def submit(gateway: TestedGateway, url: str, prompt: str = "a red apple") -> str:
    """A job that is over, and whose end is to be told to `url`; its id."""
    body = {"model": MODEL, "prompt": prompt, "webhook": url}
    answer = await gateway.client.post("/v1/jobs", json=body, headers={"Prefer": "wait=20"})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["id"])


async def settled(gateway: TestedGateway, job_id: str, tries: int = 1) -> dict[str, Any]:
    """The delivery for a job once it is delivered or given up, after so many tries."""
    while True:
        [delivery] = (await gateway.client.get(f"/v1/jobs/{job_id}/deliveries")).json()["data"]
        if delivery["state"] in (DELIVERED, FAILED) and delivery["tries"] >= tries:
            return dict(delivery)
        await trio.sleep(0.01)


def verified(server: Server, secret: str, place: int = -1) -> dict[str, Any]:
    """What a receiver reads with the package of the standard."""
    seen = server.requests[place]
    message: dict[str, Any] = Webhook(secret).verify(seen.body, seen.headers)
    return message


async def test_the_end_of_a_job_is_told_signed_as_the_standard_says() -> None:
    async with receiving() as (gateway, server, secret):
        job_id = await submit(gateway, f"{server.url}/hook?token=of-the-owner")
        delivery = await settled(gateway, job_id)
        assert (delivery["state"], delivery["tries"], delivery["place"]) == (DELIVERED, 1, f"127.0.0.1:{server.port}")
        assert "of-the-owner" not in json.dumps(delivery)
        [seen] = server.requests
        assert (seen.method, seen.target) == ("POST", "/hook?token=of-the-owner")
        assert (seen.headers["content-type"], seen.headers["webhook-id"]) == ("application/json", delivery["id"])
        message = verified(server, secret)
        shown = (await gateway.client.get(f"/v1/jobs/{job_id}")).json()
        assert (message["type"], message["data"]) == ("job.succeeded", shown)
        assert (await gateway.fetch(message["data"]["results"][0]["url"])).status_code == 200
        with pytest.raises(WebhookVerificationError):
            Webhook("whsec_" + "A" * 43 + "=").verify(seen.body, seen.headers)
        assert "of-the-owner" not in gateway.log.text
        assert secret not in gateway.log.text


TROUBLES: Sequence[Answer] = (
    plain(status=500),
    nothing(),
    reset(),
    pausing(),
    plain(status=302),
    plain(b"no", status=404),
)


async def test_what_is_not_taken_is_sent_again_with_the_same_id_until_it_is() -> None:
    async with receiving(*TROUBLES, default=plain(status=204)) as (gateway, server, secret):
        delivery = await settled(gateway, await submit(gateway, server.url))
        assert (delivery["state"], delivery["tries"]) == (DELIVERED, len(TROUBLES) + 1)
        assert {seen.headers["webhook-id"] for seen in server.requests} == {delivery["id"]}
        assert len({seen.body for seen in server.requests}) == 1
        for place in range(len(server.requests)):
            verified(server, secret, place)
        statuses = [attempt["status"] for attempt in delivery["attempts"]]
        assert statuses == [500, None, None, None, 302, 404, 204]
        assert "redirects are not followed" in delivery["attempts"][4]["error"]
        assert all(attempt["error"] for attempt in delivery["attempts"][:-1])


async def test_who_never_takes_it_is_given_up_and_can_be_sent_it_again() -> None:
    async with receiving(default=plain(status=503), webhooks__tries=3) as (gateway, server, _):
        delivery = await settled(gateway, await submit(gateway, server.url))
        assert (delivery["state"], delivery["tries"], len(server.requests)) == (FAILED, 3, 3)
        listed = await gateway.admin("GET", "/api/webhooks/deliveries?state=failed")
        assert [one["id"] for one in listed["deliveries"]] == [delivery["id"]]
        server.default = plain()
        resent = await gateway.admin("POST", f"/api/webhooks/deliveries/{delivery['id']}/resend")
        assert (resent["state"], resent["tries"]) == ("due", 0)
        while (again := await settled(gateway, delivery["job_id"]))["state"] == FAILED:
            await trio.sleep(0.01)
        assert (again["state"], again["tries"], len(again["attempts"])) == (DELIVERED, 1, 4)


async def test_who_is_gone_is_not_asked_again() -> None:
    async with receiving(default=plain(status=410)) as (gateway, server, _):
        delivery = await settled(gateway, await submit(gateway, server.url))
        assert (delivery["state"], delivery["tries"], len(server.requests)) == (FAILED, 1, 1)


async def test_a_receiver_that_hangs_holds_up_no_other() -> None:
    async with (
        receiving(default=pausing(), webhooks__timeout_seconds=2.0, webhooks__concurrency=4) as (
            gateway,
            slow,
            secret,
        ),
        open_server() as quick,
    ):
        for number in range(6):
            await submit(gateway, slow.url, f"hangs {number}")
        delivery = await settled(gateway, await submit(gateway, quick.url, "arrives"))
        assert delivery["state"] == DELIVERED
        assert verified(quick, secret)["type"] == "job.succeeded"
        assert slow.accepted == 2


async def test_after_a_change_of_the_secret_both_sign_and_a_key_may_have_one_of_its_own() -> None:
    async with receiving() as (gateway, server, first):
        second = (await gateway.admin("POST", "/api/webhooks/secrets/default"))["secret"]
        await settled(gateway, await submit(gateway, server.url))
        assert first != second
        assert verified(server, first) == verified(server, second)
        [key] = (await gateway.admin("GET", "/api/keys"))["keys"]
        own = "whsec_" + "b3du" * 8
        assert (await gateway.admin("POST", f"/api/webhooks/secrets/{key['id']}", {"secret": own}))["secret"] == own
        await settled(gateway, await submit(gateway, server.url, "own"))
        verified(server, own)
        with pytest.raises(WebhookVerificationError):
            verified(server, second)
        holders = await gateway.admin("GET", "/api/webhooks/secrets")
        assert [one["holder"] for one in holders["secrets"]] == ["default", key["id"]]
        assert first not in json.dumps(holders)
        await gateway.admin("DELETE", f"/api/webhooks/secrets/{key['id']}")
        bearer = {"authorization": f"Bearer {gateway.gateway.admin_token.reveal()}"}
        for holder, given, status in (("default", "secret", 400), ("nobody", own, 404)):
            path = f"/api/webhooks/secrets/{holder}"
            answer = await gateway.client.post(path, json={"secret": given}, headers=bearer)
            assert answer.status_code == status
            assert given not in error_of(answer)["message"] or given == "secret"


async def test_a_failed_job_is_told_too_and_foreign_deliveries_are_not_shown() -> None:
    async with receiving() as (gateway, server, secret):
        account = (await gateway.admin("GET", "/api/accounts"))["accounts"][0]["account"]["id"]
        await gateway.admin("POST", f"/api/accounts/{account}/disable")
        job_id = await submit(gateway, server.url)
        await settled(gateway, job_id)
        message = verified(server, secret)
        assert (message["type"], message["data"]["error"]["code"]) == ("job.failed", "no_account_available")
        made = await gateway.admin("POST", "/api/keys", {"name": "somebody else"})
        foreign = {"authorization": f"Bearer {made['secret']}"}
        assert (await gateway.client.get(f"/v1/jobs/{job_id}/deliveries", headers=foreign)).status_code == 404

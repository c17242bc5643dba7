"""What goes wrong with keys, and what the caller and the operator are told; the services count what was asked and accepted."""

from typing import Any

import httpx
import pytest
import trio

from flow2api.emulator.faults import AnyFault, CloseAfter, EmptyList, NotJson, Reset, Status, Truncated
from flow2api.emulator.keyed.service import KeyedKnobs
from tests.doubles.gateway import error_of
from tests.doubles.keyed import KeyedGateway, open_keyed_gateway

# A model for each way to ask, and what the service calls that call.
WAYS = {
    "fal/imagen-4-fast": "submit",
    "fal/hailuo-02-text": "submit",
    "gateway/gpt-image-1-mini": "image",
    "gateway/sora-2": "video",
    "gateway/sora-2-relay": "sora",
    "gateway/veo": "task",
}
FAL, RELAY, MINI = "fal/imagen-4-fast", "gateway/sora-2", "gateway/gpt-image-1-mini"
# So that a request for which no account is left ends soon.
IMPATIENT = {"jobs.queue_timeout": 1.0}


def kind_of(model: str) -> str:
    return model.partition("/")[0]


def calls(gateway: KeyedGateway, model: str) -> int:
    """How often the model was asked for at its service."""
    return gateway.service(kind_of(model)).ledger.counts[WAYS[model]]


def accepted(gateway: KeyedGateway, model: str, prompt: str) -> int:
    ledger = gateway.service(kind_of(model)).ledger
    return sum((one.call, one.prompt) == (WAYS[model], prompt) for one in ledger.accepted)


def assert_error(answer: httpx.Response, status: int, code: str, *words: str) -> None:
    error = error_of(answer)
    assert (answer.status_code, error["code"]) == (status, code), error
    assert [word for word in words if word not in error["message"]] == []


@pytest.mark.parametrize("model", [FAL, RELAY])
async def test_a_revoked_key_takes_its_account_out_until_another_is_given(model: str) -> None:
    async with open_keyed_gateway(settings=IMPATIENT) as gateway:
        kind = kind_of(model)
        gateway.key(kind).alive = False
        assert_error(await gateway.ask(model, "x"), 503, "no_account_available", "refuses this one")
        standing = (await gateway.standing(kind))["standing"]
        assert (standing["state"], standing["code"]) == ("needs_login", "key_refused")
        await gateway.ask(model, "again")
        assert calls(gateway, model) == 1
        gateway.key(kind).alive = True
        account = await gateway.standing(kind)
        await gateway.tested.admin("POST", f"/api/accounts/{account['id']}/refresh")
        assert (await gateway.ask(model, "with a good key")).status_code == 200


@pytest.mark.parametrize("model", [FAL, RELAY])
async def test_a_key_without_balance_is_not_asked_again_until_it_is_topped_up_and_refreshed(model: str) -> None:
    async with open_keyed_gateway() as gateway:
        gateway.key(kind_of(model)).balance = 0
        assert_error(await gateway.ask(model, "x"), 429, "insufficient_quota", "top it up")
        account = await gateway.standing(kind_of(model))
        standing = account["standing"]
        assert (standing["state"], standing["code"]) == ("exhausted", "balance_empty")
        assert 500 < standing["until"] - standing["since"] < 700
        assert "top it up" in account["last_error"]
        await gateway.ask(model, "again")
        assert calls(gateway, model) == 1
        gateway.key(kind_of(model)).balance = 50
        await gateway.tested.admin("POST", f"/api/accounts/{account['id']}/refresh")
        assert (await gateway.ask(model, "with money")).status_code == 200


@pytest.mark.parametrize("model", [FAL, RELAY])
async def test_a_key_that_is_asked_too_much_rests_as_long_as_the_service_says(model: str) -> None:
    async with open_keyed_gateway(settings=IMPATIENT) as gateway:
        slow = Status(429, reason=None if kind_of(model) == "fal" else "rate_limit_exceeded", retry_after=600)
        gateway.service(kind_of(model)).faults.next(WAYS[model], slow)
        assert not (await gateway.ask(model, "x")).is_success
        standing = (await gateway.standing(kind_of(model)))["standing"]
        assert (standing["state"], standing["code"]) == ("resting", "throttled")
        assert 590 < standing["until"] - standing["since"] < 610
        assert calls(gateway, model) == 1


async def test_a_refusal_of_the_prompt_is_told_as_such_and_not_repeated() -> None:
    async with open_keyed_gateway() as gateway:
        for model, call in WAYS.items():
            before = calls(gateway, model)
            assert_error(await gateway.ask(model, "[unsafe] x"), 400, "content_policy_violation", "content rules")
            if call != "image":
                assert_error(await gateway.ask(model, "[refuse-later] x"), 400, "content_policy_violation")
            assert calls(gateway, model) - before == (1 if call == "image" else 2), model
            assert (await gateway.standing(kind_of(model)))["standing"]["state"] == "active"


@pytest.mark.parametrize("model", [FAL, RELAY])
async def test_a_model_that_is_gone_rests_on_its_account_while_others_are_served(model: str) -> None:
    async with open_keyed_gateway(settings=IMPATIENT) as gateway:
        gone = Status(404, reason=None if kind_of(model) == "fal" else "model_not_found")
        gateway.service(kind_of(model)).faults.next(WAYS[model], gone)
        assert_error(await gateway.ask(model, "x"), 503, "no_account_available", "finds no")
        account = await gateway.standing(kind_of(model))
        assert account["standing"]["state"] == "active"
        assert [rest["code"] for rest in account["model_rests"].values()] == ["model_gone"]
        await gateway.ask(model, "again")
        assert calls(gateway, model) == 1
        other = "fal/imagen-4-ultra" if kind_of(model) == "fal" else "gateway/sora-2-pro"
        assert (await gateway.ask(other, "another model")).status_code == 200


@pytest.mark.parametrize("model", [FAL, RELAY])
async def test_a_storm_of_503_rests_the_model_for_a_while_and_disables_no_account(model: str) -> None:
    async with open_keyed_gateway(settings=IMPATIENT) as gateway:
        service = gateway.service(kind_of(model))
        service.faults.always(WAYS[model], Status(503))
        for number in range(4):
            assert_error(await gateway.ask(model, f"x{number}"), 503, "no_account_available", "overloaded")
        account = await gateway.standing(kind_of(model))
        assert account["standing"]["state"] == "active"
        assert [rest["code"] for rest in account["model_rests"].values()] == ["model_busy"]
        assert (calls(gateway, model), service.ledger.accepted) == (1, [])
        service.faults.clear()
        await enable(gateway, kind_of(model))
        assert (await gateway.ask(model, "when it is over")).status_code == 200


LOST: dict[str, AnyFault] = {
    "no answer at all": Reset(carried_out=True),
    "half an answer": Truncated(),
    "the head of an answer": CloseAfter(0),
    "a page from in between": NotJson(502, carried_out=True),
    "a page that says all is well": NotJson(200, carried_out=True),
    "its own word that something behind it was too slow": Status(504, carried_out=True),
    "its own word that it lost something behind it": Status(502, carried_out=True),
}


@pytest.mark.parametrize("fault", LOST)
async def test_an_order_whose_answer_is_lost_is_never_sent_again(fault: str) -> None:
    async with open_keyed_gateway(settings={"accounts.error_threshold": 100}) as gateway:
        for model in WAYS:
            gateway.service(kind_of(model)).faults.next(WAYS[model], LOST[fault])
            before = calls(gateway, model)
            prompt = f"{model} is lost"
            assert_error(await gateway.ask(model, prompt), 502, "outcome_unknown", "was not sent again")
            assert (calls(gateway, model) - before, accepted(gateway, model, prompt)) == (1, 1), model


async def test_an_accepted_order_of_pictures_that_names_none_is_never_sent_again() -> None:
    async with open_keyed_gateway() as gateway:
        gateway.relay.faults.next("image", EmptyList())
        assert_error(await gateway.ask(MINI, "x"), 502, "outcome_unknown", "without a picture")
        assert (calls(gateway, MINI), accepted(gateway, MINI, "x")) == (1, 1)


async def test_links_to_another_host_are_not_followed_with_the_key() -> None:
    async with open_keyed_gateway(knobs=KeyedKnobs(address="http://127.0.0.1:9")) as gateway:
        assert_error(await gateway.ask(FAL, "x"), 502, "outcome_unknown", "another host")
        assert (gateway.fal.ledger.counts["status"], accepted(gateway, FAL, "x")) == (0, 1)


async def test_a_status_that_nobody_knows_and_a_failure_end_the_job_with_one_order() -> None:
    async with open_keyed_gateway(settings={"accounts.error_threshold": 100}) as gateway:
        for model in (model for model, call in WAYS.items() if call != "image"):
            before = calls(gateway, model)
            assert_error(await gateway.ask(model, "[mystery-later]"), 502, "outcome_unknown", "not known here")
            assert_error(await gateway.ask(model, "[fault-later]"), 502, "upstream_error")
            assert calls(gateway, model) - before == 2, model


FREE = [
    ("fal/hailuo-02-text", "status"),
    ("fal/hailuo-02-text", "result"),
    ("gateway/sora-2", "video_status"),
    ("gateway/sora-2", "video_content"),
    ("gateway/sora-2-relay", "sora_status"),
    ("gateway/veo", "file"),
]


async def test_what_costs_nothing_is_asked_again_until_the_result_is_there() -> None:
    async with open_keyed_gateway() as gateway:
        for model, call in FREE:
            faults, before, prompt = gateway.service(kind_of(model)).faults, calls(gateway, model), f"{model} {call}"
            for fault in (Status(503), Reset(), NotJson(502))[: 2 if call in ("video_content", "file") else 3]:
                faults.next(call, fault)
            assert (await gateway.ask(model, prompt)).status_code == 200, prompt
            assert faults.planned == (), prompt
            assert (calls(gateway, model) - before, accepted(gateway, model, prompt)) == (1, 1), prompt


async def test_the_place_in_the_queue_and_the_log_are_told_while_it_goes_on() -> None:
    async with open_keyed_gateway(knobs=KeyedKnobs(queued=12, active=12)) as gateway:
        lines: list[str] = []
        body = {"model": FAL, "stream": True, "messages": [{"role": "user", "content": "x"}]}
        async with gateway.tested.client.stream("POST", "/v1/chat/completions", json=body) as answer:
            async for line in answer.aiter_lines():
                lines.append(line)
        told = "\n".join(lines)
        assert "place 1 in fal's queue" in told
        assert "Generating:" in told


async def test_what_was_left_out_is_said_in_the_answer() -> None:
    async with open_keyed_gateway() as gateway:
        answer = await gateway.ask("gateway/gpt-image-1-mini", "x", seed=7)
        assert (
            answer.headers["x-flow2api-warning"] == "seed was left out for gateway/gpt-image-1-mini: it takes no seed."
        )
        refused = await gateway.ask("fal/hailuo-02-text", "x", options={"raw": True})
        assert_error(refused, 400, "invalid_value", "it takes prompt_optimizer")
        assert error_of(refused)["param"] == "raw"


async def test_a_cancelled_job_is_given_up_at_the_service() -> None:
    async with open_keyed_gateway(knobs=KeyedKnobs(pace="seconds", queued=60, active=60)) as gateway:
        await cancel_one(gateway, "fal/hailuo-02-text", "cancel")
        await cancel_one(gateway, "gateway/sora-2", "video_delete")


async def cancel_one(gateway: KeyedGateway, model: str, call: str) -> None:
    """Give a job up that its service works on."""
    admin, answers = gateway.tested.admin, []

    async def ask() -> None:
        answers.append(await gateway.ask(model, model))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask)
        job: dict[str, Any] = {"state": ""}
        while job["state"] != "running":
            jobs = (await admin("GET", "/api/jobs"))["jobs"]
            job = next((one for one in jobs if one["generation"]["prompt"] == model), job)
        await admin("POST", f"/api/jobs/{job['id']}/cancel")
    assert_error(answers[0], 409, "cancelled", "was asked to stop")
    assert gateway.service(kind_of(model)).ledger.counts[call] == 1


async def enable(gateway: KeyedGateway, kind: str) -> None:
    """Let the account of a service work again at once."""
    account = await gateway.standing(kind)
    await gateway.tested.admin("POST", f"/api/accounts/{account['id']}/enable")

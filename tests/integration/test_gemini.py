"""The Gemini API behind the whole gateway, over its emulator: each model to its result, each refusal to what follows from it."""

import base64
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import httpx
import pytest
from openai import OpenAI

from flow2api.domain.account import Account, AccountState
from flow2api.domain.rest import next_quota_reset
from flow2api.emulator.faults import AnyFault, NotJson, Reset, Status
from flow2api.emulator.gemini.core import GeminiEmulator
from flow2api.emulator.keyed.keys import ApiKey
from flow2api.emulator.keyed.service import KeyedKnobs
from tests.doubles.gateway import TestedGateway, error_of, open_tested_gateway
from tests.doubles.pictures import data_url, drawn, size_of

KEY = "AIza-a-key-of-the-emulator"
FLASH, IMAGEN, VEO = "gemini-2.5-flash-image", "imagen-4.0-generate-001", "veo-3.1-fast-generate-preview"
QUICK = {"gemini.poll_interval": 0.02, "jobs.queue_timeout": 5.0}
FAST = KeyedKnobs(queued=1, active=1)
PICTURES = [drawn(64, 36, colour) for colour in ("red", "green", "blue")]
PER_DAY, PER_MINUTE = "GenerateRequestsPerDayPerProjectPerModel", "GenerateRequestsPerMinutePerProjectPerModel"


class Stand(NamedTuple):
    """A gateway that has one account with a key, and the service behind it."""

    gateway: TestedGateway
    service: GeminiEmulator

    async def ask(
        self,
        model: str,
        prompt: str = "a red apple",
        pictures: int = 0,
        fields: Mapping[str, object] = MappingProxyType({}),
        **more: object,
    ) -> httpx.Response:
        parts = [{"type": "image_url", "image_url": {"url": data_url(data)}} for data in PICTURES[:pictures]]
        content = [{"type": "text", "text": prompt}, *parts]
        return await self.gateway.post(
            {"model": model, "messages": [{"role": "user", "content": content}], **fields, **more}
        )

    async def account(self) -> Account:
        [account] = (await self.gateway.accounts()).values()
        return account

    def asked(self, call: str) -> list[Any]:
        return [seen.json for seen in self.service.ledger.calls(call)]

    def paid(self) -> int:
        return len(self.service.ledger.accepted)


@asynccontextmanager
async def open_stand(keys: int = 1, knobs: KeyedKnobs = FAST) -> AsyncIterator[Stand]:
    labels = [ApiKey(key=f"{KEY}-{number}", label=f"key {number}") for number in range(keys)]
    service = GeminiEmulator(labels, knobs)
    async with open_tested_gateway((), settings=QUICK, keyed={"gemini": service}) as gateway:
        yield Stand(gateway, service)


def at(body: Any, path: str) -> Any:
    """What stands in a body at a path such as `parameters.aspectRatio`; None when nothing does."""
    for name in path.split("."):
        found = body[int(name)] if isinstance(body, list) and int(name) < len(body) else None
        body = body.get(name) if isinstance(body, dict) else found
    return body


@dataclass(frozen=True)
class Case:
    """A request, and what must reach the service for it."""

    model: str
    call: str
    expected: Mapping[str, object]
    pictures: int = 0
    fields: Mapping[str, object] = field(default_factory=dict)


SHAPE, CONFIG = "generationConfig.imageConfig", {"image_config": {"aspect_ratio": "21:9", "image_size": "2K"}}
CASES = [
    Case(
        "gemini-3-pro-image-preview", "content", {f"{SHAPE}.aspectRatio": "21:9", f"{SHAPE}.imageSize": "2K"}, 0, CONFIG
    ),
    Case("gemini-3.1-flash-image-preview", "content", {f"{SHAPE}.aspectRatio": "16:9", f"{SHAPE}.imageSize": None}, 3),
    Case(FLASH, "content", {"contents.0.parts.1.text": "a red apple", f"{SHAPE}.imageSize": None}, 1),
    Case(IMAGEN, "predict", {"parameters.sampleImageSize": "2K", "parameters.sampleCount": 1}, 0, {"size": "2K"}),
    Case("imagen-4.0-ultra-generate-001", "predict", {"parameters.aspectRatio": "3:4"}, 0, {"aspect_ratio": "3:4"}),
    Case("imagen-4.0-fast-generate-001", "predict", {"parameters.aspectRatio": "1:1"}),
    Case(
        "veo-3.1-generate-preview",
        "clip",
        {"parameters.aspectRatio": "9:16", "parameters.resolution": "4k", "parameters.durationSeconds": 8},
        0,
        {"aspect_ratio": "9:16", "resolution": "4k"},
    ),
    Case(VEO, "clip", {"parameters.durationSeconds": 4, "instances.0.image.mimeType": "image/png"}, 2, {"seconds": 4}),
    Case(
        "veo-3.1-lite-generate-preview",
        "clip",
        {"parameters.negativePrompt": "rain", "instances.0.image": None},
        0,
        {"negative_prompt": "rain"},
    ),
    Case(f"{VEO}-references", "clip", {"instances.0.referenceImages.2.referenceType": "asset"}, 3),
    Case("veo-3.1-generate-preview-references", "clip", {"instances.0.referenceImages.0.referenceType": "asset"}, 1),
]


async def test_each_model_runs_to_its_result_with_what_was_asked_for() -> None:
    async with open_stand() as stand:
        for case in CASES:
            answer = await stand.ask(case.model, pictures=case.pictures, fields=case.fields)
            assert answer.status_code == 200, (case.model, answer.text)
            upstream = case.model.removesuffix("-references")
            assert answer.headers["x-flow2api-route"] == f"gemini/{upstream}"
            seen = stand.service.ledger.calls(case.call)[-1]
            assert seen.path.startswith(f"/v1beta/models/{upstream}:")
            assert {path: at(seen.json, path) for path in case.expected} == case.expected, case.model
            last = (await stand.gateway.jobs())[-1]
            [link] = last.results
            media = await stand.gateway.fetch(f"/media/{link}")
            assert media.status_code == 200
            assert (media.content[4:8] == b"ftyp") is (case.call == "clip")
        assert stand.paid() == len(CASES)
        assert "lastFrame" in stand.asked("clip")[1]["instances"][0]


async def test_openais_own_package_gets_pictures_edits_and_clips() -> None:
    def go(client: OpenAI) -> tuple[list[bytes], bytes]:
        found = []
        for model in (FLASH, IMAGEN, "gemini-3-pro-image-preview"):
            found += client.images.generate(model=model, prompt="a cat").data or []
        found += (
            client.images.edit(model=FLASH, prompt="at night", image=("in.png", PICTURES[0], "image/png")).data or []
        )
        events = list(client.images.generate(model=FLASH, prompt="a dog", stream=True))
        assert events[-1].type == "image_generation.completed"
        frame = ("in.png", PICTURES[0], "image/png")
        video = client.videos.create_and_poll(
            model=VEO, prompt="waves", seconds="4", size="720x1280", input_reference=frame, poll_interval_ms=50
        )
        assert (video.status, video.seconds) == ("completed", "4")
        pictures = [base64.b64decode(one.b64_json or "") for one in found]
        return pictures, client.videos.download_content(video.id).read()

    async with open_stand() as stand:
        pictures, clip = await stand.gateway.sdk(go)
        assert [size_of(picture)[0] > 500 for picture in pictures] == [True] * 4
        assert clip[4:8] == b"ftyp"
        assert stand.paid() == 6


async def test_prices_are_counted_by_the_second_and_by_size() -> None:
    async with open_stand() as stand:
        await stand.ask(VEO, seconds=4)
        await stand.ask("veo-3.1-generate-preview", resolution="4k")
        await stand.ask("gemini-3.1-flash-image-preview", size="4K")
        assert [job.generation.credits for job in await stand.gateway.jobs()] == [40, 480, 15]


async def test_several_pictures_are_as_many_orders() -> None:
    async with open_stand() as stand:
        assert (await stand.ask(FLASH, n=3)).status_code == 200
        assert stand.paid() == 3


async def test_a_clip_goes_on_over_the_key_that_made_it() -> None:
    async with open_stand(keys=3) as stand:
        first = await stand.ask(VEO)
        text = first.json()["choices"][0]["message"]["content"]
        talk = [{"role": "assistant", "content": text}, {"role": "user", "content": "it rolls away"}]
        second = await stand.gateway.post({"model": f"{VEO}-extend", "messages": talk})
        assert second.status_code == 200, second.text
        made, extended = await stand.gateway.jobs()
        assert made.account_id == extended.account_id
        uri = stand.asked("clip")[1]["instances"][0]["video"]["uri"]
        assert uri == made.made[0].context
        [whole] = [one for one in stand.service.ledger.accepted if one.prompt == "it rolls away"]
        assert whole.account == next(one.account for one in stand.service.ledger.accepted)


async def test_a_continuation_of_a_clip_that_is_gone_is_refused_and_leaves_the_model_in_use() -> None:
    async with open_stand() as stand:
        text = (await stand.ask(VEO)).json()["choices"][0]["message"]["content"]
        talk = [{"role": "assistant", "content": text}, {"role": "user", "content": "it rolls away"}]
        stand.service.faults.next("clip", Status(403))
        refused = await stand.gateway.post({"model": f"{VEO}-extend", "messages": talk})
        assert error_of(refused)["code"] == "upstream_rejected"
        assert "two days" in error_of(refused)["message"]
        assert (stand.service.ledger.counts["clip"], (await stand.account()).model_rests) == (2, {})


# -- refusals -----------------------------------------------------------------------------------------------------

Trouble = Callable[[GeminiEmulator], object]


def revoke(service: GeminiEmulator) -> None:
    service.keys.change("key 0", {"alive": False})


def unpaid(service: GeminiEmulator) -> None:
    service.keys.change("key 0", {"balance": 0})


def remove_models(service: GeminiEmulator) -> None:
    service.models.clear()


UNAVAILABLE = "no_account_available"


class Refusal(NamedTuple):
    """A request that comes to nothing, and what follows from it. Each is sent once."""

    model: str
    trouble: Trouble | None
    code: str
    """What the caller meets."""
    rest: str = ""
    """Why the model rests on the account."""
    prompt: str = "x"
    state: AccountState = AccountState.ACTIVE
    paid: int = 0


def on_content(fault: AnyFault) -> Trouble:
    return lambda service: service.faults.always("content", fault)


def on_clip(fault: AnyFault) -> Trouble:
    return lambda service: service.faults.always("clip", fault)


UNKNOWN, POLICY = "outcome_unknown", "content_policy_violation"
DAY, MINUTE = (Status(429, reason=reason, retry_after=34) for reason in (PER_DAY, PER_MINUTE))
REFUSALS = [
    Refusal(FLASH, revoke, UNAVAILABLE, state=AccountState.NEEDS_LOGIN),
    *(Refusal(model, unpaid, UNAVAILABLE, "billing_needed") for model in (FLASH, IMAGEN, VEO)),
    *(Refusal(model, remove_models, UNAVAILABLE, "model_gone") for model in (FLASH, VEO)),
    Refusal(FLASH, on_content(DAY), "insufficient_quota", "model_quota_reached"),
    Refusal(FLASH, on_content(MINUTE), UNAVAILABLE, "model_throttled"),
    Refusal(FLASH, on_content(Status(503)), UNAVAILABLE, "model_busy"),
    Refusal(FLASH, on_content(Status(504)), UNKNOWN),
    Refusal(FLASH, on_content(NotJson(503)), UNKNOWN),
    Refusal(FLASH, on_content(Reset(carried_out=True)), UNKNOWN, paid=1),
    Refusal(VEO, on_clip(NotJson()), UNKNOWN),
    *(Refusal(FLASH, None, POLICY, prompt=prompt) for prompt in ("[unsafe]", "[image-safety]")),
    Refusal(FLASH, None, "upstream_rejected", prompt="[no-image]"),
    Refusal(FLASH, None, UNKNOWN, prompt="[other]"),
    Refusal(IMAGEN, None, POLICY, prompt="[unsafe]"),
    Refusal(VEO, None, POLICY, prompt="[refuse-later]", paid=1),
    Refusal(VEO, None, "upstream_error", prompt="[fault-later]", paid=1),
    Refusal(VEO, None, UNKNOWN, prompt="[mystery-later]", paid=1),
]


async def test_each_refusal_reaches_account_model_and_caller_and_is_not_repeated() -> None:
    """One gateway for all rows, since starting one takes longer than what is looked at; the account is put right in between."""
    async with open_stand() as stand:
        for row in REFUSALS:
            await assert_refused(stand, row)
            stand.service.reset()
            await stand.gateway.admin("POST", f"/api/accounts/{(await stand.account()).id}/enable")


async def assert_refused(stand: Stand, row: Refusal) -> None:
    if row.trouble is not None:
        row.trouble(stand.service)
    answer = await stand.ask(row.model, row.prompt)
    account = await stand.account()
    rests = [rest.code for rest in account.model_rests.values()]
    sent = sum(stand.service.ledger.counts[call] for call in ("content", "predict", "clip"))
    seen = (error_of(answer)["code"], account.standing.state, rests, sent, stand.paid())
    assert seen == (row.code, row.state, [row.rest] * bool(row.rest), 1, row.paid), (row, answer.text)
    assert KEY not in answer.text


async def test_a_daily_limit_rests_one_model_until_the_reset_and_no_other() -> None:
    async with open_stand() as stand:
        stand.service.faults.next("content", Status(429, reason=PER_DAY, retry_after=34))
        await stand.ask(FLASH)
        account = await stand.account()
        rest = account.model_rests[FLASH]
        assert rest.until == next_quota_reset(rest.since)
        assert (await stand.ask("gemini-3-pro-image-preview")).status_code == 200
        assert (await stand.ask(FLASH)).status_code == 429
        assert stand.service.ledger.counts["content"] == 2


async def test_a_wait_that_the_service_names_is_waited_out() -> None:
    async with open_stand() as stand:
        stand.service.faults.next("content", Status(429, reason=PER_MINUTE, retry_after=1))
        assert (await stand.ask(FLASH)).status_code == 200
        assert (stand.service.ledger.counts["content"], stand.paid()) == (2, 1)


async def test_a_second_key_takes_over_what_the_first_may_not_do() -> None:
    async with open_stand(keys=2) as stand:
        stand.service.faults.next("clip", Status(429, reason=PER_DAY))
        assert (await stand.ask(VEO)).status_code == 200
        assert stand.paid() == 1


async def test_a_file_that_is_not_delivered_at_first_is_lost_with_a_reason_and_not_ordered_again() -> None:
    async with open_stand() as stand:
        stand.service.faults.always("file", Status(403))
        assert error_of(await stand.ask(VEO))["code"] == "result_lost"
        assert stand.paid() == 1


# -- keys and routes ----------------------------------------------------------------------------------------------


async def test_a_key_is_tried_when_it_is_added_and_never_shown() -> None:
    async with open_stand() as stand:
        base = (await stand.account()).base_url
        wrong = {"provider": "gemini", "credential": "AIza-nobody-has-this-key", "base_url": base}
        headers = {"authorization": f"Bearer {stand.gateway.gateway.admin_token.reveal()}"}
        refused = await stand.gateway.client.post("/api/accounts", json=wrong, headers=headers)
        assert error_of(refused)["param"] == "credential"
        assert "AIza-nobody" not in refused.text
        again = {"provider": "gemini", "credential": f"{KEY}-0", "base_url": f"{base}/"}
        known = await stand.gateway.admin("POST", "/api/accounts", again)
        account = await stand.account()
        assert (known["account"]["id"], account.label) == (account.id, "key 0")
        assert KEY not in str(await stand.gateway.admin("GET", "/api/accounts"))
        known_kinds = (await stand.gateway.admin("GET", "/api/providers"))["providers"]
        assert known_kinds[0]["name"] == "flow"
        assert {"gemini": "API key"}.items() <= {one["name"]: one["credential"] for one in known_kinds}.items()
        [exported] = (await stand.gateway.admin("GET", "/api/accounts/export"))["accounts"]
        assert (exported["credential"], exported["base_url"]) == (f"{KEY}-0", base)


async def test_a_route_goes_over_to_the_key_when_the_first_service_is_exhausted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = tmp_path / "models.toml"
    first, second = "gemini-3.1-flash-image", "gemini-3.1-flash-image-preview"
    models.write_text(f'[routes."{first}"]\nto = [{{ model = "{first}" }}, {{ model = "{second}", order = 2 }}]\n')
    monkeypatch.setattr("flow2api.app.OWN_MODELS", models)
    service = GeminiEmulator([ApiKey(key=KEY, label="key 0")])
    async with open_tested_gateway(settings=QUICK, keyed={"gemini": service}) as gateway:
        stand = Stand(gateway, service)
        answers = [await stand.ask(first, size="2K")]
        gateway.emulator.faults.next("image", Status(429, reason="PUBLIC_ERROR_USER_QUOTA_REACHED"))
        answers += [await stand.ask(first, size="2K") for _ in range(2)]
        assert [answer.status_code for answer in answers] == [200] * 3, answers[-1].text
        routes = [answer.headers["x-flow2api-route"] for answer in answers]
        assert routes == ["flow/NARWHAL", f"gemini/{second}", f"gemini/{second}"]
        assert (sum(one.call == "image" for one in gateway.emulator.ledger.accepted), stand.paid()) == (1, 2)
        told = await gateway.admin("GET", f"/api/jobs/{(await gateway.jobs())[-1].id}")
        assert told["route"] == f"gemini/{second}"
        [name] = (await gateway.jobs())[-1].results
        assert size_of((await gateway.fetch(f"/media/{name}")).content)[0] >= 1920


async def test_progress_of_a_clip_is_streamed_and_its_end_arrives() -> None:
    async with open_stand(knobs=KeyedKnobs(pace="seconds", queued=0.2, active=0.2)) as stand:
        body = {"model": VEO, "stream": True, "messages": [{"role": "user", "content": "a ball"}]}
        answer = await stand.gateway.post(body)
        assert "Generating with" in answer.text
        assert ".mp4" in answer.text
        assert answer.text.rstrip().endswith("[DONE]")

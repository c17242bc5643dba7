"""OpenAI's image routes with its own Python package, unmodified, against the whole gateway over the emulated service."""

import base64
import io
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any

import httpx
import msgspec
import openai
import pytest
from openai import OpenAI
from PIL import Image

from flow2api.emulator.faults import Status
from flow2api.emulator.knobs import Knobs
from tests.doubles.gateway import ADA, BOB, MODEL, TestedGateway, error_of, open_tested_gateway, people
from tests.doubles.pictures import data_url, drawn, size_of

LIVELY = {"server.blank_after_seconds": 0.1, "server.beat_seconds": 0.1}
REFUSAL = Status(400, "PUBLIC_ERROR_UNSAFE_GENERATION")
RED, BLUE = drawn(colour="red"), drawn(48, 64, colour="blue")


def generate(client: OpenAI, /, **fields: Any) -> Any:
    return client.images.generate(**{"model": MODEL, "prompt": "a red apple", **fields})


def edit(client: OpenAI, image: Any, **fields: Any) -> Any:
    return client.images.edit(image=image, prompt="make it green", **{"model": MODEL, **fields})


def bytes_of(entry: Any) -> bytes:
    return base64.b64decode(entry.b64_json, validate=True)


def uploaded(gateway: TestedGateway) -> list[bytes]:
    """The input pictures that the service was sent."""
    return [base64.b64decode(seen.json["imageBytes"]) for seen in gateway.emulator.ledger.calls("upload")]


def inputs(gateway: TestedGateway) -> int:
    """How many pictures the newest order names."""
    return len(gateway.emulator.ledger.calls("image")[-1].json["requests"][0]["imageInputs"])


async def send(gateway: TestedGateway, route: str, **sent: Any) -> Any:
    return await gateway.client.post(f"/v1/images/{route}", **sent)


async def test_trap_1_pictures_come_as_bare_base64_by_default_and_the_answer_tells_the_truth_about_them() -> None:
    async with open_tested_gateway() as gateway:
        answer = await gateway.sdk(lambda client: generate(client, size="512x512", quality="low", style="vivid"))
        [entry] = answer.data
        assert entry.url is None
        assert size_of(bytes_of(entry)) == tuple(map(int, answer.size.split("x"))) == (1024, 1024)
        assert (answer.output_format, answer.background, answer.quality) == ("jpeg", "opaque", "medium")
        assert answer.usage.total_tokens == answer.usage.input_tokens + answer.usage.output_tokens > 0
        told = (
            await send(gateway, "generations", json={"prompt": "no model named", "n": "1", "user": None, "model": None})
        ).json()
        assert set(told["data"][0]) == {"b64_json"}
        assert "\n" not in told["data"][0]["b64_json"]


async def test_trap_2_formats_are_really_written_and_a_link_opens_without_a_key_and_ends_in_the_true_extension() -> (
    None
):
    forms = {"png": ("PNG", "png"), "jpeg": ("JPEG", "jpg"), "webp": ("WEBP", "webp")}
    async with open_tested_gateway() as gateway:
        for form, (kind, extension) in forms.items():
            wanted: dict[str, Any] = {"output_format": form, "output_compression": 40}
            inside = await gateway.sdk(partial(generate, **wanted))
            # What stands in the answer is what a link would lead to.
            kept = {path.read_bytes() for path in gateway.data_dir.glob(f"media/*/*.{extension}")}
            assert bytes_of(inside.data[0]) in kept
            assert (inside.output_format, inside.size) == (form, "1376x768")
            linked = await gateway.sdk(partial(generate, response_format="url", **wanted))
            url = linked.data[0].url
            assert linked.data[0].b64_json is None
            assert url.startswith(f"{gateway.url}/media/")
            assert url.endswith(f".{extension}")
            found = await gateway.fetch(url)
            assert (found.headers["content-type"], size_of(found.content, kind)) == (f"image/{form}", (1376, 768))


async def test_a_picture_that_is_in_the_wanted_format_already_is_handed_out_byte_for_byte() -> None:
    async with open_tested_gateway() as gateway:
        answer = await gateway.sdk(lambda client: generate(client, output_format="jpeg", n=2))
        stored = {path.read_bytes() for path in gateway.data_dir.glob("media/*/*.*")}
        assert {bytes_of(entry) for entry in answer.data} == stored


async def test_n_pictures_are_shared_out_over_accounts_and_a_refused_one_is_left_out() -> None:
    async with open_tested_gateway(people(ADA, BOB), knobs=Knobs(image_latency_seconds=0.2)) as gateway:
        gateway.emulator.faults.next("image", REFUSAL)
        answer = await gateway.sdk(lambda client: generate(client, n=4))
        assert len({entry.b64_json for entry in answer.data}) == 3
        assert min(gateway.calls("image", email) for email in (ADA, BOB)) >= 1
        gateway.emulator.faults.always("image", REFUSAL)
        with pytest.raises(openai.BadRequestError) as raised:
            await gateway.sdk(lambda client: generate(client, n=2))
        assert raised.value.code == "content_policy_violation"


EDITS: list[tuple[str, Callable[[OpenAI], Any], list[bytes]]] = [
    ("one file", lambda client: edit(client, io.BytesIO(RED)), [RED]),
    ("raw bytes", lambda client: edit(client, RED), [RED]),
    ("a list of one", lambda client: edit(client, [RED]), [RED]),
    (
        "several",
        lambda client: edit(client, [RED, ("b/../x.exe", BLUE, "text/html")], input_fidelity="high"),
        [RED, BLUE],
    ),
    ("a variation", lambda client: client.images.create_variation(image=BLUE, model=MODEL, n=1), [BLUE]),
]


async def test_traps_15_and_16_edits_and_variations_take_files_in_every_form_of_the_package() -> None:
    async with open_tested_gateway() as gateway:
        for words, call, expected in EDITS:
            answer = await gateway.sdk(call)
            assert size_of(bytes_of(answer.data[0])) in ((1200, 896), (896, 1200)), words
            assert inputs(gateway) == len(expected), words
        # What was uploaded before is not uploaded again.
        assert set(uploaded(gateway)) == {RED, BLUE}


async def test_trap_16_form_keys_and_json_name_pictures_in_every_way_that_is_in_use() -> None:
    fields = {"model": MODEL, "prompt": "make it green", "stream": "false"}
    async with open_tested_gateway() as gateway:
        for keys in (["image"], ["image[]", "image[]"], ["image[0]", "image[1]"]):
            files = [(key, ("blob", data)) for key, data in zip(keys, (RED, BLUE), strict=False)]
            answer = await send(gateway, "edits", data=fields, files=files)
            assert answer.status_code == 200, answer.text
            assert inputs(gateway) == len(keys)
        first, second = data_url(RED), data_url(BLUE)
        for named in (
            {"image": first},
            {"image": [first]},
            {"images": [{"image_url": first}, second]},
            {"image": {"image_url": {"url": first}}, "images": None},
        ):
            answer = await send(gateway, "edits", json={"prompt": "make it green", **named})
            assert answer.status_code == 200, answer.text
        form = {"prompt": "make it green", "image": first}
        assert (await send(gateway, "edits", data=form)).status_code == 200


async def test_a_markup_is_drawn_into_the_first_picture_and_the_others_stay_as_they_are() -> None:
    marks = io.BytesIO()
    over = Image.new("RGBA", (8, 6))
    over.paste("white", (0, 0, 4, 6))
    over.save(marks, "PNG")
    async with open_tested_gateway() as gateway:
        files: Any = [("image[]", ("a", RED)), ("image[]", ("b", BLUE)), ("markup", ("m", marks.getvalue()))]
        answer = await send(gateway, "edits", data={"prompt": "make it green"}, files=files)
        assert answer.status_code == 200, answer.text
        [first, second] = uploaded(gateway)
        assert second == BLUE
        drawn_over = Image.open(io.BytesIO(first)).convert("RGB")
        assert drawn_over.size == (64, 48)
        assert (drawn_over.getpixel((2, 2)), drawn_over.getpixel((60, 40))) == ((255, 255, 255), (255, 0, 0))


BAD: list[tuple[str, dict[str, Any], int, str, str]] = [
    ("generations", {"prompt": " "}, 400, "missing_required_parameter", "prompt"),
    ("generations", {"size": "banana"}, 400, "invalid_value", "size"),
    ("generations", {"n": 0}, 400, "invalid_value", "n"),
    ("generations", {"n": 11}, 400, "invalid_value", "n"),
    ("generations", {"model": "no-such"}, 404, "model_not_found", "model"),
    ("generations", {"model": "veo-3.1-fast"}, 400, "unsupported_operation", "model"),
    ("generations", {"response_format": "jpeg"}, 400, "invalid_value", "response_format"),
    ("generations", {"output_format": "tiff"}, 400, "invalid_value", "output_format"),
    ("generations", {"output_compression": 101}, 400, "invalid_value", "output_compression"),
    ("generations", {"background": "transparent"}, 400, "unsupported_operation", "background"),
    ("generations", {"stream": True, "partial_images": 4}, 400, "invalid_value", "partial_images"),
    ("generations", {"stream": True, "size": "banana"}, 400, "invalid_value", "size"),
    ("edits", {}, 400, "missing_required_parameter", "image"),
    ("edits", {"image": "data:image/png;base64,AAAA"}, 400, "invalid_image", "image"),
    ("edits", {"image": data_url(RED), "mask": data_url(RED)}, 400, "unsupported_operation", "mask"),
    ("edits", {"image": data_url(RED), "markup": data_url(RED)}, 400, "invalid_image", "markup"),
    ("generations", {"markup": data_url(RED)}, 400, "invalid_value", "markup"),
    ("variations", {}, 400, "missing_required_parameter", "image"),
]  # fmt: skip


async def test_trap_17_what_cannot_be_meant_is_refused_with_its_field_before_anything_is_spent() -> None:
    async with open_tested_gateway() as gateway:
        for route, fields, status, code, param in BAD:
            answer = await send(gateway, route, json={"prompt": "a red apple", **fields})
            told = error_of(answer)
            assert (answer.status_code, told["code"], told["param"]) == (status, code, param), fields
        for files in ([("image", ("x.png", b""))], [("image", ("x.png", b"not a picture"))]):
            answer = await send(gateway, "edits", data={"prompt": "x"}, files=files)
            assert (answer.status_code, error_of(answer)["code"], error_of(answer)["param"]) == (
                400,
                "invalid_image",
                "image",
            )
        with pytest.raises(openai.BadRequestError) as raised:
            await gateway.sdk(lambda client: edit(client, RED, mask=RED))
        assert raised.value.param == "mask"
        # The key is looked at before the body is.
        bad = await send(gateway, "edits", content=b"{", headers={"authorization": "Bearer no"})
        assert (bad.status_code, error_of(bad)["code"]) == (401, "invalid_api_key")
        assert gateway.calls() == 0


async def test_what_other_programs_send_besides_is_never_refused() -> None:
    besides = {
        "quality": "auto", "size": "auto", "background": "auto", "moderation": "low", "style": "natural", "output_format": "png",
        "output_compression": 100, "user": "u", "safety_identifier": "s", "partial_images": 0, "stream": False, "n": None,
        "response_format": None, "no_such_field": {"a": [1]},
    }  # fmt: skip
    async with open_tested_gateway() as gateway:
        answer = await send(gateway, "generations", json={"prompt": "a red apple", **besides})
        assert (answer.status_code, answer.json()["output_format"]) == (200, "png")


async def test_streams_bring_one_completed_event_for_each_picture_in_the_package_s_own_types() -> None:
    async with open_tested_gateway() as gateway:
        made = await gateway.sdk(lambda client: list(generate(client, stream=True, n=2, partial_images=1)))
        assert [event.type for event in made] == ["image_generation.completed"] * 2
        assert len({event.b64_json for event in made}) == 2
        assert size_of(base64.b64decode(made[0].b64_json)) == tuple(map(int, made[0].size.split("x")))
        assert made[0].usage.total_tokens > 0
        changed = await gateway.sdk(lambda client: list(edit(client, [RED, BLUE], stream=True, output_format="webp")))
        assert [event.type for event in changed] == ["image_edit.completed"]
        assert changed[0].output_format == "webp"
        assert Image.open(io.BytesIO(base64.b64decode(changed[0].b64_json))).format == "WEBP"


@pytest.mark.parametrize("partials", [1, 2, 3])
async def test_who_asks_for_partial_pictures_gets_none_and_a_stream_that_ends_as_it_should(partials: int) -> None:
    """At most so many are allowed, and no provider makes any."""
    async with open_tested_gateway() as gateway:
        streamed = {"stream": True, "partial_images": partials}
        for call in (
            lambda client: list(generate(client, **streamed)),
            lambda client: list(edit(client, RED, **streamed)),
        ):
            [event] = await gateway.sdk(call)
            assert event.type.endswith(".completed")
            assert size_of(base64.b64decode(event.b64_json))


async def test_traps_3_and_10_a_stream_has_its_headers_at_once_beats_with_comments_and_ends_in_an_error_object() -> (
    None
):
    knobs = Knobs(image_latency_seconds=0.5)
    async with open_tested_gateway(knobs=knobs) as gateway:
        gateway.emulator.faults.next("image", REFUSAL)
        answer = await send(gateway, "generations", json={"prompt": "a red apple", "stream": True})
        assert (answer.status_code, answer.headers["content-type"][:17]) == (200, "text/event-stream")
        frames = [frame for frame in answer.text.split("\n\n") if frame]
        assert frames[0].startswith(":")
        assert frames[-1] == "data: [DONE]"
        assert msgspec.json.decode(frames[-2].removeprefix("data: "))["error"]["code"] == "content_policy_violation"
        gateway.emulator.faults.next("image", REFUSAL)
        with pytest.raises(openai.APIError, match="refus"):
            await gateway.sdk(lambda client: list(generate(client, stream=True)))


@pytest.mark.parametrize("header", ["x-stainless-retry-count", "idempotency-key"])
async def test_trap_5_the_repeat_of_a_form_is_known_though_its_boundary_is_another(header: str) -> None:
    async with open_tested_gateway() as gateway:
        answers = []
        for count in range(2):
            sent = {"x-stainless-retry-count": str(count)} if header.startswith("x-") else {header: "mine"}
            form = {"prompt": "make it green", "n": "2"}
            answers.append(await send(gateway, "edits", data=form, files={"image": ("a", RED)}, headers=sent))
        assert answers[0].request.headers["content-type"] != answers[1].request.headers["content-type"]
        assert answers[0].json()["data"] == answers[1].json()["data"]
        assert gateway.emulator.ledger.by_prompt() == {"make it green": 2}


async def test_traps_3_and_6_a_slow_picture_is_waited_for_with_signs_of_life_whole_and_streamed() -> None:
    knobs = Knobs(image_latency_seconds=0.6)
    async with open_tested_gateway(knobs=knobs, settings=LIVELY) as gateway:
        whole = await send(gateway, "generations", json={"prompt": "a red apple"})
        assert whole.text.startswith("  ")
        assert len(whole.json()["data"]) == 1
        stream = await send(gateway, "generations", json={"prompt": "a red apple", "stream": True})
        assert stream.text.count(": working\n\n") >= 3
        assert not [line for line in stream.text.splitlines() if line.startswith(("id:", "retry:"))]


async def test_trap_18_an_upload_without_a_length_is_read() -> None:
    request = httpx.Request("POST", "http://x", data={"prompt": "make it green"}, files={"image": ("a", RED)})
    body = request.read()

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 100):
            yield body[start : start + 100]

    async with open_tested_gateway() as gateway:
        headers = {"content-type": request.headers["content-type"]}
        answer = await send(gateway, "edits", content=pieces(), headers=headers)
        assert answer.request.headers["transfer-encoding"] == "chunked"
        assert (answer.status_code, uploaded(gateway)) == (200, [RED])


async def test_traps_4_9_and_19_lines_stay_short_errors_are_whole_and_ids_may_hold_slashes() -> None:
    async with open_tested_gateway() as gateway:
        stream = await gateway.chat(stream=True, n=4)
        assert stream.text.count("![image](") == 4
        assert max(map(len, stream.text.splitlines())) < 64 * 1024
        for method, path in (("GET", "/v1/nothing"), ("GET", "/v1/images/generations"), ("POST", "/v1/models")):
            answer = await gateway.client.request(method, path, headers={"origin": "http://page.example"})
            assert answer.status_code in (404, 405)
            assert error_of(answer)["code"] in ("not_found", "method_not_allowed")
            assert answer.headers["access-control-allow-origin"]
            assert answer.headers["x-request-id"]
        for path in ("gateway%2Fgpt-image-1", "gateway/gpt-image-1"):
            assert (await gateway.client.get(f"/v1/models/{path}")).json()["id"] == "gateway/gpt-image-1"
        missing = await gateway.client.get("/v1/models/google%2Fveo%203")
        assert (missing.status_code, error_of(missing)["param"]) == (404, "model")


async def test_a_name_that_is_given_to_a_model_is_known_by_every_route_and_dall_e_gets_links() -> None:
    async with open_tested_gateway() as gateway:
        for name in ("dall-e-3", "gpt-image-1"):
            await gateway.admin("PUT", f"/api/aliases/{name}", {"target": MODEL})
        linked = await gateway.sdk(partial(generate, model="dall-e-3", size="1792x1024"))
        assert (linked.data[0].b64_json, linked.data[0].url[:4]) == (None, "http")
        asked = await gateway.sdk(partial(generate, model="dall-e-3", response_format="b64_json"))
        assert (asked.data[0].url, len(bytes_of(asked.data[0])) > 0) == (None, True)
        changed = await gateway.sdk(lambda client: edit(client, RED, model="gpt-image-1"))
        assert (changed.data[0].url, size_of(bytes_of(changed.data[0]))) == (None, (1200, 896))

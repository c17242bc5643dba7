"""Google's own Python package, unmodified, against the whole gateway over the emulated service; and what its REST users send."""

import base64
import io
import json
from collections.abc import AsyncIterator, Callable
from typing import Any, TypeVar

import httpx
import pytest
import trio
import trio.testing
from google import genai
from google.genai import errors, types

from flow2api.api.inputs import MAX_BYTES
from flow2api.emulator.faults import Status
from flow2api.emulator.knobs import Knobs
from tests.doubles.gateway import LIMIT_SECONDS, MODEL, TestedGateway, open_tested_gateway
from tests.doubles.pictures import drawn, size_of

T = TypeVar("T")

# Google marks these calls as on their way out; people use them all the same.
pytestmark = pytest.mark.filterwarnings("ignore::google.genai._common.ExperimentalWarning")

CLIP_MODEL = "veo-3.1-fast"
VERSIONS = ("v1", "v1beta")
QUICK = Knobs(video_queued=0, video_active=1)
LOOKS = {"flow.poll_interval": 0.1}


async def sdk(
    gateway: TestedGateway, call: Callable[[genai.Client], T], *, vertex: bool = False, version: str = "v1"
) -> T:
    """Call Google's package, which blocks, in a worker thread."""
    options = types.HttpOptions(base_url=gateway.url, api_version="v1beta1" if vertex else version)
    client = genai.Client(api_key=gateway.key, vertexai=vertex, http_options=options)
    return await trio.to_thread.run_sync(call, client)


def pictures(answer: types.GenerateContentResponse) -> list[bytes]:
    found = [part.inline_data.data for part in answer.parts or () if part.inline_data]
    return [data for data in found if data]


def generate(client: genai.Client, contents: Any = "a red apple", **config: Any) -> types.GenerateContentResponse:
    return client.models.generate_content(
        model=MODEL, contents=contents, config=types.GenerateContentConfig(**config) if config else None
    )


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_picture_arrives_with_its_finish_reason_and_usage(version: str) -> None:
    async with open_tested_gateway() as gateway:
        answer = await sdk(gateway, generate, version=version)
        [picture] = pictures(answer)
        assert size_of(picture) == (1376, 768)
        assert answer.candidates is not None
        assert answer.candidates[0].finish_reason == types.FinishReason.STOP
        assert answer.usage_metadata is not None
        assert answer.usage_metadata.total_token_count


async def test_ratio_and_candidates_are_honoured_and_bytes_in_the_url_alphabet_are_taken() -> None:
    # All 64 letters occur in its base64, so both alphabets differ for it.
    noisy = drawn(48, 64)
    async with open_tested_gateway() as gateway:
        picture = types.Part.from_bytes(data=noisy, mime_type="image/png")
        config = {"image_config": types.ImageConfig(aspect_ratio="9:16"), "candidate_count": 2, "seed": 7}
        answer = await sdk(gateway, lambda client: generate(client, ["make it blue", picture], **config))
        assert {base64.b64decode(seen.json["imageBytes"]) for seen in gateway.emulator.ledger.calls("upload")} == {
            noisy
        }
        assert answer.candidates is not None
        assert [candidate.index or 0 for candidate in answer.candidates] == [0, 1]
        assert {job.generation.aspect_ratio for job in await gateway.jobs()} == {"9:16"}


async def test_a_stream_tells_progress_as_thoughts_and_ends_in_the_picture() -> None:
    async with open_tested_gateway() as gateway:
        chunks = await sdk(
            gateway, lambda client: list(client.models.generate_content_stream(model=MODEL, contents="a red apple"))
        )
        thoughts = [part for chunk in chunks for part in chunk.parts or () if part.thought]
        assert thoughts
        assert [size_of(picture) for chunk in chunks for picture in pictures(chunk)] == [(1376, 768)]


async def test_trap_14_a_stream_that_is_silent_for_long_is_kept_alive_by_what_the_package_passes_over() -> None:
    slow, lively = Knobs(image_latency_seconds=1.0), {"server.beat_seconds": 0.1}
    async with open_tested_gateway(knobs=slow, settings=lively) as gateway:
        path = f"/v1beta/models/{MODEL}:streamGenerateContent?alt=sse"
        text = (await rest(gateway, "POST", path, {"contents": "a red apple"})).text
        assert text.count("\n\n\n") > 2
        assert {line[:6] for line in text.split("\n") if line} == {"data: "}
        chunks = await sdk(
            gateway, lambda client: list(client.models.generate_content_stream(model=MODEL, contents="x"))
        )
        assert len(pictures(chunks[-1])) == 1


async def test_a_chat_changes_the_picture_of_its_last_answer() -> None:
    def talk(client: genai.Client) -> list[types.GenerateContentResponse]:
        chat = client.chats.create(model=MODEL)
        return [chat.send_message("a red apple"), chat.send_message("make it green")]

    async with open_tested_gateway() as gateway:
        first, _ = await sdk(gateway, talk)
        assert [
            base64.b64decode(seen.json["imageBytes"]) for seen in gateway.emulator.ledger.calls("upload")
        ] == pictures(first)


@pytest.mark.parametrize("version", VERSIONS)
async def test_models_are_listed_page_by_page_and_one_by_one(version: str) -> None:
    async with open_tested_gateway() as gateway:
        listed = await sdk(gateway, lambda client: list(client.models.list(config={"page_size": 60})), version=version)
        names = [model.name for model in listed]
        assert f"models/{MODEL}" in names
        assert len(names) == len(set(names)) > 200
        one = await sdk(gateway, lambda client: client.models.get(model=CLIP_MODEL), version=version)
        assert "predictLongRunning" in (one.supported_actions or ())


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_wrong_key_and_an_unknown_model_raise_client_errors(version: str) -> None:
    async with open_tested_gateway() as gateway:
        with pytest.raises(errors.ClientError) as unknown:
            await sdk(
                gateway, lambda client: client.models.generate_content(model="nope", contents="x"), version=version
            )
        assert (unknown.value.code, unknown.value.status) == (404, "NOT_FOUND")
        gateway.key = "wrong"
        with pytest.raises(errors.ClientError) as wrong:
            await sdk(gateway, generate, version=version)
        assert (wrong.value.code, wrong.value.status) == (401, "UNAUTHENTICATED")


async def test_imagen_is_asked_as_vertex_does() -> None:
    async with open_tested_gateway() as gateway:
        config = types.GenerateImagesConfig(number_of_images=2, aspect_ratio="1:1", include_rai_reason=True)
        answer = await sdk(
            gateway,
            lambda client: client.models.generate_images(model=MODEL, prompt="a red apple", config=config),
            vertex=True,
        )
        made = [one.image.image_bytes for one in answer.generated_images or () if one.image]
        assert [size_of(data) for data in made if data] == [(1024, 1024)] * 2


async def polled(gateway: TestedGateway, operation: Any, *, vertex: bool) -> Any:
    while not operation.done:
        await trio.sleep(0.1)
        before = operation
        operation = await sdk(gateway, lambda client, before=before: client.operations.get(before), vertex=vertex)  # type: ignore[misc]
    return operation


async def test_a_clip_is_begun_followed_and_fetched_as_vertex_does() -> None:
    frame = types.Image(image_bytes=drawn(64, 36), mime_type="image/png")
    source = types.GenerateVideosSource(prompt="a ball", image=frame)
    config = types.GenerateVideosConfig(duration_seconds=8, aspect_ratio="16:9", resolution="720p", number_of_videos=1)
    async with open_tested_gateway(knobs=QUICK, settings=LOOKS) as gateway:
        begun = await sdk(
            gateway,
            lambda client: client.models.generate_videos(model=CLIP_MODEL, source=source, config=config),
            vertex=True,
        )
        done = await polled(gateway, begun, vertex=True)
        [made] = done.response.generated_videos
        assert made.video.video_bytes[4:8] == b"ftyp"
        assert (await gateway.job()).generation.mode == "i2v"


async def rest(gateway: TestedGateway, method: str, path: str, body: object = None) -> httpx.Response:
    headers = {"authorization": "", "x-goog-api-key": gateway.key}
    return await gateway.client.request(method, path, headers=headers, json=body)


async def test_trap_14_a_clip_is_begun_followed_and_downloaded_over_plain_http_as_older_clients_do() -> None:
    async with open_tested_gateway(knobs=QUICK, settings=LOOKS) as gateway:
        body = {"instances": [{"prompt": "a ball"}], "parameters": {"aspectRatio": "9:16", "durationSeconds": "8"}}
        begun = (await rest(gateway, "POST", f"/v1beta/models/{CLIP_MODEL}:predictLongRunning", body)).json()
        while not (told := (await rest(gateway, "GET", f"/v1beta/{begun['name']}")).json()).get("done"):
            await trio.sleep(0.1)
        [sample] = told["response"]["generateVideoResponse"]["generatedSamples"]
        uri = sample["video"]["uri"]
        # The Python SDK pastes a plain http address into the path, and some proxies merge the slashes.
        for path in (
            uri.removeprefix(gateway.url),
            f"/v1beta/files/{uri}:download?alt=media",
            f"/v1beta/files/{uri.replace('//', '/')}:download",
        ):
            clip = await rest(gateway, "GET", path)
            assert (clip.status_code, clip.headers["content-type"], clip.content[4:8]) == (200, "video/mp4", b"ftyp")
        assert (await rest(gateway, "GET", f"/v1beta/operations/{begun['name'].rpartition('/')[2]}")).json()["done"]
        assert (await gateway.client.get(uri, headers={"authorization": ""})).status_code == 401


async def test_without_sse_a_stream_is_one_array() -> None:
    async with open_tested_gateway() as gateway:
        body = {
            "contents": {"parts": {"text": "a red apple"}},
            "generation_config": {"image_config": {"aspect_ratio": "1:1"}},
        }
        told = (await rest(gateway, "POST", f"/v1beta/models/{MODEL}:streamGenerateContent", body)).json()
        assert told[-1]["candidates"][0]["finishReason"] == "STOP"
        refused = await rest(gateway, "POST", f"/v1beta/models/{MODEL}:streamGenerateContent", {"contents": []})
        assert (refused.status_code, refused.json()["error"]["status"]) == (400, "INVALID_ARGUMENT")


async def test_what_open_webui_sends_is_understood() -> None:
    async with open_tested_gateway() as gateway:
        body = {
            "instances": {"prompt": "a red apple"},
            "parameters": {"sampleCount": 1, "outputOptions": {"mimeType": "image/png"}},
        }
        told = (await rest(gateway, "POST", f"/v1beta/models/{MODEL}:predict", body)).json()
        [prediction] = told["predictions"]
        assert prediction["mimeType"] == "image/png"
        assert size_of(base64.b64decode(prediction["bytesBase64Encoded"]), "PNG") == (1376, 768)
        shown = {"inline_data": {"mime_type": "image/png", "data": base64.b64encode(drawn()).decode()}}
        edit = {"contents": [{"parts": [{"text": "make it blue"}, shown]}]}
        told = (await rest(gateway, "POST", f"/v1beta/models/{MODEL}:generateContent", edit)).json()
        assert any("inlineData" in part for part in told["candidates"][0]["content"]["parts"])


async def test_a_refusal_is_a_candidate_that_says_so() -> None:
    async with open_tested_gateway() as gateway:
        gateway.emulator.faults.next("image", Status(status=400, reason="PUBLIC_ERROR_UNSAFE_GENERATION"), times=9)
        answer = await sdk(gateway, generate)
        assert answer.candidates is not None
        assert answer.candidates[0].finish_reason == types.FinishReason.IMAGE_SAFETY
        assert pictures(answer) == []


async def test_an_upload_whose_last_pieces_arrive_at_once_is_too_large_for_both() -> None:
    async with open_tested_gateway() as gateway, httpx.AsyncClient(timeout=LIMIT_SECONDS) as client:
        begun = await client.post(
            f"{gateway.url}/upload/v1beta/files",
            headers={"x-goog-api-key": gateway.key, "x-goog-upload-command": "start"},
        )
        address, piece = begun.headers["x-goog-upload-url"], {"x-goog-upload-command": "upload"}
        await client.post(address, content=bytes(MAX_BYTES), headers=piece)
        started, statuses = trio.Event(), []

        async def halting() -> AsyncIterator[bytes]:
            yield b"x"
            await started.wait()
            yield b"x"

        async def send() -> None:
            statuses.append((await client.post(address, content=halting(), headers=piece)).status_code)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(send)
            nursery.start_soon(send)
            await trio.testing.wait_all_tasks_blocked(0.05)
            started.set()
        assert statuses == [413, 413]


async def test_an_uploaded_picture_is_used_by_its_address() -> None:
    picture = drawn(64, 48)

    def upload_and_use(client: genai.Client) -> types.GenerateContentResponse:
        file = client.files.upload(file=io.BytesIO(picture), config={"mime_type": "image/png"})
        assert file.state == types.FileState.ACTIVE
        return generate(client, ["make it blue", file])

    async with open_tested_gateway() as gateway:
        answer = await sdk(gateway, upload_and_use, version="v1beta")
        assert [base64.b64decode(seen.json["imageBytes"]) for seen in gateway.emulator.ledger.calls("upload")] == [
            picture
        ]
        assert len(pictures(answer)) == 1


async def test_a_title_is_answered_without_generating() -> None:
    async with open_tested_gateway() as gateway:
        body = {
            "contents": [
                {"role": "user", "parts": [{"text": "a red apple"}]},
                {"parts": [{"text": "Please generate a four to five word title summarizing our conversation"}]},
            ]
        }
        told = (await rest(gateway, "POST", f"/v1beta/models/{MODEL}:generateContent", body)).json()
        assert told["candidates"][0]["content"]["parts"] == [{"text": "a red apple"}]
        assert gateway.calls() == 0


async def test_openings_that_an_operator_added_are_known_in_this_dialect_too() -> None:
    async with open_tested_gateway(settings={"chat.side_requests": ["Name this talk"]}) as gateway:
        turns = [{"parts": [{"text": "a red apple"}]}, {"parts": [{"text": "Name this talk in three words"}]}]
        told = (await rest(gateway, "POST", f"/v1beta/models/{MODEL}:generateContent", {"contents": turns})).json()
        assert told["candidates"][0]["content"]["parts"] == [{"text": "a red apple"}]
        assert gateway.calls() == 0


async def test_what_served_stands_in_whole_answers_last_pieces_predictions_and_operations() -> None:
    async with open_tested_gateway(knobs=QUICK, settings=LOOKS) as gateway:
        asked, instance = {"contents": "a red apple"}, {"instances": {"prompt": "a ball"}}
        whole = (await rest(gateway, "POST", f"/v1beta/models/{MODEL}:generateContent", asked)).json()
        pieces = (await rest(gateway, "POST", f"/v1beta/models/{MODEL}:streamGenerateContent", asked)).json()
        assert ["x_flow2api" in piece for piece in pieces] == [False] * (len(pieces) - 1) + [True]
        predicted = (await rest(gateway, "POST", f"/v1beta/models/{MODEL}:predict", instance)).json()
        begun = (await rest(gateway, "POST", f"/v1beta/models/{CLIP_MODEL}:predictLongRunning", instance)).json()
        while not (told := (await rest(gateway, "GET", f"/v1beta/{begun['name']}")).json()).get("done"):
            await trio.sleep(0.1)
        served = [one["x_flow2api"] for one in (whole, pieces[-1], predicted, told["metadata"])]
        jobs = await gateway.jobs()
        assert [one["jobs"] for one in served] == [[job.id] for job in jobs]
        assert [one["route"] for one in served] == [job.generation.route for job in jobs]


BAD = [
    (f"models/{MODEL}:generateContent", b"{", 400, None),
    (f"models/{MODEL}:generateContent", {"contents": [{"parts": [{"text": 5}]}]}, 400, "contents[0].parts[0].text"),
    (f"models/{MODEL}:generateContent", {"contents": [{"role": "model", "parts": [{"text": "x"}]}]}, 400, "contents"),
    (f"models/{MODEL}:generateContent", {"contents": [{"parts": [{"text": " "}]}]}, 400, "contents[0]"),
    (f"models/{MODEL}:generateContent", {"contents": [{"parts": [{"text": "x"}, {"inlineData": {"mimeType": "image/png", "data": "AAAA"}}]}]}, 400, "contents[0].parts[1]"),
    (f"models/{MODEL}:generateContent", {"contents": "x", "generationConfig": {"imageConfig": {"aspectRatio": "banana"}}}, 400, "aspect_ratio"),
    (f"models/{MODEL}:predict", {"instances": []}, 400, "instances"),
    (f"models/{MODEL}:predict", {"instances": [{"prompt": ""}]}, 400, "instances[0].prompt"),
    (f"models/{MODEL}:predict", {"instances": [{"prompt": "x", "mask": {"bytesBase64Encoded": "AA"}}]}, 400, "instances[0].mask"),
    (f"models/{MODEL}:predict", {"instances": [{"prompt": "x"}], "parameters": {"sampleCount": 0}}, 400, "n"),
    (f"models/{MODEL}:predict", {"instances": [{"prompt": "x"}], "parameters": {"outputOptions": {"mimeType": "image/gif"}}}, 400, "parameters.outputOptions.mimeType"),
    (f"models/{MODEL}:predict", {"instances": [{"prompt": "x"}], "parameters": {"outputOptions": {"mimeType": "image/jpeg", "compressionQuality": 101}}}, 400, "parameters.outputOptions.compressionQuality"),
    (f"models/{MODEL}:predict", {"instances": [{"prompt": "x", "referenceImages": [{"image": {"uri": "files/a"}}] * 101}]}, 400, "instances[0].referenceImages"),
    (f"models/{CLIP_MODEL}:predict", {"instances": [{"prompt": "x"}]}, 400, "model"),
    (f"models/{MODEL}:predictLongRunning", {"instances": [{"prompt": "x"}]}, 400, "model"),
    (f"models/{CLIP_MODEL}:predictLongRunning", {"instances": [{"prompt": "x", "image": {"gcsUri": "gs://a/b"}}]}, 400, "instances[0].image"),
    (f"models/{MODEL}:explode", {}, 404, None),
    ("models/nope%2Fnot:generateContent", {"contents": "x"}, 404, "model"),
    ("models/x", {}, 404, None),
]  # fmt: skip


@pytest.mark.parametrize("version", VERSIONS)
async def test_bad_bodies_are_refused_in_this_dialect(version: str) -> None:
    async with open_tested_gateway() as gateway:
        headers = {"authorization": "", "x-goog-api-key": gateway.key}
        for path, body, status, field in BAD:
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            answer = await gateway.client.post(f"/{version}/{path}", content=content, headers=headers)
            assert answer.status_code == status, answer.text
            error = answer.json()["error"]
            assert (error["code"], error["status"]) == (status, "NOT_FOUND" if status == 404 else "INVALID_ARGUMENT")
            fields = [one["field"] for detail in error["details"] for one in detail.get("fieldViolations", ())]
            assert fields == ([field] if field else [])

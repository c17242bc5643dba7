"""OpenAI's own Python package, unmodified, orders clips from the whole gateway over the emulated service."""

import io
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import openai
import pytest
from openai import OpenAI
from openai.types import Video
from PIL import Image

from flow2api.emulator.knobs import Knobs
from tests.doubles.gateway import ADA, TestedGateway, open_tested_gateway, people
from tests.doubles.pictures import drawn

MODEL = "veo_3_1_t2v_fast"
SETTINGS: Mapping[str, object] = {"flow.poll_interval": 0.02}
# A clip that is never done.
ENDLESS = Knobs(video_active=1e9)


@asynccontextmanager
async def opened(knobs: Knobs | None = None, **settings: object) -> AsyncIterator[TestedGateway]:
    accounts = people(ADA, credits=10_000)
    async with open_tested_gateway(accounts, knobs=knobs, settings={**SETTINGS, **settings}) as gateway:
        yield gateway


def order(client: OpenAI, **fields: Any) -> Video:
    return client.videos.create(**{"model": MODEL, "prompt": "a ball rolls", **fields})


def made(client: OpenAI, **fields: Any) -> Video:
    video = client.videos.create_and_poll(**{"model": MODEL, "prompt": "a ball rolls", **fields})
    assert video.status == "completed", video.error
    return video


async def test_trap_7_a_clip_is_ordered_by_a_form_without_files_polled_fetched_in_parts_and_removed() -> None:
    async with opened() as gateway:

        def go(client: OpenAI) -> None:
            ordered = order(client, seconds="8", size="720x1280")
            assert (ordered.status, ordered.progress, ordered.error) == ("queued", 0, None)
            assert (ordered.seconds, ordered.size, ordered.object) == ("8", "720x1280", "video")
            video = client.videos.poll(ordered.id)
            assert (video.id, video.status, video.progress, video.error) == (ordered.id, "completed", 100, None)
            assert (video.seconds, video.size, video.model) == ("8", "720x1280", ordered.model)
            assert video.completed_at is not None
            assert video.expires_at is not None
            assert video.expires_at - video.completed_at == pytest.approx(7 * 86400, abs=5)
            clip = client.videos.download_content(video.id)
            assert clip.response.headers["content-type"] == "video/mp4"
            data = clip.read()
            assert data[4:8] == b"ftyp"
            part = client.videos.download_content(video.id, extra_headers={"Range": "bytes=4-7"})
            assert (part.response.status_code, part.read()) == (206, b"ftyp")
            assert client.videos.delete(video.id).model_dump() == {
                "id": video.id,
                "deleted": True,
                "object": "video.deleted",
            }
            for call in (client.videos.retrieve, client.videos.delete, client.videos.download_content):
                with pytest.raises(openai.NotFoundError):
                    call(video.id)

        await gateway.sdk(go)
        assert list(gateway.data_dir.rglob("*.mp4")) == []
        assert gateway.calls("video") == 1


async def test_a_look_never_calls_the_provider_and_says_when_to_look_again() -> None:
    async with opened(ENDLESS, **{"flow.poll_interval": 600.0}) as gateway:
        video = await gateway.sdk(order)
        told: dict[str, Any] = {"status": "queued"}
        while told["status"] == "queued" or not told["progress"]:
            answer = await gateway.client.get(f"/v1/videos/{video.id}")
            assert answer.headers["openai-poll-after-ms"] == "10000"
            told = answer.json()
        assert told["status"] == "in_progress"
        assert told["progress"] < 20
        assert gateway.calls("video_status") == 0


async def test_variants_show_the_clip_and_head_tells_their_size() -> None:
    async with opened(Knobs(pictures="drawn")) as gateway:

        def go(client: OpenAI) -> tuple[str, bytes, bytes]:
            video = made(client, seconds="4")
            thumbnail = client.videos.download_content(video.id, variant="thumbnail").read()
            return video.id, thumbnail, client.videos.download_content(video.id, variant="spritesheet").read()

        video_id, thumbnail, sheet = await gateway.sdk(go)
        assert Image.open(io.BytesIO(thumbnail)).size == (640, 360)
        assert Image.open(io.BytesIO(sheet)).size == (1280, 720)
        head = await gateway.client.head(f"/v1/videos/{video_id}/content?variant=thumbnail")
        assert (head.headers["content-type"], head.headers["content-length"]) == ("image/jpeg", str(len(thumbnail)))
        assert head.headers["cache-control"].startswith("private")
        told = (await gateway.client.get(f"/v1/videos/{video_id}")).json()
        # The pictures of a clip are found by its link.
        still = await gateway.fetch(told["url"].removesuffix(".mp4") + ".jpg")
        assert (still.content, still.headers["content-type"]) == (thumbnail, "image/jpeg")
        bad = await gateway.client.get(f"/v1/videos/{video_id}/content?variant=x")
        assert (bad.status_code, bad.json()["error"]["param"]) == (400, "variant")


async def test_trap_8_a_list_pages_by_itself_both_ways_also_past_a_clip_that_was_removed_meanwhile() -> None:
    async with opened(ENDLESS) as gateway:

        def go(client: OpenAI) -> None:
            ids = [order(client, prompt=f"clip {number}").id for number in range(5)]
            assert [video.id for video in client.videos.list(limit=2)] == ids[::-1]
            assert [video.id for video in client.videos.list(limit=2, order="asc")] == ids
            page = client.videos.list(limit=2)
            assert (page.has_more, page.last_id) == (True, ids[3])
            client.videos.delete(ids[3])
            assert [video.id for video in page.get_next_page().data] == [ids[2], ids[1]]
            assert [video.id for video in client.videos.list(after=ids[0])] == []
            with pytest.raises(openai.BadRequestError) as caught:
                client.videos.list(after="no-such-thing")
            assert caught.value.param == "after"

        await gateway.sdk(go)
        for query in ("limit=0", "limit=101", "order=x"):
            answer = await gateway.client.get(f"/v1/videos?{query}")
            assert (answer.status_code, answer.json()["error"]["param"]) == (400, query.partition("=")[0])
        empty = (await gateway.client.get("/v1/videos?after=video_" + "0" * 32)).json()
        assert empty == {"object": "list", "data": [], "has_more": False, "first_id": None, "last_id": None}


async def test_a_clip_of_another_key_is_not_there() -> None:
    async with opened(ENDLESS) as gateway:
        video = await gateway.sdk(order)
        other = (await gateway.admin("POST", "/api/keys", {"name": "other"}))["secret"]

        def go(client: OpenAI) -> None:
            assert list(client.videos.list()) == []
            for call in (client.videos.retrieve, client.videos.delete, client.videos.download_content):
                with pytest.raises(openai.NotFoundError):
                    call(video.id)
            with pytest.raises(openai.NotFoundError):
                client.videos.remix(video.id, prompt="mine")

        await gateway.sdk(go, api_key=other)
        assert (await gateway.client.get(f"/v1/videos/{video.id}")).status_code == 200


async def test_removing_a_clip_that_is_under_way_gives_it_up() -> None:
    async with opened(ENDLESS) as gateway:
        video = await gateway.sdk(order)
        await gateway.sdk(lambda client: client.videos.delete(video.id))
        assert await gateway.jobs() == []
        assert "state=cancelled" in gateway.log.text


async def test_trap_15_a_first_frame_may_come_as_bytes_without_a_name_as_a_link_or_as_a_file_that_is_here() -> None:
    picture = drawn(640, 360)
    async with opened(ENDLESS) as gateway:
        fields: dict[str, Any] = {"model": "veo-3.1-fast", "prompt": "it moves"}

        def go(client: OpenAI) -> None:
            client.videos.create(**fields, input_reference=picture)
            client.videos.create(**fields, input_reference=("/a/b/../c.exe", picture, "text/html"))

        await gateway.sdk(go)
        name = (await gateway.jobs())[0].generation.inputs[0]
        for form in (
            {"input_reference[image_url]": f"{gateway.url}/media/{name}"},
            {"input_reference[file_id]": name},
            {"input_reference[][image_url]": f"/media/{name}"},
        ):
            answer = await gateway.client.post("/v1/videos", data={**fields, **form})
            assert answer.status_code == 200, answer.text
        for reference in (
            f"/media/{name}",
            {"image_url": {"url": f"/media/{name}"}},
            [{"file_id": name}],
            {"image_url": f"/media/{name}"},
        ):
            answer = await gateway.client.post("/v1/videos", json={**fields, "input_reference": reference})
            assert answer.status_code == 200, answer.text
        modes = {(job.generation.mode, len(job.generation.inputs)) for job in await gateway.jobs()}
        assert modes == {("i2v", 1)}


REFUSED: list[tuple[dict[str, object], int, str]] = [
    ({"prompt": ""}, 400, "prompt"),
    ({"prompt": None}, 400, "prompt"),
    ({"model": "no-such-model"}, 404, "model"),
    ({"model": "gemini-3.1-flash-image"}, 400, "model"),
    ({"seconds": "12"}, 400, "seconds"),
    ({"seconds": "soon"}, 400, "seconds"),
    ({"size": "banana"}, 400, "size"),
    ({"input_reference": "data:image/png;base64,AAAA"}, 400, "input_reference"),
    ({"input_reference": "data:text/html;base64,PGh0bWw+"}, 400, "input_reference"),
    ({"input_reference": "http://127.0.0.1:9/x.png"}, 400, "input_reference"),
    ({"video": "https://example.org/x.mp4"}, 400, "video"),
]


async def test_trap_17_what_cannot_be_meant_is_refused_before_any_work_and_what_is_not_understood_is_ignored() -> None:
    async with opened(ENDLESS) as gateway:
        good = {"model": MODEL, "prompt": "a ball rolls"}
        for fields, status, param in REFUSED:
            answer = await gateway.client.post("/v1/videos", json={**good, **fields})
            assert (answer.status_code, answer.json()["error"]["param"]) == (status, param), fields
        assert gateway.calls("video") == 0
        lenient = {"seconds": 7, "size": None, "n": "3", "characters": [1], "quality": "hd", "metadata": {"a": 1}}
        told = (await gateway.client.post("/v1/videos", json={**good, **lenient})).json()
        # Near enough to the length that there is.
        assert (told["seconds"], told["size"]) == ("8", "1280x720")
        bare = await gateway.client.post("/v1/videos", json={"prompt": "a ball rolls", "model": None})
        assert bare.json()["x_flow2api"]["model"].startswith("veo_3_1_t2v_fast")
        encoded = await gateway.client.post("/v1/videos", data={**good, "seconds": "4", "size": "1024x1792"})
        assert (encoded.json()["seconds"], encoded.json()["size"]) == ("4", "720x1280")
        assert (
            await gateway.client.post("/v1/videos", headers={"authorization": "Bearer x"}, json={})
        ).status_code == 401


async def test_trap_20_a_clip_that_is_not_ready_or_failed_is_no_file_and_is_not_asked_for_again() -> None:
    async with opened(ENDLESS, **{"flow.video_timeout": 0.5, "jobs.queue_timeout": 0.5}) as gateway:

        def go(client: OpenAI) -> None:
            video = order(client)
            with pytest.raises(openai.ConflictError) as caught:
                client.videos.download_content(video.id)
            assert caught.value.code == "video_not_ready"
            assert caught.value.response.headers["x-should-retry"] == "false"
            failed = client.videos.poll(video.id)
            assert (failed.status, failed.progress) == ("failed", 100)
            assert failed.error is not None
            assert failed.error.code == "generation_timeout"
            with pytest.raises(openai.BadRequestError, match="not made"):
                client.videos.download_content(video.id)

        await gateway.sdk(go, max_retries=2)


async def test_a_clip_whose_time_is_over_is_gone() -> None:
    async with opened() as gateway:
        video = await gateway.sdk(made)
        for path in gateway.data_dir.rglob("*.mp4"):
            path.unlink()
        answer = await gateway.client.get(f"/v1/videos/{video.id}/content")
        assert (answer.status_code, answer.json()["error"]["code"]) == (410, "expired")


async def test_a_remix_is_the_same_clip_in_other_words() -> None:
    async with opened() as gateway:

        def go(client: OpenAI) -> None:
            first = made(client, seconds="4", size="720x1280")
            second = client.videos.poll(client.videos.remix(first.id, prompt="a cube rolls").id)
            assert (second.remixed_from_video_id, second.prompt) == (first.id, "a cube rolls")
            assert (second.model, second.seconds, second.size) == (first.model, "4", "720x1280")
            third = client.videos.edit(prompt="a cone rolls", video=client.videos.download_content(first.id).read())
            assert third.remixed_from_video_id == first.id

        await gateway.sdk(go)


async def test_trap_16_a_clip_is_continued_by_its_id_or_by_its_bytes_and_its_length_is_the_total() -> None:
    async with opened() as gateway:
        data = await gateway.sdk(lambda client: client.videos.download_content(made(client).id).read())

        def go(client: OpenAI) -> Video:
            # The one way that this package knows.
            ordered = client.videos.extend(prompt="and on", seconds="8", video=data)
            assert ordered.seconds == "15"
            return client.videos.poll(ordered.id)

        longer = await gateway.sdk(go)
        assert (longer.status, longer.seconds, longer.size) == ("completed", "15", "1280x720"), longer.error
        for answer in (
            await gateway.client.post(
                "/v1/videos/extensions", data={"prompt": "x", "seconds": "7", "video[id]": longer.id}
            ),
            await gateway.client.post("/v1/videos/extensions", json={"prompt": "x", "video": {"id": longer.id}}),
        ):
            assert (answer.status_code, answer.json()["seconds"]) == (200, "22"), answer.text


async def test_what_no_provider_can_do_is_refused_in_words() -> None:
    async with opened() as gateway:
        for path in ("edits", "extensions"):
            url = f"/v1/videos/{path}"
            foreign = await gateway.client.post(url, data={"prompt": "x"}, files={"video": ("x.mp4", b"\0" * 99)})
            assert (foreign.status_code, foreign.json()["error"]["code"]) == (400, "unsupported_operation")
            assert "not made by this gateway" in foreign.json()["error"]["message"]
            nothing = await gateway.client.post(url, json={"prompt": "x"})
            assert (nothing.status_code, nothing.json()["error"]["param"]) == (400, "video")
        for answer in (
            await gateway.client.post("/v1/videos/characters", data={"name": "Ada"}),
            await gateway.client.get("/v1/videos/characters/x"),
        ):
            assert (answer.status_code, answer.json()["error"]["code"]) == (400, "unsupported_operation")


async def test_trap_5_a_repeat_of_an_order_joins_it_whatever_boundary_it_draws() -> None:
    async with opened(ENDLESS) as gateway:
        ids = []
        for boundary, count in (("aaaa", "0"), ("bbbbbb", "1")):
            fields = {"prompt": "a ball", "model": MODEL}
            parts = [
                f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
                for name, value in fields.items()
            ]
            headers = {"content-type": f"multipart/form-data; boundary={boundary}", "x-stainless-retry-count": count}
            body = "".join(parts) + f"--{boundary}--\r\n"
            answer = await gateway.client.post("/v1/videos", content=body, headers=headers)
            ids.append(answer.json()["id"])
        assert ids[0] == ids[1]
        assert len(await gateway.jobs()) == 1


async def test_trap_18_delete_comes_with_a_type_and_no_body() -> None:
    async with opened(ENDLESS) as gateway:
        video = await gateway.sdk(order)
        headers = {"content-type": "application/json"}
        answer = await gateway.client.delete(f"/v1/videos/{video.id}", headers=headers)
        assert answer.json() == {"id": video.id, "object": "video.deleted", "deleted": True}

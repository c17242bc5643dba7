"""What served an answer stands inside it, for OpenAI's own Python package too, which passes over what it does not know."""

from typing import Any

from openai import OpenAI

from flow2api.emulator.knobs import Knobs
from tests.doubles.gateway import ADA, MODEL, TestedGateway, open_tested_gateway, people

ASKED: Any = {"model": MODEL, "messages": [{"role": "user", "content": "a red apple"}]}
SETTINGS = {"flow.poll_interval": 0.02}


async def is_told(gateway: TestedGateway, served: dict[str, Any], model: str = MODEL) -> bool:
    """Whether this is the truth about the jobs that it names."""
    known = {job.id: job for job in await gateway.jobs()}
    jobs = [known[name] for name in served["jobs"]]
    routes = {job.generation.route for job in jobs}
    return bool(jobs) and {served["route"]} == routes and {job.generation.model for job in jobs} == {served["model"]}


async def test_whole_answers_and_streams_tell_the_route_and_the_jobs() -> None:
    async with open_tested_gateway() as gateway:
        whole = await gateway.sdk(lambda client: client.chat.completions.create(**ASKED, n=2))
        assert len(whole.x_flow2api["jobs"]) == 2
        assert await is_told(gateway, whole.x_flow2api)

        def streamed(client: OpenAI) -> list[Any]:
            return list(client.chat.completions.create(**ASKED, stream=True, stream_options={"include_usage": True}))

        chunks = await gateway.sdk(streamed)
        [last] = [chunk for chunk in chunks if hasattr(chunk, "x_flow2api")]
        assert last.choices[0].finish_reason == "stop"
        assert await is_told(gateway, last.x_flow2api)

        picture: Any = {"model": MODEL, "prompt": "a red apple"}
        made: Any = await gateway.sdk(lambda client: client.images.generate(**picture))
        assert await is_told(gateway, made.x_flow2api)
        events: list[Any] = await gateway.sdk(lambda client: list(client.images.generate(**picture, stream=True)))
        assert [await is_told(gateway, event.x_flow2api) for event in events] == [True]

        response: Any = {"model": MODEL, "input": "a red apple"}
        said: Any = await gateway.sdk(lambda client: client.responses.create(**response))
        assert await is_told(gateway, said.x_flow2api)
        told: list[Any] = await gateway.sdk(lambda client: list(client.responses.create(**response, stream=True)))
        assert await is_told(gateway, told[-1].response.x_flow2api)


async def test_an_answer_for_which_nothing_was_made_names_no_route() -> None:
    title: Any = {"model": MODEL, "messages": [{"role": "user", "content": "### Task:\nGenerate a title"}]}
    async with open_tested_gateway() as gateway:
        for stream in (False, True):
            answer = await gateway.post({**title, "stream": stream})
            assert answer.status_code == 200
            assert "x_flow2api" not in answer.text


async def test_a_clip_and_a_response_go_by_the_name_that_was_asked_for_and_tell_the_exact_one_besides() -> None:
    async with open_tested_gateway(people(ADA, credits=10_000), settings=SETTINGS) as gateway:
        await gateway.admin("PUT", "/api/aliases/sora-2", {"target": "veo-3.1-fast"})

        def go(client: OpenAI) -> list[Any]:
            first: Any = client.videos.create(model="sora-2", prompt="a ball rolls", size="720x1280")
            done: Any = client.videos.poll(first.id)
            assert done.status == "completed", done.error
            remix: Any = client.videos.remix(first.id, prompt="a cube rolls")
            return [first, done, remix, client.videos.poll(remix.id)]

        seen = await gateway.sdk(go)
        assert {video.model for video in seen} == {"sora-2"}
        assert await is_told(gateway, seen[1].x_flow2api)
        assert (seen[0].size, seen[3].size) == (seen[1].size, "720x1280")
        assert seen[0].x_flow2api["model"] == seen[3].x_flow2api["model"] != "sora-2"
        await gateway.admin("PUT", "/api/aliases/gpt-image-1", {"target": MODEL})
        response: Any = {"model": "gpt-image-1", "input": "a red apple"}
        made = await gateway.sdk(lambda client: client.responses.create(**response))
        found = await gateway.sdk(lambda client: client.responses.retrieve(made.id))
        assert (made.model, found.model) == ("gpt-image-1", "gpt-image-1")


async def test_a_clip_that_waits_names_no_route_since_none_is_taken_yet() -> None:
    async with open_tested_gateway(
        people(ADA, credits=10_000), knobs=Knobs(video_active=1e9), settings=SETTINGS
    ) as gateway:
        ordered: Any = await gateway.sdk(lambda client: client.videos.create(model="veo-3.1-fast", prompt="a ball"))
        assert ordered.x_flow2api["route"] is None
        job = (await gateway.client.get(f"/v1/jobs/{ordered.x_flow2api['jobs'][0]}")).json()
        assert job["model"] == ordered.x_flow2api["model"]

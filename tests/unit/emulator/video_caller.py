"""Orders for clips and questions about them, built by hand as the wire is described."""

import io
from typing import Any, NamedTuple

import av

from flow2api.emulator.exchange import Answer
from tests.unit.emulator.caller import BATCH, Caller, context, said, small_picture

UUID = "77aa0000-0000-4000-8000-000000000001"
STATUS = "MEDIA_GENERATION_STATUS_"
LANDSCAPE = "VIDEO_ASPECT_RATIO_LANDSCAPE"
PORTRAIT = "VIDEO_ASPECT_RATIO_PORTRAIT"


def video_request(prompt: str | None = "waves at dusk", **more: Any) -> dict[str, Any]:
    """One element of `requests`."""
    request: dict[str, Any] = {
        "aspectRatio": LANDSCAPE,
        "seed": 41234,
        "videoModelKey": "veo_3_1_t2v_fast",
        "metadata": {},
    }
    if prompt is not None:
        request["textInput"] = {"structuredPrompt": {"parts": [{"text": prompt}]}}
    return request | more


def video_body(caller: Caller, *requests: dict[str, Any], token: str = "", **more: Any) -> dict[str, Any]:
    """The body of an order; `more` goes into the `clientContext`."""
    claimed = {"userPaygateTier": caller.account.tier} | more
    return {
        "mediaGenerationContext": {"batchId": BATCH, "audioFailurePreference": "BLOCK_SILENCED_VIDEOS"},
        "clientContext": context(caller.project, token, **claimed),
        "requests": list(requests),
        "useV2ModelConfig": True,
    }


async def send(caller: Caller, path: str, body: dict[str, Any]) -> Answer:
    return await caller.ask("POST", f"/v1/video:batchAsyncGenerateVideo{path}", body)


async def order(
    caller: Caller, prompt: str | None = "waves at dusk", *, path: str = "Text", token: str = "", **more: Any
) -> Answer:
    """Order one clip; `more` goes into the one element of `requests`."""
    return await send(caller, path, video_body(caller, video_request(prompt, **more), token=token))


async def ordered(caller: Caller, prompt: str | None = "waves at dusk", *, path: str = "Text", **more: Any) -> str:
    """The name of a clip that was ordered."""
    name = said(await order(caller, prompt, path=path, **more))["media"][0]["name"]
    assert isinstance(name, str)
    return name


async def made(caller: Caller, prompt: str | None = "waves at dusk", *, path: str = "Text", **more: Any) -> str:
    """The name of a clip that is finished."""
    name = await ordered(caller, prompt, path=path, **more)
    while (await status_of(caller, name)) != "SUCCESSFUL":
        pass
    return name


def poll_body(caller: Caller, *names: str) -> dict[str, Any]:
    return {"media": [{"name": name, "projectId": caller.project} for name in names]}


async def ask_status(caller: Caller, *names: str) -> Answer:
    target = "/v1/video:batchCheckAsyncVideoGenerationStatus"
    return await caller.ask("POST", target, poll_body(caller, *names))


def status_in(shown: dict[str, Any]) -> dict[str, Any]:
    status = shown["mediaMetadata"]["mediaStatus"]
    assert isinstance(status, dict)
    return status


async def status_of(caller: Caller, name: str) -> str:
    """The status word of one clip, by one poll."""
    (shown,) = said(await ask_status(caller, name))["media"]
    word: str = status_in(shown)["mediaGenerationStatus"]
    return word.removeprefix(STATUS)


async def uploaded(caller: Caller) -> str:
    name = said(await caller.upload(small_picture()))["media"]["name"]
    assert isinstance(name, str)
    return name


async def upsample(caller: Caller, source: str, size: str = "1080p", **more: Any) -> Answer:
    request = {
        "resolution": f"VIDEO_RESOLUTION_{size.upper()}",
        "videoInput": {"mediaId": source},
        "videoModelKey": f"veo_3_1_upsampler_{size}",
        "metadata": {"sceneId": UUID},
    } | more
    return await order(caller, None, path="UpsampleVideo", **request)


async def extend(caller: Caller, source: str, prompt: str = "the camera turns left", **more: Any) -> Answer:
    request = {
        "videoInput": {"mediaId": source},
        "videoModelKey": "veo_3_1_extend_landscape",
        "metadata": {"workflowId": UUID},
    } | more
    return await order(caller, prompt, path="ExtendVideo", **request)


class Clip(NamedTuple):
    """What a file turns out to hold when every frame of it is decoded."""

    width: int
    height: int
    seconds: float
    frames: int
    codec: str
    pixels: str
    index_first: bool


def inspect_clip(data: bytes) -> Clip:
    with av.open(io.BytesIO(data), "r") as container:
        stream = container.streams.video[0]
        frames = list(container.decode(stream))
        seconds = (container.duration or 0) / av.time_base
        codec, pixels = stream.codec_context.name, stream.codec_context.pix_fmt or ""
    return Clip(
        width=frames[0].width,
        height=frames[0].height,
        seconds=seconds,
        frames=len(frames),
        codec=codec,
        pixels=pixels,
        index_first=data.index(b"moov") < data.index(b"mdat"),
    )

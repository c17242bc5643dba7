"""Whatever is asked, the emulator answers: nothing that a client sends may break it."""

from collections.abc import Iterator
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from flow2api.emulator.exchange import Answer
from tests.unit.emulator.caller import image_body, new_caller
from tests.unit.emulator.video_caller import send, uploaded, video_body, video_request

TARGETS = [
    ("GET", "/fx/api/auth/session"),
    ("POST", "/fx/api/trpc/project.createProject"),
    ("POST", "/fx/api/trpc/project.deleteProject"),
    ("GET", "/fx/api/trpc/media.getMediaUrlRedirect"),
    ("GET", "/v1/credits"),
    ("GET", "/v1/media/x"),
    ("POST", "/v1/flow/uploadImage"),
    ("POST", "/v1:uploadUserImage"),
    ("POST", "/v1/projects/x/flowMedia:batchGenerateImages"),
    ("POST", "/v1/flow/upsampleImage"),
    ("GET", "/image/x"),
    ("GET", "/video/x"),
    ("POST", "/v1/video:batchAsyncGenerateVideoText"),
    ("POST", "/v1/video:batchAsyncGenerateVideoUpsampleVideo"),
    ("POST", "/v1/video:batchCheckAsyncVideoGenerationStatus"),
    ("POST", "/v1/flowMedia:cancelGeneration"),
    ("POST", "/v1:runVideoFxConcatenation"),
    ("POST", "/v1:runVideoFxCheckConcatenationStatus"),
    ("POST", "/v1/flow:batchDeleteAssets"),
    ("POST", "/fx/api/trpc/media.deleteMedia"),
    ("GET", "/fx/api/trpc/flow.projectInitialData?input={"),
    ("GET", "/fx/tools/flow/project/x"),
    ("GET", "/recaptcha/enterprise.js"),
    ("POST", "/recaptcha/enterprise/reload"),
    ("POST", "/_emulator/faults"),
    ("POST", "/_emulator/accounts"),
    ("PATCH", "/_emulator/accounts/ada@example.org"),
    ("PATCH", "/_emulator/knobs"),
    ("POST", "/_emulator/tokens"),
]
LEAVES = st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.floats(allow_nan=False) | st.text(max_size=20)
JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4)
)
BODIES = JSON.map(msgspec.json.encode) | st.binary(max_size=200)


@given(target=st.sampled_from(TARGETS), body=BODIES)
async def test_any_body_gets_an_answer(target: tuple[str, str], body: bytes) -> None:
    caller = await new_caller()
    answer = await caller.ask(*target, body)
    assert isinstance(answer, Answer)
    assert 200 <= answer.status < 500


@given(place=st.integers(0, 30), value=JSON)
@settings(max_examples=200)
async def test_a_generation_with_one_strange_value_gets_an_answer(place: int, value: object) -> None:
    caller = await new_caller()
    body = image_body(caller.project)
    spots = list(_spots(body))
    holder, key = spots[place % len(spots)]
    holder[key] = value
    answer = await caller.send_images(body)
    assert answer.status in {200, 400, 403, 404}


@given(place=st.integers(0, 30), value=JSON)
async def test_an_order_for_a_clip_with_one_strange_value_gets_an_answer(place: int, value: object) -> None:
    caller = await new_caller()
    request = video_request(videoModelKey="veo_3_1_i2v_s_fast", startImage={"mediaId": await uploaded(caller)})
    body = video_body(caller, request)
    spots = list(_spots(body))
    holder, key = spots[place % len(spots)]
    holder[key] = value
    answer = await send(caller, "StartImage", body)
    assert answer.status in {200, 400, 403, 404}


def _spots(value: object) -> Iterator[tuple[Any, Any]]:
    """Every place in a JSON value that something else can be put in."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in list(pairs):
        yield value, key
        yield from _spots(inner)

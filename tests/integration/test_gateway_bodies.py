"""Any JSON and any bytes to the whole gateway: the answer is a picture or a refusal, never a fault of ours.

That the log holds no traceback afterwards is checked where the gateway is opened. The examples share one gateway: what one of them
leaves behind there must not matter to the next, which is part of what is proved.
"""

import http.client
from collections.abc import Callable
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

import msgspec
import trio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.doubles.gateway import MODEL, TestedGateway, open_tested_gateway
from tests.doubles.pictures import data_url, drawn

# Enough to find what one in a hundred does; a longer look is a matter of the number alone.
EXAMPLES = 150
PROFILE = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None)

# Nothing here leads outside: addresses are loopback's or private ones, and those are not asked.
TEXTS = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        ["a fox", MODEL, "user", "assistant", "image_url", "text", "1024x1024", "2K", "16:9", "auto", "### Task: title"]
    ),
    st.sampled_from(
        [data_url(drawn()), data_url(b"no picture"), "http://127.0.0.1:9/x", "http://10.0.0.1/x.png", "data:,"]
    ),
)
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.integers(-2, 6), st.floats(allow_nan=False), TEXTS)
FIELDS = (
    *(
        "model",
        "messages",
        "stream",
        "stream_options",
        "n",
        "modalities",
        "size",
        "quality",
        "aspect_ratio",
        "aspectRatio",
    ),
    *("image_config", "imageConfig", "generationConfig", "generation_config", "extra_body", "resolution", "seed"),
    *(
        "role",
        "content",
        "type",
        "text",
        "image_url",
        "url",
        "file",
        "file_data",
        "images",
        "include_usage",
        "video_url",
    ),
)
ANYTHING = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=12,
)

WORDS = st.text(min_size=1, max_size=20).filter(str.strip)
PICTURES = st.sampled_from([data_url(drawn()), data_url(drawn(colour="blue"))])
PARTS = st.lists(
    st.fixed_dictionaries({"type": st.just("text"), "text": WORDS})
    | st.fixed_dictionaries({"type": st.just("image_url"), "image_url": st.fixed_dictionaries({"url": PICTURES})}),
    max_size=3,
)
MESSAGES: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"role": st.sampled_from(["user", "assistant", "system"]), "content": WORDS | PARTS}
)
PLACE = st.fixed_dictionaries(
    {},
    optional={
        "size": st.sampled_from(["1024x1024", "2K", "auto", "1792x1024"]),
        "aspect_ratio": st.sampled_from(["16:9", "1:1", "9x16", ""]),
        "seed": st.integers(),
        "quality": st.sampled_from(["hd", "auto", 1.0]),
    },
)
USUAL = {
    "stream": st.booleans() | st.none() | st.sampled_from(["true", "false"]),
    "stream_options": st.fixed_dictionaries({}, optional={"include_usage": st.booleans()}),
    "n": st.integers(1, 4) | st.none() | st.just("2"),
    "modalities": st.lists(st.sampled_from(["text", "image"]), max_size=2),
    "extra_body": PLACE,
    "generationConfig": st.fixed_dictionaries({}, optional={"imageConfig": PLACE}),
}


@st.composite
def bodies(draw: st.DrawFn) -> dict[str, object]:
    """A good body in which nothing, one thing or two were replaced by anything at all."""
    good = st.fixed_dictionaries({}, optional=USUAL)
    messages: list[dict[str, Any]] = [
        *draw(st.lists(MESSAGES, max_size=2)),
        {"role": "user", "content": [{"text": draw(WORDS)}, *draw(PARTS)]},
    ]
    body: dict[str, object] = {"model": MODEL, "messages": messages, **draw(PLACE), **draw(good)}
    for _ in range(draw(st.integers(0, 2))):
        place = draw(st.sampled_from([body, *messages]))
        place[draw(st.sampled_from(FIELDS))] = draw(ANYTHING)
    return body


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A good body in which some bytes were changed, lost or doubled."""
    data = bytearray(msgspec.json.encode(draw(bodies())))
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, max(0, len(data) - 1)))
        data[place : place + draw(st.integers(0, 3))] = draw(st.binary(max_size=3))
    return bytes(data)


class Sender:
    """A connection that blocks, for use in a worker thread."""

    def __init__(self, gateway: TestedGateway) -> None:
        place = urlsplit(gateway.url)
        self._connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=20)
        self._headers = {"Authorization": f"Bearer {gateway.key}", "Content-Type": "application/json"}

    def close(self) -> None:
        self._connection.close()

    def send(self, content: bytes) -> None:
        """Send one body, and look at its answer."""
        self._connection.request("POST", "/v1/chat/completions", content, self._headers)
        answer = self._connection.getresponse()
        told = answer.read()
        assert answer.status == 200 or 400 <= answer.status < 500, told[:500]
        if answer.status != 200:
            error = msgspec.json.decode(told)["error"]
            assert set(error) == {"message", "type", "param", "code"}
            assert error["message"]
        elif (answer.getheader("content-type") or "").startswith("application/json"):
            assert msgspec.json.decode(told)["choices"][0]["message"]["content"] is not None
        else:
            assert told.endswith(b"data: [DONE]\n\n")
            assert b'"error"' not in told


async def test_any_json_in_the_known_fields_is_a_picture_or_a_refusal() -> None:
    @PROFILE
    @given(body=bodies() | ANYTHING)
    def hold(sender: Sender, body: object) -> None:
        sender.send(msgspec.json.encode(body))

    await holds(hold)


async def test_any_damage_to_a_body_is_a_picture_or_a_refusal() -> None:
    @PROFILE
    @given(content=damaged() | st.binary(max_size=200))
    def hold(sender: Sender, content: bytes) -> None:
        sender.send(content)

    await holds(hold)


async def holds(hold: Callable[[Sender], None]) -> None:
    """Run the examples in a worker thread, since they block, against one gateway."""
    async with open_tested_gateway(limit_seconds=120) as gateway:
        with closing(Sender(gateway)) as sender:
            await trio.to_thread.run_sync(hold, sender)
        assert (await gateway.chat()).status_code == 200

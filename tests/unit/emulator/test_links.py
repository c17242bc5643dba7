"""The redirect, the media call and signed links."""

import base64
import io

import pytest
from PIL import Image

from flow2api.emulator.knobs import Knobs
from tests.unit.emulator.caller import BASE, Caller, Clock, add_caller, error_of, new_caller, said, small_picture

REDIRECT = "/fx/api/trpc/media.getMediaUrlRedirect"


async def make(caller: Caller) -> tuple[str, str]:
    media = said(await caller.image())["media"][0]
    return media["name"], media["image"]["generatedImage"]["fifeUrl"].removeprefix(BASE)


def target(name: str, kind: str = "MEDIA_URL_TYPE_FULL_MEDIA") -> str:
    return f"{REDIRECT}?name={name}&mediaUrlType={kind}"


async def test_the_redirect_leads_to_a_link_that_anyone_can_fetch() -> None:
    caller = await new_caller()
    name, _ = await make(caller)
    answer = await caller.ask("GET", target(name))
    assert answer.status == 307
    link = dict(answer.headers)["Location"].removeprefix(BASE)
    assert link.startswith(f"/image/{name}?")
    fetched = await caller.ask("GET", link, cookie="", authorization="")
    assert fetched.status == 200


async def test_the_redirect_wants_a_session() -> None:
    caller = await new_caller()
    name, _ = await make(caller)
    answer = await caller.ask("GET", target(name), cookie="")
    assert (answer.status, answer.body) == (401, b"No session found")


async def test_the_redirect_knows_nothing_of_other_peoples_media() -> None:
    caller = await new_caller()
    name, _ = await make(caller)
    other = await add_caller(caller)
    assert (await other.ask("GET", target(name))).status == 404


async def test_the_redirect_takes_known_types_only() -> None:
    caller = await new_caller()
    name, _ = await make(caller)
    assert (await caller.ask("GET", target(name, "FULL"))).status == 400


@pytest.mark.parametrize(("redirect", "status"), [("missing", 404), ("fault", 500), ("login", 307)])
async def test_the_redirect_can_be_set_to_fail(redirect: str, status: int) -> None:
    caller = await new_caller(Knobs().changed({"redirect": redirect}))
    name, _ = await make(caller)
    answer = await caller.ask("GET", target(name))
    assert answer.status == status
    assert name not in dict(answer.headers).get("Location", "")


async def test_a_link_expires() -> None:
    clock = Clock()
    caller = await new_caller(Knobs(link_seconds=60), clock=clock)
    _, link = await make(caller)
    assert (await caller.ask("GET", link)).status == 200
    clock.time += 60
    assert (await caller.ask("GET", link)).status == 403


async def test_a_link_cannot_be_prolonged() -> None:
    caller = await new_caller()
    _, link = await make(caller)
    assert (await caller.ask("GET", link.replace("Expires=1", "Expires=2"))).status == 403


@pytest.mark.parametrize("query", ["", "?Expires=soon&Signature=x", "?Signature=x"])
async def test_a_link_without_a_good_signature_is_refused(query: str) -> None:
    caller = await new_caller()
    name, _ = await make(caller)
    assert (await caller.ask("GET", f"/image/{name}{query}")).status == 403


async def test_the_media_call_carries_the_bytes() -> None:
    caller = await new_caller()
    name, _ = await make(caller)
    told = said(await caller.ask("GET", f"/v1/media/{name}?clientContext.tool=PINHOLE"))
    picture = Image.open(io.BytesIO(base64.b64decode(told["image"]["encodedImage"])))
    assert picture.size == (1376, 768)
    assert (told["name"], told["image"]["prompt"]) == (name, "a red apple")


async def test_the_media_call_gives_an_upload_back_unchanged() -> None:
    caller = await new_caller()
    name = said(await caller.upload(small_picture()))["media"]["name"]
    told = said(await caller.ask("GET", f"/v1/media/{name}"))
    assert base64.b64decode(told["image"]["encodedImage"]) == small_picture()


async def test_the_media_call_is_for_the_owner_only() -> None:
    caller = await new_caller()
    name, _ = await make(caller)
    other = await add_caller(caller)
    assert error_of(await other.ask("GET", f"/v1/media/{name}")) == (404, "NOT_FOUND", None)

"""Uploads: sent as they are, remembered per project and digest, and not for longer than Flow keeps them."""

import base64
import hashlib
from pathlib import Path

import pytest

from flow2api.domain.failure import FailureKind, UpstreamFailure
from flow2api.net.message import Response
from flow2api.providers.base import Picture
from flow2api.providers.flow.uploads import REUSE_SECONDS, Uploads
from flow2api.providers.flow.vault import Vault
from tests.unit.providers.flow import fake
from tests.unit.providers.flow.fake import Clock, FakeHttp, answer, client, signed_in


def picture(folder: Path, content: bytes, mime: str = "image/png") -> Picture:
    digest = hashlib.sha256(content).hexdigest()
    path = folder / digest
    path.write_bytes(content)
    return Picture(path=path, mime=mime, digest=digest)


def flow() -> FakeHttp:
    """A Flow that names uploads m1, m2, ..."""
    http = FakeHttp()

    def upload(_: fake.Seen) -> Response:
        return answer(body={"media": {"name": f"m{len(http.calls(fake.UPLOAD))}"}})

    http.on(fake.UPLOAD, upload)
    return http


def uploads(http: FakeHttp, vault: Vault | None = None, clock: Clock | None = None) -> Uploads:
    clock = clock or Clock()
    return Uploads(client(http, clock), vault or signed_in(projects=["p1", "p2"]), clock)


async def test_a_picture_is_sent_as_it_is(tmp_path: Path) -> None:
    http, content = flow(), bytes(range(256)) * 5
    assert await uploads(http).put("p1", [picture(tmp_path, content)], ";17") == ("m1",)
    sent = http.seen[0].json
    assert base64.b64decode(sent.pop("imageBytes")) == content
    assert sent == {
        "clientContext": {"sessionId": ";17", "projectId": "p1", "tool": "PINHOLE"},
        "fileName": "input.png",
        "mimeType": "image/png",
        "isHidden": False,
        "isUserUploaded": True,
    }


@pytest.mark.parametrize(
    ("mime", "name"), [("image/png", "input.png"), ("image/jpeg", "input.jpg"), ("image/webp", "input.jpg")]
)
async def test_the_file_name_follows_the_kind_of_picture(tmp_path: Path, mime: str, name: str) -> None:
    http = flow()
    await uploads(http).put("p1", [picture(tmp_path, b"x", mime)], ";17")
    assert http.seen[0].json["fileName"] == name


async def test_pictures_keep_their_order_and_each_is_uploaded_once(tmp_path: Path) -> None:
    http = flow()
    one, two = picture(tmp_path, b"one"), picture(tmp_path, b"two")
    assert await uploads(http).put("p1", [one, two, one], ";17") == ("m1", "m2", "m1")


async def test_an_upload_is_reused_in_its_project_until_its_time_is_over(tmp_path: Path) -> None:
    http, clock = flow(), Clock()
    memory, one = uploads(http, clock=clock), picture(tmp_path, b"one")
    assert await memory.put("p1", [one], ";17") == ("m1",)
    assert await memory.put("p2", [one], ";17") == ("m2",)
    clock.now += REUSE_SECONDS - 1
    assert await memory.put("p1", [one], ";17") == ("m1",)
    clock.now += 1
    assert await memory.put("p1", [one], ";17") == ("m3",)


async def test_the_project_that_has_all_pictures_is_their_home(tmp_path: Path) -> None:
    http, clock = flow(), Clock()
    memory, one, two = uploads(http, clock=clock), picture(tmp_path, b"one"), picture(tmp_path, b"two")
    assert memory.home_of([]) is None
    assert memory.home_of([one]) is None
    await memory.put("p2", [one], ";17")
    assert memory.home_of([one]) == "p2"
    assert memory.home_of([one, two]) is None
    clock.now += REUSE_SECONDS
    assert memory.home_of([one]) is None


async def test_what_is_too_old_is_not_kept(tmp_path: Path) -> None:
    clock, vault = Clock(), signed_in(projects=["p1", "p2"])
    memory = uploads(flow(), vault, clock)
    await memory.put("p1", [picture(tmp_path, b"one")], ";17")
    clock.now += REUSE_SECONDS / 2
    await memory.put("p2", [picture(tmp_path, b"two")], ";17")
    clock.now += REUSE_SECONDS / 2
    memory.prune()
    assert list(vault.uploads) == ["p2"]


async def test_a_failed_upload_is_not_remembered_but_those_before_it_are(tmp_path: Path) -> None:
    http, vault = FakeHttp(), signed_in(projects=["p1"])
    http.on(fake.UPLOAD, answer(body={"media": {"name": "m1"}}), answer(500))
    memory, one, two = uploads(http, vault), picture(tmp_path, b"one"), picture(tmp_path, b"two")
    with pytest.raises(UpstreamFailure):
        await memory.put("p1", [one, two], ";17")
    assert list(vault.uploads["p1"]) == [one.digest]


async def test_a_picture_that_is_gone_from_disk_is_told_without_its_path(tmp_path: Path) -> None:
    missing = Picture(path=tmp_path / "private-name", mime="image/png", digest="d")
    with pytest.raises(UpstreamFailure) as caught:
        await uploads(flow()).put("p1", [missing], ";17")
    assert caught.value.kind is FailureKind.REQUEST_REJECTED
    assert "private-name" not in caught.value.message

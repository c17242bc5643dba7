"""The way to a service with a key: where the key goes, and where it does not."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from flow2api.domain.failure import FailureKind, UpstreamFailure
from flow2api.errors import ConnectionBroken, NetworkFault, Unreachable
from flow2api.net.exits import directly
from flow2api.net.guard import Guard
from flow2api.net.message import Downloaded, Headers
from flow2api.providers.calls import Calls, Way, is_at

BASE, KEY = "https://api.example", ("x-api-key", "secret")
WAY = Way(title="Example", base_url=BASE, headers=(KEY,), secret="secret")


class FakeHttp:
    """Redirects as it is told, then delivers; or fails."""

    def __init__(self, *targets: str, fault: NetworkFault | None = None) -> None:
        self._targets, self._fault = list(targets), fault
        self.asked: list[tuple[str, bool]] = []
        """Each address, and whether the key went there."""
        self.dialled: list[Sequence[str]] = []

    async def download(
        self, url: str, path: Path, *, headers: Sequence[tuple[str, str]], addresses: Sequence[str], **_: Any
    ) -> Downloaded:
        self.asked.append((url, KEY in headers))
        self.dialled.append(addresses)
        target = self._targets.pop(0) if self._targets else None
        found = Headers([("Location", target)] if target else [])
        return Downloaded(status=302 if target else 200, mime="", size_bytes=0, headers=found, head=b"")

    async def request(self, *_: Any, fresh: bool, **__: Any) -> None:
        self.fresh = fresh
        raise self._fault or AssertionError("not part of the test")


async def resolve(host: str, port: int) -> Sequence[str]:
    return {"cdn.example": ["93.184.216.34"], "api.example.evil": ["93.184.216.35"]}.get(host, ["10.0.0.7"])


def guard() -> Guard:
    return Guard(resolve=resolve)


def calls(http: FakeHttp) -> Calls:
    return Calls(cast("Any", http), WAY, directly, guard())


async def test_a_download_follows_redirects_and_takes_the_key_to_its_own_service_only(tmp_path: Path) -> None:
    http = FakeHttp("/there", "https://cdn.example/file", "https://api.example.evil/file")
    with pytest.raises(UpstreamFailure, match="again and again"):
        await calls(http).download("a clip", "/files/1", tmp_path / "x", seconds=1)
    assert http.asked == [(f"{BASE}/files/1", True), (f"{BASE}/there", True), ("https://cdn.example/file", False)]
    assert http.dialled == [(), (), ("93.184.216.34",)]


@pytest.mark.parametrize(
    "target", ["http://169.254.169.254/latest/", "http://[::1]/", "https://nas.example/x", "http://a:22/"]
)
async def test_a_download_follows_no_redirect_into_private_networks(tmp_path: Path, target: str) -> None:
    http = FakeHttp(target)
    with pytest.raises(UpstreamFailure, match=r"may not be asked.*media\.allow_private") as caught:
        await calls(http).download("a clip", "/files/1", tmp_path / "x", seconds=1)
    assert caught.value.kind is FailureKind.UPSTREAM_FAULT
    assert http.asked == [(f"{BASE}/files/1", True)]


async def test_bytes_are_not_brought_to_a_private_address_that_a_service_names() -> None:
    http = FakeHttp()
    with pytest.raises(UpstreamFailure, match="may not be asked"):
        await calls(http).send("the upload", "PUT", "http://192.168.1.1/upload", form=("image/png", b"x"))


@pytest.mark.parametrize(
    ("paid", "exit_url"), [(True, "http://exit.example:1"), (True, None), (False, "http://exit.example:1")]
)
async def test_a_paid_call_takes_no_kept_connection_of_an_exit(paid: bool, exit_url: str | None) -> None:
    http = FakeHttp(fault=ConnectionBroken("cut"))
    with pytest.raises(UpstreamFailure):
        await Calls(cast("Any", http), WAY, lambda avoid=(): exit_url, guard()).send("x", "POST", "/x", {}, paid=paid)
    assert http.fresh is (paid and exit_url is not None)


def test_what_a_service_says_is_shown_without_the_key() -> None:
    told = UpstreamFailure(FailureKind.THROTTLED, "no secret", status=429, reason="of secret", retry_after_seconds=3)
    shown = calls(FakeHttp()).cleaned(told)
    assert (shown.kind, shown.message, shown.reason) == (told.kind, "no ***", "of ***")
    assert (shown.status, shown.retry_after_seconds) == (429, 3)


async def test_a_redirect_to_no_address_is_a_failure_of_the_service(tmp_path: Path) -> None:
    with pytest.raises(UpstreamFailure, match="no address"):
        await calls(FakeHttp("https://[")).download("a clip", "/files/1", tmp_path / "x", seconds=1)


@pytest.mark.parametrize(
    "url",
    [
        *(
            "http://api.example/x",
            "https://api.example:443/x",
            "https://api.example:8443/x",
            "https://user@api.example/x",
        ),
        *(
            "https://api.example@evil.example/x",
            "https://api.example.evil.example/x",
            "https://api.example\\@evil.example/x",
        ),
        *("https://[", "//api.example/x", "https:/api.example/x", ""),
    ],
)
def test_only_the_very_origin_of_a_service_is_its_own(url: str) -> None:
    assert not is_at(url, BASE)
    assert is_at(f"{BASE}/v1/x?y=z", BASE)


@pytest.mark.parametrize(
    ("fault", "paid", "kind"),
    [
        (Unreachable("no"), True, FailureKind.UNREACHABLE),
        (ConnectionBroken("cut"), True, FailureKind.OUTCOME_UNKNOWN),
        (ConnectionBroken("cut"), False, FailureKind.UPSTREAM_FAULT),
    ],
)
async def test_a_broken_connection_is_what_may_have_become_of_the_call(
    fault: NetworkFault, paid: bool, kind: FailureKind
) -> None:
    with pytest.raises(UpstreamFailure) as caught:
        await calls(FakeHttp(fault=fault)).send("the order", "POST", "/orders", {}, paid=paid)
    assert caught.value.kind is kind
    assert "secret" not in repr(WAY) + str(caught.value)

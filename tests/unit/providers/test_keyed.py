"""What services with keys have in common."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from flow2api.domain.failure import FailureKind, UpstreamFailure
from flow2api.domain.job import Made
from flow2api.errors import Failure
from flow2api.providers.base import Check, Stage
from flow2api.providers.fal.provider import FalProvider
from flow2api.providers.keyed import cents, check_each

NAMES = ("queue_base_url", "storage_base_url", "billing_base_url")
SECONDS = ("poll_interval", "request_timeout", "image_timeout", "video_timeout")


@pytest.mark.parametrize(("dollars", "whole"), [(0.29, 29), (37.66, 3766), (0.009, 0), (-3.0, 0), (1e308, 10**14)])
def test_a_balance_is_whole_cents_whatever_the_service_says(dollars: float, whole: int) -> None:
    assert cents(dollars) == whole


async def test_one_that_cannot_be_asked_about_keeps_no_other_from_being_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def check(made: Made) -> Check:
        if made.media_id == "bad":
            raise UpstreamFailure(FailureKind.UPSTREAM_FAULT, "not now")
        return Check(made=made, stage=Stage.DONE)

    good, bad = Made(media_id="good"), Made(media_id="bad")
    assert [check.made for check in await check_each([bad, good], check)] == [good]
    assert "not now" in caplog.text
    with pytest.raises(UpstreamFailure, match="not now"):
        await check_each([bad], check)


def test_a_key_is_given_to_no_other_address_where_a_service_has_but_one() -> None:
    settings = SimpleNamespace(**dict.fromkeys(NAMES, "https://fal.example"), **dict.fromkeys(SECONDS, 1.0))
    provider = FalProvider(cast("Any", None), cast("Any", settings))
    with pytest.raises(Failure, match="one address for all accounts"):
        provider.vault_for("fal-id:secret", "https://evil.example")
    assert provider.credential_of(provider.vault_for("fal-id:secret")) == "fal-id:secret"

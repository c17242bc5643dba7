"""Captcha tokens."""

import pytest

from flow2api.emulator.captcha import IMAGE_ACTION, LIFETIME_SECONDS, VIDEO_ACTION, Captcha, Policy
from flow2api.emulator.exchange import Refused


def good(
    captcha: Captcha, token: str, *, policy: Policy = "required", action: str = IMAGE_ACTION, now: float = 0
) -> bool:
    try:
        captcha.spend(token, action, policy, now)
    except Refused as refused:
        return (refused.status, refused.reason) != (403, "PUBLIC_ERROR_UNUSUAL_ACTIVITY")
    return True


def test_a_minted_token_is_good_once_and_for_its_action() -> None:
    captcha = Captcha()
    token = captcha.mint(IMAGE_ACTION, 0)
    assert good(captcha, token, action=VIDEO_ACTION) is False
    assert good(captcha, token) is True
    assert good(captcha, token) is False
    assert (captcha.accepted, captcha.refused) == (1, 2)


def test_a_minted_token_gets_old() -> None:
    captcha = Captcha()
    token = captcha.mint(IMAGE_ACTION, 0)
    assert good(captcha, token, now=LIFETIME_SECONDS) is False


def test_a_registered_token_may_have_any_form() -> None:
    captcha = Captcha()
    captcha.register("03AFcWeA", IMAGE_ACTION, 0)
    assert good(captcha, "03AFcWeA") is True
    assert good(captcha, "03AFcWeA") is False


@pytest.mark.parametrize("token", ["tok:IMAGE_GENERATION", "tok:IMAGE_GENERATION:", "IMAGE_GENERATION:1", "tok::1"])
def test_a_token_of_the_wrong_form_is_refused_whatever_the_policy(token: str) -> None:
    captcha = Captcha()
    assert good(captcha, token, policy="required") is False
    assert good(captcha, token, policy="off") is False


def test_no_token_will_do_only_when_captcha_is_off() -> None:
    captcha = Captcha()
    assert good(captcha, "", policy="off") is True
    assert good(captcha, "", policy="required") is False


def test_a_page_token_tells_nothing_of_its_action() -> None:
    captcha = Captcha()
    token = captcha.mint_on_page(VIDEO_ACTION, 0)
    assert VIDEO_ACTION not in token
    assert len(token) > 500
    assert good(captcha, token, policy="page", action=VIDEO_ACTION) is True


def test_a_token_that_was_judged_too_low_is_used_up() -> None:
    captcha = Captcha()
    token = captcha.mint(IMAGE_ACTION, 0)
    with pytest.raises(Refused):
        captcha.spend(token, IMAGE_ACTION, "required", 0, low_score=True)
    assert good(captcha, token) is False
    assert (captcha.minted, captcha.accepted, captcha.refused) == (1, 0, 2)

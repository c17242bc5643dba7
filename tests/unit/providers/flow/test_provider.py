"""Flow as a provider: credentials in and out, captcha actions, and sessions that keep to the settings."""

import json

import msgspec
import pytest

from flow2api.domain.failure import FailureKind, UpstreamFailure
from flow2api.errors import Code, Failure
from flow2api.net.exits import directly
from flow2api.providers.base import Provider, Session
from flow2api.providers.flow.provider import FlowProvider
from flow2api.providers.flow.vault import dump, load
from tests.unit.providers.flow import fake
from tests.unit.providers.flow.fake import SESSION_TOKEN, FakeHttp, answer, generation


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    labs_base_url: str = "https://labs.test/fx/api/"
    api_base_url: str = "https://api.test/v1/"
    request_timeout: float = 60.0
    image_timeout: float = 200.0
    page_url: str = "https://labs.test/fx/tools/flow"
    recaptcha_site_key: str = "key"
    poll_interval: float = 0.05
    video_timeout: float = 60.0
    projects_per_account: int = 2


def provider(http: FakeHttp | None = None, settings: Settings | None = None) -> FlowProvider:
    return FlowProvider((http or FakeHttp()).http, settings or Settings(), fake.Clock())


def test_it_is_a_provider_and_its_sessions_are_sessions() -> None:
    flow: Provider = provider()
    account: Session = flow.open("a1", flow.vault_for(SESSION_TOKEN), directly)
    assert flow.name == "flow"
    assert account.signed_in_until is None


def test_pictures_want_a_token_for_their_own_action() -> None:
    assert provider().captcha_action(generation()) == "IMAGE_GENERATION"
    assert provider().captcha_action(generation(upscale="2k")) == "IMAGE_GENERATION"


def test_clips_want_a_token_for_their_own_action_in_both_steps() -> None:
    assert provider().captcha_action(fake.clip_generation()) == "VIDEO_GENERATION"
    assert provider().captcha_action(fake.clip_generation(upscale="4k")) == "VIDEO_GENERATION"


def test_who_logs_in_anew_keeps_projects_and_uploads() -> None:
    old = dump(fake.signed_in(email="ada@example.org", projects=["p1"]))
    flow = provider()
    vault = flow.renewed_vault(old, flow.vault_for("another-session-token-0123456789"))
    assert load(vault).projects == ["p1"]
    assert flow.credential_of(vault) == "another-session-token-0123456789"


def test_a_pasted_credential_comes_out_again_as_it_is_kept() -> None:
    flow = provider()
    vault = flow.vault_for(f"Cookie: {fake.client.__module__}=x; __Secure-next-auth.session-token={SESSION_TOKEN}")
    assert flow.credential_of(vault) == SESSION_TOKEN
    assert flow.vault_for(flow.credential_of(vault)) == vault
    assert json.loads(vault) == {"session_token": SESSION_TOKEN}


def test_a_credential_of_something_else_is_refused() -> None:
    with pytest.raises(Failure) as caught:
        provider().vault_for("nonsense")
    assert caught.value.code is Code.INVALID_VALUE


def test_a_vault_that_cannot_be_read_needs_a_login() -> None:
    with pytest.raises(UpstreamFailure) as caught:
        provider().open("a1", b"?", directly)
    assert caught.value.kind is FailureKind.NEEDS_LOGIN


async def test_sessions_keep_to_addresses_exit_and_time_limits() -> None:
    http = FakeHttp()
    http.on(fake.SESSION, answer(body={"access_token": "ya29.x"}))
    http.on(fake.CREDITS, answer(body={}))
    flow = provider(http, Settings(request_timeout=4.0))
    account = flow.open("a1", flow.vault_for(SESSION_TOKEN), lambda avoid=(): "http://exit.test:3128")
    await account.sign_in()
    await account.balance()
    assert [seen.url for seen in http.seen] == ["https://labs.test/fx/api/auth/session", "https://api.test/v1/credits"]
    assert {seen.exit_url for seen in http.seen} == {"http://exit.test:3128"}
    assert {seen.limits.total_seconds for seen in http.seen} == {4.0}

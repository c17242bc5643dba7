"""Google Labs Flow as a `Provider`: opens sessions, reads pasted credentials, renews vaults, names its captcha actions."""

import time
from collections.abc import Callable
from typing import Protocol

from flow2api.domain.job import Generation
from flow2api.domain.present import present
from flow2api.domain.service import CaptchaPage, Traits
from flow2api.errors import Code, Failure
from flow2api.net.exits import ExitChoice
from flow2api.net.http import Http
from flow2api.providers.flow import cookies
from flow2api.providers.flow.calls import Bases, Times
from flow2api.providers.flow.client import Client
from flow2api.providers.flow.session import FlowSession
from flow2api.providers.flow.vault import Vault, dump, load, renewed

_CAPTCHA_ACTIONS = {"image": "IMAGE_GENERATION", "video": "VIDEO_GENERATION"}


class FlowSettings(Protocol):
    """What an operator may choose about Flow."""

    @property
    def labs_base_url(self) -> str: ...

    @property
    def api_base_url(self) -> str: ...

    @property
    def page_url(self) -> str: ...

    @property
    def recaptcha_site_key(self) -> str: ...

    @property
    def poll_interval(self) -> float: ...

    @property
    def request_timeout(self) -> float:
        """Seconds for one ordinary call, the generation of pictures and the beginning of clips among them."""

    @property
    def image_timeout(self) -> float:
        """Seconds for one answer that brings an enlarged picture or a joined clip, which is slow."""

    @property
    def video_timeout(self) -> float: ...

    @property
    def projects_per_account(self) -> int: ...


class FlowProvider:
    """Pictures and clips by Google Labs Flow, over the operator's own accounts."""

    name: str = "flow"

    def __init__(self, http: Http, settings: FlowSettings, clock: Callable[[], float] = time.time) -> None:
        self._http = http
        self._settings = settings
        # All of these follow the settings, also in sessions that are open.
        self._bases = present(lambda: _bases(settings))
        self._times = present(lambda: _times(settings))
        self._clock = clock
        self.traits = present(lambda: _traits(settings))

    def captcha_action(self, generation: Generation) -> str | None:
        return _CAPTCHA_ACTIONS.get(generation.kind)

    def open(self, account_id: str, vault: bytes, exit_for: ExitChoice) -> FlowSession:
        """A session for the stored vault; `UpstreamFailure(NEEDS_LOGIN)` for one that cannot be read."""
        client = Client(self._http, self._bases, self._times, exit_for, self._clock)
        return FlowSession(client, load(vault), lambda: self._settings.projects_per_account, self._clock)

    def vault_for(self, credential: str, base_url: str | None = None) -> bytes:
        """The vault for a session cookie that an operator pasted, in any of its usual notations."""
        if base_url:
            message = "Google Flow has one address for all accounts; leave base_url out."
            raise Failure(Code.INVALID_VALUE, message, param="base_url")
        return dump(Vault(session_token=cookies.session_token(credential)))

    def renewed_vault(self, old: bytes, new: bytes) -> bytes:
        """The login of `new` with the projects and uploads of `old`, unless `old` is another person's or cannot be read."""
        return dump(renewed(old, load(new)))

    def credential_of(self, vault: bytes) -> str:
        """The bare session cookie."""
        return load(vault).session_token


def _bases(settings: FlowSettings) -> Bases:
    return Bases(labs=settings.labs_base_url.rstrip("/"), api=settings.api_base_url.rstrip("/"))


def _traits(settings: FlowSettings) -> Traits:
    return Traits(
        title="Google Flow",
        credential="session token",
        base_url=_bases(settings).api,
        signs_in=True,
        login_page=settings.page_url,
        captcha=CaptchaPage(url=settings.page_url, site_key=settings.recaptcha_site_key),
        trusted_links=True,
        joins=True,
        poll_seconds=settings.poll_interval,
        image_seconds=settings.image_timeout,
        video_seconds=settings.video_timeout,
    )


def _times(settings: FlowSettings) -> Times:
    """The limits of the calls; those that a person or a queue waits for stay short whatever the general limit is."""
    general, usual = settings.request_timeout, Times()
    return Times(
        session=min(general, usual.session),
        credits=min(general, usual.credits),
        project=min(general, usual.project),
        upload=general,
        generate=general,
        upsample=settings.image_timeout,
        clips=min(general, usual.clips),
        check=min(general, usual.check),
        locate=min(general, usual.locate),
        fetch=general,
        join=general,
        check_join=settings.image_timeout,
        cancel=min(general, usual.cancel),
    )

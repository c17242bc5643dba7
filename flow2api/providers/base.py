"""The contract between accounts and the services that generate.

A `Provider` opens one `Session` for each account; the session is owned by that account's actor and knows one service's wire.
Sessions know nothing of actors, jobs, the store or captcha tabs. Every method may raise `UpstreamFailure` and nothing else on
purpose; each call is bounded in time by the provider's own limits. Cancelling a call closes its connection.

What sets one service apart for the rest of the program is data, `domain.service.Traits`; nothing outside `providers` asks for a name. A service
that is called with a key needs only a small part of this: see `flow2api.providers.keyed`.
"""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Protocol

import msgspec

from flow2api.domain.failure import UpstreamFailure
from flow2api.domain.job import Generation, Made, Source
from flow2api.domain.service import Traits
from flow2api.domain.tier import Tier
from flow2api.net.exits import ExitChoice


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Whose session it is."""

    email: str | None = None
    name: str | None = None


class Balance(msgspec.Struct, frozen=True, kw_only=True):
    """What the account has left. `credits` None where the service does not say."""

    credits: int | None
    tier: Tier


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """An input picture on disk."""

    path: Path
    mime: str
    digest: str
    """SHA-256 of the bytes, so that a session can reuse an earlier upload."""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """One generation and its input pictures, in order."""

    job_id: str
    generation: Generation
    pictures: tuple[Picture, ...] = ()
    mask: Picture | None = None
    """For the first of `pictures`: what can be seen through in it is to change."""


class CaptchaToken(msgspec.Struct, frozen=True, kw_only=True):
    """A captcha token for one call, and the name of the browser that made it, which the call then bears too."""

    value: str = ""
    """Empty when no captcha is used."""
    user_agent: str | None = None

    def __repr__(self) -> str:
        return f"CaptchaToken(value={'***' if self.value else ''!r}, user_agent={self.user_agent!r})"


class Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """All that is free of charge is done: the login is good, pictures are uploaded, a project is chosen."""

    order: Order
    context: str
    """Provider-private JSON."""


class Begun(msgspec.Struct, frozen=True, kw_only=True):
    """The paid call was accepted."""

    made: tuple[Made, ...]
    finished: bool
    """True: the results exist already (pictures). False: `made` are handles to be checked until they are done (clips)."""
    credits_left: int | None = None
    data: tuple[bytes, ...] = ()
    """The results themselves, in the order of `made`, where they came with the answer."""

    def __repr__(self) -> str:
        return f"Begun(made={self.made!r}, finished={self.finished}, data={[len(one) for one in self.data]} bytes)"


class Stage(StrEnum):
    """How far something unfinished is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"
    """The service said something that this provider does not know. It is taken neither for running nor for done."""


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """How one unfinished thing stands."""

    made: Made
    """The handle as it was asked about; for a joined clip that is done, with its link if there is one."""
    stage: Stage
    failure: UpstreamFailure | None = None
    """Why, when it failed or when its stage is unknown; None otherwise."""
    percent: int | None = None
    """How much is done, where the service says so."""
    note: str = ""
    """What the service tells people meanwhile: the place in its queue, the last line of its log."""
    written: bool = False
    """A joined clip that is done came as bytes and lies in the file that was named."""


class Session(Protocol):
    """One account at one service. Methods may run side by side."""

    @property
    def identity(self) -> Identity:
        """Who it is, as far as known; filled by `sign_in`."""

    @property
    def vault(self) -> bytes:
        """Everything secret or private that must survive a restart, as the provider's own JSON. Stored sealed."""

    @property
    def signed_in_until(self) -> float | None:
        """When the access token ends (an upper bound), None when there is none or where a service has no such thing."""

    def bear(self, user_agent: str) -> None:
        """Name this browser in all calls from now on: the one whose tab makes the captcha tokens for them."""

    async def sign_in(self) -> None:
        """Get a new access token, whatever the old one's age; where there are none, find out by a free call whether the credential
        is good. May change `vault`, `identity` and `signed_in_until`.

        The caller sees to it that it does not run twice at a time."""

    async def balance(self) -> Balance:
        """Credits and tier, free of charge."""

    async def prepare(self, order: Order) -> Prepared:
        """Everything before the paid call: project, uploads. Repeating it costs nothing. May change `vault`."""

    async def begin(self, prepared: Prepared, captcha_token: str) -> Begun:
        """The paid call, exactly once: never repeated in here. `captcha_token` is empty when no captcha is used."""

    async def enlarge(self, made: Made, upscale: str, captcha_token: str) -> bytes:
        """The enlarged picture's bytes. `upscale` is `2k` or `4k`. Free of charge, so it may be repeated."""

    async def check(self, made: Sequence[Made]) -> list[Check]:
        """How each of several unfinished results of this account stands, in the same order, with one call where the service can.

        Handles come from `begin` and `upsample`, of any jobs. One that the service no longer knows is `FAILED` with `media_gone`
        and does not keep the others from being told. Where each takes its own call, those that could not be asked about are left
        out, unless that is so for all of them."""

    async def locate(self, made: Made) -> Made:
        """A finished result with a link that can be fetched without credentials for a while, or without a link where the service
        has none such. Keep what comes back: follow-up work may need what the link tells. For a clip `fetch` is another way to the
        bytes."""

    async def fetch(self, made: Made, path: Path) -> None:
        """Write a finished clip's bytes to the file `path`, which appears only when complete, by calls with the credential.

        Raises:
            OSError: the file cannot be written."""

    async def upsample(self, made: Made, generation: Generation, captcha_token: str) -> Begun:
        """The second paid step for a finished clip, to `generation.upscale`; exactly once, then checked like the first."""

    async def join(self, source: Source, extension: Made) -> Made:
        """Begin to make one clip of a source and what continues it. Free of charge. The handle is for `check_join` alone."""

    async def check_join(self, made: Made, path: Path) -> Check:
        """How a joined clip stands. Once it is done it has a link, or its bytes were written to the file `path`.

        Raises:
            OSError: the file cannot be written."""

    async def cancel(self, made: Made) -> None:
        """Ask the service to give up an unfinished clip. What was paid may stay paid."""


class Provider(Protocol):
    """One service."""

    name: str
    traits: Traits

    def captcha_action(self, generation: Generation) -> str | None:
        """The page action for which `begin`, `enlarge` and `upsample` want a captcha token, None where none is wanted."""

    def open(self, account_id: str, vault: bytes, exit_for: ExitChoice) -> Session:
        """A session for the stored `vault`. Makes no call. `exit_for` is asked anew for each call: exits come and go."""

    def vault_for(self, credential: str, base_url: str | None = None) -> bytes:
        """The vault for a credential that an operator pasted, with the address that it is good for where that is not the usual one.

        Raises:
            Failure: it does not look like a credential of this service, or the service has no other address; the message says
                what is expected."""

    def renewed_vault(self, old: bytes, new: bytes) -> bytes:
        """The vault of an account that was given a new credential: that of `new`, and what `old` knows besides."""

    def credential_of(self, vault: bytes) -> str:
        """The credential inside a vault, in a form that `vault_for` takes; for an operator's export."""

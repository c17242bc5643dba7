"""A provider whose sessions do what a test tells them, without wire or network."""

from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import trio

from flow2api.domain.failure import FailureKind, UpstreamFailure
from flow2api.domain.job import Generation, Made, Source
from flow2api.domain.service import Traits
from flow2api.domain.tier import Tier
from flow2api.errors import Code, Failure
from flow2api.net.exits import ExitChoice
from flow2api.providers.base import Balance, Begun, Check, Identity, Order, Prepared, Stage

TRAITS: dict[str, Any] = {
    "title": "Fake",
    "credential": "cookie",
    "base_url": "https://fake.example",
    "signs_in": True,
    "login_page": "https://page.example",
    "joins": True,
    "poll_seconds": 3.0,
}


class Script:
    """What the next calls do, by the name of the call: an exception is raised, an event is waited for, else all is well."""

    def __init__(self) -> None:
        self.next: dict[str, deque[Exception | trio.Event]] = {}
        self.calls: list[tuple[str, str]] = []
        """(call, account id), as made."""

    def add(self, call: str, *steps: Exception | trio.Event) -> None:
        self.next.setdefault(call, deque()).extend(steps)

    def count(self, call: str) -> int:
        return sum(name == call for name, _ in self.calls)

    async def play(self, call: str, account_id: str) -> None:
        self.calls.append((call, account_id))
        steps = self.next.get(call)
        step = steps.popleft() if steps else None
        if isinstance(step, trio.Event):
            await step.wait()
        elif step is not None:
            raise step


def upstream(kind: FailureKind, **fields: object) -> UpstreamFailure:
    return UpstreamFailure(kind, f"the test says {kind.value}", **fields)  # type: ignore[arg-type]


class FakeSession:
    """A session that follows the script of its provider."""

    def __init__(self, provider: "FakeProvider", account_id: str, vault: bytes) -> None:
        self._provider = provider
        self._account_id = account_id
        self.vault = vault
        self.identity = Identity()
        self.signed_in_until: float | None = None

    def bear(self, user_agent: str) -> None:
        self._provider.script.calls.append(("bear", user_agent))

    async def sign_in(self) -> None:
        await self._provider.script.play("sign_in", self._account_id)
        if not self._provider.traits.signs_in:
            return
        self.identity = Identity(email=f"{self.vault.decode()}@example.org")
        self.signed_in_until = self._provider.now() + 3600

    async def balance(self) -> Balance:
        await self._provider.script.play("balance", self._account_id)
        return Balance(credits=self._provider.credits, tier=Tier.PRO)

    async def prepare(self, order: Order) -> Prepared:
        await self._provider.script.play("prepare", self._account_id)
        return Prepared(order=order, context="{}")

    async def begin(self, prepared: Prepared, captcha_token: str) -> Begun:
        provider, generation = self._provider, prepared.order.generation
        await provider.script.play("begin", self._account_id)
        if generation.kind == "video":
            made = tuple(provider.new_clip() for _ in range(generation.count))
            return Begun(made=made, finished=False, credits_left=90)
        if provider.inline:
            made = tuple(Made(media_id=f"m{n}") for n in range(generation.count))
            return Begun(made=made, finished=True, data=(b"picture",) * generation.count)
        made = tuple(Made(media_id=f"m{n}", url=f"http://127.0.0.1/{n}") for n in range(generation.count))
        return Begun(made=made, finished=True, credits_left=90)

    async def check(self, made: Sequence[Made]) -> list[Check]:
        await self._provider.script.play("check", self._account_id)
        return [self._provider.look_at(one) for one in made]

    async def locate(self, made: Made) -> Made:
        await self._provider.script.play("locate", self._account_id)
        return msgspec.structs.replace(made, url=f"http://127.0.0.1/{made.media_id}")

    async def fetch(self, made: Made, path: Path) -> None:
        await self._provider.script.play("fetch", self._account_id)

    async def upsample(self, made: Made, generation: Generation, captcha_token: str) -> Begun:
        await self._provider.script.play("upsample", self._account_id)
        self._provider.worked_on.append(made)
        return Begun(made=(self._provider.new_clip(),), finished=False)

    async def join(self, source: Source, extension: Made) -> Made:
        await self._provider.script.play("join", self._account_id)
        self._provider.worked_on.append(extension)
        return Made(media_id="joined")

    async def check_join(self, made: Made, path: Path) -> Check:
        await self._provider.script.play("check_join", self._account_id)
        return Check(made=made, stage=Stage.DONE, written=True)

    async def cancel(self, made: Made) -> None:
        await self._provider.script.play("cancel", self._account_id)

    async def enlarge(self, made: Made, upscale: str, captcha_token: str) -> bytes:
        await self._provider.script.play("enlarge", self._account_id)
        return b"large"


class FakeProvider:
    """Named like a real one, so that accounts and catalogue fit."""

    def __init__(self, name: str = "flow", **traits: object) -> None:
        self.name = name
        self.traits = Traits(**(TRAITS | traits))
        self.script = Script()
        self.now = trio.current_time
        self.credits: int | None = 100
        """What the service says is left."""
        self.clip_seconds = 60.0
        """How long a clip takes."""
        self.clip_ends: dict[str, Stage] = {}
        """How a clip ends, where not well, by media id (`clip1` is the first)."""
        self.inline = False
        """Whether pictures come as bytes with the answer."""
        self.looks: list[tuple[int, str]] = []
        """What the next looks at clips tell of their progress."""
        self.worked_on: list[Made] = []
        """The clips that were enlarged or joined, as they were named for that."""
        self._clips: dict[str, float] = {}

    def new_clip(self) -> Made:
        made = Made(media_id=f"clip{len(self._clips) + 1}")
        self._clips[made.media_id] = self.now() + self.clip_seconds
        return made

    def look_at(self, made: Made) -> Check:
        if self.now() < self._clips[made.media_id]:
            percent, note = self.looks.pop(0) if self.looks else (None, "")
            return Check(made=made, stage=Stage.RUNNING, percent=percent, note=note)
        stage = self.clip_ends.get(made.media_id, Stage.DONE)
        failure = None if stage is Stage.DONE else upstream(FailureKind.CONTENT_REFUSED)
        return Check(made=made, stage=stage, failure=failure)

    def captcha_action(self, generation: Generation) -> str | None:
        return "IMAGE_GENERATION"

    def open(self, account_id: str, vault: bytes, exit_for: ExitChoice) -> FakeSession:
        return FakeSession(self, account_id, vault)

    def vault_for(self, credential: str, base_url: str | None = None) -> bytes:
        if not credential:
            raise Failure(Code.INVALID_VALUE, "Paste a cookie.", param="credential")
        return credential.encode()

    def renewed_vault(self, old: bytes, new: bytes) -> bytes:
        return new

    def credential_of(self, vault: bytes) -> str:
        return vault.decode()

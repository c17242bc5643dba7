"""The frame of a service that is reached with a key: find the route, see whose key it is, record, let a fault strike or carry out.

A service brings its routes, its words of refusal and the header its key comes in. Which HTTP server stands in front does not
matter here.
"""

import re
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, Literal

import msgspec

from flow2api.emulator.exchange import Answer, Asked, Refused, text_answer
from flow2api.emulator.faults import Faults
from flow2api.emulator.keyed.keys import ApiKey, Keys
from flow2api.emulator.keyed.studio import Studio
from flow2api.emulator.ledger import Accepted, Ledger, Seen
from flow2api.emulator.memory import Memory
from flow2api.emulator.progress import Pace
from flow2api.emulator.strike import Voice, strike

UNKNOWN_CALL = "unknown"


class KeyedKnobs(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a keyed service behaves. The defaults suit tests: fast and plain."""

    pictures: Literal["plain", "drawn"] = "plain"
    latency_seconds: float = 0.0
    """How long it takes to take an order in, or to make what is answered at once."""
    pace: Literal["polls", "seconds"] = "polls"
    """What moves an order on: each time that its status is asked for, or the clock."""
    queued: float = 1.0
    active: float = 1.0
    address: str = ""
    """What all links begin with that are handed out; empty: the host as the caller wrote it."""
    poll_after_ms: int | None = None
    """After which time callers are told to ask again, where the service says so."""

    @property
    def walk(self) -> Pace:
        return Pace(self.pace, self.queued, self.active)

    def changed(self, changes: Mapping[str, object]) -> "KeyedKnobs":
        """With some of them set anew; `Refused` for an unknown name or a wrong value."""
        try:
            return msgspec.convert(msgspec.to_builtins(self) | dict(changes), KeyedKnobs)
        except msgspec.ValidationError as error:
            raise Refused(400, str(error)) from error


class KeyCall(msgspec.Struct, frozen=True, kw_only=True):
    """A request on its way through the service. `parts` are the variable parts of its path."""

    asked: Asked
    key: ApiKey | None
    parts: Mapping[str, str] = {}

    @property
    def caller(self) -> ApiKey:
        """Whose call it is, where the route lets only known callers in."""
        if self.key is None:
            raise Refused(401, "No such key")
        return self.key


class KeyRoute(msgspec.Struct, frozen=True, kw_only=True):
    """One call of the service.

    `path` may hold `{name}` for a part without a slash and `{name+}` for one with any. `open_to_all`: no key is asked for.
    `control`: the emulator's own, which is neither recorded nor struck by faults.
    """

    name: str
    method: str
    path: str
    handle: Callable[[KeyCall], Awaitable[Answer]]
    open_to_all: bool = False
    control: bool = False

    @property
    def pattern(self) -> re.Pattern[str]:
        pieces = re.split(r"\{(\w+)(\+?)\}", self.path)
        text = re.escape(pieces[0])
        for name, many, after in zip(pieces[1::3], pieces[2::3], pieces[3::3], strict=True):
            text += f"(?P<{name}>{'.+' if many else '[^/]+'})" + re.escape(after)
        return re.compile(text)


class KeyedService:
    """One emulated service. All methods run on the Trio thread.

    `now` is its clock. What is in `memory` outlives the process: keys, files, orders and what was accepted. A subclass gives
    `routes`, `voice` and `secret_of`, and makes its own state in `_begin`.
    """

    voice: Voice

    def __init__(
        self,
        keys: Sequence[ApiKey] = (),
        knobs: KeyedKnobs | None = None,
        *,
        now: Callable[[], float] = time.time,
        memory: Memory | None = None,
    ) -> None:
        self.now = now
        self.memory = memory or Memory()
        self._first_keys, self._first_knobs = list(keys), knobs or KeyedKnobs()
        self.begin()

    def reset(self) -> None:
        """Be as at the very start: the first keys, nothing recorded or made, no faults."""
        self.memory.clear()
        self.begin()

    def begin(self) -> None:
        """Begin with what an earlier life left, and the first keys."""
        self.keys = Keys(self._first_keys, self.memory)
        self.knobs = self._first_knobs
        self.ledger = Ledger(self.memory)
        self.studio = Studio(self.memory, self.now)
        self._begin()
        routes = self.routes()
        self._routes = [(route, route.pattern) for route in routes]
        self.faults = Faults({route.name for route in routes if not route.control})

    def _begin(self) -> None:
        """Make the state of the service itself."""

    def routes(self) -> list[KeyRoute]:
        """Every call, the more particular paths first."""
        raise NotImplementedError

    def secret_of(self, asked: Asked) -> str | None:
        """The key that a request bears."""
        raise NotImplementedError

    def stranger(self, asked: Asked) -> Refused:
        """The refusal of a request without a good key."""
        raise NotImplementedError

    def admit(self, key: ApiKey) -> None:
        """`Refused` when this key may not order now."""
        raise NotImplementedError

    def accept(self, call: str, key: ApiKey, order_id: str, prompt: str, files: Sequence[str], price: float) -> None:
        """Count an order as accepted: from here on it is paid."""
        key.balance = round(key.balance - price, 6)
        accepted = Accepted(
            call=call, account=key.label, at=self.now(), batch_id=order_id, prompt=prompt, media=tuple(files)
        )
        self.ledger.accept(accepted)
        self.keys.keep()

    async def answer(self, asked: Asked) -> Answer:
        """Answer one request. Cancelling it is what a client does that leaves: what was accepted stays accepted."""
        if self.knobs.address:
            asked = msgspec.structs.replace(asked, base=self.knobs.address)
        try:
            return await self._answered(asked)
        finally:
            self.keys.keep()

    async def _answered(self, asked: Asked) -> Answer:
        found = self._find(asked)
        if found is None:
            with self.ledger.calling(self._seen(UNKNOWN_CALL, asked, None)):
                return self.voice.refuse(Refused(404, f"There is no {asked.method} {asked.path}"))
        route, parts = found
        key = self.keys.find(self.secret_of(asked))
        carry_out = partial(self._carry_out, route, asked, parts)
        if route.control:
            return await carry_out()
        seen = self._seen(route.name, asked, key)
        with self.ledger.calling(seen):
            fault = self.faults.take(route.name, key.label if key else "")
            if fault is None:
                answer = await carry_out()
            else:
                answer = await strike(fault, self.voice, carry_out, partial(_revoke, key))
            seen.status = 0 if answer.delivery.reset else answer.status
        return answer

    async def file(self, call: KeyCall) -> Answer:
        """A file under its link; no key is asked for."""
        piece = self.studio.get(call.parts["name"])
        if piece is None or (piece.content is None and piece.picture is None and piece.clip is None):
            return text_answer(404, "No such file.")
        return Answer(body=await self.studio.content(piece, self.knobs.pictures), mime=piece.mime)

    async def _carry_out(self, route: KeyRoute, asked: Asked, parts: Mapping[str, str]) -> Answer:
        key = self.keys.find(self.secret_of(asked))
        try:
            if key is None and not route.open_to_all:
                raise self.stranger(asked)
            return await route.handle(KeyCall(asked=asked, key=key, parts=parts))
        except Refused as refused:
            return self.voice.refuse(refused)

    def _find(self, asked: Asked) -> tuple[KeyRoute, dict[str, str]] | None:
        for route, pattern in self._routes:
            if route.method == asked.method and (match := pattern.fullmatch(asked.path)):
                return route, match.groupdict()
        return None

    def _seen(self, name: str, asked: Asked, key: ApiKey | None) -> Seen:
        label = key.label if key is not None else ""
        return Seen(call=name, account=label, at=self.now(), method=asked.method, path=asked.path, body=asked.body)


def _revoke(key: ApiKey | None) -> None:
    if key is not None:
        key.alive = False


def reworded(value: Any, word: str | None, *, field: str = "status") -> Any:
    """The value with every field of that name changed to `word`, or left out."""
    if isinstance(value, list):
        return [reworded(one, word, field=field) for one in value]
    if not isinstance(value, dict):
        return value
    kept = {name: reworded(one, word, field=field) for name, one in value.items() if name != field}
    return kept if word is None or field not in value else kept | {field: word}

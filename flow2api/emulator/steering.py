"""What any emulator lets a test or a person in another process see and change under `/_emulator/`. Answers loopback only."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeVar

import msgspec

from flow2api.emulator.exchange import Answer, Asked, Refused, json_answer, read_body
from flow2api.emulator.faults import Faults, Planned
from flow2api.emulator.ledger import Ledger

ROOT = "/_emulator/"
LOOPBACK = frozenset({"127.0.0.1", "::1", "::ffff:127.0.0.1"})


class Caller(Protocol):
    """A call on its way through an emulator."""

    @property
    def asked(self) -> Asked: ...


C = TypeVar("C", bound=Caller)
Handler = Callable[[C], Awaitable[Answer]]
Row = tuple[str, str, Handler[C]]
"""Method, path below the root, and what answers."""


class Steered(Protocol):
    """The state of an emulator, as far as all have it."""

    faults: Faults

    @property
    def ledger(self) -> Ledger: ...


class Steering:
    """The calls that are the same for all emulators."""

    def __init__(self, steered: Steered) -> None:
        self._steered = steered

    def rows(self) -> Sequence[Row[Caller]]:
        return [
            ("GET", "calls", self.calls),
            ("GET", "accepted", self.accepted),
            ("POST", "faults", self.plan_fault),
            ("DELETE", "faults", self.clear_faults),
        ]

    async def calls(self, call: Caller) -> Answer:
        """The kept calls, of one name when `?call=` says so. Bodies are text."""
        wanted = call.asked.query.get("call")
        seen = [one for one in self._steered.ledger.seen if wanted in {None, one.call}]
        return json_answer([msgspec.structs.asdict(one) | {"body": one.body.decode(errors="replace")} for one in seen])

    async def accepted(self, call: Caller) -> Answer:
        """Every accepted order, oldest first."""
        return json_answer(self._steered.ledger.accepted)

    async def plan_fault(self, call: Caller) -> Answer:
        """Plan a fault: `{"call": "image", "fault": {"type": "stall", "seconds": 30}, "times": 1, "account": null}`; where callers have
        keys, `account` is the label of one."""
        try:
            self._steered.faults.plan(read_body(call.asked, Planned))
        except ValueError as error:
            raise Refused(400, str(error)) from error
        return json_answer({"faults": self._steered.faults.planned})

    async def clear_faults(self, call: Caller) -> Answer:
        """Forget all planned faults, or with `?call=` those of one call."""
        self._steered.faults.clear(call.asked.query.get("call"))
        return json_answer({"faults": self._steered.faults.planned})


def changes(asked: Asked) -> dict[str, object]:
    """The fields that a call sets."""
    return read_body(asked, dict[str, object])


def loopback_only(handle: Handler[C]) -> Handler[C]:
    """The handler, for callers on the same machine."""

    async def guarded(call: C) -> Answer:
        if call.asked.peer not in LOOPBACK:
            raise Refused(403, "The emulator is controlled from its own machine only.")
        return await handle(call)

    return guarded

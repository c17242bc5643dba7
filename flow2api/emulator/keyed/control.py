"""A keyed emulator's own routes under `/_emulator/`, for a test or a person in another process. Answers loopback only."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from flow2api.emulator.control import LOOPBACK
from flow2api.emulator.exchange import Answer, Refused, json_answer, read_body
from flow2api.emulator.faults import Planned
from flow2api.emulator.keyed.keys import ApiKey
from flow2api.emulator.keyed.service import KeyCall, KeyedService, KeyRoute

Handler = Callable[[KeyCall], Awaitable[Answer]]


class KeyedControl:
    """Shows and changes the state of one keyed service."""

    def __init__(self, service: KeyedService) -> None:
        self._service = service

    def routes(self) -> list[KeyRoute]:
        rows: list[tuple[str, str, Handler]] = [
            ("GET", "state", self.state),
            ("GET", "calls", self.calls),
            ("GET", "accepted", self.accepted),
            ("POST", "faults", self.plan_fault),
            ("DELETE", "faults", self.clear_faults),
            ("POST", "keys", self.add_key),
            ("PATCH", "keys/{label}", self.change_key),
            ("PATCH", "knobs", self.change_knobs),
            ("POST", "reset", self.reset),
        ]
        return [
            KeyRoute(
                name="control",
                method=method,
                path=f"/_emulator/{path}",
                handle=_loopback_only(handle),
                open_to_all=True,
                control=True,
            )
            for method, path, handle in rows
        ]

    async def state(self, call: KeyCall) -> Answer:
        """Keys, counters, knobs and faults."""
        service = self._service
        counts = [{"key": who, "call": what, "count": n} for (who, what), n in service.ledger.counts_of.items()]
        return json_answer(
            {
                "keys": list(service.keys),
                "calls": dict(service.ledger.counts),
                "calls_by_key": counts,
                "accepted": len(service.ledger.accepted),
                "files": len(service.studio),
                "knobs": service.knobs,
                "faults": service.faults.planned,
            }
        )

    async def calls(self, call: KeyCall) -> Answer:
        """The kept calls, of one name when `?call=` says so. Bodies are text."""
        wanted = call.asked.query.get("call")
        seen = [one for one in self._service.ledger.seen if wanted in {None, one.call}]
        return json_answer([msgspec.structs.asdict(one) | {"body": one.body.decode(errors="replace")} for one in seen])

    async def accepted(self, call: KeyCall) -> Answer:
        """Every accepted order, oldest first."""
        return json_answer(self._service.ledger.accepted)

    async def plan_fault(self, call: KeyCall) -> Answer:
        """Plan a fault, as at the Flow emulator; `account` is the label of a key."""
        try:
            self._service.faults.plan(read_body(call.asked, Planned))
        except ValueError as error:
            raise Refused(400, str(error)) from error
        return json_answer({"faults": self._service.faults.planned})

    async def clear_faults(self, call: KeyCall) -> Answer:
        """Forget all planned faults, or with `?call=` those of one call."""
        self._service.faults.clear(call.asked.query.get("call"))
        return json_answer({"faults": self._service.faults.planned})

    async def add_key(self, call: KeyCall) -> Answer:
        """Let a key exist."""
        return json_answer(self._service.keys.add(read_body(call.asked, ApiKey)))

    async def change_key(self, call: KeyCall) -> Answer:
        """Set some fields of a key."""
        return json_answer(self._service.keys.change(call.parts["label"], read_body(call.asked, dict[str, Any])))

    async def change_knobs(self, call: KeyCall) -> Answer:
        """Set some knobs."""
        self._service.knobs = self._service.knobs.changed(read_body(call.asked, dict[str, Any]))
        return json_answer(self._service.knobs)

    async def reset(self, call: KeyCall) -> Answer:
        """Be as at the start."""
        self._service.reset()
        return json_answer({"keys": list(self._service.keys)})


def _loopback_only(handle: Handler) -> Handler:
    async def guarded(call: KeyCall) -> Answer:
        if call.asked.peer not in LOOPBACK:
            raise Refused(403, "The emulator is controlled from its own machine only.")
        return await handle(call)

    return guarded

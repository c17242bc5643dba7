"""A keyed emulator's own routes under `/_emulator/`, for a test or a person in another process. Answers loopback only."""

from flow2api.emulator.exchange import Answer, json_answer, read_body
from flow2api.emulator.keyed.keys import ApiKey
from flow2api.emulator.keyed.service import KeyCall, KeyedService, KeyRoute
from flow2api.emulator.steering import ROOT, Row, Steering, changes, loopback_only


class KeyedControl:
    """Shows and changes the state of one keyed service."""

    def __init__(self, service: KeyedService) -> None:
        self._service = service

    def routes(self) -> list[KeyRoute]:
        rows: list[Row[KeyCall]] = [
            ("GET", "state", self.state),
            *Steering(self._service).rows(),
            ("POST", "keys", self.add_key),
            ("PATCH", "keys/{label}", self.change_key),
            ("PATCH", "knobs", self.change_knobs),
            ("POST", "reset", self.reset),
        ]
        return [
            KeyRoute(
                name="control",
                method=method,
                path=f"{ROOT}{path}",
                handle=loopback_only(handle),
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

    async def add_key(self, call: KeyCall) -> Answer:
        """Let a key exist."""
        return json_answer(self._service.keys.add(read_body(call.asked, ApiKey)))

    async def change_key(self, call: KeyCall) -> Answer:
        """Set some fields of a key."""
        return json_answer(self._service.keys.change(call.parts["label"], changes(call.asked)))

    async def change_knobs(self, call: KeyCall) -> Answer:
        """Set some knobs."""
        self._service.knobs = self._service.knobs.changed(changes(call.asked))
        return json_answer(self._service.knobs)

    async def reset(self, call: KeyCall) -> Answer:
        """Be as at the start."""
        self._service.reset()
        return json_answer({"keys": list(self._service.keys)})

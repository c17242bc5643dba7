"""The DevTools wire: which answer belongs to which call, which event to which lane, and what ends a lane.

Frames are carried by others; every step but the sending of a command is synchronous. Beyond the few events that tell of a session's
beginning and end it knows no command or event by name.
"""

import json
from typing import Any

import msgspec
import trio

from flow2api.browser.errors import AnswerUnknown, BrowserFault, CommandRefused, ConnectionLost, TabLost
from flow2api.browser.lane import Call, Event, Lane, Result

# Commands are few; a queue that long means that the browser has stopped reading, and then callers wait for their turn.
_OUTGOING = 64
_CRASHED = "the page has crashed"
_CLOSED = "the tab was closed"


class Wire:
    """All lanes of one connection."""

    def __init__(self) -> None:
        self.root = Lane(None)
        self.opened = trio.Event()
        """The connection stands, or could not be made: then the root has ended."""
        self._sending, self.outgoing = trio.open_memory_channel[str](_OUTGOING)
        self._lanes: dict[str | None, Lane] = {None: self.root}
        self._calls: dict[int, Call] = {}
        self._last_id = 0

    async def exchange(self, lane: Lane, method: str, params: dict[str, Any]) -> Result:
        """Send a command and wait for its answer. Cancelled, it forgets the answer; the browser may still act on the command."""
        lane.check()
        self._last_id += 1
        number, call = self._last_id, Call(method)
        self._calls[number] = call
        lane.calls.add(call)
        try:
            await self._send(lane, {"id": number, "method": method, "params": params})
            await call.settled.wait()
        finally:
            del self._calls[number]
            lane.calls.discard(call)
        if isinstance(call.outcome, BrowserFault):
            raise call.outcome
        if call.outcome is None:
            lane.check()
        return call.outcome or {}

    def lane(self, session_id: str) -> Lane:
        """The lane of a session that was just attached; it may have ended already.

        Raises:
            TabLost: it has."""
        self.root.check()
        try:
            return self._lanes[session_id]
        except KeyError:
            raise TabLost(_CLOSED) from None

    def feed(self, frame: str | bytes) -> None:
        """Take in one frame from the browser. One that cannot be understood ends the connection."""
        try:
            message = msgspec.json.decode(frame, type=dict[str, Any])
        except msgspec.DecodeError:
            self.end(ConnectionLost("what came over the DevTools connection is not a DevTools message"))
            return
        match message:
            case {"id": int(number)}:
                self._answer(number, message)
            case {"method": str(method)}:
                params, session_id = message.get("params"), message.get("sessionId")
                self._happen(session_id, Event(method, params if isinstance(params, dict) else {}))
            case {"error": {"message": str(text)}}:
                self.end(ConnectionLost(f"the browser could not read what it was sent: {text}"))

    def end(self, fault: ConnectionLost) -> None:
        """The connection is over. Only the first reason counts."""
        for lane in list(self._lanes.values()):
            self._end(lane, fault)
        self.outgoing.close()
        self.opened.set()

    async def _send(self, lane: Lane, message: dict[str, Any]) -> None:
        if lane.session_id is not None:
            message["sessionId"] = lane.session_id
        try:
            # Not by msgspec, which refuses the subclasses of str and float that commands are made of.
            await self._sending.send(json.dumps(message))
        except trio.BrokenResourceError:
            lane.check()
            raise

    def _answer(self, number: int, message: dict[str, Any]) -> None:
        call = self._calls.get(number)
        if call is None or call.settled.is_set():
            return
        match message:
            case {"result": dict(result)}:
                call.settle(result)
            case {"error": {"code": int(code), "message": str(text)}}:
                call.settle(CommandRefused(call.method, code, text))
            case _:
                call.settle(AnswerUnknown(f"the browser's answer to {call.method} has neither result nor error"))

    def _happen(self, session_id: Any, event: Event) -> None:
        lane = self._lanes.get(session_id) if session_id is None or isinstance(session_id, str) else None
        if lane is None:
            return
        lane.deliver(event)
        match event:
            case ("Target.attachedToTarget", {"sessionId": str(begun), "targetInfo": {"targetId": str(target_id)}}):
                self._lanes[begun] = Lane(begun, target_id)
            case ("Target.detachedFromTarget", {"sessionId": str(ended)}):
                self._end(self._lanes.get(ended), TabLost(_CLOSED))
            case ("Target.targetCrashed", {"targetId": str(target_id)}):
                for one in [lane for lane in self._lanes.values() if lane.target_id == target_id]:
                    self._end(one, TabLost(_CRASHED))
            case ("Inspector.targetCrashed", _) if lane is not self.root:
                self._end(lane, TabLost(_CRASHED))

    def _end(self, lane: Lane | None, fault: BrowserFault) -> None:
        if lane is not None:
            self._lanes.pop(lane.session_id, None)
            lane.end(fault)

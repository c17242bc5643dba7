"""Keeps the log in the database, so that what happened can be looked up later: what was heard is written once a second.

Nobody waits for it. What comes faster than the tail is long is left out, and how much that was stands between the lines.
"""

import logging
from dataclasses import dataclass
from typing import ClassVar, Never

import trio

from flow2api.domain.logline import LogLine, ids_in
from flow2api.kit.actor import Actor
from flow2api.log import Heard, Tail
from flow2api.store import debug_logs
from flow2api.store.door import Store
from flow2api.store.errors import StoreFault

WRITE_SECONDS = 1.0
_IDS = {"job": "job_id", "job_id": "job_id", "account": "account_id", "account_id": "account_id"}

log = logging.getLogger("flow2api.log")


@dataclass
class Mark:
    """How far the log is written. Outlasts the lives of the log book, so that none of them writes a line again."""

    written: int = 0
    """Number of the last line that is in the database."""


class LogBook(Actor[Never]):
    """Writes what the tail heard."""

    mailbox_size: ClassVar[int] = 1

    def __init__(self, store: Store, tail: Tail, mark: Mark) -> None:
        self._store = store
        self._tail = tail
        self._mark = mark
        self._failing = False

    async def start(self) -> None:
        self.tasks.start_soon(self._keep_writing)

    async def drain(self) -> None:
        await self._write()

    async def _keep_writing(self) -> None:
        while True:
            await trio.sleep(WRITE_SECONDS)
            await self._write()

    async def _write(self) -> None:
        heard = self._tail.after(self._mark.written)
        if not heard:
            return
        lines = [line_of(fact) for fact in heard]
        missed = heard[0].number - self._mark.written - 1
        if missed:
            lines.insert(0, _gap(missed, heard[0].at))
        try:
            await self._store.write(debug_logs.append, lines)
        except StoreFault as fault:
            # Said once and not for each try: this line too waits to be written.
            if not self._failing:
                log.warning("the log could not be kept, trying again: %s", fault)
            self._failing = True
        else:
            self._failing = False
            self._mark.written = heard[-1].number


def line_of(fact: Heard) -> LogLine:
    """A fact of the log as the dashboard shows it and the database keeps it."""
    named = ids_in(fact.message) | {name: value for name, value in fact.given.items() if name in _IDS}
    ids = {_IDS[name]: value for name, value in named.items()}
    return LogLine(
        number=fact.number,
        at=fact.at,
        level=fact.level,
        logger=fact.logger,
        message=fact.message,
        request_id=fact.request_id,
        job_id=ids.get("job_id", ""),
        account_id=ids.get("account_id", ""),
        fields={name: value for name, value in fact.given.items() if name not in _IDS},
        error=fact.error,
        traceback=fact.traceback,
    )


def _gap(missed: int, at: float) -> LogLine:
    message = f"{missed} lines came too fast to be kept"
    return LogLine(number=0, at=at, level="warning", logger="flow2api.log", message=message)

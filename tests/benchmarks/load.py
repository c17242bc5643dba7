"""The load client, a process of its own: reads a plan as JSON from standard input, prints what it saw as JSON.

Each caller sends one request after the other on its own kept connection until the plan's total is reached; or calls begin at a steady
rate, whatever becomes of those before. An answer counts only if it is whole, has status 200 and holds what the plan expects; everything else is a failure with its reason.
"""

import asyncio
import gc
import itertools
import re
import sys

import msgspec

from tests.benchmarks.wire import Answer, Broken, Clock, Connection, connect, request

_KEPT_REASONS = 5


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What to send, how often, by how many at a time."""

    host: str
    port: int
    request: bytes
    callers: int = 1
    total: int = 1
    seconds: float = 60.0
    """When this is over, whoever still waits has failed."""
    begin_for: float = 1e9
    """No request begins when so many seconds are over."""
    expect: tuple[str, ...] = ()
    """What every good answer's body holds."""
    connect_first: bool = True
    """False: a caller's first time includes the making of its connection."""
    follow: str = ""
    """Pattern whose first group is a link in the answer; it is fetched over the same connection, within the same time."""
    per_second: float = 0.0
    """When above zero, so many calls begin each second whether or not those before are answered, and `callers` counts for nothing."""


class Seen(msgspec.Struct, kw_only=True):
    """What became of the plan. Times are in seconds."""

    times: list[float]
    """Of the good answers: from the call to the answer's last byte."""
    first_bytes: list[float]
    seconds: float = 0.0
    """From the first call to the last answer."""
    failures: int = 0
    reasons: list[str]
    peak_open: int = 0
    """Most answers that had begun and were not yet whole."""


class _Run:
    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._numbers = itertools.count()
        self._expect = [text.encode() for text in plan.expect]
        self._link = re.compile(plan.follow.encode()) if plan.follow else None
        self._ready: list[Connection] = []
        self._open = 0
        self._started = 0.0
        self._seen = Seen(times=[], first_bytes=[], reasons=[])

    async def run(self) -> Seen:
        if self._plan.connect_first:
            self._ready = [await self._connect() for _ in range(self._plan.callers)]
        self._started = Clock()
        callers = await self._pour() if self._plan.per_second else [self._begin() for _ in range(self._plan.callers)]
        _, late = await asyncio.wait(callers, timeout=self._plan.seconds)
        self._seen.seconds = Clock() - self._started
        for caller in late:
            caller.cancel()
            self._failed(f"not served within {self._plan.seconds:g} s")
        for caller in callers:
            if caller not in late:
                caller.result()
        return self._seen

    def _begin(self) -> "asyncio.Future[None]":
        return asyncio.ensure_future(self._call_on())

    async def _pour(self) -> "list[asyncio.Future[None]]":
        """Begin all calls, each at its time."""
        calls: list[asyncio.Future[None]] = []
        for number in range(self._plan.total):
            await asyncio.sleep(self._started + number / self._plan.per_second - Clock())
            calls.append(asyncio.ensure_future(self._call_once()))
        return calls

    async def _call_once(self) -> None:
        """One call over a connection that is free, or a new one."""
        started = Clock()
        try:
            self._ready.append(await self._call_over(None, started))
        except Broken as broken:
            self._failed(str(broken))

    async def _call_on(self) -> None:
        connection: Connection | None = None
        while next(self._numbers) < self._plan.total and Clock() - self._started < self._plan.begin_for:
            started = Clock()
            try:
                connection = await self._call_over(connection, started)
            except Broken as broken:
                self._failed(str(broken))
                connection = None

    async def _call_over(self, kept: Connection | None, started: float) -> Connection:
        """One call. A server may close a kept connection at any time between two calls, so that is tried again, once."""
        if kept is not None and not kept.over:
            try:
                await self._call(kept, started)
                return kept
            except Broken:
                if kept.answering:
                    raise
        connection = self._ready.pop() if self._ready else await self._connect()
        await self._call(connection, started)
        return connection

    async def _connect(self) -> Connection:
        connection = await connect(self._plan.host, self._plan.port)
        connection.on_first = self._opened
        return connection

    async def _call(self, connection: Connection, started: float) -> None:
        answer = await self._exchange(connection, self._plan.request)
        problem = self._problem(answer)
        if not problem and self._link:
            problem = await self._follow(connection, answer)
        if problem:
            self._failed(problem)
            return
        self._seen.times.append(Clock() - started)
        self._seen.first_bytes.append(answer.first_byte - started)

    async def _exchange(self, connection: Connection, data: bytes) -> Answer:
        try:
            return await connection.exchange(data)
        finally:
            self._open -= connection.answering

    def _opened(self) -> None:
        self._open += 1
        self._seen.peak_open = max(self._seen.peak_open, self._open)

    async def _follow(self, connection: Connection, answer: Answer) -> str:
        found = self._link.search(answer.body) if self._link else None
        if not found:
            return "no link in the answer"
        fetched = await self._exchange(connection, request("GET", found[1].decode()))
        return "" if fetched.status == 200 and fetched.body else f"the link answers {fetched.status}"

    def _problem(self, answer: Answer) -> str:
        if answer.status != 200:
            return f"status {answer.status}: {bytes(answer.body[:200]).decode(errors='replace')}"
        missing = next((text for text in self._expect if text not in answer.body), None)
        return f"no {missing.decode()!r} in: {bytes(answer.body[-200:]).decode(errors='replace')}" if missing else ""

    def _failed(self, reason: str) -> None:
        self._seen.failures += 1
        if len(self._seen.reasons) < _KEPT_REASONS and reason not in self._seen.reasons:
            self._seen.reasons.append(reason)


async def _run(plan: Plan) -> Seen:
    return await _Run(plan).run()


def main() -> None:
    """Carry out the plan on standard input."""
    plan = msgspec.json.decode(sys.stdin.buffer.read(), type=Plan)
    # A collection in the middle of a run would be measured as the server's time.
    gc.disable()
    sys.stdout.buffer.write(msgspec.json.encode(asyncio.run(_run(plan))))


if __name__ == "__main__":
    main()

"""The log in the database: what is written, what is told of what was lost, and how it is looked up."""

import logging

import trio
import trio.testing

from flow2api.actors.log_book import WRITE_SECONDS, LogBook, Mark
from flow2api.domain.logline import LogLine, ids_in
from flow2api.kit.bus import EventBus
from flow2api.kit.supervisor import ChildSpec, Supervisor
from flow2api.log import Tail
from flow2api.store import debug_logs
from flow2api.store.debug_logs import LogFilter
from flow2api.store.door import Store, open_inline_store


def say(tail: Tail, message: str, level: int = logging.INFO) -> None:
    tail.emit(logging.LogRecord("flow2api.jobs", level, __file__, 1, message, (), None))


async def kept(store: Store, **wanted: object) -> list[LogLine]:
    return await store.read(debug_logs.page, LogFilter(**wanted), 100)  # type: ignore[arg-type]


async def run_book(store: Store, tail: Tail, nursery: trio.Nursery) -> Supervisor:
    root = Supervisor("root", [ChildSpec("log book", lambda: LogBook(store, tail, Mark()))], bus=EventBus())
    await nursery.start(root.run)
    return root


async def test_what_was_heard_is_written_within_a_second_and_at_the_end(autojump_clock: trio.testing.MockClock) -> None:
    tail = Tail(50)
    async with open_inline_store() as store, trio.open_nursery() as nursery:
        root = await run_book(store, tail, nursery)
        say(tail, "generation ended job=job_1 account=acc_2")
        await trio.sleep(WRITE_SECONDS + 0.1)
        [line] = await kept(store)
        assert (line.message, line.job_id, line.account_id) == (
            "generation ended job=job_1 account=acc_2",
            "job_1",
            "acc_2",
        )
        say(tail, "the last one")
        await root.stop()
        assert (await kept(store))[0].message == "the last one"


async def test_how_much_was_lost_stands_between_the_lines(autojump_clock: trio.testing.MockClock) -> None:
    tail = Tail(3)
    async with open_inline_store() as store, trio.open_nursery() as nursery:
        root = await run_book(store, tail, nursery)
        for number in range(10):
            say(tail, f"line {number}")
        await root.stop()
        assert [line.message for line in reversed(await kept(store))] == [
            "7 lines came too fast to be kept",
            *(f"line {number}" for number in (7, 8, 9)),
        ]


async def test_lines_are_found_by_what_they_tell_of() -> None:
    lines = [
        LogLine(number=0, at=1.0, level="debug", logger="flow2api.jobs", message="100% done", job_id="job_1"),
        LogLine(number=0, at=2.0, level="warning", logger="flow2api.http", message="slow", account_id="acc_1"),
        LogLine(number=0, at=3.0, level="error", logger="other", message="x", error="Broken pipe", request_id="req_1"),
    ]
    async with open_inline_store() as store:
        await store.write(debug_logs.append, lines)
        newest = (await kept(store))[0].number
        searches: tuple[tuple[dict[str, object], list[str]], ...] = (
            ({"level": "warning"}, ["x", "slow"]),
            ({"logger": "flow2api"}, ["slow", "100% done"]),
            ({"job": "job_1"}, ["100% done"]),
            ({"account": "acc_1"}, ["slow"]),
            ({"request": "req_1"}, ["x"]),
            ({"search": "PIPE"}, ["x"]),
            ({"search": "0% D"}, ["100% done"]),
            ({"search": "_"}, []),
            ({"before": newest}, ["slow", "100% done"]),
        )
        for wanted, found in searches:
            assert [line.message for line in await kept(store, **wanted)] == found, wanted


async def test_lines_go_by_age_and_by_number() -> None:
    lines = [LogLine(number=0, at=float(at), level="info", logger="l", message=str(at)) for at in range(10)]
    async with open_inline_store() as store:
        await store.write(debug_logs.append, lines)
        assert await store.write(debug_logs.prune, 3.0, 2) == 2
        assert await store.write(debug_logs.cut, 4, 100) == 4
        assert [line.message for line in await kept(store)] == ["9", "8", "7", "6"]
        await store.write(debug_logs.append, lines[:1])
        assert (await kept(store))[0].message == "0"


def test_ids_are_read_out_of_a_line() -> None:
    assert ids_in("a job=job_1 xjob=2 account=acc_3, done") == {"job": "job_1", "account": "acc_3"}


async def test_another_life_of_the_log_book_writes_no_line_again(autojump_clock: trio.testing.MockClock) -> None:
    tail, mark = Tail(50), Mark()
    async with open_inline_store() as store, trio.open_nursery() as nursery:
        root = Supervisor("root", [ChildSpec("log book", lambda: LogBook(store, tail, mark))], bus=EventBus())
        await nursery.start(root.run)
        say(tail, "before")
        await trio.sleep(WRITE_SECONDS + 0.1)
        root.begin_restart(["log book"])
        say(tail, "after")
        await trio.sleep(WRITE_SECONDS + 0.1)
        await root.stop()
        assert [line.message for line in reversed(await kept(store)) if "actor=" not in line.message] == [
            "before",
            "after",
        ]

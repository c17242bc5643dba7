import trio
import trio.testing

from flow2api.api.live import outbox
from flow2api.api.live.outbox import Outbox


def drained(box: Outbox) -> list[tuple[str, bytes]]:
    taken = []
    while (item := box.take_events()) is not None:
        taken.append(item)
    return taken


def test_nothing_of_a_topic_is_kept_before_its_snapshot_is_begun_and_everything_after() -> None:
    box = Outbox()
    box.want("jobs")
    box.put("jobs", b"told by the snapshot")
    assert box.take_wanted() == ("jobs", False)
    box.put("jobs", b"news")
    assert drained(box) == [("jobs", b"news")]
    assert box.take_wanted() is None


def test_a_page_that_falls_behind_loses_frames_and_is_owed_snapshots_of_just_those_topics() -> None:
    box = Outbox()
    box.put("logs", b"small")
    assert drained(box) == [("logs", b"small")]
    for _ in range(outbox.MOST_FRAMES + 1):
        box.put("jobs", b"x")
    box.put("accounts", b"kept")
    assert box.take_wanted() == ("jobs", True)
    assert box.take_wanted() is None
    assert drained(box) == [("accounts", b"kept")]


async def test_events_go_past_a_writer_that_has_nothing_to_do_and_never_past_what_waits_for_it(
    autojump_clock: object,
) -> None:
    sent: list[bytes] = []
    full = False

    def send_nowait(body: bytes) -> bool:
        if not full:
            sent.append(body)
        return not full

    box = Outbox(send_nowait)
    box.put("jobs", b"nobody waits")
    assert drained(box) == [("jobs", b"nobody waits")]
    async with trio.open_nursery() as nursery:
        nursery.start_soon(box.wait)
        await trio.testing.wait_all_tasks_blocked()
        box.put("jobs", b"at once")
        full = True
        box.put("jobs", b"must wait")
        full = False
        box.put("jobs", b"after it")
    assert sent == [b"at once"]
    assert drained(box) == [("jobs", b"must wait"), ("jobs", b"after it")]


def test_what_waits_for_a_page_is_bounded_in_bytes() -> None:
    box = Outbox()
    piece = b"x" * 10_000
    for number in range(10_000):
        box.put(f"topic {number % 3}", piece)
        assert box._size <= outbox.MOST_BYTES + len(piece)
    assert {topic for topic, _ in drained(box)} == set()


def test_a_topic_that_is_shown_no_more_leaves_nothing_behind() -> None:
    box = Outbox()
    box.put("jobs", b"x")
    box.put("keys", b"y")
    box.want("logs")
    box.forget("jobs")
    box.forget("logs")
    assert (drained(box), box.take_wanted()) == ([("keys", b"y")], None)


def test_whoever_asks_without_reading_the_answers_is_found_out() -> None:
    box = Outbox()
    assert all(box.answer(b"pong") for _ in range(outbox.MOST_ANSWERS))
    assert not box.answer(b"pong")


async def test_the_first_reason_to_close_counts_and_wakes_the_writer(autojump_clock: object) -> None:
    box = Outbox()
    with trio.fail_after(1):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(box.wait)
            await trio.testing.wait_all_tasks_blocked()
            box.close(1001, "the gateway stops")
            box.close(4401, "signed out")
    assert box.closing == (1001, "the gateway stops")

"""The records of calls."""

from flow2api.emulator.ledger import KEPT_BODIES_BYTES, KEPT_BODY_BYTES, KEPT_CALLS, Ledger, Seen


def call(size: int) -> Seen:
    return Seen(call="video_status", account="ada@example.org", at=0, method="POST", path="/", body=b"x" * size)


def test_large_bodies_are_not_kept() -> None:
    ledger = Ledger()
    with ledger.calling(call(KEPT_BODY_BYTES + 1)):
        pass
    assert ledger.seen[0].body == b""


def test_of_very_many_bodies_the_last_ones_are_kept() -> None:
    ledger = Ledger()
    count = KEPT_BODIES_BYTES // KEPT_BODY_BYTES + 10
    for _ in range(count):
        with ledger.calling(call(KEPT_BODY_BYTES)):
            pass
    kept = [len(seen.body) for seen in ledger.seen]
    assert kept == [0] * 10 + [KEPT_BODY_BYTES] * (count - 10)


def test_calls_are_counted_when_they_are_no_longer_kept() -> None:
    ledger = Ledger()
    for _ in range(KEPT_CALLS + 5):
        with ledger.calling(call(1)):
            pass
    assert len(ledger.seen) == KEPT_CALLS
    assert ledger.counts_of["ada@example.org", "video_status"] == KEPT_CALLS + 5
    assert ledger.seen[0].body == b"x"

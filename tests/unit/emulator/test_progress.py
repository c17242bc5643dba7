"""How work gets on."""

import pytest

from flow2api.emulator.progress import CANCELLED, ENDINGS, NEVER, Pace, Progress, ending_for

POLLS = Pace("polls", 1, 2)
SECONDS = Pace("seconds", 2, 6)


def words(progress: Progress, pace: Pace, times: list[float]) -> list[str]:
    return [progress.poll(pace, now).removeprefix("MEDIA_GENERATION_STATUS_") for now in times]


def test_it_moves_by_polls_however_late_they_come() -> None:
    progress = Progress(begun_at=0)
    assert words(progress, POLLS, [0, 0, 900, 900, 900]) == ["PENDING", "ACTIVE", "ACTIVE", "SUCCESSFUL", "SUCCESSFUL"]


def test_it_moves_by_the_clock_however_often_it_is_polled() -> None:
    progress = Progress(begun_at=100, queued_as="SCHEDULED")
    assert words(progress, SECONDS, [100, 101.9, 102, 107.9, 108]) == [
        "SCHEDULED",
        "SCHEDULED",
        "ACTIVE",
        "ACTIVE",
        "SUCCESSFUL",
    ]


def test_without_a_wait_the_first_poll_finds_it_done() -> None:
    progress = Progress(begun_at=0)
    assert not progress.succeeded(Pace("polls", 0, 0), 0)
    assert words(progress, Pace("polls", 0, 0), [0]) == ["SUCCESSFUL"]


def test_to_look_is_not_to_poll() -> None:
    progress = Progress(begun_at=0)
    assert {progress.status(POLLS, 0) for _ in range(9)} == {progress.first}


def test_what_has_ended_stays_so_when_the_pace_changes() -> None:
    progress = Progress(begun_at=0)
    words(progress, Pace("polls", 0, 0), [0])
    assert words(progress, Pace("polls", 100, 100), [0]) == ["SUCCESSFUL"]


def test_what_was_cancelled_has_ended_at_once() -> None:
    progress = Progress(begun_at=0)
    progress.cancel()
    assert words(progress, POLLS, [0]) == ["CANCELED"]
    assert not progress.succeeded(POLLS, 0)


@pytest.mark.parametrize("word", sorted(ENDINGS))
def test_a_marker_word_decides_the_end(word: str) -> None:
    assert ending_for(f"a {word} thing") == ENDINGS[word]


def test_what_is_stuck_never_ends() -> None:
    progress = Progress(begun_at=0, ending=NEVER)
    assert words(progress, SECONDS, [1e9] * 3) == ["ACTIVE"] * 3
    assert ending_for("a [stuck] thing") is NEVER
    assert ending_for("[cancel-later]") is CANCELLED

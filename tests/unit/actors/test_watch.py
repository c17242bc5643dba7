"""A live job and those who watch it: who leaves when, and what that means for the job."""

import trio

from flow2api.actors.watch import LiveJob, Watch
from flow2api.domain.job import Progress
from tests.doubles.records import job


def ignored(progress: Progress) -> None:
    """Nobody is told."""


def breakable() -> LiveJob:
    """A job that can be given up for free."""
    live = LiveJob(job(), ignored)
    live.open_to_break(trio.CancelScope(), free=True)
    return live


def test_a_job_is_left_when_the_last_of_its_callers_goes() -> None:
    live = breakable()
    first, last = Watch(live), Watch(live)
    first.close()
    assert not live.cancel_asked
    last.close()
    assert (live.cancel_asked, live.left) == (True, True)


def test_a_job_that_is_being_cancelled_on_purpose_is_not_left_by_the_callers_who_go_before_it_is_over() -> None:
    live = breakable()
    with Watch(live):
        assert live.give_up(paid=True)
    assert (live.cancel_asked, live.left) == (True, False)


def test_a_job_that_is_over_is_not_left() -> None:
    live = breakable()
    with Watch(live):
        live.end()
    assert (live.cancel_asked, live.left) == (False, False)

"""The moves of a job, and what survives its way to disk and back."""

import msgspec
import pytest

from flow2api.domain.job import (
    FINAL,
    TRANSITIONS,
    Generation,
    Job,
    JobError,
    JobState,
    enlargement,
    move,
    price,
    upstream_key,
)
from flow2api.domain.tier import Tier
from flow2api.errors import Code, Failure

GENERATION = Generation(
    model="m", kind="image", provider="flow", upstream_model="KEY", prompt="an apple", aspect_ratio="16:9"
)


def job(state: JobState = JobState.QUEUED) -> Job:
    return Job(
        id="j1",
        state=state,
        generation=GENERATION,
        caller="k1",
        created_at=100.0,
        updated_at=100.0,
        queue_deadline=700.0,
        deadline=400.0,
    )


def test_a_plain_picture_goes_straight_through() -> None:
    moved = job()
    for state in (JobState.STARTING, JobState.SUBMITTING, JobState.FETCHING, JobState.SUCCEEDED):
        moved = move(moved, state, 101.0)
    assert (moved.state, moved.final, moved.updated_at, moved.finished_at) == (JobState.SUCCEEDED, True, 101.0, 101.0)


def test_a_move_changes_what_it_is_told_to_and_nothing_else() -> None:
    moved = move(job(), JobState.STARTING, 101.0, account_id="a1")
    assert moved == msgspec.structs.replace(job(), state=JobState.STARTING, updated_at=101.0, account_id="a1")


def test_a_move_that_the_table_does_not_have_is_a_bug() -> None:
    with pytest.raises(ValueError, match="j1 cannot go from queued to succeeded"):
        move(job(), JobState.SUCCEEDED, 101.0)


def test_the_final_states_are_three() -> None:
    assert {JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED} == FINAL


def test_every_state_has_its_row_and_can_be_reached() -> None:
    assert TRANSITIONS.keys() == set(JobState)
    assert {state for moves in TRANSITIONS.values() for state in moves} == set(JobState)


@pytest.mark.parametrize("state", [state for state in JobState if state not in FINAL])
def test_every_job_that_is_not_final_can_fail(state: JobState) -> None:
    assert move(job(state), JobState.FAILED, 101.0).finished_at == 101.0


def test_a_job_whose_paid_call_is_out_cannot_be_cancelled() -> None:
    with pytest.raises(ValueError, match="cannot go"):
        move(job(JobState.SUBMITTING), JobState.CANCELLED, 101.0)


def test_a_failure_survives_as_the_error_of_a_job() -> None:
    failure = Failure(Code.QUEUE_FULL, "Too many.", param="n", retry_after_seconds=3.0, reason="WORD")
    error = JobError.of(failure, ("small.png",))
    again = error.failure()
    assert error.originals == ("small.png",)
    assert (again.code, again.message, again.param) == (failure.code, failure.message, failure.param)
    assert (again.retry_after_seconds, again.reason) == (failure.retry_after_seconds, failure.reason)


def test_a_job_survives_its_way_to_disk_and_back() -> None:
    error = JobError(code=Code.OUTCOME_UNKNOWN, message="No answer.")
    done = move(job(JobState.SUBMITTING), JobState.FAILED, 101.0, error=error, submits=1)
    assert msgspec.json.decode(msgspec.json.encode(done), type=Job) == done


def test_a_generation_that_was_stored_before_there_were_clips_is_still_readable() -> None:
    stored = b"""{"model":"m","kind":"image","provider":"flow","upstream_model":"KEY","prompt":"an apple",
        "aspect_ratio":"16:9","count":1,"seed":null,"upscale":null,"inputs":[],"min_tier":"free","credits":0}"""
    assert msgspec.json.decode(stored, type=Generation) == GENERATION


def test_the_tier_of_an_account_decides_on_key_and_price() -> None:
    generation = msgspec.structs.replace(
        GENERATION, credits=70, upscale_credits=50, tier_models={Tier.ULTRA: "TOP"}, tier_credits={Tier.ULTRA: 60}
    )
    again = msgspec.json.decode(msgspec.json.encode(generation), type=Generation)
    assert again == generation
    assert [upstream_key(again, tier) for tier in Tier] == ["KEY", "KEY", "KEY", "TOP"]
    assert [price(again, tier) for tier in Tier] == [70, 70, 70, 60]
    assert [price(enlargement(again), tier) for tier in Tier] == [50] * 4

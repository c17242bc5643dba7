"""No sequence of moves takes a job out of a final state or past the table."""

from hypothesis import given
from hypothesis import strategies as st

from flow2api.domain.job import TRANSITIONS, Generation, Job, JobState, move

GENERATION = Generation(model="m", kind="image", provider="p", upstream_model="K", prompt="x", aspect_ratio="1:1")
FRESH = Job(
    id="j",
    state=JobState.QUEUED,
    generation=GENERATION,
    caller="k",
    created_at=0.0,
    updated_at=0.0,
    queue_deadline=1.0,
    deadline=1.0,
)


def tried(job: Job, state: JobState, now: float) -> Job | None:
    try:
        return move(job, state, now)
    except ValueError:
        return None


@given(st.lists(st.sampled_from(JobState), max_size=30))
def test_a_job_moves_as_the_table_says_and_stays_in_its_final_state(wanted: list[JobState]) -> None:
    job = FRESH
    for now, state in enumerate(wanted, start=1):
        moved = tried(job, state, now)
        assert (moved is not None) == (state in TRANSITIONS[job.state])
        assert moved is None or not job.final
        assert (job.finished_at is not None) == job.final
        job = moved or job


@given(st.sampled_from(JobState))
def test_from_every_state_a_final_one_can_be_reached(state: JobState) -> None:
    seen, front = {state}, {state}
    while front:
        front = {after for before in front for after in TRANSITIONS[before]} - seen
        seen |= front
    assert any(not TRANSITIONS[reached] for reached in seen)

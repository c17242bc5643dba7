"""What the topic of the generations tells, played against pages that know only what they were told."""

from typing import Any, cast

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from flow2api.actors.jobs import Survey
from flow2api.api.live.protocol import JobStepped
from flow2api.api.live.topics.jobs import JobsSource, brief
from flow2api.api.services import Services
from flow2api.domain.events import JobMoved, JobRemoved
from flow2api.domain.job import Generation, Job, JobError, JobState, Progress
from flow2api.errors import Code

GENERATION = Generation(
    provider="flow", upstream_model="m", aspect_ratio="1:1", model="m", kind="image", prompt="p" * 1000
)
EVENTS = st.builds(
    Progress,
    job=st.builds(
        Job,
        id=st.sampled_from(["job_a", "job_b"]),
        state=st.sampled_from([state for state in JobState if state is not JobState.CANCELLED]),
        generation=st.sampled_from([GENERATION, replace(GENERATION, provider="fal")]),
        caller=st.just("key_1"),
        created_at=st.just(1.0),
        updated_at=st.floats(1, 9),
        queue_deadline=st.just(60.0),
        deadline=st.just(120.0),
        account_id=st.sampled_from([None, "acc_1"]),
        submits=st.integers(0, 2),
        results=st.sampled_from([(), ("one.png",)]),
        error=st.sampled_from([None, JobError(code=Code.INTERNAL_ERROR, message="broken")]),
    ),
    position=st.sampled_from([None, 1, 2]),
    stage=st.sampled_from(["", "captcha"]),
    account=st.sampled_from([None, "first"]),
    percent=st.sampled_from([None, 50]),
)
STEPS = st.lists(st.one_of(EVENTS, st.sampled_from(["frame", "open"])), max_size=30)


class Parts:
    """The generations as they are."""

    def __init__(self) -> None:
        self.live: dict[str, Progress] = {}
        self.jobs = self.store = self

    async def ask(self, message: Survey) -> list[Progress]:
        return list(self.live.values())

    ask_again = ask

    async def read(self, *asked: object, limit: int) -> list[Job]:
        return []


class Page:
    """What one page knows, by the rules of the protocol."""

    def __init__(self, snapshot: list[Any]) -> None:
        self.jobs: dict[str, Any] = {one["job"]["id"]: one for one in snapshot}
        self.states: list[tuple[str, str]] = []

    def take(self, events: list[Any]) -> None:
        for event in events:
            if event["type"] == "job_moved":
                told = event["progress"]
            elif (known := self.jobs.get(event.pop("id"))) is not None:
                changes = {name: value for name, value in event.items() if name not in ("type", "job")}
                told = {**known, **changes, "job": {**known["job"], **event["job"]}}
            else:
                continue
            self.jobs[told["job"]["id"]] = told
            self.states.append((told["job"]["id"], told["job"]["state"]))


def plain(value: object) -> Any:
    return msgspec.json.decode(msgspec.json.encode(value))


@given(STEPS)
async def test_each_page_ends_with_the_truth_and_saw_each_turn_of_a_state(steps: list[Progress | str]) -> None:
    parts = Parts()
    source, pages, waiting = JobsSource(cast("Services", parts)), list[Page](), list[object]()
    first = Page(plain((await source.snapshot()).jobs))
    pages.append(first)
    for step in [*steps, "frame"]:
        if isinstance(step, Progress):
            parts.live[step.job.id] = step
            waiting.append(JobMoved(progress=step, at=step.job.updated_at))
        elif step == "open":
            pages.append(Page(plain((await source.snapshot()).jobs)))
        else:
            frame, waiting = source.told(waiting), []
            for page in pages:
                page.take(plain(frame))
    truth = {key: plain(brief(progress)) for key, progress in parts.live.items()}
    assert [page.jobs for page in pages] == [truth] * len(pages)
    for job in truth:
        said = [step.job.state for step in steps if isinstance(step, Progress) and step.job.id == job]
        seen = [state for key, state in first.states if key == job]
        assert [state for place, state in enumerate(seen) if seen[place - 1 : place] != [state]] == [
            state for place, state in enumerate(said) if said[place - 1 : place] != [state]
        ]


def test_a_generation_is_told_whole_once_and_then_in_a_tenth_of_the_bytes() -> None:
    source = JobsSource(cast("Services", Parts()))
    progress = Progress(job=_job(JobState.QUEUED))
    told = [source.told([JobMoved(progress=progress, at=1.0)])]
    for state in (JobState.STARTING, JobState.SUBMITTING, JobState.FETCHING):
        progress = replace(progress, job=replace(progress.job, state=state, updated_at=2.0))
        told.append(source.told([JobMoved(progress=progress, at=2.0)]))
    whole, *steps = (len(msgspec.json.encode(frame)) for frame in told)
    assert all(isinstance(frame[0], JobStepped) for frame in told[1:])
    assert whole > 1000
    assert max(steps) < whole / 7


def test_that_a_generation_is_removed_is_told_after_all_else_of_it() -> None:
    source = JobsSource(cast("Services", Parts()))
    gone = JobRemoved(job_id="job_a", at=2.0)
    moved = JobMoved(progress=Progress(job=_job(JobState.SUCCEEDED)), at=1.0)
    assert source.mark(gone) is None
    [first, last] = source.told([moved, gone])
    assert isinstance(first, JobMoved)
    assert last == gone


def _job(state: JobState) -> Job:
    return Job(
        id="job_a",
        state=state,
        generation=GENERATION,
        caller="key_1",
        created_at=1.0,
        updated_at=1.0,
        queue_deadline=60.0,
        deadline=120.0,
    )

import pytest

from flow2api.api.openai.stages import describe
from flow2api.domain.job import JobState, Progress
from tests.unit.api.openai.test_answer import job


@pytest.mark.parametrize(
    ("state", "stage", "position", "line"),
    [
        (JobState.QUEUED, "waiting", None, "Waiting in line"),
        (JobState.QUEUED, "waiting", 2, "Waiting in line, place 2"),
        (JobState.STARTING, "", None, "Getting ready"),
        (JobState.STARTING, "signing_in", None, "Signing in"),
        (JobState.STARTING, "uploading", None, "Uploading the input pictures"),
        (JobState.STARTING, "captcha", None, "Getting past the captcha"),
        (JobState.SUBMITTING, "generating", None, "Generating with m"),
        (JobState.RUNNING, "", None, "Generating with m"),
        (JobState.RUNNING, "enlarging", None, "Enlarging the clip"),
        (JobState.SUBMITTING, "enlarging", None, "Enlarging the clip"),
        (JobState.FETCHING, "joining", None, "Joining the clips"),
        (JobState.FETCHING, "upscaling", None, "Enlarging the picture"),
        (JobState.FETCHING, "saving", None, "Saving the result"),
        (JobState.FETCHING, "", None, "Fetching the result"),
    ],
)
def test_each_step_has_a_line_of_its_own(state: JobState, stage: str, position: int | None, line: str) -> None:
    assert describe(Progress(job=job(state), stage=stage, position=position)) == line

"""The video object, from jobs in every state."""

import re

import msgspec
import pytest

from flow2api.actors.job_rules import new_job_id
from flow2api.api.openai.video_object import expected_seconds, expected_size, page_of, video_of
from flow2api.api.sources import job_named, video_id
from flow2api.domain.job import JobError, JobState, Made, Size, Source, born_at
from flow2api.errors import Code
from flow2api.store.clips import StoredClip
from tests.doubles.records import GENERATION, job, media_file

CLIP = msgspec.structs.replace(GENERATION, kind="video", mode="t2v", aspect_ratio="16:9", seconds=8)


def shown(state: JobState, **changes: object) -> dict[str, object]:
    one = msgspec.structs.replace(job("job_" + "a" * 32, state=state), generation=CLIP, **changes)
    made = state is JobState.SUCCEEDED
    file = msgspec.structs.replace(media_file("c.mp4", created_at=900.0), width=1920, height=1080, seconds=7.96)
    video = video_of(StoredClip(one, file if made else None), 42, 600.0, lambda name: f"http://x/{name}")
    return msgspec.to_builtins(video)  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("state", "status"),
    [
        (JobState.QUEUED, "queued"),
        (JobState.STARTING, "queued"),
        (JobState.SUBMITTING, "in_progress"),
        (JobState.RUNNING, "in_progress"),
        (JobState.FETCHING, "in_progress"),
        (JobState.SUCCEEDED, "completed"),
        (JobState.FAILED, "failed"),
        (JobState.CANCELLED, "failed"),
    ],
)
def test_trap_7_there_are_four_words_and_an_error_only_with_the_last(state: JobState, status: str) -> None:
    told = shown(state)
    assert told["status"] == status
    assert (told["error"] is not None) is (status == "failed")
    assert isinstance(told["seconds"], str)
    assert isinstance(told["progress"], int)
    assert (told["url"] is not None) is (status == "completed")
    assert (told["completed_at"] is not None) is (status == "completed")


def test_size_and_length_are_those_of_the_file_once_it_is_there() -> None:
    before, after = shown(JobState.RUNNING), shown(JobState.SUCCEEDED)
    assert (before["size"], before["seconds"]) == ("1280x720", "8")
    assert (after["size"], after["seconds"], after["expires_at"]) == ("1920x1080", "8", 1500)


def test_a_failure_says_where_the_clip_is_that_was_made_all_the_same() -> None:
    error = JobError(code=Code.UPSCALE_FAILED, message="It failed.", originals=("o.mp4",))
    told = shown(JobState.FAILED, error=error, made=(Made(media_id="m"),))
    assert told["error"] == {
        "code": "upscale_failed",
        "message": "It failed. The clip as it was made is kept: http://x/o.mp4",
    }


@pytest.mark.parametrize(
    ("ratio", "upscale", "size"),
    [("16:9", None, "1280x720"), ("9:16", "1080p", "1080x1920"), ("16:9", "4k", "3840x2160"), ("1:1", None, "720x720")],
)
def test_a_size_is_expected_from_ratio_and_class(ratio: str, upscale: Size | None, size: str) -> None:
    assert expected_size(msgspec.structs.replace(CLIP, aspect_ratio=ratio, upscale=upscale)) == size


def test_the_length_of_a_continuation_is_the_total() -> None:
    first = Source(media_id="a", seconds=8)
    cases = [
        (first, 15),
        (Source(media_id="b", whole_seconds=15.0, before=first), 22),
        (Source(media_id="b", before=first), 15),
    ]
    for source, total in cases:
        assert expected_seconds(msgspec.structs.replace(CLIP, seconds=7, source=source)) == total


def test_an_id_is_plain_hex_which_no_package_takes_for_something_wrapped_and_tells_its_time() -> None:
    job_id = new_job_id(1_764_000_000.123)
    name = video_id(job_id)
    assert re.fullmatch(r"video_[0-9a-f]{32}", name)
    assert job_named(name) == job_named(job_id) == job_id
    assert born_at(job_id) == 1_764_000_000.123
    assert [born_at(text) for text in ("", "job_x", name, job_id + "0", "job_" + "A" * 32)] == [None] * 5


def test_an_empty_page_has_no_ends() -> None:
    assert (page_of([], has_more=False).first_id, page_of([], has_more=False).last_id) == (None, None)

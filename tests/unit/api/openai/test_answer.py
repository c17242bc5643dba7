import time
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from flow2api.actors.library import Library
from flow2api.api import results
from flow2api.api.openai.answer import (
    Chunks,
    Content,
    ImageEntry,
    ImageUrl,
    Ticket,
    Usage,
    data_images,
    links_text,
    whole,
)
from flow2api.config import VideoForm
from flow2api.domain.job import Generation, Job, JobError, JobState
from flow2api.errors import Code, Failure

TICKET = Ticket("chatcmpl-1", 1764000100, 'a "model"')
PICTURE = ImageEntry(image_url=ImageUrl("data:image/png;base64,AAAA"), index=0)


def job(state: JobState, *, results: tuple[str, ...] = (), error: JobError | None = None) -> Job:
    generation = Generation(
        model="m", kind="image", provider="flow", upstream_model="u", prompt="p", aspect_ratio="1:1"
    )
    now = time.time()
    return Job(
        id="job_1",
        state=state,
        generation=generation,
        caller="key_1",
        created_at=now,
        updated_at=now,
        queue_deadline=now,
        deadline=now,
        results=results,
        error=error,
    )


def events(data: bytes) -> list[dict[str, object]]:
    return [msgspec.json.decode(line.removeprefix(b"data: ")) for line in data.split(b"\n\n") if line]


def test_a_whole_answer_has_all_that_clients_insist_on() -> None:
    answer = msgspec.json.decode(whole(TICKET, Content("![image](http://x/y.png)"), Usage.of("a fox")))
    assert answer["object"] == "chat.completion"
    assert answer["model"] == TICKET.model
    (choice,) = answer["choices"]
    assert choice["message"] == {"role": "assistant", "content": "![image](http://x/y.png)", "refusal": None}
    assert (choice["index"], choice["finish_reason"], choice["logprobs"]) == (0, "stop", None)
    usage = answer["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    assert "error" not in answer


def test_images_stand_beside_the_text_when_they_were_asked_for() -> None:
    answer = msgspec.json.decode(whole(TICKET, Content("Here.", [PICTURE]), Usage.of("")))
    assert answer["choices"][0]["message"]["images"] == [
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}, "index": 0}
    ]


def test_all_chunks_share_id_time_and_model_and_have_one_choice() -> None:
    chunks = Chunks(TICKET)
    data = chunks.role + chunks.thought("Waiting\n") + chunks.content(Content("x", [PICTURE])) + chunks.finish()
    for event in events(data):
        assert (event["id"], event["created"], event["model"]) == (TICKET.id, TICKET.created, TICKET.model)
        assert len(event["choices"]) == 1  # type: ignore[arg-type]
        assert "usage" not in event
        assert "error" not in event


def test_thoughts_text_pictures_and_the_end_come_in_chunks_of_their_own() -> None:
    chunks = Chunks(TICKET)
    data = chunks.role + chunks.thought("t") + chunks.content(Content("x", [PICTURE])) + chunks.finish()
    deltas = [event["choices"][0]["delta"] for event in events(data)]  # type: ignore[index]
    assert [sorted(delta) for delta in deltas] == [
        ["content", "role"],
        ["reasoning_content"],
        ["content"],
        ["images"],
        [],
    ]


def test_the_usage_chunk_has_no_choices() -> None:
    (event,) = events(Chunks(TICKET).usage(Usage.of("abcdefgh")))
    assert event["choices"] == []
    assert event["usage"] == {"prompt_tokens": 2, "completion_tokens": 0, "total_tokens": 2}


def test_several_pictures_stand_each_on_a_line() -> None:
    assert links_text(["http://x/1.png", "http://x/2.png"]) == "![image](http://x/1.png)\n![image](http://x/2.png)"


def test_a_clip_is_a_block_with_its_address_between_the_tags_and_a_plain_link() -> None:
    text = links_text(["http://x/v.mp4"])
    assert '\n\n<video src="http://x/v.mp4" controls>\nhttp://x/v.mp4\n</video>\n\n[video.mp4](http://x/v.mp4)' in text


@pytest.mark.parametrize(
    ("ended", "code"),
    [
        (
            job(JobState.FAILED, error=JobError(code=Code.CONTENT_POLICY_VIOLATION, message="no")),
            Code.CONTENT_POLICY_VIOLATION,
        ),
        (job(JobState.CANCELLED), Code.CANCELLED),
        (job(JobState.SUCCEEDED), Code.RESULT_LOST),
    ],
)
def test_a_job_without_results_says_why(ended: Job, code: Code) -> None:
    with pytest.raises(Failure) as caught:
        results.names(ended)
    assert caught.value.code is code


async def test_a_stored_picture_becomes_a_data_url(tmp_path: Path) -> None:
    library = Library(tmp_path)
    name, path = library.new("jpg")
    path.parent.mkdir(parents=True)
    path.write_bytes(b"abc")
    (entry,) = await data_images(library, [name])
    assert entry.image_url.url == "data:image/jpeg;base64,YWJj"


async def test_a_picture_that_is_gone_is_said_to_be_gone(tmp_path: Path) -> None:
    library = Library(tmp_path)
    with pytest.raises(Failure) as caught:
        await data_images(library, [library.new("png")[0]])
    assert caught.value.code is Code.EXPIRED


def test_trap_12_a_clip_stands_as_a_block_a_link_or_both_as_is_set() -> None:
    block, link = (
        '\n\n<video src="http://x/v.mp4" controls>\nhttp://x/v.mp4\n</video>',
        "\n\n[video.mp4](http://x/v.mp4)",
    )
    texts = {form: links_text(["http://x/v.mp4"], form) for form in get_args(VideoForm)}
    assert texts == {"both": f"{block}{link}\n", "tag": f"{block}\n", "link": f"{link}\n"}

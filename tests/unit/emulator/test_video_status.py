"""Asking how clips get on, and giving them up."""

import pytest

from flow2api.emulator.faults import Status, StatusWord
from flow2api.emulator.knobs import Knobs
from tests.unit.emulator.caller import Clock, add_caller, error_of, message_of, new_caller, said
from tests.unit.emulator.video_caller import (
    STATUS,
    ask_status,
    made,
    ordered,
    poll_body,
    status_in,
    status_of,
    uploaded,
    upsample,
)

TARGET = "/v1/video:batchCheckAsyncVideoGenerationStatus"
NOT_FOUND = (404, "NOT_FOUND", None)
INVALID = (400, "INVALID_ARGUMENT", None)


async def test_several_clips_are_asked_for_in_one_call() -> None:
    caller = await new_caller()
    early = await ordered(caller, "one")
    assert await status_of(caller, early) == "PENDING"
    late = await ordered(caller, "two")
    shown = said(await ask_status(caller, late, early))["media"]
    assert [one["name"] for one in shown] == [late, early]
    assert [status_in(one)["mediaGenerationStatus"] for one in shown] == [f"{STATUS}PENDING", f"{STATUS}ACTIVE"]
    assert {one["projectId"] for one in shown} == {caller.project}


async def test_a_clip_can_move_by_the_clock() -> None:
    clock = Clock()
    caller = await new_caller(Knobs(video_pace="seconds", video_queued=2, video_active=6), clock=clock)
    name = await ordered(caller)
    seen = []
    for _ in range(5):
        seen.append(await status_of(caller, name))
        clock.time += 2
    assert seen == ["PENDING", "ACTIVE", "ACTIVE", "ACTIVE", "SUCCESSFUL"]


async def test_the_waiting_status_can_be_chosen() -> None:
    caller = await new_caller(Knobs(video_queued_as="SCHEDULED"))
    assert await status_of(caller, await ordered(caller)) == "SCHEDULED"


async def test_a_clip_keeps_its_facts_while_it_moves() -> None:
    caller = await new_caller()
    name = await ordered(caller)
    answers = [said(await ask_status(caller, name))["media"][0] for _ in range(3)]
    assert {status_in(one)["mediaGenerationStatus"] for one in answers} == {
        f"{STATUS}PENDING",
        f"{STATUS}ACTIVE",
        f"{STATUS}SUCCESSFUL",
    }
    for one in answers:
        del one["mediaMetadata"]["mediaStatus"]
    assert answers[0] == answers[1] == answers[2]


async def test_the_older_body_is_refused() -> None:
    caller = await new_caller()
    body = {"operations": [{"operation": {"name": await ordered(caller)}}]}
    answer = await caller.ask("POST", TARGET, body)
    assert error_of(answer) == INVALID
    assert 'Unknown name "operations"' in message_of(answer)


async def test_to_ask_for_nothing_is_an_invalid_argument() -> None:
    caller = await new_caller()
    assert error_of(await ask_status(caller)) == INVALID


async def test_one_name_that_is_not_the_callers_spoils_the_call() -> None:
    caller = await new_caller()
    name = await ordered(caller)
    foreign = await ordered(await add_caller(caller))
    picture = await uploaded(caller)
    for wrong in (foreign, picture, "no-such-clip"):
        assert error_of(await ask_status(caller, name, wrong)) == NOT_FOUND
    assert await status_of(caller, name) == "PENDING"


async def test_the_project_must_be_that_of_the_clip() -> None:
    caller = await new_caller()
    name = await ordered(caller)
    await caller.sign_in()
    assert error_of(await ask_status(caller, name)) == NOT_FOUND


@pytest.mark.parametrize(
    ("marker", "status"),
    [
        (
            "[refuse-later]",
            {
                "mediaGenerationStatus": f"{STATUS}FAILED",
                "error": {"code": 3, "message": "PUBLIC_ERROR_UNSAFE_GENERATION"},
            },
        ),
        (
            "[ip-later]",
            {
                "mediaGenerationStatus": f"{STATUS}FAILED",
                "error": {"code": 3, "message": "PUBLIC_ERROR_IP_INPUT_IMAGE"},
                "failureReasons": ["IP_PROHIBITED"],
            },
        ),
        ("[error-later]", {"mediaGenerationStatus": f"{STATUS}ERROR_GENERATION"}),
        ("[cancel-later]", {"mediaGenerationStatus": f"{STATUS}CANCELED"}),
        ("[mystery-later]", {"mediaGenerationStatus": f"{STATUS}UNDER_REVIEW"}),
        ("[stuck]", {"mediaGenerationStatus": f"{STATUS}ACTIVE"}),
    ],
)
async def test_a_marker_word_shows_only_at_the_end(marker: str, status: dict[str, object]) -> None:
    caller = await new_caller()
    name = await ordered(caller, f"a {marker} thing")
    shown = [status_in(said(await ask_status(caller, name))["media"][0]) for _ in range(4)]
    assert [one["mediaGenerationStatus"].removeprefix(STATUS) for one in shown[:2]] == ["PENDING", "ACTIVE"]
    assert shown[2] == shown[3] == status
    assert caller.account.credits == 1000 - 20


async def test_an_enlargement_can_fail_while_its_source_is_fine() -> None:
    caller = await new_caller()
    source = await made(caller, "a [upsample-fails] thing")
    name = said(await upsample(caller, source))["media"][0]["name"]
    assert [await status_of(caller, name) for _ in range(3)] == ["PENDING", "ACTIVE", "FAILED"]


@pytest.mark.parametrize("word", ["COMPLETE", "IN_PROGRESS", "CANCELED", "BREWING"])
async def test_a_fault_puts_another_word_in_the_place_of_the_status(word: str) -> None:
    caller = await new_caller()
    name = await ordered(caller)
    caller.emulator.faults.next("video_status", StatusWord(word))
    assert [await status_of(caller, name) for _ in range(2)] == [word, "ACTIVE"]


async def test_a_fault_leaves_the_status_out() -> None:
    caller = await new_caller()
    name = await ordered(caller)
    caller.emulator.faults.next("video_status", StatusWord(None))
    (shown,) = said(await ask_status(caller, name))["media"]
    assert (shown["name"], status_in(shown)) == (name, {})


async def test_a_failing_status_call_does_not_move_the_clip() -> None:
    caller = await new_caller()
    name = await ordered(caller)
    caller.emulator.faults.next("video_status", Status(503), times=2)
    assert [(await ask_status(caller, name)).status for _ in range(2)] == [503, 503]
    assert await status_of(caller, name) == "PENDING"


async def test_status_calls_are_counted_for_each_account() -> None:
    caller = await new_caller()
    other = await add_caller(caller)
    await made(caller)
    await status_of(other, await ordered(other))
    counts = caller.emulator.ledger.counts_of
    assert (counts["ada@example.org", "video_status"], counts["bob@example.org", "video_status"]) == (3, 1)
    state = said(await caller.ask("GET", "/_emulator/state"))
    assert {"account": "ada@example.org", "call": "video_status", "count": 3} in state["calls_by_account"]


async def test_a_clip_can_be_given_up_until_it_has_ended() -> None:
    caller = await new_caller()
    name = await ordered(caller)
    assert said(await caller.ask("POST", "/v1/flowMedia:cancelGeneration", {"mediaId": name})) == {}
    assert await status_of(caller, name) == "CANCELED"
    for ended in (name, await made(caller)):
        answer = await caller.ask("POST", "/v1/flowMedia:cancelGeneration", {"mediaId": ended})
        assert error_of(answer) == INVALID


async def test_only_own_clips_can_be_given_up() -> None:
    caller = await new_caller()
    foreign = await ordered(await add_caller(caller))
    picture = await uploaded(caller)
    target = "/v1/flowMedia:cancelGeneration"
    assert error_of(await caller.ask("POST", target, {"mediaId": foreign})) == NOT_FOUND
    assert error_of(await caller.ask("POST", target, {"mediaId": picture})) == INVALID


async def test_the_body_of_a_poll_takes_nothing_more() -> None:
    caller = await new_caller()
    body = poll_body(caller, await ordered(caller)) | {"clientContext": {}}
    assert error_of(await caller.ask("POST", TARGET, body)) == INVALID

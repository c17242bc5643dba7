"""Planning faults and carrying them out, without a server."""

import msgspec
import pytest
import trio

from flow2api.emulator.faults import (
    AnyFault,
    CloseAfter,
    Delay,
    EmptyList,
    Faults,
    LoginExpired,
    NotJson,
    Planned,
    Reset,
    SlowBody,
    Stall,
    Status,
    Truncated,
)
from tests.unit.emulator.caller import add_caller, error_of, new_caller, said


def test_a_fault_strikes_the_next_calls_and_then_no_more() -> None:
    faults = Faults({"image", "upload"})
    faults.next("image", Reset(), times=2)
    assert [faults.take("image", "") for _ in range(3)] == [Reset(), Reset(), None]


def test_faults_of_one_call_strike_in_order_and_leave_others_alone() -> None:
    faults = Faults({"image", "upload"})
    faults.next("image", Reset())
    faults.next("image", Stall(5))
    assert faults.take("upload", "") is None
    assert [faults.take("image", "") for _ in range(3)] == [Reset(), Stall(5), None]


def test_a_fault_can_be_meant_for_one_account() -> None:
    faults = Faults({"image", "upload"})
    faults.next("image", Reset(), account="bob@example.org")
    assert faults.take("image", "ada@example.org") is None
    assert faults.take("image", "bob@example.org") == Reset()


def test_a_permanent_fault_strikes_until_it_is_cleared() -> None:
    faults = Faults({"image", "upload"})
    faults.always("image", Reset())
    faults.always("upload", Reset())
    assert all(faults.take("image", "") == Reset() for _ in range(10))
    faults.clear("image")
    assert faults.take("image", "") is None
    assert faults.take("upload", "") == Reset()
    faults.clear()
    assert faults.planned == ()


def test_a_fault_for_a_call_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(ValueError, match="only image, upload"):
        Faults({"image", "upload"}).next("picture", Reset())


EXAMPLES: list[tuple[AnyFault, dict[str, object]]] = [
    (Stall(30), {"type": "stall", "seconds": 30.0, "carried_out": False}),
    (Reset(carried_out=True), {"type": "reset", "carried_out": True}),
    (
        Status(429, reason="PUBLIC_ERROR_USER_REQUESTS_THROTTLED", retry_after=7),
        {"type": "status", "status": 429, "reason": "PUBLIC_ERROR_USER_REQUESTS_THROTTLED", "retry_after": 7},
    ),
    (NotJson(), {"type": "not_json"}),
    (LoginExpired(), {"type": "login_expired"}),
    (Delay(2), {"type": "delay", "seconds": 2}),
    (Truncated(), {"type": "truncated"}),
    (CloseAfter(10), {"type": "close_after", "body_bytes": 10}),
    (SlowBody(10), {"type": "slow_body", "bytes_per_second": 10}),
    (EmptyList(), {"type": "empty_list"}),
]


@pytest.mark.parametrize(("fault", "written"), EXAMPLES)
def test_every_fault_has_a_written_form(fault: AnyFault, written: dict[str, object]) -> None:
    planned = msgspec.convert({"call": "image", "fault": written}, Planned)
    assert planned.fault == fault
    assert msgspec.convert(msgspec.to_builtins(planned), Planned) == planned


def test_an_unknown_field_of_a_fault_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"call": "image", "fault": {"type": "reset", "after": 3}}, Planned)


async def test_an_error_status_comes_in_the_form_of_its_side() -> None:
    caller = await new_caller()
    fault = Status(429, reason="PUBLIC_ERROR_USER_REQUESTS_THROTTLED", retry_after=6.5)
    caller.emulator.faults.next("image", fault)
    caller.emulator.faults.next("project", fault)
    answer = await caller.image()
    assert error_of(answer) == (429, "RESOURCE_EXHAUSTED", "PUBLIC_ERROR_USER_REQUESTS_THROTTLED")
    assert dict(answer.headers)["Retry-After"] == "7"
    body = {"json": {"projectTitle": "Test", "toolName": "PINHOLE"}}
    labs = await caller.ask("POST", "/fx/api/trpc/project.createProject", body)
    assert msgspec.json.decode(labs.body)["error"]["json"]["data"]["httpStatus"] == 429


async def test_a_fault_in_place_of_the_call_leaves_it_undone_unless_it_says_otherwise() -> None:
    caller = await new_caller()
    caller.emulator.faults.next("image", Status(500))
    caller.emulator.faults.next("image", Status(500, carried_out=True))
    await caller.image("undone")
    await caller.image("done")
    assert caller.emulator.ledger.by_prompt() == {"done": 1}


async def test_a_page_of_html_stands_where_json_is_due() -> None:
    caller = await new_caller()
    caller.emulator.faults.next("credits", NotJson())
    answer = await caller.ask("GET", "/v1/credits")
    assert (answer.status, answer.mime.partition(";")[0], answer.body[:9]) == (200, "text/html", b"<!doctype")


async def test_an_expired_login_stays_expired_until_it_is_renewed() -> None:
    caller = await new_caller()
    caller.emulator.faults.next("image", LoginExpired())
    assert [(await caller.image()).status for _ in range(2)] == [401, 401]
    caller.access = said(await caller.ask("GET", "/fx/api/auth/session"))["access_token"]
    assert (await caller.image()).status == 200


async def test_an_expired_session_is_dead() -> None:
    caller = await new_caller()
    caller.emulator.faults.next("session", LoginExpired())
    assert said(await caller.ask("GET", "/fx/api/auth/session")) == {}
    assert caller.account.alive is False


async def test_a_stall_holds_the_call_and_then_breaks_off(autojump_clock: trio.testing.MockClock) -> None:
    caller = await new_caller()
    caller.emulator.faults.next("image", Stall(30))
    answer = await caller.image()
    assert trio.current_time() >= 30
    assert answer.delivery.reset
    assert caller.emulator.ledger.calls("image")[0].status == 0


async def test_a_late_answer_is_the_true_one(autojump_clock: trio.testing.MockClock) -> None:
    caller = await new_caller()
    caller.emulator.faults.next("image", Delay(3))
    started = trio.current_time()
    assert said(await caller.image())["media"]
    assert trio.current_time() - started == 3


async def test_lists_can_come_back_empty() -> None:
    caller = await new_caller()
    caller.emulator.faults.next("image", EmptyList())
    assert said(await caller.image()) == {"media": [], "workflows": []}


@pytest.mark.parametrize("fault", [Truncated(), CloseAfter(10), SlowBody(100)])
async def test_a_damaged_delivery_carries_the_true_answer(fault: AnyFault) -> None:
    caller = await new_caller()
    caller.emulator.faults.next("credits", fault)
    answer = await caller.ask("GET", "/v1/credits")
    assert msgspec.json.decode(answer.body)["credits"] == 1000
    delivery = answer.delivery
    assert delivery.body_bytes in {None, 10, len(answer.body) // 2}
    assert (delivery.body_bytes, delivery.bytes_per_second) != (None, None)


async def test_a_fault_for_one_account_leaves_the_other_in_peace() -> None:
    caller = await new_caller()
    other = await add_caller(caller)
    caller.emulator.faults.next("image", Status(500), account=other.account.email)
    assert (await caller.image()).status == 200
    assert (await other.image()).status == 500

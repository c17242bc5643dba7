"""What can go wrong at the service, each by itself, through the whole gateway: what becomes of the job, of its account, and how often
the paid call went out.

The first part is a table; the second holds what needs more than one request or a look at the clock.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
import trio

from flow2api.domain.account import Account, AccountState
from flow2api.domain.job import JobState
from flow2api.emulator.accounts import AccountSetup
from flow2api.emulator.core import Emulator
from flow2api.emulator.exchange import Answer, Asked
from flow2api.emulator.faults import (
    AnyFault,
    CloseAfter,
    EmptyList,
    LoginExpired,
    NotJson,
    Planned,
    Reset,
    SlowBody,
    Stall,
    Status,
    Truncated,
)
from flow2api.emulator.knobs import Knobs
from flow2api.errors import KINDS, Code
from tests.doubles.gateway import ADA, BOB, EVE, TestedGateway, error_of, link_in, open_tested_gateway, people
from tests.doubles.pictures import data_url, drawn, size_of

S = AccountState
HOUR = 3600.0
# Within this a stored time is the expected one, on a busy machine as well.
SLACK_SECONDS = 20.0
# Calls end after this in all of these tests, so that one which never answers is over soon.
PATIENCE = {"flow.request_timeout": 1.0, "jobs.queue_timeout": 5.0}


@dataclass(frozen=True)
class Trouble:
    """One thing that goes wrong while one picture is asked for, and how that ends."""

    words: str
    faults: Sequence[Planned]
    ends: Code | None = None
    """What the caller is told; None: the picture comes all the same."""
    calls: int = 1
    """Paid calls that the service saw, refused ones included."""
    accepted: int = 1
    """Those that it accepted: more than one would have been paid twice."""
    state: AccountState = S.ACTIVE
    code: str = ""
    rest_seconds: float | None = None
    errors_in_row: int = 0
    setup: Sequence[AccountSetup] = field(default_factory=lambda: people(ADA))


def once(fault: AnyFault, call: str = "image", times: int = 1) -> list[Planned]:
    return [Planned(call=call, fault=fault, times=times)]


def lasting(fault: AnyFault, call: str = "image") -> list[Planned]:
    return [Planned(call=call, fault=fault, times=None)]


def refused(status: int, reason: str | None = None, retry_after: float | None = None) -> Status:
    return Status(status, reason and f"PUBLIC_ERROR_{reason}", retry_after=retry_after)


NO_ACCOUNT, UNKNOWN = Code.NO_ACCOUNT_AVAILABLE, Code.OUTCOME_UNKNOWN

TROUBLES = [
    # The login. A refused access token is renewed once; what was refused was not accepted, so the call is made again.
    Trouble("a 401 with a reason, once", once(Status(401, "ACCESS_TOKEN_EXPIRED")), calls=2),
    Trouble("a 401 without a reason, once", once(Status(401)), calls=2),
    Trouble("an access token that has ended", once(LoginExpired()), calls=2),
    Trouble(
        *("a 401 that lasts", lasting(Status(401))),
        ends=NO_ACCOUNT, calls=2, accepted=0, state=S.NEEDS_LOGIN, code="login_expired",
    ),
    *(
        Trouble(f"{words} while a login is renewed, once", [*once(LoginExpired()), *once(fault, call)], calls=2)
        for words, fault, call in (
            ("a 503", Status(503), "session"), ("a page", NotJson(), "session"), ("a reset", Reset(), "session"),
            ("a 500 to the credits", Status(500), "credits"),
        )
    ),
    # What the service says about the account or the model.
    Trouble(
        *("too many requests, no more said", once(Status(429))),
        ends=NO_ACCOUNT, accepted=0, state=S.RESTING, code="throttled", rest_seconds=12 * HOUR,
    ),
    Trouble(
        *("too many requests, with a long wait named", once(Status(429, retry_after=2 * HOUR))),
        ends=NO_ACCOUNT, accepted=0, state=S.RESTING, code="throttled", rest_seconds=2 * HOUR,
    ),
    Trouble(
        *("throttled for a while", once(refused(429, "USER_REQUESTS_THROTTLED"))),
        ends=NO_ACCOUNT, accepted=0, state=S.RESTING, code="throttled", rest_seconds=45 * 60,
    ),
    Trouble(
        *("no quota left", once(refused(429, "USER_QUOTA_REACHED"))),
        ends=Code.INSUFFICIENT_QUOTA, accepted=0, state=S.EXHAUSTED, code="quota_reached",
    ),
    Trouble(
        *("a model used up for today", once(refused(429, "PER_MODEL_DAILY_QUOTA_REACHED"))),
        ends=Code.INSUFFICIENT_QUOTA, accepted=0,
    ),
    Trouble("a model without room", once(refused(503, "HIGH_TRAFFIC")), ends=NO_ACCOUNT, accepted=0),
    Trouble(
        *("a model without room on one account", once(refused(503, "HIGH_TRAFFIC"))), calls=2, setup=people(ADA, BOB)
    ),
    Trouble("a model out of reach", once(refused(403, "MODEL_ACCESS_DENIED")), ends=NO_ACCOUNT, accepted=0),
    Trouble(
        *("a country that is not served", once(refused(403, "USER_REGION_DISALLOWED"))),
        ends=NO_ACCOUNT, accepted=0, state=S.DISABLED, code="account_blocked",
    ),
    # Captcha tokens: no fault of the account, which rests for a short while; elsewhere the next token may do.
    Trouble(
        *("a captcha token refused once", once(refused(403, "UNUSUAL_ACTIVITY"))),
        calls=2, state=S.RESTING, code="captcha_refused", rest_seconds=60, setup=people(ADA, BOB),
    ),
    Trouble(
        *("captcha tokens refused everywhere", lasting(refused(403, "UNUSUAL_ACTIVITY"))),
        ends=Code.CAPTCHA_REFUSED, calls=3, accepted=0, state=S.RESTING, code="captcha_refused", rest_seconds=60,
        setup=people(ADA, BOB, EVE),
    ),
    # The content, which is nobody's fault but the caller's.
    Trouble("a refused prompt", once(refused(400, "UNSAFE_GENERATION")), ends=Code.CONTENT_POLICY_VIOLATION, accepted=0),
    Trouble("a field that it does not know", once(Status(400)), ends=Code.UPSTREAM_REJECTED, accepted=0),
    # Faults that are told: nothing was accepted, so it is tried again.
    *(Trouble(f"a {status}, once", once(Status(status)), calls=2) for status in (500, 502, 503)),
    *(
        Trouble(
            *(f"a {status} that lasts", lasting(Status(status))),
            ends=Code.UPSTREAM_ERROR, calls=3, accepted=0, errors_in_row=1,
        )
        for status in (500, 502, 503)
    ),
    # Answers that tell nothing: it may have been accepted, so it is never sent again.
    Trouble("a 504", once(Status(504)), ends=UNKNOWN, accepted=0, errors_in_row=1),
    Trouble("a 504 after it was accepted", once(Status(504, carried_out=True)), ends=UNKNOWN, errors_in_row=1),
    Trouble("a reset before it was accepted", once(Reset()), ends=UNKNOWN, accepted=0, errors_in_row=1),
    Trouble("a reset after it was accepted", once(Reset(carried_out=True)), ends=UNKNOWN, errors_in_row=1),
    Trouble("half an answer", once(Truncated()), ends=UNKNOWN, errors_in_row=1),
    Trouble("an answer without its last byte", once(CloseAfter(700)), ends=UNKNOWN, errors_in_row=1),
    Trouble("a page instead of an answer", once(NotJson()), ends=UNKNOWN, accepted=0, errors_in_row=1),
    Trouble("a list of no pictures", once(EmptyList()), ends=UNKNOWN, errors_in_row=1),
    Trouble("no answer in time", once(Stall(60)), ends=UNKNOWN, accepted=0, errors_in_row=1),
    Trouble("no answer in time though it was accepted", once(Stall(60, carried_out=True)), ends=UNKNOWN, errors_in_row=1),
    Trouble("an answer that trickles too slowly", once(SlowBody(200)), ends=UNKNOWN, errors_in_row=1),
    Trouble("an answer that trickles", once(SlowBody(8000))),
    # The calls that cost nothing: they are simply made again.
    Trouble("a 500 to the creation of a project, once", once(Status(500), "project")),
    Trouble("a page instead of a project, once", once(NotJson(), "project")),
    Trouble("a reset of the creation of a project, once", once(Reset(), "project")),
    Trouble(
        *("a 500 to the creation of a project that lasts", lasting(Status(500), "project")),
        ends=Code.UPSTREAM_ERROR, calls=0, accepted=0, errors_in_row=1,
    ),
    # The result: it is made and paid for, so the account is not to blame, and fetching is tried again while that may help.
    *(
        Trouble(f"{words} for the picture, once", once(fault, "download"))
        for words, fault in (
            ("a 500", Status(500)), ("a 429", Status(429)), ("half of the bytes", Truncated()), ("a reset", Reset()),
        )
    ),
    Trouble("a 403 for the picture", once(Status(403), "download"), ends=Code.RESULT_LOST),
    Trouble("a 500 for the picture that lasts", lasting(Status(500), "download"), ends=Code.RESULT_LOST),
    Trouble("half of the picture each time", lasting(Truncated(), "download"), ends=Code.RESULT_LOST),
    Trouble("a page instead of the picture", once(NotJson(), "download"), ends=Code.RESULT_LOST),
]  # fmt: skip


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: trouble.words)
async def test_a_trouble_ends_as_it_should(trouble: Trouble) -> None:
    async with open_tested_gateway(trouble.setup, settings=PATIENCE) as gateway:
        for fault in trouble.faults:
            gateway.emulator.faults.plan(fault)
        answer = await gateway.chat()
        now = time.time()
        job, account = await gateway.job(), await the_account_tried_first(gateway)
        if trouble.ends is None:
            assert answer.status_code == 200, answer.text
            assert job.state is JobState.SUCCEEDED
            link = link_in(answer.json()["choices"][0]["message"]["content"])
            assert size_of((await gateway.fetch(link)).content) == (1376, 768)
        else:
            kind = KINDS[trouble.ends]
            assert (error_of(answer)["code"], answer.status_code) == (trouble.ends.value, kind.status)
            assert answer.headers["x-should-retry"] == ("true" if kind.retry else "false")
            assert job.state is JobState.FAILED
            assert job.error is not None
            assert job.error.code is trouble.ends
        standing = account.standing
        assert (standing.state, standing.code) == (trouble.state, trouble.code)
        assert account.errors_in_row == trouble.errors_in_row
        if trouble.rest_seconds is not None:
            assert standing.until == pytest.approx(now + trouble.rest_seconds, abs=SLACK_SECONDS)
        assert gateway.calls("image") == trouble.calls
        assert len(gateway.emulator.ledger.accepted) == trouble.accepted


async def the_account_tried_first(gateway: TestedGateway) -> Account:
    """Ada, unless there are several: then whoever the job went to first."""
    calls = gateway.emulator.ledger.calls("image")
    return await gateway.account(calls[0].account if calls else ADA)


# -- the login -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"alive": False}, "needs_login"),
        ({"session_error": "ACCESS_TOKEN_REFRESH_NEEDED"}, "needs_login"),
        ({"moved": True}, "account_moved"),
        ({"email": "somebody.else@example.org"}, "wrong_account"),
    ],
    ids=["dead", "not renewable", "moved", "another person's"],
)
async def test_an_account_whose_session_is_no_good_needs_a_login_and_the_job_goes_elsewhere(
    change: dict[str, object], code: str
) -> None:
    async with open_tested_gateway(people(ADA, BOB)) as gateway:
        ada = gateway.emulator.accounts[ADA]
        gateway.emulator.accounts.revoke_access(ada)
        for name, value in change.items():
            setattr(ada, name, value)
        assert (await gateway.chat()).status_code == 200
        accounts = await gateway.accounts()
        assert (accounts[ADA].standing.state, accounts[ADA].standing.code) == (S.NEEDS_LOGIN, code)
        assert accounts[BOB].standing.state is S.ACTIVE
        assert gateway.emulator.ledger.by_account() == {BOB: 1}


async def test_without_another_account_the_caller_is_told_why_each_one_cannot() -> None:
    async with open_tested_gateway(people(ADA, BOB)) as gateway:
        for account in gateway.emulator.accounts:
            account.alive = False
            gateway.emulator.accounts.revoke_access(account)
        answer = await gateway.chat()
        error = error_of(answer)
        assert (answer.status_code, error["code"]) == (503, "no_account_available")
        assert f"{ADA}: needs a new login" in error["message"]
        assert f"{BOB}: needs a new login" in error["message"]
        assert gateway.calls() == 0


async def test_an_operator_brings_an_account_back_by_a_new_login_of_the_same_person() -> None:
    async with open_tested_gateway() as gateway:
        ada = gateway.emulator.accounts[ADA]
        ada.alive = False
        gateway.emulator.accounts.revoke_access(ada)
        assert (await gateway.chat()).status_code == 503
        ada.alive = True
        fresh = gateway.emulator.accounts.renew_session(ada)
        added = await gateway.admin("POST", "/api/accounts", {"credential": fresh})
        assert added["account"]["standing"]["state"] == "active"
        assert (await gateway.chat()).status_code == 200
        assert list(await gateway.accounts()) == [ADA]


# -- rests -----------------------------------------------------------------------------------------------------------


async def test_the_wait_that_the_service_names_is_kept_to_and_then_the_picture_comes() -> None:
    async with open_tested_gateway() as gateway:
        gateway.emulator.faults.next("image", Status(429, retry_after=1))
        answer = await gateway.chat()
        assert answer.status_code == 200
        first, second = gateway.emulator.ledger.calls("image")
        assert second.at - first.at >= 1.0
        assert (await gateway.account()).standing.state is S.ACTIVE


async def test_a_caller_is_told_when_the_only_account_is_back() -> None:
    async with open_tested_gateway(settings={"jobs.queue_timeout": 5.0}) as gateway:
        gateway.emulator.faults.next("image", Status(429, retry_after=3600))
        for _ in range(2):
            answer = await gateway.chat()
            assert answer.status_code == 503
            assert 3600 - SLACK_SECONDS < float(answer.headers["retry-after"]) <= 3600
            assert 3600 - SLACK_SECONDS < float(answer.headers["retry-after-ms"]) / 1000 <= 3600
        assert gateway.calls() == 1


async def test_a_rest_that_outlasts_the_queue_sends_the_next_requests_to_the_other_account() -> None:
    async with open_tested_gateway(people(ADA, BOB)) as gateway:
        gateway.emulator.faults.next("image", Status(429), account=ADA)
        for _ in range(3):
            assert (await gateway.chat()).status_code == 200
        assert gateway.emulator.ledger.by_account() == {BOB: 3}
        assert gateway.calls(account=ADA) == 1


async def test_a_model_that_is_used_up_or_denied_rests_alone_and_the_account_goes_on_with_others() -> None:
    other = "gemini-3.0-pro-image"
    for reason, code in (
        ("PER_MODEL_DAILY_QUOTA_REACHED", "model_quota_reached"),
        ("MODEL_ACCESS_DENIED", "model_denied"),
    ):
        async with open_tested_gateway(settings={"jobs.queue_timeout": 5.0}) as gateway:
            gateway.emulator.faults.next("image", refused(429 if "QUOTA" in reason else 403, reason))
            assert (await gateway.chat()).status_code in (429, 503)
            assert (await gateway.chat()).status_code in (429, 503)
            assert gateway.calls() == 1
            assert (await gateway.chat(model=other)).status_code == 200
            account = await gateway.account()
            assert account.standing.state is S.ACTIVE
            assert {key: rest.code for key, rest in account.model_rests.items()} == {"NARWHAL": code}


async def test_a_burst_of_refused_captcha_tokens_is_one_strike() -> None:
    burst = 20
    settings = {"accounts.default_image_concurrency": burst}
    async with open_tested_gateway(people(ADA, BOB), settings=settings) as gateway:
        gateway.emulator.faults.next("image", refused(403, "UNUSUAL_ACTIVITY"), times=burst, account=ADA)
        answer_when_all_are_out(gateway.emulator, 2 * burst)
        answers = await gateway.chats(2 * burst)
        assert {answer.status_code for answer in answers} == {200}
        account = await gateway.account(ADA)
        assert (account.captcha_strikes, account.errors_in_row) == (1, 0)
        assert account.standing.until is not None
        assert account.standing.until - account.standing.since == pytest.approx(60, abs=1)
        assert (gateway.calls(account=ADA), gateway.calls(account=BOB)) == (burst, 2 * burst)


def answer_when_all_are_out(emulator: Emulator, count: int) -> None:
    """Let no paid call be answered before so many of them are out."""
    usual, out, all_out = emulator.answer, 0, trio.Event()

    async def answer(asked: Asked) -> Answer:
        nonlocal out
        if asked.path.endswith("batchGenerateImages"):
            out += 1
            if out == count:
                all_out.set()
            await all_out.wait()
        return await usual(asked)

    emulator.answer = answer  # type: ignore[method-assign]


# -- errors in a row -------------------------------------------------------------------------------------------------


async def test_a_success_makes_the_row_of_errors_begin_anew() -> None:
    async with open_tested_gateway() as gateway:
        for _ in range(3):
            gateway.emulator.faults.next("image", Status(500), times=2)
            assert (await gateway.chat()).status_code == 200
        account = await gateway.account()
        assert (account.errors_in_row, account.counts.errors) == (0, 6)
        assert account.standing.state is S.ACTIVE


async def test_an_account_disabled_by_errors_says_so_and_comes_back_by_hand_alone() -> None:
    async with open_tested_gateway(settings={"accounts.error_threshold": 2}) as gateway:
        gateway.emulator.faults.next("image", Status(500), times=6)
        # The three tries of a job are one error of the account.
        assert error_of(await gateway.chat())["code"] == "upstream_error"
        assert (await gateway.account()).standing.state is S.ACTIVE
        assert error_of(await gateway.chat())["code"] == "no_account_available"
        account = await gateway.account()
        assert (account.standing.state, account.standing.by) == (S.DISABLED, "errors")
        assert (await gateway.chat()).status_code == 503
        assert gateway.calls() == 4
        gateway.emulator.faults.clear()
        await gateway.admin("POST", f"/api/accounts/{account.id}/enable")
        assert (await gateway.chat()).status_code == 200


async def test_a_service_that_is_not_there_is_no_fault_of_the_account() -> None:
    async with open_tested_gateway() as gateway:
        assert (await gateway.chat()).status_code == 200
        await gateway.service.stop()
        answer = await gateway.chat()
        error = error_of(answer)
        assert (answer.status_code, error["code"]) == (503, "upstream_unreachable")
        assert answer.headers["x-should-retry"] == "true"
        account = await gateway.account()
        assert (account.standing.state, account.errors_in_row) == (S.ACTIVE, 0)


# -- pictures in and out ---------------------------------------------------------------------------------------------


async def test_an_upload_that_has_ended_at_the_service_is_made_anew() -> None:
    async with open_tested_gateway() as gateway:
        picture = [
            {"type": "text", "text": "make it blue"},
            {"type": "image_url", "image_url": {"url": data_url(drawn())}},
        ]
        messages = [{"role": "user", "content": picture}]
        assert (await gateway.chat(messages=messages)).status_code == 200
        assert (await gateway.chat(messages=messages)).status_code == 200
        assert gateway.calls("upload") == 1
        [used] = gateway.emulator.ledger.calls("image")[0].json["requests"][0]["imageInputs"]
        uploaded = gateway.emulator.media.get(used["name"])
        assert uploaded is not None
        uploaded.gone_at = 0.0
        assert (await gateway.chat(messages=messages)).status_code == 200
        assert (gateway.calls("upload"), gateway.calls("image")) == (2, 4)
        assert (await gateway.account()).standing.state is S.ACTIVE


async def test_a_refused_input_picture_is_a_content_refusal_and_costs_the_account_nothing() -> None:
    async with open_tested_gateway() as gateway:
        gateway.emulator.faults.next("upload", refused(400, "UNSAFE_IMAGE_UPLOAD"))
        picture = [{"type": "text", "text": "x"}, {"type": "image_url", "image_url": {"url": data_url(drawn())}}]
        answer = await gateway.chat(messages=[{"role": "user", "content": picture}])
        assert (answer.status_code, error_of(answer)["code"]) == (400, "content_policy_violation")
        assert gateway.calls("image") == 0
        assert (await gateway.account()).errors_in_row == 0


@pytest.mark.parametrize(
    ("fault", "calls", "errors_in_row"),
    [
        (Status(500), 3, 1),
        (Status(400), 1, 0),
        (NotJson(), 3, 1),
        (Status(429), 1, 0),
    ],
    ids=["a 500", "a 400", "a page", "a 429"],
)
async def test_an_enlargement_that_fails_is_told_and_the_original_is_kept_and_served(
    fault: AnyFault, calls: int, errors_in_row: int
) -> None:
    async with open_tested_gateway() as gateway:
        gateway.emulator.faults.always("upscale", fault)
        await the_original_is_offered(gateway)
        assert (gateway.calls("upscale"), gateway.calls("image")) == (calls, 1)
        assert (await gateway.account()).errors_in_row == errors_in_row


async def test_an_empty_enlargement_is_told_and_the_original_is_kept_and_served() -> None:
    async with open_tested_gateway(knobs=Knobs(upscale_empty=True)) as gateway:
        await the_original_is_offered(gateway)
        assert (gateway.calls("upscale"), gateway.calls("image")) == (3, 1)


async def test_an_enlargement_that_fails_once_is_made_again_without_a_second_picture() -> None:
    for fault in (Status(503), Reset(), Reset(carried_out=True), Truncated(), LoginExpired()):
        async with open_tested_gateway() as gateway:
            gateway.emulator.faults.next("upscale", fault)
            answer = await gateway.chat(size="2k")
            link = link_in(answer.json()["choices"][0]["message"]["content"])
            assert size_of((await gateway.fetch(link)).content) == (2752, 1536)
            assert (gateway.calls("upscale"), gateway.calls("image")) == (2, 1)


async def the_original_is_offered(gateway: TestedGateway) -> None:
    """Ask for 2k: it fails, and says where the picture as it was made can be had."""
    answer = await gateway.chat(size="2k")
    error = error_of(answer)
    assert (answer.status_code, error["code"]) == (502, "upscale_failed")
    job = await gateway.job()
    assert job.error is not None
    [name] = job.error.originals
    assert f"{gateway.url}/media/{name}" in error["message"]
    assert size_of((await gateway.fetch(f"/media/{name}")).content) == (1376, 768)

import pytest
from msgspec.structs import replace

from flow2api.domain.account import Account, AccountState, Standing
from flow2api.domain.alerts import LOW_CREDITS, alerts_of
from flow2api.domain.schedule import Run, ScheduleView

GOOD = Account(id="a", provider="flow", label="Ada", credits=10 * LOW_CREDITS)
DEAD = Account(
    id="b", provider="flow", label="Bob", standing=Standing(state=AccountState.NEEDS_LOGIN, detail="ended", since=5.0)
)
RESTING = Account(id="c", provider="flow", label="Eve", standing=Standing(state=AccountState.RESTING, since=7.0))
EMPTY = replace(RESTING, standing=Standing(state=AccountState.EXHAUSTED, code="balance_empty", since=7.0))
BACKUP = ScheduleView(
    name="backup", purpose="", interval_seconds=1, default_seconds=1, jitter=0, aligned=False, last=Run(started_at=3.0)
)
FAILED = replace(BACKUP, last=Run(started_at=3.0, error="the disk is full"))


@pytest.mark.parametrize(
    ("accounts", "schedules", "parked", "expected"),
    [
        ([], [], {}, set()),
        ([GOOD], [BACKUP], {}, set()),
        ([GOOD, DEAD], [], {}, {"account_needs_login:b"}),
        ([DEAD], [], {}, {"account_needs_login:b", "no_account"}),
        ([GOOD, EMPTY], [], {}, {"balance_empty:c"}),
        ([RESTING], [], {}, {"no_account"}),
        ([replace(GOOD, credits=LOW_CREDITS - 1)], [], {}, {"credits_low"}),
        ([replace(GOOD, credits=None)], [], {}, set()),
        ([GOOD], [FAILED], {}, {"backup_failed"}),
        ([GOOD], [replace(FAILED, name="credits")], {}, set()),
        ([GOOD], [], {"captcha browser": "no browser"}, {"part_failed:captcha browser"}),
    ],
)
def test_a_person_is_called_for_what_only_a_person_can_mend(
    accounts: list[Account], schedules: list[ScheduleView], parked: dict[str, str], expected: set[str]
) -> None:
    found = alerts_of(accounts, schedules, parked, 9.0)
    assert set(found) == expected
    assert all(alert.id == id_ and alert.title and alert.since <= 9.0 for id_, alert in found.items())

"""What wants a person, decided from how everything stands. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from flow2api.domain import balance
from flow2api.domain.account import Account, AccountState
from flow2api.domain.overview import Alert
from flow2api.domain.schedule import ScheduleView

# About one clip of the dearest kind.
LOW_CREDITS = 100
BACKUP = "backup"


def alerts_of(
    accounts: Sequence[Account], schedules: Iterable[ScheduleView], parked: Mapping[str, str], now: float
) -> dict[str, Alert]:
    """Every alert by its id. `parked`: names of parts that rest after repeated crashes, with the reason."""
    found = [*_of_accounts(accounts, now), *_of_schedules(schedules), *_of_parts(parked, now)]
    return {alert.id: alert for alert in found}


def _of_accounts(accounts: Sequence[Account], now: float) -> Iterator[Alert]:
    for account in accounts:
        standing = account.standing
        if standing.state is AccountState.NEEDS_LOGIN:
            yield Alert(
                id=f"account_needs_login:{account.id}",
                kind="account_needs_login",
                subject=account.id,
                title=f"{account.label} needs a new login",
                # The title says already what is needed; after the colon stands why.
                detail=standing.detail.partition(": ")[2] or standing.detail,
                since=standing.since,
            )
        elif balance.is_empty(standing):
            yield Alert(
                id=f"balance_empty:{account.id}",
                kind="balance_empty",
                subject=account.id,
                title=f"{account.label} has no balance left",
                detail="Top it up at the service, then refresh the account here.",
                since=standing.since,
            )
    active = [account for account in accounts if account.standing.state is AccountState.ACTIVE]
    if accounts and not active:
        yield Alert(
            id="no_account",
            kind="no_account",
            subject="accounts",
            title="No account can work",
            detail=f"All {len(accounts)} accounts rest, are disabled, used up or need a login.",
            since=max(account.standing.since for account in accounts),
        )
    known = [account.credits for account in active if account.credits is not None]
    if known and sum(known) < LOW_CREDITS:
        yield Alert(
            id="credits_low",
            kind="credits_low",
            subject="accounts",
            title="Credits run low",
            detail=f"{sum(known)} credits are left on all active accounts together.",
            since=now,
        )


def _of_schedules(schedules: Iterable[ScheduleView]) -> Iterator[Alert]:
    for view in schedules:
        if view.name == BACKUP and view.last is not None and view.last.error is not None:
            yield Alert(
                id="backup_failed",
                kind="backup_failed",
                subject=view.name,
                title="The last backup failed",
                detail=view.last.error,
                since=view.last.started_at,
            )


def _of_parts(parked: Mapping[str, str], now: float) -> Iterator[Alert]:
    for name, reason in parked.items():
        yield Alert(
            id=f"part_failed:{name}",
            kind="part_failed",
            subject=name,
            title=f"{name} rests after repeated crashes",
            detail=reason,
            since=now,
        )

"""Verbs for what jobs count against the budgets of their callers: a sum over the stored jobs, and over those that were removed.

Whoever removes jobs calls `keep` for them in the same transaction, so that no credit is forgotten or counted twice.
"""

from collections import Counter

from flow2api.domain.charge import DAY_SECONDS, Spending
from flow2api.store.database import Database, Parameters

# Of the time of admission; times are never negative, so that cutting off is rounding down.
_DAY = f"CAST(created_at / {DAY_SECONDS} AS INTEGER)"

# In place of a day: all that were folded.
_LONG_AGO = -1
_ADD = "ON CONFLICT (caller, day) DO UPDATE SET credits = charges.credits + excluded.credits"


def spent(db: Database, today: int) -> dict[str, Spending]:
    """What each caller has spent and reserved; `today` as `domain.charge.day_of` counts."""
    stored = f"SELECT caller, {_DAY} AS day, SUM(charge) FROM jobs WHERE charge > 0 GROUP BY caller, day"
    kept = "SELECT caller, day, credits FROM charges"
    totals: Counter[str] = Counter()
    todays: Counter[str] = Counter()
    for caller, day, credits in db.rows(f"{stored} UNION ALL {kept}"):
        totals[caller] += credits
        todays[caller] += credits if day == today else 0
    return {caller: Spending(todays[caller], total) for caller, total in totals.items()}


def keep(db: Database, chosen: str, parameters: Parameters) -> None:
    """Go on counting the jobs that the query `chosen` gives the ids of, which are about to be removed."""
    rows = db.rows(f"SELECT caller, {_DAY}, charge FROM jobs WHERE charge > 0 AND id IN ({chosen})", parameters)
    db.execute_many(f"INSERT INTO charges (caller, day, credits) VALUES (?, ?, ?) {_ADD}", rows)


def fold(db: Database, before: int) -> None:
    """Keep one sum for each caller of all days before that one: there is no question about a single one of them any more."""
    over = "FROM charges WHERE day >= 0 AND day < ?"
    db.execute(
        "INSERT INTO charges (caller, day, credits) "
        f"SELECT caller, {_LONG_AGO}, SUM(credits) {over} GROUP BY caller {_ADD}",
        (before,),
    )
    db.execute(f"DELETE {over}", (before,))

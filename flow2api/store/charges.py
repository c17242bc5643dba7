"""Verbs for what jobs count against the budgets of their callers: a sum over the stored jobs, and over those that were removed.

Whoever removes jobs calls `keep` for them in the same transaction, so that no credit is forgotten or counted twice.
"""

from collections import Counter

from flow2api.domain.charge import DAY_SECONDS, Spending
from flow2api.store.database import Database, Parameters

# Of the time of admission; times are never negative, so that cutting off is rounding down.
_DAY = f"CAST(created_at / {DAY_SECONDS} AS INTEGER)"


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
    add = (
        "INSERT INTO charges (caller, day, credits) VALUES (?, ?, ?) "
        "ON CONFLICT (caller, day) DO UPDATE SET credits = charges.credits + excluded.credits"
    )
    db.execute_many(add, rows)

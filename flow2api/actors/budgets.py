"""What each caller has under way and has spent, and whether it may have one job more. Owned by the jobs actor; never waits.

The stored jobs are the truth: it is read from them at the start of each life of the actor, and followed in memory from there.
"""

from collections import Counter
from collections.abc import Callable, Mapping

from flow2api.domain.charge import DAY_SECONDS, Spending, charge, day_of, reserve
from flow2api.domain.job import Generation, Job
from flow2api.domain.key import Limits
from flow2api.errors import Code, Failure

# A clock that is mended is mended by less.
DAYS_KEPT = 1


class Budgets:
    """The books of one life of the jobs actor. `limits` are those of a caller now."""

    def __init__(self, limits: Callable[[str], Limits], now: Callable[[], float]) -> None:
        self._limits = limits
        self._now = now
        self._total: Counter[str] = Counter()
        self._by_day: dict[int, Counter[str]] = {}
        """What each caller counts on the newest days; several, since a clock may be set back over midnight and on again."""
        self._live: Counter[str] = Counter()
        self._held: dict[str, int] = {}
        """What each live job counts, by its id."""

    def load(self, spent: Mapping[str, Spending]) -> None:
        """Begin with what the stored jobs of each caller count, those that still live included."""
        today = self._on(day_of(self._now()))
        for caller, spending in spent.items():
            self._total[caller], today[caller] = spending.total, spending.today

    def spent(self) -> dict[str, Spending]:
        """What each caller has spent and reserved."""
        today = self._on(day_of(self._now()))
        return {caller: Spending(today[caller], total) for caller, total in self._total.items()}

    def refusal(self, caller: str, generation: Generation) -> Failure | None:
        """Why a caller may not have this job now; None when it may."""
        limits, cost, day = self._limits(caller), reserve(generation), day_of(self._now())
        today = self._on(day)[caller]
        if limits.concurrent_jobs is not None and self._live[caller] >= limits.concurrent_jobs:
            return _too_many(limits.concurrent_jobs)
        if limits.total_credits is not None and self._total[caller] + cost > limits.total_credits:
            return _over_total(limits.total_credits, self._total[caller], cost)
        if limits.daily_credits is not None and today + cost > limits.daily_credits:
            wait = None if cost > limits.daily_credits else (day + 1) * DAY_SECONDS - self._now()
            return _over_today(limits.daily_credits, today, cost, wait)
        return None

    def admit(self, job: Job) -> None:
        """Reserve what a new job may cost."""
        self._count(job, reserve(job.generation))
        self.resume(job)

    def resume(self, job: Job) -> None:
        """Take on a stored job that lives; what it counts is in the books already."""
        self._live[job.caller] += 1
        self._held[job.id] = charge(job)

    def end(self, job: Job, counted: int) -> None:
        """A job lives no more and counts so much from now on."""
        self._live[job.caller] -= 1
        self._count(job, counted - self._held.pop(job.id))

    def _count(self, job: Job, credits: int) -> None:
        self._on(day_of(self._now()))
        self._total[job.caller] += credits
        day = day_of(job.created_at)
        if day in self._by_day:
            self._by_day[day][job.caller] += credits

    def _on(self, day: int) -> Counter[str]:
        """The books of the present day. Those of days that are over for long are forgotten."""
        if day not in self._by_day:
            self._by_day = {one: counts for one, counts in self._by_day.items() if abs(one - day) <= DAYS_KEPT}
        return self._by_day.setdefault(day, Counter())


def _too_many(limit: int) -> Failure:
    jobs = "one job" if limit == 1 else f"{limit} jobs"
    message = f"This API key may have {jobs} under way at a time. Try again when one has ended."
    return Failure(Code.RATE_LIMIT_EXCEEDED, message)


def _over_total(limit: int, spent: int, cost: int) -> Failure:
    message = (
        f"The budget of this API key is {limit} credits, of which {max(0, limit - spent)} are left, and this costs {cost}. "
        "Ask the operator of the gateway for more."
    )
    return Failure(Code.INSUFFICIENT_QUOTA, message)


def _over_today(limit: int, spent: int, cost: int, wait: float | None) -> Failure:
    advice = "It starts anew at midnight UTC." if wait is not None else "Ask for something that costs less."
    message = (
        f"This API key may spend {limit} credits a day, of which {max(0, limit - spent)} are left today, and this costs {cost}. "
        + advice
    )
    return Failure(Code.INSUFFICIENT_QUOTA, message, retry_after_seconds=wait)

"""Whatever becomes of jobs, and however often the gateway is killed: the books equal the table, and no budget is exceeded."""

from collections.abc import Sequence

import trio
import trio.testing
from hypothesis import given, settings
from hypothesis import strategies as st

from flow2api.actors.jobs import CountSpending, WaitIdle
from flow2api.domain.charge import Spending, day_of
from flow2api.domain.failure import FailureKind
from flow2api.domain.key import Limits
from flow2api.errors import Failure
from flow2api.store import charges, jobs
from flow2api.store.door import open_inline_store
from tests.doubles.provider import FakeProvider, upstream
from tests.doubles.world import World, generation, now, open_world

BUDGET = 40
FATES = (None, FailureKind.CONTENT_REFUSED, FailureKind.OUTCOME_UNKNOWN, FailureKind.THROTTLED, FailureKind.UNREACHABLE)
SUBMIT = st.tuples(st.sampled_from(["image", "video"]), st.integers(0, 15), st.sampled_from(FATES))
STEP = st.one_of(
    SUBMIT, SUBMIT, st.sampled_from(["let them end", "prune", "pass an hour"]), st.sampled_from(["kill", "stop"])
)


async def check(world: World) -> None:
    books = (await world.jobs.ask(CountSpending())).get("key", Spending())
    table = (await world.store.read(charges.spent, day_of(now()))).get("key", Spending())
    assert books.today <= books.total <= BUDGET
    # The table knows the price for the account that took a job, the books what the dearest would have cost.
    assert table.total <= books.total


async def take(world: World, step: object) -> None:
    match step:
        case (str(kind), int(credits), fate):
            if isinstance(fate, FailureKind):
                world.script.add("begin", upstream(fate))
            try:
                await world.submit(generation(kind=kind, credits=credits))
            except Failure:
                return
        case "let them end":
            await world.jobs.ask(WaitIdle())
        case "prune":
            await world.store.write(jobs.prune, now() + 1, 3)
        case "pass an hour":
            await trio.sleep(3600)


async def live_through(steps: Sequence[object]) -> None:
    provider = FakeProvider()
    left = list(steps)
    async with open_inline_store() as store:
        while True:
            async with open_world(store, provider) as world:
                world.limits["key"] = Limits(total_credits=BUDGET)
                if not await world.views():
                    for name in ("ann", "bob"):
                        await world.add_account(name)
                await check(world)
                while left and left[0] not in ("kill", "stop"):
                    await take(world, left.pop(0))
                    await check(world)
                if not left:
                    await world.jobs.ask(WaitIdle())
                    books = (await world.jobs.ask(CountSpending())).get("key", Spending())
                    assert (await store.read(charges.spent, day_of(now()))).get("key", Spending()) == books
                    return
                if left.pop(0) == "kill":
                    world.kill()


# Each example is a whole gateway, several times over.
@settings(max_examples=30)
@given(st.lists(STEP, max_size=12))
def test_the_books_of_budgets_equal_the_table_through_failures_and_restarts(steps: list[object]) -> None:
    trio.run(live_through, steps, clock=trio.testing.MockClock(autojump_threshold=0))

"""Whether the gateway works, in one small answer without a key: for load balancers, containers and people."""

import time
from collections import Counter
from collections.abc import Mapping

import msgspec
import trio
from quart_trio.wrappers import TrioResponse

from flow2api import __version__
from flow2api.actors.accounts_messages import ListAccounts
from flow2api.actors.jobs import Count
from flow2api.api import wire
from flow2api.api.described import described
from flow2api.api.exchange import GatewayRequest
from flow2api.api.routing import Application
from flow2api.api.services import Services
from flow2api.domain.account import AccountState
from flow2api.kit.errors import ActorError

# A check that hangs is worse than one that says no.
PATIENCE_SECONDS = 2.0


class Health(msgspec.Struct, frozen=True):
    """The answer. Counts are null when the part that knows them does not answer."""

    status: str
    """`ok`; `degraded`: no account can work now, or a part does not answer; `draining`: about to stop."""
    version: str
    uptime_seconds: int
    jobs: Mapping[str, int] | None
    accounts: Mapping[str, int] | None


def register(app: Application, services: Services) -> None:
    """Add `/health`."""

    @described("Whether the gateway works", Health, answers={503: Health})
    async def health(_: GatewayRequest) -> TrioResponse:
        found = await look(services)
        status = 503 if found.status == "draining" else 200
        return wire.answer(found, status, {"Cache-Control": "no-store"})

    app.route_to("GET", "/health", health)


async def look(services: Services) -> Health:
    """How the gateway is, as far as its parts answer in time."""
    jobs: Mapping[str, int] | None = None
    accounts: Mapping[str, int] | None = None
    with trio.move_on_after(PATIENCE_SECONDS):
        try:
            jobs = (await services.jobs.ask_again(Count())).by_state
            views = await services.accounts.ask_again(ListAccounts())
            accounts = Counter(view.account.standing.state.value for view in views)
        except ActorError:
            pass  # told by the counts that are missing
    return Health(
        status=_status(services.draining.is_set(), jobs, accounts),
        version=__version__,
        uptime_seconds=max(0, int(time.time() - services.started_at)),
        jobs=jobs,
        accounts=accounts,
    )


def _status(draining: bool, jobs: Mapping[str, int] | None, accounts: Mapping[str, int] | None) -> str:
    if draining:
        return "draining"
    if jobs is None or not (accounts or {}).get(AccountState.ACTIVE.value):
        return "degraded"
    return "ok"

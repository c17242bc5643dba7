"""The topic `accounts`: every account; what is in flight, its credits and its counts are numbers."""

from typing import ClassVar

from msgspec.structs import replace

from flow2api.actors.accounts_messages import ListAccounts
from flow2api.api.live.coalesce import GONE, Mark
from flow2api.api.live.protocol import AccountsState
from flow2api.api.live.source import Source
from flow2api.api.services import Services
from flow2api.domain.account import Counts
from flow2api.domain.events import AccountChanged, AccountRemoved

_NONE = Counts()


class AccountsSource(Source):
    heard: ClassVar[tuple[type, ...]] = (AccountChanged, AccountRemoved)

    def __init__(self, services: Services) -> None:
        self._ask = services.accounts.ask

    def mark(self, event: object) -> Mark | None:
        match event:
            case AccountChanged(view=view):
                # Compared as a whole but for what runs, so that a field that is added later counts as state.
                state = replace(view.account, credits=None, counts=_NONE, last_used_at=None, login_expires_at=None)
                return Mark(view.account.id, (state, view.signed_in))
            case AccountRemoved():
                return Mark(event.account_id, GONE)
        return None

    async def snapshot(self) -> AccountsState:
        return AccountsState(await self._ask(ListAccounts()))

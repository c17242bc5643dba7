"""What is known of all accounts right now, and who holds a slot on which.

A plain object that everybody in the tree may read without waiting, with one writer for each part: an account's entry is
replaced whole by that account's actor, the leases belong to the dispatcher. So the choice of an account is one synchronous
function over a picture that cannot change under it.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Literal, NamedTuple

import msgspec

from flow2api.actors.account_messages import AccountMessage
from flow2api.domain.account import Account, AccountView
from flow2api.kit.mailbox import Ref

WorkKind = Literal["image", "video"]


class Entry(NamedTuple):
    """One account that can be asked."""

    account: Account
    signed_in: bool
    ref: Ref[AccountMessage]


class Roster:
    """Accounts by id, and the number of leases held on each by kind of work."""

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}
        self._parked: dict[str, tuple[Account, str]] = {}
        self._leases: Counter[tuple[str, WorkKind]] = Counter()
        self._reserved: Counter[str] = Counter()

    def put(self, entry: Entry) -> None:
        """The account's newest picture. Only its own actor calls this."""
        self._parked.pop(entry.account.id, None)
        self._entries[entry.account.id] = entry

    def park(self, account: Account, reason: str) -> None:
        """Its actor cannot be asked until it is started again: it is shown, but there is no entry to choose."""
        self._entries.pop(account.id, None)
        self._parked[account.id] = (account, reason)

    def remove(self, account_id: str) -> None:
        self._entries.pop(account_id, None)
        self._parked.pop(account_id, None)

    def is_parked(self, account_id: str) -> bool:
        return account_id in self._parked

    def accounts(self) -> list[Account]:
        """All accounts, those whose actor is parked among them."""
        return [
            *(entry.account for entry in self._entries.values()),
            *(account for account, _ in self._parked.values()),
        ]

    def entries(self) -> Iterable[Entry]:
        return self._entries.values()

    def get(self, account_id: str) -> Entry | None:
        return self._entries.get(account_id)

    def account(self, account_id: str) -> Account | None:
        """The account of that id, also if its actor is parked."""
        entry = self._entries.get(account_id)
        if entry is not None:
            return entry.account
        return self._parked[account_id][0] if account_id in self._parked else None

    def in_flight(self, account_id: str, kind: WorkKind) -> int:
        return self._leases[account_id, kind]

    def take(self, account_id: str, kind: WorkKind, credits: int) -> None:
        """Count a lease and reserve what its work will cost. Only the dispatcher calls this and the three that undo it."""
        self._leases[account_id, kind] += 1
        self._reserved[account_id] += credits

    def release(self, account_id: str, credits: int) -> None:
        self._reserved[account_id] -= credits

    def give_back(self, account_id: str, kind: WorkKind) -> None:
        self._leases[account_id, kind] -= 1

    def reserved(self, account_id: str) -> int:
        """Credits that are spoken for by work that is not accepted yet."""
        return self._reserved[account_id]

    def free_slots(self, account: Account, kind: WorkKind) -> int:
        """Slots of an account that nobody holds; never negative, also when its limit was just lowered."""
        limit = account.image_concurrency if kind == "image" else account.video_concurrency
        return max(0, limit - self._leases[account.id, kind])

    def view(self, account_id: str) -> AccountView:
        """The account as the outside sees it.

        Raises:
            KeyError: there is no such account.
        """
        if account_id in self._parked:
            account, reason = self._parked[account_id]
            return AccountView(account=account, parked=reason)
        entry = self._entries[account_id]
        return AccountView(
            account=entry.account,
            images_in_flight=self._leases[account_id, "image"],
            videos_in_flight=self._leases[account_id, "video"],
            signed_in=entry.signed_in,
        )

    def statistics(self) -> "RosterStatistics":
        return RosterStatistics(accounts=len(self._entries), leases=self._leases.total())


class RosterStatistics(msgspec.Struct, frozen=True):
    """How many accounts can be asked and how many leases are out."""

    accounts: int
    leases: int

"""What the set of accounts understands."""

import msgspec

from flow2api.actors.account_messages import Change
from flow2api.domain.account import AccountView
from flow2api.kit.mailbox import Ask


class ListAccounts(Ask[list[AccountView]], frozen=True):
    """All accounts, oldest first."""


class AddAccount(Ask[AccountView], frozen=True, kw_only=True):
    """Add an account by a pasted credential, or renew the one with the same e-mail or the same key.

    Signs in before it answers. A `Failure` says why it could not be added; nothing is stored then.
    """

    provider: str
    """Empty for the first of all."""
    credential: str
    base_url: str | None = None
    label: str = ""
    note: str = ""
    group: str = ""
    image_concurrency: int | None = None
    video_concurrency: int | None = None
    enabled: bool = True

    def __repr__(self) -> str:
        return f"AddAccount({self.provider!r}, label={self.label!r})"


class AccountExport(msgspec.Struct, frozen=True, kw_only=True):
    """One account with its credential, for moving to another instance. Secret."""

    provider: str
    credential: str
    base_url: str | None = None
    label: str = ""
    note: str = ""
    group: str = ""
    image_concurrency: int = 2
    video_concurrency: int = 2
    enabled: bool = True


class ExportAccounts(Ask[list[AccountExport]], frozen=True):
    """All accounts with their credentials."""


class RemoveAccount(Ask[None], frozen=True):
    """Take an account out; `Failure` not_found if there is none."""

    account_id: str


class SetEnabled(Ask[AccountView], frozen=True):
    """Enable (which also clears rests and errors) or disable an account by hand."""

    account_id: str
    enabled: bool


class RestAccount(Ask[AccountView], frozen=True):
    """Leave an account alone until then; `Failure` conflict when it is not at work anyway."""

    account_id: str
    until: float


class WakeAccount(Ask[AccountView], frozen=True):
    """End all rests of an account; `Failure` conflict when something else is in the way."""

    account_id: str


class StartAccount(Ask[AccountView], frozen=True):
    """Start the worker of an account anew, be it parked or not; it may park again at once."""

    account_id: str


class RefreshAccount(Ask[AccountView], frozen=True):
    """Sign in anew and read credits and tier now. Never disables the account."""

    account_id: str


class RenewAccount(Ask[AccountView], frozen=True):
    """Go on with the session that the operator's browser holds for the account; see `Renew` of the account."""

    account_id: str


class ReplaceCredential(Ask[AccountView], frozen=True):
    """Give an account a new credential of the same person; puts it back into service. Another person's is refused."""

    account_id: str
    credential: str

    def __repr__(self) -> str:
        return f"ReplaceCredential({self.account_id!r})"


class ChangeAccount(Ask[AccountView], frozen=True):
    """Change what an operator may set."""

    account_id: str
    change: Change


AccountsMessage = (
    ListAccounts
    | AddAccount
    | ExportAccounts
    | RemoveAccount
    | SetEnabled
    | RestAccount
    | WakeAccount
    | StartAccount
    | RefreshAccount
    | RenewAccount
    | ReplaceCredential
    | ChangeAccount
)

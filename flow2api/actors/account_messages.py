"""What one account's actor understands."""

from collections.abc import Callable
from pathlib import Path

import msgspec

from flow2api.domain import rest
from flow2api.domain.account import Account, AccountView
from flow2api.domain.job import Generation, Made, Source
from flow2api.errors import Code, Failure
from flow2api.kit.mailbox import Ask
from flow2api.providers.base import Begun, Check, Order, Prepared


class Prepare(Ask[Prepared], frozen=True):
    """Do all that is free: a good login, uploads, a project. `UpstreamFailure` says what was in the way."""

    order: Order


class Begin(Ask[Begun], frozen=True):
    """Take a captcha token and make the paid call. The account draws its own consequences from a failure."""

    prepared: Prepared


class Enlarge(Ask[bytes], frozen=True):
    """Fetch the enlarged form of a picture that this account made; free of charge."""

    job_id: str
    generation: Generation
    made: Made


class Follow(Ask[list[Check]], frozen=True):
    """Wait until the upstream has ended its work on all of these, well or not; one call asks for all that the account follows."""

    job_id: str
    generation: Generation
    made: tuple[Made, ...]
    tell: Callable[[Check], object] = lambda check: None
    """Called with each look at one that is unfinished; must not wait."""


class Upsample(Ask[Begun], frozen=True):
    """Take a captcha token and order the enlargement of a finished clip, which is paid."""

    job_id: str
    generation: Generation
    made: Made


class Locate(Ask[Made], frozen=True):
    """A finished result with a link that can be fetched without credentials."""

    made: Made


class FetchClip(Ask[None], frozen=True):
    """Write a finished clip's bytes to a file; slower than a link."""

    made: Made
    path: Path


class Join(Ask[Made], frozen=True):
    """Begin to make one clip of a source and its continuation; free of charge."""

    source: Source
    extension: Made


class CheckJoin(Ask[Check], frozen=True):
    """How a joined clip stands; when it comes as bytes they are written to the file."""

    made: Made
    path: Path


class Stop(Ask[None], frozen=True):
    """Ask the upstream to give up unfinished clips."""

    made: tuple[Made, ...]


class Look(Ask[AccountView], frozen=True):
    """The account as it is."""


class Refresh(Ask[AccountView], frozen=True):
    """Sign in anew, read credits and tier. A failure is told and recorded but never disables the account."""


class KeepFresh(Ask[bool], frozen=True):
    """Sign in anew if the login ends within that time; answers whether it did.

    A failure is told and recorded but never disables the account; after one it is left alone for a while, each time longer.
    """

    ahead_seconds: float


class Observe(Ask[AccountView], frozen=True):
    """Read credits and tier. A failure is told and recorded but never disables the account."""


class Revive(Ask[bool], frozen=True):
    """End the rests whose time is over; answers whether there were any."""


class RollDay(Ask[bool], frozen=True):
    """Begin the counts of the day anew if the UTC day has changed; answers whether it had."""


class ByHand(Ask[AccountView], frozen=True):
    """An operator's change of the record."""

    def of(self, account: Account, now: float) -> Account:
        """The account after it. `Failure` conflict when that makes no sense as it stands."""
        raise NotImplementedError


class Enable(ByHand, frozen=True):
    """Take the account back into service by hand; clears rests and errors."""

    def of(self, account: Account, now: float) -> Account:
        return rest.enabled_by_hand(account, now)


class Disable(ByHand, frozen=True):
    """Take the account out of service by hand."""

    def of(self, account: Account, now: float) -> Account:
        return rest.disabled_by_hand(account, now)


class Rest(ByHand, frozen=True):
    """Leave the account alone until a time, by hand. What is under way goes on."""

    until: float

    def of(self, account: Account, now: float) -> Account:
        if not rest.can_rest(account):
            raise Failure(
                Code.CONFLICT, f"{account.label} is not at work, so it cannot rest: it {account.standing.detail}."
            )
        return rest.resting_by_hand(account, self.until, now)


class Wake(ByHand, frozen=True):
    """End all rests of the account, whoever began them."""

    def of(self, account: Account, now: float) -> Account:
        if not rest.can_rest(account):
            raise Failure(Code.CONFLICT, f"{account.label} does not just rest: it {account.standing.detail}.")
        return rest.enabled_by_hand(account, now)


class Renew(Ask[AccountView], frozen=True):
    """Go on with the session that the operator's browser holds, if it is another one of the same person.

    `SameSession` when it is not, `Failure` when the browser is signed out or cannot be looked into, `UpstreamFailure` when the session
    is refused. The account's standing changes only for the better: it no longer needs a login.
    """


class Change(ByHand, frozen=True, kw_only=True):
    """Change what an operator may set; None leaves a field."""

    label: str | None = None
    note: str | None = None
    image_concurrency: int | None = None
    video_concurrency: int | None = None
    images_on: bool | None = None
    videos_on: bool | None = None
    group: str | None = None

    def of(self, account: Account, now: float) -> Account:
        fields = {name: value for name, value in msgspec.structs.asdict(self).items() if value is not None}
        return msgspec.structs.replace(account, **fields)


class ReplaceVault(Ask[AccountView], frozen=True):
    """A new credential of the same person; puts the account back into service.

    One that does not sign in, or is another person's (`UpstreamFailure` wrong_account), is refused and changes nothing.
    """

    vault: bytes


AccountMessage = (
    Prepare
    | Begin
    | Enlarge
    | Follow
    | Upsample
    | Locate
    | FetchClip
    | Join
    | CheckJoin
    | Stop
    | Look
    | Refresh
    | KeepFresh
    | Observe
    | Revive
    | RollDay
    | Renew
    | Enable
    | Disable
    | Rest
    | Wake
    | Change
    | ReplaceVault
)

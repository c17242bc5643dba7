"""Faults as data: what goes wrong, at which call, how often, and for whom.

`Faults` only keeps and hands out; `strike` carries them out. A fault is either put in the place of the call (`Stall`, `Reset`,
`Status`, `NotJson`, `LoginExpired`) or done upon its true answer (`Delay`, `Truncated`, `CloseAfter`, `SlowBody`, `EmptyList`,
`StatusWord`).
"""

import re
from collections.abc import Collection

import msgspec

HANG_SECONDS = 3600.0


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag=_snake):
    """Anything that can go wrong; its JSON form names the kind in `type`, such as `{"type": "stall", "seconds": 30}`."""


class InPlace(Fault, frozen=True, kw_only=True):
    """A fault in the place of the call.

    `carried_out` True: the service does what was asked (and counts it as accepted), and only the answer is lost.
    """

    carried_out: bool = False


class Stall(InPlace, frozen=True):
    """Nothing is answered for so long, then the connection is broken."""

    seconds: float = HANG_SECONDS


class Reset(InPlace, frozen=True):
    """The connection is broken without an answer."""


class Status(InPlace, frozen=True):
    """An error answer in the service's own form."""

    status: int
    reason: str | None = None
    message: str = "Emulated fault."
    retry_after: float | None = None


class NotJson(InPlace, frozen=True):
    """A page of HTML where JSON is due."""

    status: int = 200


class LoginExpired(Fault, frozen=True):
    """The credential of the call stops working, now and for later calls, until it is renewed."""


class Delay(Fault, frozen=True):
    """The true answer, but late."""

    seconds: float


class Truncated(Fault, frozen=True):
    """The announced length is that of the whole answer, but half of it comes before the connection is broken."""


class CloseAfter(Fault, frozen=True):
    """The connection is broken after so many bytes of the body."""

    body_bytes: int


class SlowBody(Fault, frozen=True):
    """The body trickles."""

    bytes_per_second: float


class EmptyList(Fault, frozen=True):
    """The true answer with every list in it emptied."""


class StatusWord(Fault, frozen=True):
    """The true answer with every generation status in it changed to the prefix and `word`; None: without any status."""

    word: str | None


AnyFault = (
    Stall | Reset | Status | NotJson | LoginExpired | Delay | Truncated | CloseAfter | SlowBody | EmptyList | StatusWord
)


class Planned(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A fault that waits for its call. `times` None: for ever. `account` (an e-mail) None: whoever calls."""

    call: str
    fault: AnyFault
    times: int | None = 1
    account: str | None = None


class Faults:
    """The plan of faults. For one call the first that fits strikes; the next one waits for the next call.

    `calls` are the names that exist, so that a fault which could never strike is noticed when it is planned.
    """

    def __init__(self, calls: Collection[str]) -> None:
        self._calls = calls
        self._planned: list[Planned] = []

    @property
    def planned(self) -> tuple[Planned, ...]:
        return tuple(self._planned)

    def next(self, call: str, fault: AnyFault, *, times: int = 1, account: str | None = None) -> None:
        """Let the next `times` answers to `call` go wrong."""
        self.plan(Planned(call=call, fault=fault, times=times, account=account))

    def always(self, call: str, fault: AnyFault, *, account: str | None = None) -> None:
        """Let every answer to `call` go wrong until `clear`."""
        self.plan(Planned(call=call, fault=fault, times=None, account=account))

    def plan(self, planned: Planned) -> None:
        """Add to the plan.

        Raises:
            ValueError: there is no such call.
        """
        if planned.call not in self._calls:
            raise ValueError(f"there is no call {planned.call!r}, only {', '.join(sorted(self._calls))}")
        self._planned.append(planned)

    def clear(self, call: str | None = None) -> None:
        """Forget the plan, or the part of it that concerns `call`."""
        self._planned = [one for one in self._planned if call is not None and one.call != call]

    def take(self, call: str, account: str) -> AnyFault | None:
        """The fault that strikes this call, used up once."""
        for planned in self._planned:
            if planned.call == call and planned.account in {None, account}:
                self._use_up(planned)
                return planned.fault
        return None

    def _use_up(self, planned: Planned) -> None:
        if planned.times is None:
            return
        planned.times -= 1
        if planned.times <= 0:
            self._planned.remove(planned)

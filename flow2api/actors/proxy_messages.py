"""What the pool of proxies understands, and how uses of exits become reports to it."""

from collections.abc import Callable, Mapping

import msgspec

from flow2api.domain.proxy import ExitFault, ProxyHome, ProxyView, Role
from flow2api.errors import (
    ConnectionBroken,
    NetworkFault,
    ProxyRefused,
    ResponseUnreadable,
    TimedOut,
    TlsRefused,
    Unreachable,
)
from flow2api.kit.mailbox import Ask, Ref
from flow2api.net.exits import ExitUse


class ListProxies(Ask[list[ProxyView]], frozen=True):
    """All proxies, oldest first."""


class LineError(msgspec.Struct, frozen=True):
    """Why a line (counted from 1) was not taken; quotes nothing of it."""

    line: int
    message: str


class AddedProxies(msgspec.Struct, frozen=True, kw_only=True):
    """What became of pasted lines."""

    added: list[ProxyView]
    known: int
    """Lines that name a proxy which is there already."""
    errors: list[LineError]


class AddProxies(Ask[AddedProxies], frozen=True, kw_only=True):
    """Add proxies, one a line in any of the usual notations; empty lines and those that begin with # are passed over.

    Lines that can be used are taken whatever the others are. They are kept over restarts.
    """

    text: str
    role: Role = "requests"

    def __repr__(self) -> str:
        return f"AddProxies(<{len(self.text)} characters>, role={self.role!r})"


class RemoveProxy(Ask[None], frozen=True):
    """Take a proxy out. `Failure` not_found, or conflict for one of the settings file, which would be back after a restart."""

    proxy_id: str


class SetProxyEnabled(Ask[ProxyView], frozen=True):
    """Enable (which also ends a rest) or disable a proxy by hand; `Failure` not_found."""

    proxy_id: str
    enabled: bool


class ProxyTest(msgspec.Struct, frozen=True, kw_only=True):
    """How a test went."""

    ok: bool
    seconds: float
    error: str = ""


class TestProxy(Ask[ProxyTest], frozen=True):
    """Check a proxy now, disabled ones too; a good test ends its rest, a bad one counts. `Failure` not_found."""

    # Pytest would take it for a test by its name.
    __test__ = False

    proxy_id: str


class MoveAccount(Ask[None], frozen=True):
    """Fix an account to this proxy: others stand in while it does not work. None lets the pool choose again.

    `Failure` not_found, or invalid_value for one that is disabled or does not carry requests."""

    account_id: str
    proxy_id: str | None


class ListHomes(Ask[Mapping[str, ProxyHome]], frozen=True):
    """Where each account stays, by its id."""


class ReportExit(msgspec.Struct, frozen=True, kw_only=True):
    """A call went out through a proxy, or was to. May be dropped when there are too many: the next one tells the same."""

    url_key: str
    """`Exit.key`."""
    seconds: float
    fault: ExitFault | None = None
    detail: str = ""


ProxiesMessage = (
    ListProxies | AddProxies | RemoveProxy | SetProxyEnabled | TestProxy | ReportExit | MoveAccount | ListHomes
)

_FAULTS: dict[type[NetworkFault], ExitFault] = {
    ProxyRefused: ExitFault.REFUSED,
    Unreachable: ExitFault.UNREACHABLE,
    TlsRefused: ExitFault.TLS,
    ConnectionBroken: ExitFault.BROKEN,
    ResponseUnreadable: ExitFault.BROKEN,
    TimedOut: ExitFault.TIMED_OUT,
}


def exit_fault(fault: NetworkFault | None) -> ExitFault | None:
    """What a fault says about the exit; None when it says nothing against it, such as for an answer that was too large."""
    return None if fault is None else _FAULTS.get(type(fault))


def reporting_to(proxies: Ref[ProxiesMessage]) -> Callable[[ExitUse], object]:
    """What `open_http` is to call with every use of an exit."""

    def report(use: ExitUse) -> None:
        fault = exit_fault(use.fault)
        detail = "" if fault is None else str(use.fault)
        proxies.cast(ReportExit(url_key=use.exit.key, seconds=use.seconds, fault=fault, detail=detail))

    return report

"""The running instance, as it answers, and its accounts; without one, whether one could listen. Starts nothing."""

import socket
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from flow2api.cli.checks.finding import Finding, advised, broken, good
from flow2api.cli.client import Client, checked
from flow2api.cli.outcomes import CommandFailed
from flow2api.cli.output import moment
from flow2api.cli.wiring import Http, Wiring
from flow2api.config import ServerConfig
from flow2api.domain.account import Account, AccountState, AccountView
from flow2api.domain.balance import is_empty
from flow2api.domain.failure import FailureKind
from flow2api.errors import NetworkFault
from flow2api.instance import Instance, read_instance

_UNSEEN = advised(
    "accounts", "not looked at, since no instance runs", "Start one with `flow2api serve` and look again."
)


async def instance_and_accounts(data_dir: Path, server: ServerConfig, http: Http, wiring: Wiring) -> Sequence[Finding]:
    """Both, since only a running instance tells of accounts."""
    try:
        running = read_instance(data_dir)
    except OSError as error:
        return [
            broken(
                "instance",
                f"one seems to run, but {error.filename} cannot be read: {error.strerror}",
                "Run this as the user who runs the gateway.",
            ),
            _UNSEEN,
        ]
    if running is None:
        return [address(server), _UNSEEN]
    client = Client(running.url, running.admin_token, http, wiring)
    try:
        health = await client.call("GET", "/health")
        views = checked((await client.call("GET", "/api/accounts"))["accounts"], list[AccountView])
    except (CommandFailed, NetworkFault) as error:
        found = f"process {running.pid} should listen on {running.url}, but: {_words(error)}"
        return [broken("instance", found, "Look into its log; stop it and start it again."), _UNSEEN]
    return [_health(running, health), *accounts([view.account for view in views])]


def _words(error: CommandFailed | NetworkFault) -> str:
    return error.message if isinstance(error, CommandFailed) else str(error)


def _health(running: Instance, health: Any) -> Finding:
    found = f"process {running.pid} on {running.url}, version {health['version']}, {health['status']}"
    if health["status"] == "degraded":
        return advised("instance", found, "See accounts: none can work now, or a part of it does not answer.")
    return good("instance", found)


def address(server: ServerConfig) -> Finding:
    """No instance runs: whether one could listen."""
    place = f"{server.host} port {server.port}"
    try:
        [(family, kind, _, _, name), *_] = socket.getaddrinfo(
            server.host, server.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        with socket.socket(family, kind) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(name)
    except OSError as error:
        return broken(
            "instance",
            f"none runs on this data folder, and none could: {place}: {error.strerror}",
            "Stop the program that holds the address, or choose another with server.host and server.port.",
        )
    return good("instance", f"none runs on this data folder; {place} is free for one")


def accounts(listed: Sequence[Account]) -> Iterator[Finding]:
    """How the accounts stand, and what helps those that do not work."""
    if not listed:
        yield advised("accounts", "there is none", "Add one: flow2api account login, or flow2api account add.")
        return
    counts = Counter(account.standing.state for account in listed)
    told = f"{len(listed)} in all: " + ", ".join(f"{count} {_name(state)}" for state, count in counts.items())
    if all(_needs_somebody(account) for account in listed):
        yield broken("accounts", told, "No generation can be made until one of them works again; see below.")
    else:
        yield good("accounts", told)
    for account in listed:
        if account.standing.state is not AccountState.ACTIVE:
            yield _hindered(account)


def _needs_somebody(account: Account) -> bool:
    standing = account.standing
    return standing.state in (AccountState.NEEDS_LOGIN, AccountState.DISABLED) or is_empty(standing)


def _hindered(account: Account) -> Finding:
    standing = account.standing
    ends = standing.until is not None and not is_empty(standing)
    until = f" until {moment(standing.until)}" if ends else ""
    found = f"{account.label}: {_name(standing.state)}{until}: {standing.detail or standing.code or 'no reason given'}"
    return advised("accounts", found, _help(account))


def _help(account: Account) -> str:
    if is_empty(account.standing):
        return f"Top it up at the service, then: flow2api account refresh {account.id}."
    match account.standing.state:
        case AccountState.NEEDS_LOGIN if account.standing.code == FailureKind.KEY_REFUSED:
            return f"Give it another key on the dashboard, or over PUT /api/accounts/{account.id}/credential."
        case AccountState.NEEDS_LOGIN:
            return f"Sign in anew: flow2api account login --account {account.id}; or paste a new cookie: flow2api account add."
        case AccountState.DISABLED:
            return f"When the reason is gone: flow2api account enable {account.id}."
        case _:
            return "Nothing: it comes back by itself."


def _name(state: AccountState) -> str:
    return state.value.replace("_", " ")

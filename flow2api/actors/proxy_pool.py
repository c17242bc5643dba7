"""The members of the proxy pool: a proxy with its address and its health, and how they are read from settings and pasted lines.

Addresses with credentials stand here; reprs show none.
"""

import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from flow2api.actors.exits import OpenExit
from flow2api.config import ProxyConfig
from flow2api.domain.proxy import Health, Origin, Proxy, ProxyState, RestRules, Role, state_of
from flow2api.net.exits import Exit, parse_exit


@dataclass
class Member:
    """One proxy of the pool."""

    proxy: Proxy
    exit: Exit = field(repr=False)
    known_since: float
    health: Health = field(default_factory=Health)
    in_check: bool = False

    @property
    def state(self) -> ProxyState:
        return state_of(self.proxy, self.health)

    def as_exit(self) -> OpenExit:
        # The score in steps, so that the book is not written for every call.
        return OpenExit(
            self.proxy.id,
            self.state is ProxyState.HEALTHY,
            round(self.health.score, 1),
            self.health.rests_in_row,
            url=self.exit.url,
            roles=self.proxy.roles,
            enabled=self.proxy.enabled,
        )


def roles_by_exit(config: ProxyConfig) -> dict[Exit, tuple[Role, ...]]:
    """What the settings name, each proxy once."""
    requests = dict.fromkeys(map(parse_exit, config.urls))
    media = dict.fromkeys(map(parse_exit, config.media_urls))
    return {exit_: _roles(exit_ in requests, exit_ in media) for exit_ in requests | media}


def rest_rules(config: ProxyConfig) -> RestRules:
    """When a proxy rests and is checked, by the settings."""
    return RestRules(
        first_seconds=config.rest_seconds, check_seconds=config.check_seconds, idle_seconds=5 * config.check_seconds
    )


def exits_in(text: str) -> Iterator[tuple[int, Exit | str]]:
    """Each line that says something, by its number: the proxy it names, or why it cannot be used."""
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            yield number, parse_exit(line)
        except ValueError as error:
            yield number, str(error)


def new_proxy(exit_: Exit, roles: tuple[Role, ...], origin: Origin, now: float) -> Proxy:
    """A record for a proxy that was not known before."""
    # Those of one paste share their time of birth; the id, which grows, keeps them in its order.
    return Proxy(
        id=f"prx_{time.time_ns():x}{secrets.token_hex(2)}",
        place=exit_.masked,
        roles=roles,
        origin=origin,
        created_at=now,
    )


def _roles(requests: bool, media: bool) -> tuple[Role, ...]:
    named: list[tuple[Role, bool]] = [("requests", requests), ("media", media)]
    return tuple(role for role, has_it in named if has_it)

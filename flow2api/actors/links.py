"""Where links to results may lead: what a service says of them is taken for what it is, somebody else's word.

A plain object for the media actor. Links of a service that is its vendor's own, at an address that no account names, are taken as they
come. Those of others go through the guard, hop by hop; each service may always be asked at the origin to which its calls go anyway.
"""

from collections.abc import Awaitable, Callable, Mapping

from flow2api.actors.roster import Roster
from flow2api.domain.service import Traits
from flow2api.errors import AddressForbidden
from flow2api.net.guard import A, Guard, Target
from flow2api.net.url import parse_url

_HINT = "an operator allows private addresses by media.allow_private"


class ResultLinks:
    """The rule for links, by the service and the account whose results they are."""

    def __init__(self, guard: Guard, roster: Roster, services: Mapping[str, Traits]) -> None:
        self._guard = guard
        self._roster = roster
        self._services = services

    async def follow(
        self,
        provider: str,
        account_id: str,
        url: str,
        ask: Callable[[Target], Awaitable[A]],
        exit_url: str | None,
    ) -> A:
        """The answer to what `ask` asks at the link, and at what that redirects to.

        Raises:
            NetworkFault: it may not or cannot be had."""
        service = self._services[provider]
        if service.trusted_links:
            return await ask(_as_it_is(url))
        account = self._roster.account(account_id)
        own = [one for one in ((account.base_url if account else None) or service.base_url,) if one]
        try:
            return await self._guard.follow(url, ask, own=own, exit_url=exit_url)
        except AddressForbidden as fault:
            raise AddressForbidden(f"its link may not be followed, since {fault}; {_HINT}") from None


def _as_it_is(url: str) -> Target:
    try:
        parsed = parse_url(url)
    except ValueError as fault:
        raise AddressForbidden(str(fault)) from None
    return Target(parsed.text, parsed.host, parsed.port, ())

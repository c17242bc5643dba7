"""Regular work on what generations pass through: the proxies and the captcha tabs. Asks their actors, which alone decide."""

from flow2api.actors.chore import ChoreFailed
from flow2api.actors.proxy_messages import ListProxies, ProxiesMessage, TestProxy
from flow2api.actors.tab_pool import CloseIdle, TabPoolMessage
from flow2api.errors import Failure
from flow2api.kit.errors import ActorError
from flow2api.kit.mailbox import Ref


class SupplyRounds:
    """Each public method is a round, and tells in words what came of it."""

    def __init__(self, proxies: Ref[ProxiesMessage], tabs: Ref[TabPoolMessage]) -> None:
        self._proxies = proxies
        self._tabs = tabs

    async def check_proxies(self) -> str:
        """Check every enabled proxy, one after the other; one that answers again ends its rest by that."""
        views = [view for view in await self._proxies.ask(ListProxies()) if view.proxy.enabled]
        bad = [name for view in views if (name := await self._check(view.proxy.id))]
        if bad:
            raise ChoreFailed(f"{len(bad)} of {len(views)} do not work: {'; '.join(bad[:3])}")
        return f"{len(views)} checked" if views else ""

    async def _check(self, proxy_id: str) -> str:
        """What is wrong with a proxy, empty when it works."""
        try:
            test = await self._proxies.ask(TestProxy(proxy_id))
        except Failure:
            return ""  # it was taken out meanwhile
        return "" if test.ok else test.error

    async def close_idle_tabs(self) -> str:
        """Close the captcha tabs that nobody has used for long."""
        try:
            closed = await self._tabs.ask(CloseIdle())
        except ActorError as error:
            raise ChoreFailed(f"the tab pool is not running: {error}") from None
        return f"{closed} closed" if closed else ""

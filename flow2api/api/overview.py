"""Gathers what the operator's first page shows from those who know; for the route and for the live topic alike."""

import time
from collections import Counter
from typing import NamedTuple

import trio

from flow2api.actors.accounts_messages import ListAccounts
from flow2api.actors.browser import LookAtBrowser
from flow2api.actors.jobs import Count
from flow2api.actors.proxy_messages import ListProxies
from flow2api.api.services import Services
from flow2api.domain.account import AccountState, AccountView
from flow2api.domain.captcha import BrowserView
from flow2api.domain.job import JobState
from flow2api.domain.overview import FailureLine, Now, Overview, Part, Trends, Window
from flow2api.domain.parts import Facts, parts_of
from flow2api.domain.proxy import ProxyView
from flow2api.domain.trends import SPANS, Ended, Latency, begin_of, trends_of
from flow2api.kit.errors import ActorError
from flow2api.store import usage
from flow2api.store.database import Database

# A part that hangs must not hold up the page that would show it.
PATIENCE_SECONDS = 2.0
FAILURES = 20


class _Read(NamedTuple):
    counts: list[Ended]
    took: list[Latency]
    failures: list[FailureLine]


class Gathering:
    """Asks around."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def overview(self, window: Window, dashboards: int) -> Overview:
        """Everything.

        Raises:
            StoreError: the store does not answer."""
        now, trends = await self.now(dashboards), await self.trends(window)
        hour = trends if window == "hour" else await self.trends("hour")
        parts = await self.parts(now, hour)
        return Overview(
            now=now or Now(at=time.time()), trends=trends, parts=parts, alerts=self._services.alerts.alerts()
        )

    async def now(self, dashboards: int) -> Now | None:
        """The numbers of this moment; None when a part that knows them does not answer."""
        with trio.move_on_after(PATIENCE_SECONDS):
            try:
                census = await self._services.jobs.ask_again(Count())
                views = await self._services.accounts.ask_again(ListAccounts())
            except ActorError:
                return None
            waiting = census.by_state.get(JobState.QUEUED.value, 0)
            return Now(
                at=time.time(),
                waiting=waiting,
                running=sum(census.by_state.values()) - waiting,
                queue_limit=census.queue_limit,
                accounts=Counter(view.account.standing.state.value for view in views),
                credits=_credits(views),
                images_free=sum(_free(view, "image") for view in views),
                videos_free=sum(_free(view, "video") for view in views),
                dashboards=dashboards,
            )
        return None

    async def trends(self, window: Window) -> Trends:
        """How it went.

        Raises:
            StoreError: the store does not answer."""
        since = begin_of(window, time.time())
        read = await self._services.store.read(_read, since, SPANS[window].bucket_seconds)
        return trends_of(window, since, read.counts, read.took, read.failures)

    async def parts(self, now: Now | None, hour: Trends) -> tuple[Part, ...]:
        """How each part is; `hour` are the trends of the last hour."""
        return parts_of(
            Facts(
                now=now,
                success_rate=hour.success_rate,
                ended=hour.succeeded + hour.failed,
                proxies=await self._proxies(),
                captcha_method=self._services.config.captcha.method,
                browser=await self._browser(),
                schedules=self._services.schedules.views(),
            )
        )

    async def _proxies(self) -> list[ProxyView] | None:
        with trio.move_on_after(PATIENCE_SECONDS):
            try:
                return await self._services.proxies.ask(ListProxies())
            except ActorError:
                return None
        return None

    async def _browser(self) -> BrowserView | None:
        with trio.move_on_after(PATIENCE_SECONDS):
            try:
                return await self._services.browser.ask(LookAtBrowser())
            except ActorError:
                return None
        return None


def _read(db: Database, since: float, bucket_seconds: int) -> _Read:
    return _Read(usage.ended(db, since, bucket_seconds), usage.took(db, since), usage.failures(db, FAILURES))


def _credits(views: list[AccountView]) -> int | None:
    told = [
        view.account.credits
        for view in views
        if view.account.credits is not None and view.account.standing.state is not AccountState.DISABLED
    ]
    return sum(told) if told else None


def _free(view: AccountView, kind: str) -> int:
    account = view.account
    if account.standing.state is not AccountState.ACTIVE:
        return 0
    if kind == "image":
        return max(0, account.image_concurrency - view.images_in_flight) if account.images_on else 0
    return max(0, account.video_concurrency - view.videos_in_flight) if account.videos_on else 0

"""The pool of proxies: which there are, how each fares, when it rests and when it comes back.

Its only writer, and the only writer of what `ExitBook` knows of them; every use of a proxy is reported here. Addresses with their
credentials stay in here, in the store (sealed) and in the book: views, events and log lines show them masked.
"""

import logging
import math
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import ClassVar, assert_never

import trio
from msgspec.structs import replace

from flow2api.actors.exits import ExitBook, Move
from flow2api.actors.proxy_messages import (
    AddedProxies,
    AddProxies,
    LineError,
    ListHomes,
    ListProxies,
    MoveAccount,
    ProxiesMessage,
    ProxyTest,
    RemoveProxy,
    ReportExit,
    SetProxyEnabled,
    TestProxy,
    exit_fault,
)
from flow2api.actors.proxy_pool import Member, exits_in, new_proxy, rest_rules, roles_by_exit
from flow2api.config import ProxyConfig
from flow2api.domain.events import HomesChanged, ProxyChanged, ProxyRemoved, SettingChanged
from flow2api.domain.present import present
from flow2api.domain.proxy import (
    Health,
    Proxy,
    ProxyState,
    ProxyView,
    Use,
    after_check,
    after_use,
    next_check,
    returned,
)
from flow2api.errors import Code, Failure, NetworkFault
from flow2api.kit.actor import Actor
from flow2api.kit.bus import EventBus
from flow2api.log import register_secret
from flow2api.net.exits import Exit, parse_exit
from flow2api.store import proxies
from flow2api.store.door import Store
from flow2api.store.errors import StoreFault

log = logging.getLogger("flow2api.proxies")

# Figures that change with every call, and who moved, are written and told this often; a standing is told at once.
FLUSH_SECONDS = 2.0
CHECKS_AT_A_TIME = 4


@dataclass(frozen=True)
class ProxyParts:
    """What the pool works with."""

    store: Store
    book: ExitBook
    bus: EventBus
    config: ProxyConfig
    probe: Callable[[Exit], Awaitable[float]]
    """Reaches through a proxy without a request and tells how long that took, or raises a `NetworkFault`."""
    now: Callable[[], float]
    random: Random = field(default_factory=Random, repr=False)


class Proxies(Actor[ProxiesMessage]):
    """Owner of the pool."""

    mailbox_size: ClassVar[int] = 1024
    expected: ClassVar[tuple[type[Exception], ...]] = (Failure, StoreFault)

    def __init__(self, parts: ProxyParts) -> None:
        self._parts = parts
        self._rules = present(lambda: rest_rules(parts.config))
        self._members: dict[str, Member] = {}
        self._by_key: dict[str, Member] = {}
        self._last_resorts: frozenset[str] = frozenset()
        self._unshown: set[str] = set()
        self._figures_changed = trio.Event()
        self._checks_changed = trio.Event()
        self._checks = trio.CapacityLimiter(CHECKS_AT_A_TIME)

    async def start(self) -> None:
        stored = await self._parts.store.read(proxies.all_with_urls)
        for proxy, url in stored:
            self._enter(proxy, parse_exit(url))
        await self._take_settings()
        self._publish_book()
        homes = await self._parts.store.read(proxies.homes)
        self._parts.book.restore(Move(*home) for home in homes)
        if self._members:
            log.info("loaded proxies=%d", len(self._members))
        for work in (self._check_when_due, self._show_figures, self._keep_homes):
            self.tasks.start_soon(work)
        await self.tasks.start(self._follow_settings)

    async def handle(self, message: ProxiesMessage) -> object:
        match message:
            case ReportExit():
                self._report(message)
            case ListProxies():
                return self._views()
            case AddProxies():
                return await self._add(message)
            case RemoveProxy():
                await self._remove(self._member(message.proxy_id))
            case SetProxyEnabled():
                return await self._set_enabled(self._member(message.proxy_id), message.enabled)
            case TestProxy():
                self.answer_in_task(self._test, self._member(message.proxy_id))
            case MoveAccount():
                self._move(message)
            case ListHomes():
                return self._parts.book.homes()
            case _:
                assert_never(message)
        return None

    async def drain(self) -> None:
        await self._save_homes()

    # -- who is in -----------------------------------------------------------------------------------------------

    async def _follow_settings(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        with self._parts.bus.subscribe(only=SettingChanged) as events:
            task_status.started()
            async for event in events:
                if isinstance(event, SettingChanged) and event.name.startswith("proxy."):
                    await self._follow()

    async def _follow(self) -> None:
        """Go by the settings as they are now, and show it."""
        before = set(self._members)
        try:
            await self._take_settings()
        except StoreFault as fault:
            log.error("the proxies of the settings could not be stored; the next start tries again: %s", fault)
        for proxy_id in before - self._members.keys():
            self._parts.bus.publish(ProxyRemoved(proxy_id=proxy_id, at=self._parts.now()))
        self._changed(list(self._members))
        self._show_homes()

    async def _take_settings(self) -> None:
        """Take in what the settings name, and forget what they named before."""
        self._parts.book.rotation = self._parts.config.rotation
        wanted = roles_by_exit(self._parts.config)
        now, store = self._parts.now(), self._parts.store
        for member in list(self._members.values()):
            roles = wanted.pop(member.exit, None)
            if roles is None and member.proxy.origin == "config":
                await store.write(proxies.delete, [member.proxy.id])
                self._leave(member)
            elif roles is not None and (roles, "config") != (member.proxy.roles, member.proxy.origin):
                member.proxy = replace(member.proxy, roles=roles, origin="config")
                await store.write(proxies.save, member.proxy)
        new = [(new_proxy(exit_, roles, "config", now), exit_.url) for exit_, roles in wanted.items()]
        if new:
            await store.write(proxies.insert, new)
        for proxy, url in new:
            self._enter(proxy, parse_exit(url))

    async def _add(self, message: AddProxies) -> AddedProxies:
        now = self._parts.now()
        new: dict[Exit, Proxy] = {}
        known, errors = 0, []
        for number, exit_ in exits_in(message.text):
            if isinstance(exit_, str):
                errors.append(LineError(number, exit_))
            elif exit_ in new or exit_.key in self._by_key:
                known += 1
            else:
                new[exit_] = new_proxy(exit_, (message.role,), "operator", now)
        await self._parts.store.write(proxies.insert, [(proxy, exit_.url) for exit_, proxy in new.items()])
        for exit_, proxy in new.items():
            self._enter(proxy, exit_)
        self._changed(proxy.id for proxy in new.values())
        log.info("proxies added=%d known=%d refused=%d role=%s", len(new), known, len(errors), message.role)
        added = [view for view in self._views() if view.proxy in new.values()]
        return AddedProxies(added=added, known=known, errors=errors)

    async def _remove(self, member: Member) -> None:
        if member.proxy.origin == "config":
            raise Failure(
                Code.CONFLICT,
                "This proxy stands in the settings and would be back after a restart. Take it out there, or disable it here.",
            )
        await self._parts.store.write(proxies.delete, [member.proxy.id])
        self._leave(member)
        self._publish_book()
        self._parts.bus.publish(ProxyRemoved(proxy_id=member.proxy.id, at=self._parts.now()))
        self._show_homes()
        log.info("proxy removed proxy=%s place=%s", member.proxy.id, member.proxy.place)

    def _move(self, message: MoveAccount) -> None:
        """The new home is stored like one that a call has chosen."""
        if message.proxy_id is not None:
            proxy = self._member(message.proxy_id).proxy
            if not proxy.enabled or "requests" not in proxy.roles:
                why = "is disabled" if not proxy.enabled else "carries finished media alone"
                raise Failure(Code.INVALID_VALUE, f"This proxy {why}; choose another.", param="proxy_id")
        self._parts.book.move(message.account_id, message.proxy_id)
        self._show_homes()

    async def _set_enabled(self, member: Member, enabled: bool) -> ProxyView:
        changed = replace(member.proxy, enabled=enabled)
        await self._parts.store.write(proxies.save, changed)
        member.proxy = changed
        if enabled:
            member.health = returned(member.health)
        self._changed([changed.id])
        return self._view(member)

    def _enter(self, proxy: Proxy, exit_: Exit) -> None:
        register_secret(exit_.password)
        self._members[proxy.id] = self._by_key[exit_.key] = Member(proxy, exit_, self._parts.now())

    def _leave(self, member: Member) -> None:
        del self._members[member.proxy.id], self._by_key[member.exit.key]

    def _member(self, proxy_id: str) -> Member:
        member = self._members.get(proxy_id)
        if member is None:
            raise Failure(Code.NOT_FOUND, f"There is no proxy {proxy_id}.")
        return member

    # -- how they fare -------------------------------------------------------------------------------------------

    def _report(self, message: ReportExit) -> None:
        member = self._by_key.get(message.url_key)
        if member is None:
            return  # taken out while the call was on its way
        now = self._parts.now()
        use = Use(begun_at=now - message.seconds, ended_at=now, fault=message.fault, detail=message.detail)
        self._learn(member, after_use(member.health, use, self._rules, self._parts.random.random()))

    async def _test(self, member: Member) -> ProxyTest:
        use = await self._probe(member)
        return ProxyTest(ok=use.fault is None, seconds=use.ended_at - use.begun_at, error=use.detail)

    async def _check(self, member: Member) -> None:
        async with self._checks:
            try:
                await self._probe(member)
            finally:
                member.in_check = False
                self._checks_changed.set()

    async def _probe(self, member: Member) -> Use:
        """Check a proxy and learn from it. A fault that would say nothing against a call's exit cannot come of a check."""
        begun_at = self._parts.now()
        try:
            seconds = await self._parts.probe(member.exit)
            use = Use(begun_at=begun_at, ended_at=begun_at + seconds)
        except NetworkFault as fault:
            use = Use(begun_at=begun_at, ended_at=self._parts.now(), fault=exit_fault(fault), detail=str(fault))
        if member.proxy.id in self._members:
            self._learn(member, after_check(member.health, use, self._rules, self._parts.random.random()))
        return use

    def _learn(self, member: Member, health: Health) -> None:
        """Draw the consequences of a report or a check, in one step."""
        before, shown = member.state, member.as_exit()
        member.health = health
        if member.as_exit() != shown:
            self._publish_book()
        if member.state is before:
            self._unshown.add(member.proxy.id)
            self._figures_changed.set()
            return
        _log_change(member, self._parts.now())
        self._changed([member.proxy.id])

    def _publish_book(self) -> None:
        book = self._parts.book
        book.put(member.as_exit() for member in self._members.values())
        last = book.last_resorts()
        for proxy_id in last - self._last_resorts:
            proxy = self._members[proxy_id].proxy
            log.warning("every proxy rests, the least bad one is used proxy=%s place=%s", proxy_id, proxy.place)
        if last != self._last_resorts:
            self._unshown |= last ^ self._last_resorts
            self._last_resorts = last
            self._figures_changed.set()

    # -- showing -------------------------------------------------------------------------------------------------

    def _changed(self, ids: Iterable[str]) -> None:
        """Make a change known everywhere at once."""
        self._unshown |= set(ids)
        self._publish_book()
        self._checks_changed.set()
        self._show()

    def _show(self) -> None:
        unshown, self._unshown = self._unshown, set()
        self._figures_changed = trio.Event()
        loads, now = self._parts.book.loads, self._parts.now()
        for proxy_id in unshown & self._members.keys():
            view = self._view(self._members[proxy_id], loads)
            self._parts.bus.publish(ProxyChanged(view=view, at=now))

    def _show_homes(self) -> None:
        self._parts.bus.publish(HomesChanged(homes=self._parts.book.homes(), at=self._parts.now()))

    def _views(self) -> list[ProxyView]:
        loads = self._parts.book.loads
        members = sorted(self._members.values(), key=lambda one: (one.proxy.created_at, one.proxy.id))
        return [self._view(member, loads) for member in members]

    def _view(self, member: Member, loads: Mapping[str, int] | None = None) -> ProxyView:
        loads = self._parts.book.loads if loads is None else loads
        return ProxyView(
            proxy=member.proxy,
            state=member.state,
            health=member.health,
            accounts=loads.get(member.proxy.id, 0),
            last_resort=member.proxy.id in self._last_resorts,
        )

    # -- now and then --------------------------------------------------------------------------------------------

    async def _check_when_due(self) -> None:
        while True:
            self._checks_changed = trio.Event()
            now, soonest = self._parts.now(), math.inf
            for member in self._members.values():
                due = next_check(member.proxy, member.health, member.known_since, self._rules)
                if member.in_check or due is None:
                    continue
                if due <= now:
                    member.in_check = True
                    self.tasks.start_soon(partial(self._check, member), name=f"{self.name}: check {member.proxy.id}")
                else:
                    soonest = min(soonest, due)
            # Bounded, so that a wall clock that is set back or a sleeping machine costs an hour at most.
            with trio.move_on_after(min(soonest - now, 3600.0)):
                await self._checks_changed.wait()

    async def _show_figures(self) -> None:
        while True:
            await self._figures_changed.wait()
            await trio.sleep(FLUSH_SECONDS)
            self._show()

    async def _keep_homes(self) -> None:
        while True:
            await self._parts.book.wait_moved()
            await trio.sleep(FLUSH_SECONDS)
            await self._save_homes()

    async def _save_homes(self) -> None:
        """Write down who moved, so that an account keeps its proxy over a restart. What cannot be written waits: it is no reason
        to stop anybody."""
        moves = self._parts.book.take_moves()
        if not moves:
            return
        self._show_homes()
        homes = [proxies.Home(move.account_id, move.role, move.proxy_id, move.fixed) for move in moves]
        try:
            await self._parts.store.write(proxies.save_homes, homes)
        except StoreFault as fault:
            log.error("could not store who goes out through which proxy: %s", fault)
            self._parts.book.give_back(moves)
        self._unshown |= {move.proxy_id for move in moves if move.proxy_id is not None}
        self._figures_changed.set()


def _log_change(member: Member, now: float) -> None:
    proxy, health = member.proxy, member.health
    if member.state is ProxyState.RESTING:
        rest = (health.resting_until or now) - now
        log.warning(
            "a proxy rests proxy=%s place=%s seconds=%.0f fault=%s detail=%s",
            *(proxy.id, proxy.place, rest, health.last_fault, health.last_error),
        )
    else:
        log.info("a proxy is back proxy=%s place=%s", proxy.id, proxy.place)

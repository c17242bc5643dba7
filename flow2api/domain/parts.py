"""How each part of the gateway is, in a word, a colour's worth of state and a sentence. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from flow2api.domain.account import AccountState
from flow2api.domain.captcha import BrowserView
from flow2api.domain.overview import Now, Part
from flow2api.domain.proxy import ProxyState, ProxyView
from flow2api.domain.schedule import ScheduleView

# Fewer ends than this say nothing about how things go.
TELLING = 5
POOR_RATE = 0.5


class Facts(NamedTuple):
    """What is looked at. None: the part that knows does not answer."""

    now: Now | None
    success_rate: float | None
    ended: int
    proxies: Sequence[ProxyView] | None
    captcha_method: str
    browser: BrowserView | None
    schedules: Sequence[ScheduleView]


def parts_of(facts: Facts) -> tuple[Part, ...]:
    """All parts, in the order in which people ask for them."""
    now = facts.now
    return (
        _generations(facts) if now else _silent_generations(),
        _accounts(now.accounts if now else {}),
        _captcha(facts.captcha_method, facts.browser),
        _proxies(facts.proxies),
        _schedules(facts.schedules),
    )


def _generations(facts: Facts) -> Part:
    now, rate = facts.now or Now(at=0.0), facts.success_rate
    if rate is not None and rate < POOR_RATE and facts.ended >= TELLING:
        detail = f"{rate:.0%} of the generations that ended in the last hour succeeded"
        return Part(name="generations", state="bad", code="many_failures", detail=detail)
    if now.waiting >= now.queue_limit > 0:
        return Part(name="generations", state="bad", code="queue_full", detail="the queue is full")
    if now.running or now.waiting:
        detail = f"{now.running} run, {now.waiting} wait"
        return Part(name="generations", state="working", code="working", detail=detail)
    return Part(name="generations", state="good", code="idle", detail="nothing to do")


def _silent_generations() -> Part:
    return Part(name="generations", state="bad", code="no_answer", detail="the engine does not answer")


def _accounts(by_state: Mapping[str, int]) -> Part:
    total, active = sum(by_state.values()), by_state.get(AccountState.ACTIVE.value, 0)
    if not total:
        return Part(name="accounts", state="bad", code="none", detail="there is no account")
    if not active:
        return Part(name="accounts", state="bad", code="none_active", detail=f"none of {total} can work")
    if active < total:
        return Part(name="accounts", state="resting", code="some_rest", detail=f"{active} of {total} can work")
    return Part(name="accounts", state="good", code="all_active", detail=f"all {total} can work")


def _captcha(method: str, browser: BrowserView | None) -> Part:
    if method == "none":
        return Part(name="captcha", state="good", code="off", detail="calls carry no token")
    if browser is None:
        return Part(name="captcha", state="bad", code="no_answer", detail="the browser's part does not answer")
    states: dict[str, tuple[str, str]] = {
        "idle": ("idle", browser.trouble or "starts when it is needed"),
        "starting": ("starting", "the browser starts"),
        "up": ("up", f"{browser.version} is up"),
    }
    if browser.state == "waiting":
        return Part(name="captcha", state="bad", code="unavailable", detail=browser.trouble)
    code, detail = states[browser.state]
    return Part(name="captcha", state="working" if code == "starting" else "good", code=code, detail=detail)


def _proxies(views: Sequence[ProxyView] | None) -> Part:
    if views is None:
        return Part(name="proxies", state="bad", code="no_answer", detail="the pool does not answer")
    on = [view for view in views if view.state is not ProxyState.DISABLED]
    if not on:
        return Part(name="proxies", state="good", code="direct", detail="calls go out directly")
    well = sum(view.state is ProxyState.HEALTHY for view in on)
    if not well:
        return Part(name="proxies", state="bad", code="all_rest", detail=f"all {len(on)} rest")
    if well < len(on):
        return Part(name="proxies", state="resting", code="some_rest", detail=f"{well} of {len(on)} work")
    return Part(name="proxies", state="good", code="all_work", detail=f"all {len(on)} work")


def _schedules(views: Iterable[ScheduleView]) -> Part:
    failed = [view.name for view in views if view.last is not None and view.last.error is not None]
    if failed:
        return Part(
            name="schedules", state="resting", code="some_failed", detail=f"went wrong last: {', '.join(failed)}"
        )
    return Part(name="schedules", state="good", code="well", detail="all regular work went well")

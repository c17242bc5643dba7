"""A session settles what it was asked, whatever the other side does."""

import sys
from collections.abc import Callable
from typing import Any

import pytest
import trio

from flow2api.browser import cdp
from flow2api.browser.cdp import Session, open_session
from flow2api.browser.errors import (
    AnswerUnknown,
    BrowserFault,
    BrowserUnavailable,
    CommandRefused,
    ConnectionLost,
    TabLost,
)
from tests.doubles.devtools import VERSION, Asked, DevTools, Refusal, open_devtools

PATIENCE_SECONDS = 90.0


async def fault_of(call: Callable[[], Any]) -> BrowserFault:
    with pytest.raises(BrowserFault) as caught, trio.fail_after(PATIENCE_SECONDS):
        await call()
    return caught.value


async def version(session: Session) -> str:
    return str((await session.call(session.cdp.browser.get_version()))[1])


async def url_of_target(session: Session, target_id: str) -> str:
    target = session.cdp.target
    return str((await session.call(target.get_target_info(target.TargetID(target_id)))).url)


def target_info(asked: Asked) -> dict[str, Any]:
    name = asked.params["targetId"]
    flags = {"attached": True, "canAccessOpener": False}
    return {"targetInfo": {"targetId": name, "type": "page", "title": "", "url": f"http://{name}/", **flags}}


async def test_a_command_is_sent_and_its_answer_comes_back_as_an_object() -> None:
    async with open_devtools() as devtools, open_session(devtools.address) as session:
        assert await version(session) == VERSION["product"]
        assert devtools.asked[-1].method == "Browser.getVersion"
        assert devtools.asked[-1].session_id is None


async def test_answers_in_any_order_reach_those_who_asked() -> None:
    found: dict[str, str] = {}

    async def ask(session: Session, name: str) -> None:
        found[name] = await url_of_target(session, name)

    async with open_devtools() as devtools, open_session(devtools.address) as session:
        devtools.silent.add("Target.getTargetInfo")
        async with trio.open_nursery() as nursery:
            for name in ("a", "b", "c"):
                nursery.start_soon(ask, session, name)
            await devtools.wait_asked("Target.getTargetInfo", times=3)
            for asked in reversed([asked for asked in devtools.asked if asked.method == "Target.getTargetInfo"]):
                await devtools.answer(asked, target_info(asked))
    assert found == {"a": "http://a/", "b": "http://b/", "c": "http://c/"}


async def test_a_refused_command_is_named_with_its_code() -> None:
    async with open_devtools() as devtools, open_session(devtools.address) as session:
        devtools.answers["Browser.getVersion"] = Refusal(-32000, "not now")
        fault = await fault_of(lambda: version(session))
        assert isinstance(fault, CommandRefused)
        assert (fault.method, fault.code) == ("Browser.getVersion", -32000)
        assert "not now" in str(fault)


@pytest.mark.parametrize("result", [{}, {**VERSION, "product": None} | {"protocolVersion": None, "userAgent": []}])
async def test_an_answer_of_another_form_is_no_crash(result: dict[str, Any]) -> None:
    async with open_devtools() as devtools, open_session(devtools.address) as session:
        devtools.answers["Target.getTargetInfo"] = result
        assert isinstance(await fault_of(lambda: url_of_target(session, "a")), AnswerUnknown)
        assert await version(session) == VERSION["product"]


async def test_an_answer_without_result_and_error_is_no_crash() -> None:
    async with open_devtools() as devtools, open_session(devtools.address) as session, trio.open_nursery() as nursery:
        devtools.silent.add("Browser.getVersion")
        faults: list[BrowserFault] = []

        async def ask() -> None:
            faults.append(await fault_of(lambda: version(session)))

        nursery.start_soon(ask)
        asked = await devtools.wait_asked("Browser.getVersion")
        await devtools.send_raw(f'{{"id": {asked.id}}}')
        await devtools.send_raw(f'{{"id": {asked.id}, "result": {{}}}}')
        while not faults:
            await trio.testing.wait_all_tasks_blocked(0.01)
        assert isinstance(faults[0], AnswerUnknown)


async def test_a_cancelled_call_leaves_nothing_behind_and_its_late_answer_does_no_harm() -> None:
    async with open_devtools() as devtools, open_session(devtools.address) as session:
        devtools.silent.add("Target.getTargetInfo")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(url_of_target, session, "a")
            asked = await devtools.wait_asked("Target.getTargetInfo")
            nursery.cancel_scope.cancel()
        await devtools.answer(asked, target_info(asked))
        assert await version(session) == VERSION["product"]
        assert session._wire._calls == {}
        assert session._lane.calls == set()


async def cut(devtools: DevTools) -> None:
    await devtools.cut()


async def close(devtools: DevTools) -> None:
    await devtools.close(1001, "browser goes away")


async def babble(devtools: DevTools) -> None:
    await devtools.send_raw("not JSON")


async def say_nonsense(devtools: DevTools) -> None:
    await devtools.send_raw("[1, 2]")


async def complain(devtools: DevTools) -> None:
    await devtools.send_raw('{"error": {"code": -32700, "message": "JSON: syntax error"}}')


@pytest.mark.parametrize(
    ("end", "words"),
    [
        (cut, "ABNORMAL_CLOSURE"),
        (close, "browser goes away"),
        (babble, "not a DevTools message"),
        (say_nonsense, "not a DevTools message"),
        (complain, "syntax error"),
    ],
)
async def test_every_pending_call_and_subscription_is_settled_when_the_connection_ends(
    end: Callable[[DevTools], Any], words: str
) -> None:
    faults: list[BrowserFault] = []

    async def note(call: Callable[[], Any]) -> None:
        faults.append(await fault_of(call))

    async with open_devtools() as devtools, open_session(devtools.address) as session:
        devtools.silent.add("Browser.getVersion")
        tab = await session.attach("a")
        with session.events("Target.targetCreated") as events, tab.events("Page.loadEventFired") as tab_events:
            async with trio.open_nursery() as nursery:
                for call in (lambda: version(session), lambda: version(tab), events.__anext__, tab_events.__anext__):
                    nursery.start_soon(note, call)
                await devtools.wait_asked("Browser.getVersion", times=2)
                await end(devtools)
        assert len(faults) == 4
        assert all(isinstance(fault, ConnectionLost) for fault in faults)
        assert words in str(faults[0])
        assert isinstance(await fault_of(lambda: version(session)), ConnectionLost)
        assert isinstance(await fault_of(lambda: session.attach("b")), ConnectionLost)
        assert isinstance(tab.lost, ConnectionLost)
        with pytest.raises(ConnectionLost), tab.events("Page.loadEventFired"):
            pass


async def test_a_message_over_the_limit_ends_the_connection_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cdp, "MAX_MESSAGE_BYTES", 10_000)
    async with open_devtools() as devtools, open_session(devtools.address) as session:
        devtools.answers["Browser.getVersion"] = {**VERSION, "product": "x" * 20_000}
        fault = await fault_of(lambda: version(session))
        assert isinstance(fault, ConnectionLost)
        assert "maximum message size" in str(fault)


async def test_callers_of_a_browser_that_has_stopped_reading_can_give_up_and_are_settled_at_the_end() -> None:
    faults: list[BrowserFault] = []

    async def ask(session: Session, scope: trio.CancelScope) -> None:
        with scope:
            faults.append(await fault_of(lambda: session.call(session.cdp.runtime.evaluate("x" * 500_000))))

    async with open_devtools() as devtools, open_session(devtools.address) as session:
        devtools.deaf = True
        scopes = [trio.CancelScope() for _ in range(200)]
        async with trio.open_nursery() as nursery:
            for scope in scopes:
                nursery.start_soon(ask, session, scope)
            await trio.testing.wait_all_tasks_blocked(0.1)
            for scope in scopes[::2]:
                scope.cancel()
            await trio.testing.wait_all_tasks_blocked(0.1)
            assert len(session._wire._calls) == 100
            await devtools.cut()
        assert [type(fault) for fault in faults] == [ConnectionLost] * 100
        assert session._wire._calls == {}


async def test_events_reach_subscribers_of_their_kind_and_session_even_before_the_answer() -> None:
    async with open_devtools() as devtools, open_session(devtools.address) as session:
        tab = await session.attach("a")
        devtools.silent.add("Page.reload")
        with tab.events("Page.loadEventFired") as events, trio.fail_after(PATIENCE_SECONDS):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(tab.call, tab.cdp.page.reload())
                asked = await devtools.wait_asked("Page.reload")
                await devtools.say("Page.loadEventFired", {"timestamp": 1}, "session-of-other")
                await devtools.say("Page.loadEventFired", {"timestamp": 2})
                await devtools.say("Page.frameNavigated", {}, "session-of-a")
                await devtools.say("Page.loadEventFired", {"timestamp": 3}, "session-of-a")
                await devtools.answer(asked, {})
            assert await anext(aiter(events)) == ("Page.loadEventFired", {"timestamp": 3})
        assert tab._lane.subscriptions == set()


LOSSES = {
    "detached": ("Target.detachedFromTarget", {"sessionId": "session-of-a"}, None),
    "crashed, as the browser tells": ("Target.targetCrashed", {"targetId": "a"}, None),
    "crashed, as the tab tells": ("Inspector.targetCrashed", {}, "session-of-a"),
}


@pytest.mark.parametrize("loss", LOSSES)
async def test_the_loss_of_a_tab_is_heard_by_all_who_wait_for_it_and_by_nobody_else(loss: str) -> None:
    method, params, session_id = LOSSES[loss]
    faults: list[BrowserFault] = []

    async def note(call: Callable[[], Any]) -> None:
        faults.append(await fault_of(call))

    async with open_devtools() as devtools, open_session(devtools.address) as session:
        devtools.silent.add("Page.reload")
        lost, other = await session.attach("a"), await session.attach("b")
        with lost.events("Page.loadEventFired") as events, trio.fail_after(PATIENCE_SECONDS):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(note, lambda: lost.call(lost.cdp.page.reload()))
                nursery.start_soon(note, events.__anext__)
                await devtools.wait_asked("Page.reload")
                await devtools.say(method, params, session_id)
            assert isinstance(await lost.wait_lost(), TabLost)
        assert [type(fault) for fault in faults] == [TabLost, TabLost]
        assert isinstance(await fault_of(lambda: version(lost)), TabLost)
        assert other.lost is None
        assert session.lost is None
        assert await version(session) == VERSION["product"]


async def test_a_tab_that_is_lost_while_it_is_being_attached_is_lost() -> None:
    async with open_devtools() as devtools, open_session(devtools.address) as session:
        devtools.answers["Target.attachToTarget"] = {"sessionId": "never-told"}
        assert isinstance(await fault_of(lambda: session.attach("a")), TabLost)


@pytest.mark.parametrize("frame", ['{"method": 1}', "{}", '{"method": "A.b"}', '{"method": "A.b", "sessionId": [1]}'])
async def test_odd_frames_are_passed_over(frame: str) -> None:
    async with open_devtools() as devtools, open_session(devtools.address) as session:
        await devtools.send_raw(frame)
        assert await version(session) == VERSION["product"]


async def test_where_nobody_listens_there_is_no_connection() -> None:
    async with open_devtools() as devtools:
        address = devtools.address
    with pytest.raises(ConnectionLost, match=r"no DevTools connection to 127\.0\.0\.1"):
        async with open_session(address):
            pass


async def test_a_server_that_is_no_websocket_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cdp, "CONNECT_SECONDS", 0.2)

    async def serve(stream: trio.SocketStream) -> None:
        await trio.sleep_forever()

    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(trio.serve_tcp, serve, 0)
        port = listeners[0].socket.getsockname()[1]
        with pytest.raises(ConnectionLost, match="no DevTools connection"):
            async with open_session(f"ws://127.0.0.1:{port}/"):
                pass
        nursery.cancel_scope.cancel()


async def test_an_error_of_the_body_comes_out_as_it_was_raised() -> None:
    async with open_devtools() as devtools:
        with pytest.raises(ZeroDivisionError) as caught:
            async with open_session(devtools.address):
                raise ZeroDivisionError
        assert caught.value.__context__ is None
        with pytest.raises(ExceptionGroup) as group:
            async with open_session(devtools.address):
                raise ExceptionGroup("of the body", [ZeroDivisionError()])
        assert group.value.message == "of the body"


async def test_leaving_the_session_ends_the_connection() -> None:
    async with open_devtools() as devtools:
        async with open_session(devtools.address) as session:
            pass
        assert isinstance(session.lost, ConnectionLost)


async def test_without_the_extra_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "nodriver.cdp", raising=False)
    monkeypatch.setitem(sys.modules, "nodriver", None)
    with pytest.raises(BrowserUnavailable, match="extra `browser`"):
        await cdp.load_commands()


async def test_another_module_that_is_missing_is_not_blamed_on_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(name: str) -> None:
        raise ModuleNotFoundError("No module named 'deprecated'", name="deprecated")

    monkeypatch.setattr("importlib.import_module", fail)
    with pytest.raises(ModuleNotFoundError, match="deprecated"):
        await cdp.load_commands()

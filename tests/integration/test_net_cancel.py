"""Cancelling at every single step of a call leaves no socket and no file behind."""

import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import trio
import trio.abc

from flow2api.net.http import Http, open_http
from tests.doubles.asking import LIMIT_SECONDS
from tests.doubles.proxy import open_proxy
from tests.doubles.server import Server, open_server, plain
from tests.integration.test_net_dial import Names

_BODY = os.urandom(1_200_000)
Call = Callable[[Http, Server, str, Path], Awaitable[object]]


class CancelAtStep(trio.abc.Instrument):
    """Cancels a scope when one task is about to run its n-th step, so that its next wait is the one that is cut."""

    def __init__(self, task: trio.lowlevel.Task, scope: trio.CancelScope, step: int) -> None:
        self._task = task
        self._scope = scope
        self._left = step

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        if task is self._task:
            self._left -= 1
            if self._left == 0:
                self._scope.cancel()


async def _direct(http: Http, server: Server, exit_url: str, folder: Path) -> object:
    return await http.request("POST", server.url, body=b"x")


async def _kept(http: Http, server: Server, exit_url: str, folder: Path) -> object:
    await http.request("POST", server.url, body=b"x")
    return await http.request("POST", server.url, body=b"x" * 20_000)


async def _through_proxy(http: Http, server: Server, exit_url: str, folder: Path) -> object:
    return await http.request("POST", "http://far.example/", body=b"x", exit_url=exit_url)


async def _download(http: Http, server: Server, exit_url: str, folder: Path) -> object:
    return await http.download(server.url, folder / "file")


async def _cancelled_at(step: int, call: Call, server: Server, exit_url: str, folder: Path) -> bool:
    """Run `call` with a client of its own; whether it was cut short. Nothing of it may be open afterwards."""
    async with open_http() as http:
        with trio.CancelScope() as scope:
            instrument = CancelAtStep(trio.lowlevel.current_task(), scope, step)
            trio.lowlevel.add_instrument(instrument)
            try:
                await call(http, server, exit_url, folder)
            finally:
                trio.lowlevel.remove_instrument(instrument)
        await server.wait_open(http.statistics().pool.idle)
        assert http.statistics().in_use == 0
    await server.wait_open(0)
    return scope.cancelled_caught


@pytest.mark.parametrize("call", [_direct, _kept, _through_proxy, _download])
@pytest.mark.parametrize("scheme", ["http", "socks5"])
async def test_cancelling_at_any_step_leaks_nothing(call: Call, scheme: str, tmp_path: Path) -> None:
    trio.socket.set_custom_hostname_resolver(Names(far=["192.0.2.7"]))
    with trio.fail_after(LIMIT_SECONDS):
        async with open_server(default=plain(_BODY)) as server, open_proxy(upstream=server.port) as proxy:
            step = 1
            while await _cancelled_at(step, call, server, proxy.url(scheme), tmp_path):
                await proxy.wait_open(0)
                assert set(os.listdir(tmp_path)) <= {"file"}
                step += 1
    assert step > 5
    assert os.listdir(tmp_path) == (["file"] if call is _download else [])

"""The HTTP server as a supervised child: started last, stopped first, so that nothing is asked of a tree that is not there."""

from contextlib import suppress
from typing import ClassVar, Never

import trio

from flow2api.actors.jobs import WaitIdle
from flow2api.api.server import Listeners, make_app, serve
from flow2api.api.services import Services
from flow2api.kit.actor import Actor
from flow2api.kit.errors import ActorError


class Serving(Actor[Never]):
    """Runs the server on listeners that outlive it, from the moment when `doors` is set; who connects before that waits.

    While the gateway drains it still answers: it says so, refuses new generations and hands out what gets done. It stops listening
    when no generation runs any more or the grace is over; its own drain waits until the open requests have ended.
    """

    mailbox_size: ClassVar[int] = 1

    def __init__(self, services: Services, listeners: Listeners, doors: trio.Event) -> None:
        self._services = services
        self._listeners = listeners
        self._doors = doors
        self._ended = trio.Event()

    async def start(self) -> None:
        self.tasks.start_soon(self._run)

    async def drain(self) -> None:
        if self._doors.is_set():
            await self._ended.wait()

    async def _run(self) -> None:
        await self._doors.wait()
        services, closing = self._services, trio.Event()
        # Putting the routes together and reading the pages takes more than a tenth of a second: too long for all others to wait.
        app = await trio.to_thread.run_sync(make_app, services)
        self.tasks.start_soon(self._close_in_time, closing)
        await serve(app, services.config, self._listeners, draining=closing)
        self._ended.set()

    async def _close_in_time(self, closing: trio.Event) -> None:
        services = self._services
        await services.draining.wait()
        # An engine that has crashed has nothing left to wait for.
        with trio.move_on_after(services.config.server.grace_seconds), suppress(ActorError):
            await services.jobs.ask_again(WaitIdle())
        closing.set()

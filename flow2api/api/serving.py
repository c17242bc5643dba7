"""The HTTP server as a supervised child: started last, stopped first, so that nothing is asked of a tree that is not there."""

from typing import ClassVar, Never

import trio

from flow2api.api.server import Listeners, make_app, serve
from flow2api.api.services import Services
from flow2api.kit.actor import Actor


class Serving(Actor[Never]):
    """Runs the server on listeners that outlive it.

    The gateway's draining event makes it stop listening; its own drain waits until the open requests have ended.
    """

    mailbox_size: ClassVar[int] = 1

    def __init__(self, services: Services, listeners: Listeners) -> None:
        self._services = services
        self._listeners = listeners
        self._ended = trio.Event()

    async def start(self) -> None:
        await self.tasks.start(self._run)

    async def drain(self) -> None:
        await self._ended.wait()

    async def _run(self, *, task_status: trio.TaskStatus[None]) -> None:
        services = self._services
        app = make_app(services)
        await serve(app, services.config, self._listeners, draining=services.draining, task_status=task_status)
        self._ended.set()

"""Puts the live connection into the application: its websocket class, the topics, and the hub that runs as long as the server."""

from flow2api.api.admin.door import Door
from flow2api.api.live.hub import Hub
from flow2api.api.live.socket import LiveDesk, socket_class
from flow2api.api.live.topics import sources
from flow2api.api.routing import Application
from flow2api.api.services import Services


def register(app: Application, services: Services, door: Door) -> None:
    """Add `/api/live`."""
    hub = Hub(services.bus, services.pace.live, services.live)
    hub.offer(sources(services, hub))
    desk = LiveDesk(hub, door, services, app.closing)
    app.asgi_websocket_class = socket_class(desk)

    @app.before_serving
    async def attend() -> None:
        await app.nursery.start(hub.run)

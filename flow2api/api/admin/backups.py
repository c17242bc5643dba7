"""Admin routes for the copies of the database: what there are, making one now, fetching, checking and removing one.

A copy holds credentials, sealed; without the master key it opens nothing, and the master key is never handed out. Making a copy is the
regular work's own chore, so it is seen and counted there too.
"""

from pathlib import Path

import msgspec
import trio
from quart_trio.wrappers import TrioResponse

from flow2api.actors import backups
from flow2api.actors.schedule_messages import RunNow
from flow2api.api import wire
from flow2api.api.admin.table import Table
from flow2api.api.described import Content, described
from flow2api.api.exchange import GatewayRequest, Poured, Write
from flow2api.api.services import Services
from flow2api.domain.schedule import ScheduleView
from flow2api.errors import Code, Failure
from flow2api.store.backup import find_damage

CHORE = "backup"
CHUNK_BYTES = 256 * 1024


class BackupView(msgspec.Struct, frozen=True):
    """One copy. Its name tells when it was made, in UTC."""

    name: str
    size_bytes: int
    made_at: float


class BackupList(msgspec.Struct, frozen=True):
    """All copies, newest first, and the regular work that makes them."""

    backups: list[BackupView]
    keep: int
    schedule: ScheduleView | None


class BackupCheck(msgspec.Struct, frozen=True):
    """Whether a copy can be read from beginning to end."""

    name: str
    ok: bool
    damage: str = ""


class RemovedBackup(msgspec.Struct, frozen=True):
    """A copy that is gone."""

    name: str
    deleted: bool = True


def routes(services: Services) -> Table:
    """All of them."""
    views = _Views(services)
    one = "/api/backups/<name>"
    return (
        ("GET", "/api/backups", views.list_all),
        ("POST", "/api/backups", views.make),
        ("GET", f"{one}/export", views.fetch),
        ("POST", f"{one}/check", views.check),
        ("DELETE", one, views.remove),
    )


class _Views:
    """Each method is a route."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._folder = Path(services.config.storage.data_dir) / "backups"

    @described("List all copies of the database", BackupList)
    async def list_all(self, request: GatewayRequest) -> TrioResponse:
        found = await trio.to_thread.run_sync(_listed, self._folder)
        schedule = next((view for view in self._services.schedules.views() if view.name == CHORE), None)
        return wire.answer(BackupList(found, self._services.config.backup.keep, schedule))

    @described("Make a copy now", ScheduleView, status=202, errors=(Code.CONFLICT, Code.NOT_FOUND))
    async def make(self, request: GatewayRequest) -> TrioResponse:
        return wire.answer(await self._services.schedules.ask(CHORE, RunNow()), 202)

    @described("Fetch a copy", Content({"application/octet-stream": None}))
    async def fetch(self, request: GatewayRequest, name: str) -> TrioResponse:
        try:
            file = await trio.to_thread.run_sync(self._path(name).open, "rb")
        except FileNotFoundError:
            raise _missing() from None
        request.leaving.callback(file.close)

        async def pour(write: Write) -> None:
            while data := await trio.to_thread.run_sync(file.read, CHUNK_BYTES):
                await write(data)

        size = file.seek(0, 2)
        file.seek(0)
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Content-Length": str(size)}
        return Poured(pour, content_type="application/octet-stream", headers=headers)

    @described("Check a copy", BackupCheck)
    async def check(self, request: GatewayRequest, name: str) -> TrioResponse:
        try:
            damage = await trio.to_thread.run_sync(find_damage, self._path(name))
        except FileNotFoundError:
            raise _missing() from None
        return wire.answer(BackupCheck(name, not damage, damage))

    @described("Remove a copy", RemovedBackup)
    async def remove(self, request: GatewayRequest, name: str) -> TrioResponse:
        try:
            await trio.to_thread.run_sync(self._path(name).unlink)
        except FileNotFoundError:
            raise _missing() from None
        return wire.answer(RemovedBackup(name))

    def _path(self, name: str) -> Path:
        """Where a copy lies; names of another form lead nowhere."""
        if not backups.NAME.fullmatch(name):
            raise _missing()
        return self._folder / name


def _listed(folder: Path) -> list[BackupView]:
    try:
        found = backups.backups(folder)
    except FileNotFoundError:
        return []
    stats = [(path.name, path.stat()) for path in reversed(found)]
    return [BackupView(name, stat.st_size, stat.st_mtime) for name, stat in stats]


def _missing() -> Failure:
    return Failure(Code.NOT_FOUND, "There is no such backup.")

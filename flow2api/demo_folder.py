"""What the demonstration keeps in its data folder: its API key, the ports of the emulated services and what those have taken in.

Stored accounts, jobs and links hold addresses of the services, so the ports must be the same in each life. One demo per folder. Part
of the composition root.
"""

import errno
import random
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from flow2api.emulator.memory import Memory
from flow2api.instance import DEMO_NOTES, AlreadyRunning, InstanceLock

FOLDER, NOTES = DEMO_NOTES.parts
DATABASE = "flow2api.db"
HOST = "127.0.0.1"
# Below what systems give to outgoing connections, so that none of those is in the way later.
_PORTS = range(20_000, 30_000)


class _Notes(msgspec.Struct, frozen=True, kw_only=True):
    api_key: str
    ports: dict[str, int] = {}
    furnished: bool = False

    def __repr__(self) -> str:
        return f"_Notes(ports={self.ports!r})"


class DemoFolder:
    """The folder of one running demo."""

    def __init__(self, folder: Path, notes: _Notes) -> None:
        self._folder = folder
        self._notes = notes
        self._write()

    @property
    def api_key(self) -> str:
        return self._notes.api_key

    @property
    def is_furnished(self) -> bool:
        """Whether the accounts of the demo were all added once."""
        return self._notes.furnished

    def furnished(self) -> None:
        """Note that all accounts are there."""
        self._change(furnished=True)

    def port(self, service: str) -> int:
        """The port of a service, always the same.

        Raises:
            OSError: another program has it."""
        known = self._notes.ports.get(service)
        if known is None:
            known = _free_port()
            self._change(ports={**self._notes.ports, service: known})
        elif not _is_free(known):
            message = (
                f"Port {known} of {HOST} is taken by another program. The emulated {service} of the demo on this data folder lies "
                "there, and what it is making is fetched from there. End that program (lsof -i "
                f":{known} names it), or begin anew with another --data-dir."
            )
            raise OSError(errno.EADDRINUSE, message)
        return known

    def memory(self, service: str) -> Memory:
        """What a service has taken in.

        Raises:
            OSError: it cannot be read."""
        path = self._folder / f"{service}.jsonl"
        try:
            return Memory(path)
        except msgspec.DecodeError as error:
            message = f"{path} cannot be read: {error}. Remove it, or begin anew with another --data-dir."
            raise OSError(errno.EINVAL, message) from None

    def _change(self, **changes: object) -> None:
        self._notes = msgspec.structs.replace(self._notes, **changes)
        self._write()

    def _write(self) -> None:
        """Whole or not at all."""
        path = self._folder / NOTES
        fresh = path.with_suffix(".new")
        fresh.touch(mode=0o600)
        fresh.write_bytes(msgspec.json.encode(self._notes))
        fresh.replace(path)


@contextmanager
def open_demo_folder(data_dir: Path, api_key: str | None) -> Iterator[DemoFolder]:
    """The folder, held against other demos; `api_key` takes the place of the one that it has.

    Raises:
        AlreadyRunning: an instance runs on the data folder.
        OSError: it cannot be used, or belongs to a gateway that is no demo."""
    with InstanceLock(data_dir):
        pass  # the folder is made, and is nobody else's; the demo's gateway takes the lock again
    folder = data_dir / FOLDER
    notes = _read(folder / NOTES)
    if notes is None and (data_dir / DATABASE).exists():
        message = (
            f"The data folder {data_dir} is that of a gateway in real use: the demo would ask its emulated services with the accounts "
            "there, and take them for expired. Choose another with --data-dir."
        )
        raise OSError(errno.EEXIST, message)
    try:
        with InstanceLock(folder):
            key = api_key or (notes.api_key if notes else f"f2a_{secrets.token_hex(16)}")
            yield DemoFolder(folder, msgspec.structs.replace(notes or _Notes(api_key=key), api_key=key))
    except AlreadyRunning as running:
        raise AlreadyRunning(data_dir, running.pid) from None


def _read(path: Path) -> _Notes | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Notes)
    except FileNotFoundError:
        return None
    except msgspec.DecodeError as error:
        message = f"{path} cannot be read: {error}. Remove it, or begin anew with another --data-dir."
        raise OSError(errno.EINVAL, message) from None


def _free_port() -> int:
    for port in random.sample(_PORTS, len(_PORTS)):
        if _is_free(port):
            return port
    raise OSError(
        errno.EADDRINUSE, f"No port from {_PORTS[0]} to {_PORTS[-1]} is free on {HOST} for the emulated services."
    )


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As servers do it: the connections of a life before are no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True

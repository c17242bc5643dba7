"""What an emulated service still knows after it was killed: tables of records, in a file of JSON lines that only grows while it runs.

A line is handed to the operating system before the call is answered that caused it, so a SIGKILL loses nothing; a power failure may
lose the last lines, which is good enough for a demonstration. Each opening writes the file anew with what is still of use. Without
a file a table is a plain dictionary. Knows nothing of what is kept.
"""

import os
from collections.abc import Callable, Iterator, MutableMapping
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, TypeVar

import msgspec

T = TypeVar("T")

KEPT_SECONDS = 14 * 86400.0
"""How long what was made is known to later lives: gateways keep their own copies for a week."""


_NOTHING = msgspec.Raw(b"null")


class _Line(msgspec.Struct, frozen=True, array_like=True):
    """One change; with a value of null the record was taken away."""

    table: str
    key: str
    value: msgspec.Raw = _NOTHING


class Memory:
    """The tables of one service. `path` None: nothing is written. A context manager that closes the file.

    One process at a time; the caller sees to that. Making it raises msgspec.DecodeError for a file that is none of these.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._descriptor: int | None = None
        self._tables: dict[str, Table[Any]] = {}
        self._found: dict[tuple[str, str], msgspec.Raw] = {}
        if path is not None:
            self._found = _read(path)
            self._open(path)

    def table(self, name: str, kind: type[T], worth: Callable[[T], bool] = lambda _: True) -> "Table[T]":
        """The table of that name with its records of earlier lives, as far as they are `worth` it. To be asked for once in a life.

        Raises:
            msgspec.DecodeError: a record was written by another version."""
        table: Table[T] = Table(self, name)
        self._tables[name] = table
        for (other, key), raw in self._found.items():
            if other == name:
                table.restore(key, msgspec.json.decode(raw, type=kind), worth)
        return table

    @property
    def writes(self) -> bool:
        """Whether anything outlives the process."""
        return self._descriptor is not None

    def note(self, table: str, key: str, value: bytes | None) -> None:
        """Write one change."""
        if self._descriptor is not None:
            raw = _NOTHING if value is None else msgspec.Raw(value)
            _write(self._descriptor, msgspec.json.encode(_Line(table, key, raw)) + b"\n")

    def clear(self) -> None:
        """Forget everything; tables must be asked for anew."""
        self._tables, self._found = {}, {}
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, 0)

    def __enter__(self) -> "Memory":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _open(self, path: Path) -> None:
        """Begin a file with what was found, so that it is there whole or as it was."""
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = path.with_suffix(".new")
        self._descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC, 0o600)
        for (table, key), raw in self._found.items():
            self.note(table, key, bytes(raw))
        fresh.replace(path)


class Table(MutableMapping[str, T], Generic[T]):
    """Records by their keys, in the order in which they came. One that is changed in place must be `touch`ed."""

    def __init__(self, memory: Memory, name: str) -> None:
        self._memory = memory
        self._name = name
        self._records: dict[str, T] = {}
        self._written: dict[str, int] = {}
        """A digest of what was written of each, so that nothing is written that has not changed."""

    def restore(self, key: str, record: T, worth: Callable[[T], bool]) -> None:
        """Take over a record of an earlier life, or take it away for good."""
        self._records[key] = record
        self._written[key] = hash(msgspec.json.encode(record)) if self._memory.writes else 0
        if not worth(record):
            del self[key]

    def touch(self, key: str) -> None:
        """Write a record that may have changed."""
        if self._memory.writes:
            encoded = msgspec.json.encode(self._records[key])
            if self._written.get(key) != hash(encoded):
                self._memory.note(self._name, key, encoded)
                self._written[key] = hash(encoded)

    def touch_all(self) -> None:
        """Write each record that has changed. For small tables."""
        for key in self._records if self._memory.writes else ():
            self.touch(key)

    def __getitem__(self, key: str) -> T:
        return self._records[key]

    def __setitem__(self, key: str, record: T) -> None:
        self._records[key] = record
        self.touch(key)

    def __delitem__(self, key: str) -> None:
        del self._records[key]
        self._written.pop(key, None)
        self._memory.note(self._name, key, None)

    def __iter__(self) -> Iterator[str]:
        return iter(self._records)

    def __len__(self) -> int:
        return len(self._records)


def _read(path: Path) -> dict[tuple[str, str], msgspec.Raw]:
    """The newest value of each record. A line that was cut off by the end of its writer is none."""
    found: dict[tuple[str, str], msgspec.Raw] = {}
    try:
        lines = path.read_bytes().split(b"\n")[:-1]
    except FileNotFoundError:
        return found
    for text in lines:
        line = msgspec.json.decode(text, type=_Line)
        if bytes(line.value) == bytes(_NOTHING):
            found.pop((line.table, line.key), None)
        else:
            found[line.table, line.key] = line.value
    return found


def _write(descriptor: int, data: bytes) -> None:
    """All of it: one call may take a part only."""
    while data:
        data = data[os.write(descriptor, data) :]

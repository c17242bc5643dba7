"""Records as JSON text in a column: msgspec in, msgspec out.

Unknown fields are ignored and missing ones take their defaults, so a record may grow fields without a step in `migrations.py`.
"""

import logging
import re
from collections import deque
from collections.abc import Iterable
from typing import Generic, TypeVar

import msgspec

from flow2api.store.errors import StoreFault

log = logging.getLogger("flow2api.store")

T = TypeVar("T")

_ID = re.compile(r'"id":"([A-Za-z0-9_-]+)"')
# Lists are read again and again; what is damaged is told once.
_MOST_TOLD = 1000


class Body(Generic[T]):
    """Turns records of one type into text and back."""

    def __init__(self, record_type: type[T]) -> None:
        self._name = record_type.__name__
        self._encoder = msgspec.json.Encoder()
        self._decoder = msgspec.json.Decoder(record_type)
        self._told: deque[str] = deque(maxlen=_MOST_TOLD)

    def text(self, record: T) -> str:
        return self._encoder.encode(record).decode()

    def record(self, text: str) -> T:
        """The record that `text` was made from.

        Raises:
            StoreFault: the text is not a record of this type; somebody changed the database by hand.
        """
        try:
            return self._decoder.decode(text)
        except msgspec.MsgspecError as error:
            raise StoreFault(f"A stored {self._name} cannot be read: {error}. Restore a backup.") from error

    def records(self, texts: Iterable[str]) -> list[T]:
        """The records of a list; one that cannot be read is left out and told in the log, so that it costs none of the others."""
        found = []
        for text in texts:
            try:
                found.append(self.record(text))
            except StoreFault as fault:
                self._tell(text, fault)
        return found

    def _tell(self, text: str, fault: StoreFault) -> None:
        named = _ID.search(text)
        which = named[1] if named else "unknown"
        if which not in self._told:
            self._told.append(which)
            log.error("left out id=%s: %s", which, fault)

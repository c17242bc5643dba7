"""Records as JSON text in a column: msgspec in, msgspec out.

Unknown fields are ignored and missing ones take their defaults, so a record may grow fields without a step in `migrations.py`.
"""

from typing import Generic, TypeVar

import msgspec

from flow2api.store.errors import StoreFault

T = TypeVar("T")


class Body(Generic[T]):
    """Turns records of one type into text and back."""

    def __init__(self, record_type: type[T]) -> None:
        self._name = record_type.__name__
        self._encoder = msgspec.json.Encoder()
        self._decoder = msgspec.json.Decoder(record_type)

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

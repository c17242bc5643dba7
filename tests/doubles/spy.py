"""A bus spy: tests wait for what was said on a bus instead of sleeping, and look at all of it afterwards."""

from typing import Self, TypeVar

from flow2api.kit.bus import EventBus

E = TypeVar("E")

# More than any test says; a test that says more than this is told so.
_SIZE = 10_000


class Spy:
    """Listens to a bus inside `with Spy(bus) as spy:`.

    `wait` gives each event once: it first looks through what was said since the spy began and was not given yet, so nothing said
    before the call is missed, and waiting twice for the same thing waits for two of them.
    """

    def __init__(self, bus: EventBus) -> None:
        self._bus = bus
        self._subscribing = bus.subscribe(_SIZE)
        self._heard: list[object] = []
        self._given: list[object] = []

    def __enter__(self) -> Self:
        self._events = self._subscribing.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._listen()
        self._subscribing.__exit__(None, None, None)
        assert self._events.missed == 0, "more events than the spy can hold"

    @property
    def events(self) -> list[object]:
        """Everything said so far, in order."""
        self._listen()
        return list(self._heard)

    def seen(self, kind: type[E], **fields: object) -> list[E]:
        """What was said so far of one type, with these values in its fields."""
        return [event for event in self.events if isinstance(event, kind) and _fits(event, fields)]

    async def wait(self, kind: type[E], **fields: object) -> E:
        """The first event of that type with these values that was not given before; waits until there is one."""
        # A subscription of its own: it wakes this task without taking events from others who wait with the same spy.
        with self._bus.subscribe(_SIZE) as news:
            while True:
                for event in self.seen(kind, **fields):
                    if not any(event is given for given in self._given):
                        self._given.append(event)
                        return event
                await anext(news)

    def _listen(self) -> None:
        self._heard += self._events.take_nowait()


def _fits(event: object, fields: dict[str, object]) -> bool:
    return all(getattr(event, name) == value for name, value in fields.items())

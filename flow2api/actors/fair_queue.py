"""A waiting line that is fair between callers: one from each in turn, the oldest first within a caller.

Synchronous and free of time, so that it can be tested as data. The dispatcher owns it; others may only read positions.
"""

from collections import OrderedDict
from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class FairQueue(Generic[T]):
    """Items by id, in one line for each caller; the lines take turns. Who comes back, after a restart or a try that failed, has the
    place that its age gives it."""

    def __init__(self) -> None:
        self._lines: OrderedDict[str, OrderedDict[str, T]] = OrderedDict()
        self._callers: dict[str, str] = {}
        self._born_at: dict[str, float] = {}
        self._unsorted: set[str] = set()

    def __len__(self) -> int:
        return len(self._callers)

    def add(self, item_id: str, caller: str, item: T, *, born_at: float = 0.0) -> None:
        """Put an item in line behind all that are as old as it is, or older."""
        line = self._lines.setdefault(caller, OrderedDict())
        last = next(reversed(line), None)
        if last is not None and born_at < self._born_at[last]:
            self._unsorted.add(caller)
        line[item_id] = item
        self._callers[item_id], self._born_at[item_id] = caller, born_at

    def remove(self, item_id: str) -> T | None:
        """Take an item out without a turn being used; None when it is not there (any more)."""
        caller = self._callers.pop(item_id, None)
        if caller is None:
            return None
        line = self._lines[caller]
        del self._born_at[item_id]
        item = line.pop(item_id)
        if not line:
            del self._lines[caller]
        return item

    def serve(self, item_id: str) -> T | None:
        """Take an item out because it is served: its caller's line goes to the end of the round."""
        caller = self._callers.get(item_id)
        item = self.remove(item_id)
        if caller is not None and caller in self._lines:
            self._lines.move_to_end(caller)
        return item

    def order(self) -> Iterator[tuple[str, T]]:
        """All items in the order in which they would be served if each could be. Do not change the queue meanwhile."""
        for caller in self._unsorted & self._lines.keys():
            for item_id in sorted(self._lines[caller], key=self._born_at.__getitem__):
                self._lines[caller].move_to_end(item_id)
        self._unsorted.clear()
        heads = [iter(line.items()) for line in self._lines.values()]
        while heads:
            left = []
            for head in heads:
                item = next(head, None)
                if item is not None:
                    yield item
                    left.append(head)
            heads = left

    def position(self, item_id: str) -> int | None:
        """Place of one item, 1 is next; None when it is not in line."""
        if item_id not in self._callers:
            return None
        return next(place for place, (one, _) in enumerate(self.order(), 1) if one == item_id)

    def positions(self) -> dict[str, int]:
        """Place of every item, 1 is next."""
        return {item_id: place for place, (item_id, _) in enumerate(self.order(), 1)}

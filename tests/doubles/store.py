"""A store that can be made to fail."""

from typing import Any

from flow2api.store.base import Store
from flow2api.store.errors import StoreFault


class Failing:
    """A store whose writes fail while it is broken, or whose reads while it is unreadable."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.broken = False
        self.unreadable = False

    async def read(self, verb: Any, *args: Any, **kwargs: Any) -> Any:
        if self.unreadable:
            raise StoreFault("The database failed: disk I/O error.")
        return await self._store.read(verb, *args, **kwargs)

    async def write(self, verb: Any, *args: Any, **kwargs: Any) -> Any:
        if self.broken:
            raise StoreFault("The database failed: disk I/O error.")
        return await self._store.write(verb, *args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

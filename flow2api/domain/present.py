"""Records that are read anew at each look, for who is made once but must go by what holds now.

Whoever is handed such a record looks at its fields as ever and never sees an old one; what it copies out of it stays old. Nothing in
here knows what is looked at.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

T = TypeVar("T")


class _Present:
    """Passes each look on. Shows nothing of the record in its repr, which may hold secrets."""

    __slots__ = ("_look",)

    def __init__(self, look: Callable[[], object]) -> None:
        self._look = look

    def __getattr__(self, name: str) -> Any:
        return getattr(self._look(), name)

    def __repr__(self) -> str:
        return "present(...)"


def present(look: Callable[[], T]) -> T:
    """What `look` gives, at each access to one of its attributes anew. Not for types with operators: those are not passed on."""
    return cast("T", _Present(look))

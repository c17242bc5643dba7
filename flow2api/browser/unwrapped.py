"""Keeps the nursery of a context manager out of the errors that pass through it."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def unwrapped() -> Iterator[None]:
    """Put round a nursery whose background tasks raise nothing: what the body raised comes out as it was raised."""
    try:
        yield
    except BaseExceptionGroup as group:
        if len(group.exceptions) != 1:
            raise
        alone = group.exceptions[0]
        context = alone.__context__
        try:
            raise alone
        finally:
            # Raising made the group its context, and the group holds it: a circle, and of no use to a reader.
            alone.__context__ = context
            del alone, context

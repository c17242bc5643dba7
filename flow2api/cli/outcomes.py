"""How a command ends: the exit codes, and expected failures as one plain message each. A traceback means a bug."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import click
import trio

from flow2api.config import ConfigError
from flow2api.domain.catalog import CatalogError
from flow2api.errors import Failure, NetworkFault
from flow2api.instance import AlreadyRunning
from flow2api.kit.errors import TooManyRestarts, describe
from flow2api.log import mask
from flow2api.store.errors import StoreError

T = TypeVar("T")

FAILED = 1
USAGE = 2
NO_INSTANCE = 3
REFUSED = 4

EXIT_CODES: dict[int, str] = {
    0: "done",
    FAILED: "failed",
    USAGE: "wrong usage or settings",
    NO_INSTANCE: "the instance cannot be reached, or one is already running",
    REFUSED: "the gateway refused the request",
}

_EXPECTED: dict[type[Exception], int] = {
    ConfigError: USAGE,
    CatalogError: USAGE,
    AlreadyRunning: NO_INSTANCE,
    NetworkFault: NO_INSTANCE,
    Failure: REFUSED,
    StoreError: FAILED,
    TooManyRestarts: FAILED,
    OSError: FAILED,
}
EXPECTED: tuple[type[Exception], ...] = tuple(_EXPECTED)


class CommandFailed(click.ClickException):
    """An expected end of a command with a message for people."""

    def __init__(self, message: str, exit_code: int = FAILED) -> None:
        super().__init__(mask(message))
        self.exit_code = exit_code  # type: ignore[misc]  # click declares it for the class; ours differ by cause


def run(function: Callable[..., Awaitable[T]], *args: object) -> T:
    """Run an async function to its end; what is expected to go wrong becomes a `CommandFailed`."""
    with told_as_failures():
        return trio.run(function, *args)


@contextmanager
def told_as_failures() -> Iterator[None]:
    """What is expected to go wrong in the block becomes a `CommandFailed`; a group of such, its first one."""
    try:
        yield
    except EXPECTED as error:
        raise _told(error) from None
    except BaseExceptionGroup as group:
        leaves = list(_leaves(group))
        if any(isinstance(leaf, KeyboardInterrupt) for leaf in leaves):
            raise click.Abort from None
        if all(isinstance(leaf, (*EXPECTED, click.ClickException)) for leaf in leaves):
            raise _told(leaves[0]) from None
        raise


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error


def _told(error: BaseException) -> click.ClickException:
    if isinstance(error, click.ClickException):
        return error
    code = next(code for kind, code in _EXPECTED.items() if isinstance(error, kind))
    if isinstance(error, OSError) and error.strerror:
        return CommandFailed(f"{error.filename}: {error.strerror}" if error.filename else error.strerror, code)
    if isinstance(error, TooManyRestarts):
        return CommandFailed(_why_it_gave_up(error), code)
    return CommandFailed(str(error), code)


def _why_it_gave_up(error: TooManyRestarts) -> str:
    """The crash behind it, which is what a person can do something about."""
    cause: BaseException | None = error
    while isinstance(cause, TooManyRestarts):
        cause = cause.__cause__
    if cause is None:
        return str(error)
    return f"{error}: {describe(cause)}"

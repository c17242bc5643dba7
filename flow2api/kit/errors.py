"""What can go wrong with an actor or its supervisor, seen from outside, and how a cause is dug out of exception groups.

These are faults of the machinery. An expected failure of the domain is an answer instead (see `Actor.expected`). Nothing here
knows how actors run.
"""

from collections.abc import Callable


class ActorError(Exception):
    """An actor could not do what was asked, for a reason that lies in its life and not in the request."""


class ActorStopped(ActorError):
    """The actor (or supervisor) named `name` takes no messages: it is draining, has stopped, or is being shut down."""

    def __init__(self, name: str, message: str = "has stopped") -> None:
        super().__init__(f"{name} {message}")
        self.name = name


class ActorParked(ActorStopped):
    """The actor crashed too often and rests until somebody restarts it. `reason` is its last error in words."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(name, f"is parked: {reason}")
        self.reason = reason


class ActorCrashed(ActorError):
    """The actor's life ended before it answered; it may live again by now, and its queue was kept.

    `cause` is the unexpected exception, its own or that of the sibling with which it had to go; it is None when an operator
    restarted the actor by hand.
    """

    def __init__(self, name: str, cause: Exception | None) -> None:
        super().__init__(f"{name} crashed: {describe(cause)}" if cause else f"{name} was restarted")
        self.name = name
        self.cause = cause
        self.__cause__ = cause


class TooManyRestarts(ActorError):
    """A supervisor gave up: its children crashed more than `max_restarts` times within `within` seconds.

    `child` names the one whose crash was the last straw; `__cause__` is that crash.
    """

    def __init__(self, name: str, child: str, max_restarts: int, within: float) -> None:
        super().__init__(f"{name}: more than {max_restarts} restarts in {within:g} s, the last for {child}")
        self.name = name
        self.child = child
        self.max_restarts = max_restarts
        self.within = within


Refusal = Callable[[str], ActorError]
"""Makes the error for one asker from the actor's name. One for each, since tracebacks grow where an exception is raised."""


class UnknownChild(ActorError):
    """The supervisor has no child of that name."""

    def __init__(self, name: str, child: str) -> None:
        super().__init__(f"{name} has no child named {child}")
        self.name = name
        self.child = child


def only_cause(error: Exception) -> Exception:
    """The single exception inside nested groups; a group that holds several is returned as it is."""
    while isinstance(error, ExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error


def describe(error: BaseException) -> str:
    """One line for people: the type of an error and its message."""
    text = str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__

"""The data of supervision: what is to live at a place in the tree, what a supervisor looks like from above, and the tree as a picture.

Records and protocols alone; nothing here acts.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import msgspec

from flow2api.kit.actor import Actor
from flow2api.kit.errors import Refusal
from flow2api.kit.mailbox import Mailbox, MailboxStatistics

Restart = Literal["permanent", "transient", "temporary"]
State = Literal["starting", "running", "waiting", "parked", "draining", "stopped"]
Kind = Literal["actor", "supervisor"]


class NodeStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """One node of the supervision tree at one moment. `last_error` is in words; only actors have a mailbox."""

    name: str
    kind: Kind
    state: State
    restarts: int = 0
    last_error: str | None = None
    mailbox: MailboxStatistics | None = None
    children: Sequence["NodeStatistics"] = ()


class Subtree(Protocol):
    """A supervisor, as its parent sees it."""

    async def serve(self, started: Callable[[], object]) -> None:
        """Run until stopped or out of restarts; leave the mailboxes to the heir or to `abandon`."""

    def inherit(self, former: Any) -> None:
        """Take over the mailboxes of the supervisor that lived here before."""

    def nodes(self) -> Sequence[NodeStatistics]:
        """The nodes right below."""

    def begin_restart(self, path: Sequence[str]) -> None:
        """Begin a new life of what lives at the end of `path`."""

    def begin_stop(self) -> None:
        """Drain the children, and return from `serve` when it is done."""

    def begin_halt(self, cause: Exception | None) -> None:
        """Cancel the children in the reverse order of start, and return from `serve` when it is done."""

    def abandon(self, why: Refusal) -> None:
        """No heir will come: settle whatever still lies in a mailbox below."""


@dataclass(frozen=True)
class ChildSpec:
    """What is to live at a place in the tree.

    `make` is a factory, since each life is a new object. `restart`: a permanent child always lives again, a transient one unless
    it ended in order, a temporary one never. When stopped, it has `drain_seconds` to end in order before it is
    cancelled; for a supervisor that covers all below it. `mailbox` is for refs that are handed out before anything
    runs; without it one of the actor's `mailbox_size` is made at the first start.
    """

    name: str
    make: Callable[[], Actor[Any] | Subtree]
    restart: Restart = "permanent"
    drain_seconds: float = 5.0
    mailbox: Mailbox[Any] | None = None

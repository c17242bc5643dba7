"""All regular work: one actor for each piece under one supervisor, what may be asked of them, and how they stand.

A plain object, since the list never changes and each actor owns its own entry. Promises that no piece can hold up or bring down another,
nor anything else in the tree.
"""

from collections.abc import Sequence
from functools import partial

from flow2api.actors.chore import Board, Chore
from flow2api.actors.schedule import Schedule, ScheduleParts
from flow2api.actors.schedule_messages import ScheduleMessage
from flow2api.domain.schedule import ScheduleView
from flow2api.errors import Code, Failure
from flow2api.kit.mailbox import Mailbox
from flow2api.kit.supervisor import ChildSpec, Supervisor
from flow2api.kit.timing import Backoff

# More than the pauses between restarts leave time for: this group never gives up, so that regular work cannot end the rest.
_MAX_RESTARTS, _WITHIN_SECONDS = 100_000, 3600.0
_PAUSES = Backoff(first=1.0, factor=2.0, limit=300.0)


class Schedules:
    """Lists regular work and passes on what an operator wants of it."""

    def __init__(self, chores: Sequence[Chore], parts: ScheduleParts) -> None:
        self._chores = chores
        self._parts = parts
        self._board = Board([chore.view() for chore in chores])
        self._mailboxes: dict[str, Mailbox[ScheduleMessage]] = {
            chore.name: Mailbox(f"schedule {chore.name}", Schedule.mailbox_size) for chore in chores
        }

    def supervisor(self) -> Supervisor:
        """The actors, to be put into the tree; a new one for each life."""
        children = [
            ChildSpec(
                f"schedule {chore.name}",
                partial(Schedule, chore, self._board, self._parts),
                mailbox=self._mailboxes[chore.name],
            )
            for chore in self._chores
        ]
        return Supervisor(
            "schedules",
            children,
            strategy="one_for_one",
            max_restarts=_MAX_RESTARTS,
            within=_WITHIN_SECONDS,
            backoff=_PAUSES,
            bus=self._parts.bus,
        )

    def views(self) -> list[ScheduleView]:
        """How each piece stands, in a fixed order."""
        return self._board.views()

    async def ask(self, name: str, message: ScheduleMessage) -> ScheduleView:
        """Ask something of the piece called `name`; how it stands then.

        Raises:
            Failure: there is no such piece, or it cannot do that now.
        """
        mailbox = self._mailboxes.get(name)
        if mailbox is None:
            raise Failure(Code.NOT_FOUND, f"There is no schedule {name}.")
        return await mailbox.ref.ask(message)

"""A place in the tree whose crashes are its own: for work at whose side the rest must go on, whatever happens to it."""

from collections.abc import Sequence

from flow2api.kit.bus import EventBus
from flow2api.kit.supervisor import ChildSpec, Supervisor
from flow2api.kit.timing import Backoff

# More than the pauses leave time for, so it never gives up, which would end the rest.
_MAX_RESTARTS, _WITHIN_SECONDS = 100_000, 3600.0
_PAUSES = Backoff(first=1.0, factor=2.0, limit=300.0)


def apart(name: str, children: Sequence[ChildSpec], bus: EventBus) -> Supervisor:
    """A supervisor for these children, each of which is kept by itself; a new one for each life."""
    return Supervisor(
        name,
        children,
        strategy="one_for_one",
        max_restarts=_MAX_RESTARTS,
        within=_WITHIN_SECONDS,
        backoff=_PAUSES,
        bus=bus,
    )

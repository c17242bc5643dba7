"""The topic `logs`: the newest lines of the log, then each new one; masked like on standard error."""

from collections.abc import Sequence

from flow2api.actors.log_book import line_of
from flow2api.api.live.protocol import Logged, LogsState
from flow2api.api.live.source import Source
from flow2api.log import Tail

# Of those that came since the last look, a few times a second; older ones are counted.
MOST_AT_ONCE = 200


class LogsSource(Source):
    def __init__(self, tail: Tail) -> None:
        self._tail = tail
        self._told = 0

    async def snapshot(self) -> LogsState:
        return LogsState([line_of(fact) for fact in self._tail.after(0)])

    async def poll(self) -> Sequence[object]:
        heard = self._tail.after(self._told)
        if not heard:
            return ()
        first, self._told = self._told, heard[-1].number
        shown = heard[-MOST_AT_ONCE:]
        # Before the first look everything is in the snapshot.
        missed = shown[0].number - first - 1 if first else 0
        return (Logged([line_of(fact) for fact in shown], missed),)

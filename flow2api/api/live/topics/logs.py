"""The topic `logs`: the newest lines of the log, then each new one; masked like on standard error."""

from collections.abc import Sequence

from flow2api.api.live.protocol import Logged, LogsState
from flow2api.api.live.source import Source
from flow2api.domain.logline import LogLine
from flow2api.log import Heard, Tail

# Of those that came since the last look, a few times a second; older ones are counted.
MOST_AT_ONCE = 200
_IDS = {"job": "job_id", "job_id": "job_id", "account": "account_id", "account_id": "account_id"}


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


def line_of(fact: Heard) -> LogLine:
    """A fact of the log as the page shows it."""
    ids = {_IDS[name]: value for name, value in fact.given.items() if name in _IDS}
    return LogLine(
        number=fact.number,
        at=fact.at,
        level=fact.level,
        logger=fact.logger,
        message=fact.message,
        request_id=fact.request_id,
        job_id=ids.get("job_id", ""),
        account_id=ids.get("account_id", ""),
        fields={name: value for name, value in fact.given.items() if name not in _IDS},
        error=fact.error,
        traceback=fact.traceback,
    )

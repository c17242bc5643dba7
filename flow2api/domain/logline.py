"""One line of the log as the dashboard shows it: masked, whatever its form on standard error."""

import re
from collections.abc import Mapping
from typing import Literal, get_args

import msgspec

Level = Literal["debug", "info", "warning", "error", "critical"]
LEVELS: tuple[str, ...] = get_args(Level)
"""By weight, the least first."""

_IDS = re.compile(r"\b(job|account)=([\w-]+)")


class LogLine(msgspec.Struct, frozen=True, kw_only=True):
    """One fact. `number` rises by one with each line since the start of the process."""

    number: int
    at: float
    level: str
    logger: str
    message: str
    request_id: str = ""
    job_id: str = ""
    account_id: str = ""
    fields: Mapping[str, str] = {}
    """What else the line tells."""
    error: str = ""
    """The exception in words."""
    traceback: str = ""


def ids_in(message: str) -> dict[str, str]:
    """The job and the account that a line names, as it names them: `job=...`, `account=...`."""
    return dict(_IDS.findall(message))

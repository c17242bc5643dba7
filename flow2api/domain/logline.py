"""One line of the log as the dashboard shows it: masked, whatever its form on standard error."""

from collections.abc import Mapping

import msgspec


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

"""The waits that answers name: a header with seconds or a date, a duration in Google's notation. Pure functions."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

# Limits of keys are those of a minute, mostly.
USUAL_SECONDS = 60.0
_DURATION = re.compile(r"\d{1,9}(\.\d{1,9})?s")


def of_header(header: str | None, now: float) -> float | None:
    """The wait of a `Retry-After` header: seconds or a date; None where it names none."""
    if header is None:
        return None
    header = header.strip()
    if header.isascii() and header.isdigit() and len(header) < 10:
        return float(header)
    try:
        at = parsedate_to_datetime(header)
    except (ValueError, OverflowError):
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, (at - datetime.fromtimestamp(now, UTC)).total_seconds())


def of_duration(text: object) -> float | None:
    """The seconds of a duration such as `1.5s`; None for anything else."""
    return float(text[:-1]) if isinstance(text, str) and _DURATION.fullmatch(text) else None

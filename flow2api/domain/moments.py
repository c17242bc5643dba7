"""Times in words for those who read why something rests. Unix seconds (UTC)."""

from datetime import UTC, datetime


def clock(at: float, now: float) -> str:
    """A time in words, with its date unless that is today's."""
    moment = datetime.fromtimestamp(at, UTC)
    today = moment.date() == datetime.fromtimestamp(now, UTC).date()
    return f"{moment:%H:%M} UTC" if today else f"{moment:%Y-%m-%d %H:%M} UTC"

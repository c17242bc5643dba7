"""Numbers over time as pure arithmetic: windows, buckets without gaps, rates and percentiles."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from flow2api.domain.overview import Bucket, FailureLine, ModelLatency, Trends, Window


class Span(NamedTuple):
    """How long a window is, and its buckets."""

    seconds: int
    bucket_seconds: int


SPANS: Mapping[Window, Span] = {
    "hour": Span(3600, 60),
    "day": Span(86400, 900),
    "week": Span(7 * 86400, 2 * 3600),
    "month": Span(30 * 86400, 6 * 3600),
}


class Ended(NamedTuple):
    """What ended in one bucket in one way."""

    at: float
    kind: str
    outcome: str
    """`succeeded`, `cancelled` or `failed`."""
    number: int


class Latency(NamedTuple):
    """One good generation."""

    model: str
    kind: str
    seconds: float


def begin_of(window: Window, now: float) -> float:
    """When the first bucket of the window begins; the last one is the one that holds `now`."""
    span = SPANS[window]
    last = math.floor(now / span.bucket_seconds) * span.bucket_seconds
    return float(last - span.seconds + span.bucket_seconds)


def trends_of(
    window: Window, since: float, counts: Iterable[Ended], took: Iterable[Latency], failures: Sequence[FailureLine]
) -> Trends:
    """Everything about one window."""
    span = SPANS[window]
    totals, by_bucket = defaultdict[str, int](int), defaultdict[tuple[float, str], int](int)
    for one in counts:
        totals[one.outcome] += one.number
        by_bucket[one.at, one.kind if one.outcome == "succeeded" else one.outcome] += one.number
    starts = (since + place * span.bucket_seconds for place in range(span.seconds // span.bucket_seconds))
    judged = totals["succeeded"] + totals["failed"]
    return Trends(
        window=window,
        since=since,
        bucket_seconds=float(span.bucket_seconds),
        buckets=tuple(_bucket(at, by_bucket) for at in starts),
        succeeded=totals["succeeded"],
        failed=totals["failed"],
        cancelled=totals["cancelled"],
        success_rate=totals["succeeded"] / judged if judged else None,
        latency=_latencies(took),
        failures=tuple(failures),
    )


def percentile(ordered: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of a rising series does not exceed."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def _bucket(at: float, counts: Mapping[tuple[float, str], int]) -> Bucket:
    def count(what: str) -> int:
        return counts.get((at, what), 0)

    return Bucket(
        at=at, images=count("image"), videos=count("video"), failed=count("failed"), cancelled=count("cancelled")
    )


def _latencies(took: Iterable[Latency]) -> tuple[ModelLatency, ...]:
    by_model = defaultdict[tuple[str, str], list[float]](list)
    for one in took:
        by_model[one.model, one.kind].append(one.seconds)
    found = [
        ModelLatency(
            model=model,
            kind=kind,
            count=len(seconds),
            median_seconds=percentile(sorted(seconds), 0.5),
            p95_seconds=percentile(sorted(seconds), 0.95),
        )
        for (model, kind), seconds in by_model.items()
    ]
    return tuple(sorted(found, key=lambda latency: (-latency.count, latency.model)))

from hypothesis import given
from hypothesis import strategies as st

from flow2api.domain.overview import Window
from flow2api.domain.trends import SPANS, Ended, Latency, begin_of, percentile, trends_of

NOW = 1_800_000_123.0


@given(st.sampled_from(sorted(SPANS)), st.floats(0, 4e9))
def test_a_window_is_whole_buckets_and_holds_the_present(window: Window, now: float) -> None:
    trends = trends_of(window, begin_of(window, now), [], [], [])
    assert len(trends.buckets) * trends.bucket_seconds == SPANS[window].seconds
    assert trends.buckets[0].at == trends.since
    assert trends.buckets[-1].at <= now < trends.buckets[-1].at + trends.bucket_seconds
    assert trends.success_rate is None


def test_what_ended_is_in_its_bucket_and_in_the_sums() -> None:
    since = begin_of("hour", NOW)
    counts = [
        Ended(since, "image", "succeeded", 3),
        Ended(since, "video", "succeeded", 1),
        Ended(since + 60, "image", "failed", 2),
        Ended(since + 60, "video", "failed", 4),
        Ended(since + 120, "image", "cancelled", 5),
    ]
    trends = trends_of("hour", since, counts, [], [])
    first, second, third = trends.buckets[:3]
    assert (first.images, first.videos, second.failed, third.cancelled) == (3, 1, 6, 5)
    assert (trends.succeeded, trends.failed, trends.cancelled, trends.success_rate) == (4, 6, 5, 0.4)


def test_latency_is_told_by_model_the_busiest_first() -> None:
    took = [Latency("slow", "video", 100.0), *(Latency("quick", "image", float(second)) for second in range(1, 101))]
    quick, slow = trends_of("hour", 0.0, [], took, []).latency
    assert (quick.model, quick.count, quick.median_seconds, quick.p95_seconds) == ("quick", 100, 50.0, 95.0)
    assert (slow.model, slow.median_seconds, slow.p95_seconds) == ("slow", 100.0, 100.0)


@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0.01, 1))
def test_a_percentile_is_one_of_the_values_and_enough_are_below(values: list[float], share: float) -> None:
    ordered = sorted(values)
    found = percentile(ordered, share)
    assert found in ordered
    assert sum(value <= found for value in ordered) >= share * len(ordered) - 1e-9 * len(ordered)

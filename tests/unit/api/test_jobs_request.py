"""What callers of the job routes prefer and where they go on."""

import pytest

from flow2api.api.jobs.events import last_seen
from flow2api.api.jobs.request import query_of, wait_of
from flow2api.errors import Failure
from tests.unit.api.doubles import make_request


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("respond-async", None),
        ("wait", 60),
        ("wait=5", 5),
        ('WAIT = "7"', 7),
        ("respond-async, wait=10", 10),
        ("wait=0", 0),
        ("wait=61", 60),
        ("wait=999999999", 60),
        ("wait=-1", None),
        ("wait=1.5", None),
        ("waiting=5", None),
    ],
)
def test_how_long_a_caller_prefers_to_wait(header: str | None, seconds: int | None) -> None:
    assert wait_of(make_request({"Prefer": header} if header is not None else {})) == seconds


@pytest.mark.parametrize(
    ("header", "seen"), [("17", 17), (" 17 ", 17), ("", None), ("x", None), ("-1", None), ("9" * 30, None)]
)
def test_an_event_id_that_is_not_ours_is_none(header: str, seen: int | None) -> None:
    assert last_seen(make_request({"Last-Event-ID": header})) == seen


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=x", "limit"),
        ("status=running_wild", "status"),
        ("kind=sound", "kind"),
        ("order=up", "order"),
        ("after=a&before=b", "before"),
    ],
)
def test_a_query_that_is_not_allowed_names_its_field(query: str, param: str) -> None:
    with pytest.raises(Failure) as refused:
        query_of(make_request(query=query))
    assert refused.value.param == param

"""A page of a caller's jobs: a total order by time and id, and pages from any job in both directions."""

from typing import NamedTuple

import msgspec

from flow2api.api.jobs.request import Query
from flow2api.domain.job import Job
from flow2api.domain.job_view import JobView, states_of
from flow2api.errors import Code, Failure
from flow2api.store import jobs
from flow2api.store.base import Store


class JobPage(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of the list."""

    object: str = "list"
    data: list[JobView]
    first_id: str | None
    last_id: str | None
    has_more: bool
    """Whether there are more in the direction in which was asked: before the first one with `before`, else after the last."""

    @classmethod
    def of(cls, views: list[JobView], more: bool) -> "JobPage":
        ids = [view.id for view in views]
        return cls(data=views, first_id=ids[0] if ids else None, last_id=ids[-1] if ids else None, has_more=more)


class Page(NamedTuple):
    """Jobs in the order that was asked for."""

    jobs: list[Job]
    more: bool


async def page_of(store: Store, query: Query, caller: str) -> Page:
    """The caller's jobs that the query asks for.

    Raises:
        Failure: the job from where to go on is not known."""
    cursor = query.before or query.after
    if cursor is not None:
        known = await store.read(jobs.get, cursor)
        if known is None or known.caller != caller:
            param = "before" if query.before else "after"
            raise Failure(Code.INVALID_VALUE, f"There is no job {cursor[:80]!r} to go on from.", param=param)
    ascending = query.order == "asc"
    found = await store.read(
        jobs.page,
        caller=caller,
        state=None if query.status is None else states_of(query.status),
        model=query.model,
        kind=query.kind,
        after=cursor,
        limit=query.limit + 1,
        # The page before a job is the page after it, read backwards.
        ascending=ascending != bool(query.before),
    )
    page, more = found[: query.limit], len(found) > query.limit
    return Page(page[::-1] if query.before else page, more)

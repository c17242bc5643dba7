"""What served an answer, for those who want to know: not OpenAI's, so it stands in a field of its own that every SDK passes over.

A header tells of the route too, but a stream's headers are out before a route is taken. Pure data.
"""

from collections.abc import Sequence

import msgspec

from flow2api.domain.job import Job


class Served(msgspec.Struct, frozen=True, kw_only=True):
    """The field `x_flow2api`."""

    model: str
    """The exact model, whatever name it was asked by."""
    route: str | None
    """By which provider, group of accounts and upstream model; several are separated by commas, null as long as none is taken."""
    jobs: tuple[str, ...]
    """The ids under which `/v1/jobs` knows what was made."""


def served(jobs: Sequence[Job]) -> Served:
    """What served these jobs of one request, of which there is at least one."""
    routes = dict.fromkeys(job.generation.route for job in jobs if job.submits)
    return Served(model=jobs[0].generation.model, route=", ".join(routes) or None, jobs=tuple(job.id for job in jobs))

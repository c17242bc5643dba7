"""The pool of projects: filled one by one, used in turn, kept when it cannot grow."""

import pytest
import trio

from flow2api.domain.failure import FailureKind, UpstreamFailure
from flow2api.net.message import Response
from flow2api.providers.flow.projects import CREATION_PAUSE_SECONDS, ProjectPool
from flow2api.providers.flow.vault import Upload, Vault
from tests.unit.providers.flow import fake
from tests.unit.providers.flow.fake import Clock, FakeHttp, answer, client, signed_in


def pool(http: FakeHttp, vault: Vault, size: int, clock: Clock | None = None) -> ProjectPool:
    clock = clock or Clock()
    return ProjectPool(client(http, clock), vault, lambda: size, clock)


def numbered(http: FakeHttp) -> None:
    """Let each creation give the next of p1, p2, ..."""

    def create(_: fake.Seen) -> Response:
        return fake.project(f"p{len(http.calls(fake.PROJECT))}")

    http.on(fake.PROJECT, create)


async def test_projects_are_made_until_there_are_enough_and_then_taken_in_turn() -> None:
    http, vault = FakeHttp(), signed_in()
    numbered(http)
    projects = pool(http, vault, 3)
    assert [await projects.take() for _ in range(8)] == ["p1", "p2", "p3", "p1", "p2", "p3", "p1", "p2"]
    assert vault.projects == ["p1", "p2", "p3"]


async def test_a_project_has_a_title_with_date_and_number() -> None:
    http = FakeHttp()
    numbered(http)
    await pool(http, signed_in(projects=["p0"]), 2).take()
    assert http.seen[0].json == {"json": {"projectTitle": "Jun 15 - 15:06 P2", "toolName": "PINHOLE"}}


async def test_known_projects_are_used_without_a_call() -> None:
    http = FakeHttp()
    projects = pool(http, signed_in(projects=["a", "b"]), 2)
    assert [await projects.take() for _ in range(3)] == ["a", "b", "a"]
    assert http.seen == []


async def test_an_account_that_cannot_get_more_projects_goes_on_with_what_it_has() -> None:
    http, clock = FakeHttp(), Clock()
    http.on(fake.PROJECT, answer(500))
    projects = pool(http, signed_in(projects=["a"]), 4, clock)
    assert [await projects.take() for _ in range(3)] == ["a", "a", "a"]
    assert len(http.seen) == 1
    clock.now += CREATION_PAUSE_SECONDS
    await projects.take()
    assert len(http.seen) == 2


async def test_without_any_project_a_failed_creation_is_the_order_s_failure() -> None:
    http = FakeHttp()
    http.on(fake.PROJECT, answer(429))
    with pytest.raises(UpstreamFailure) as caught:
        await pool(http, signed_in(), 4).take()
    assert caught.value.kind is FailureKind.THROTTLED


async def test_a_dropped_project_is_replaced_and_its_uploads_are_forgotten() -> None:
    http = FakeHttp()
    vault = signed_in(projects=["a", "b"], uploads={"a": {"d": Upload("m", 1.0)}, "b": {"d": Upload("n", 1.0)}})
    numbered(http)
    projects = pool(http, vault, 2)
    projects.drop("a")
    projects.drop("never there")
    assert await projects.take() == "p1"
    assert vault.projects == ["b", "p1"]
    assert list(vault.uploads) == ["b"]


async def test_many_orders_at_a_time_do_not_make_too_many_projects() -> None:
    http, vault = FakeHttp(), signed_in()
    numbered(http)
    projects = pool(http, vault, 2)
    taken: list[str] = []

    async def take() -> None:
        taken.append(await projects.take())

    async with trio.open_nursery() as nursery:
        for _ in range(10):
            nursery.start_soon(take)
    assert len(vault.projects) == len(http.seen) == 2
    assert len(taken) == 10
    assert set(taken) == {"p1", "p2"}

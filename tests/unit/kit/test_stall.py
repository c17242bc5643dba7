"""The instrument that notices steps which hold up all tasks."""

import logging
import time

import pytest
import trio

from flow2api.kit.stall import watching_stalls


async def busy(seconds: float) -> None:
    """Work without a checkpoint, which is what must not happen."""
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass
    await trio.lowlevel.checkpoint()


async def test_a_long_step_is_told_with_its_task_its_length_and_its_place(caplog: pytest.LogCaptureFixture) -> None:
    with watching_stalls(0.02) as watch:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(busy, 0.05, name="the busy one")
    assert watch is not None
    assert watch.stalls == 1
    [record] = caplog.records
    assert (record.name, record.levelno) == ("flow2api.kit", logging.WARNING)
    assert "the busy one" in record.getMessage()
    assert "until=tests.unit.kit.test_stall.busy:" in record.getMessage()


async def test_waiting_is_no_stall(caplog: pytest.LogCaptureFixture) -> None:
    with watching_stalls(0.2):
        await trio.sleep(0.3)
    assert caplog.records == []


async def test_nothing_is_watched_after_the_block_or_without_a_limit(caplog: pytest.LogCaptureFixture) -> None:
    with watching_stalls(0.02):
        await trio.lowlevel.checkpoint()
    with watching_stalls(0.0) as watch:
        await busy(0.05)
    assert watch is None
    assert caplog.records == []


async def test_a_step_that_ends_its_task_is_told_as_well(caplog: pytest.LogCaptureFixture) -> None:
    async def last() -> None:
        await trio.lowlevel.checkpoint()
        time.sleep(0.3)  # much longer than the limit: what a busy machine takes is taken off

    with watching_stalls(0.02):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(last)
    assert "until=its end" in caplog.text

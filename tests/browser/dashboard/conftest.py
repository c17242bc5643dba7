"""One browser for all tests of the dashboard, since starting it takes longer than most of them; each test has a context of its own."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
import trio

from flow2api.browser.chromium import open_chromium
from tests.browser.stage import NOWHERE

START_SECONDS = 60.0


@pytest.fixture(scope="package")
def browser(program: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The DevTools address of a running browser, which is kept by a thread with a run of Trio of its own."""
    address: Future[str] = Future()
    over = threading.Event()

    async def keep() -> None:
        profile = tmp_path_factory.mktemp("profile")
        async with open_chromium(profile, exit_url=NOWHERE, binary=program) as chromium:
            address.set_result(chromium.address)
            await trio.to_thread.run_sync(over.wait)

    def run() -> None:
        try:
            trio.run(keep)
        except BaseException as fault:
            if address.done():
                raise
            address.set_exception(fault)

    with ThreadPoolExecutor(1) as pool:
        kept = pool.submit(run)
        try:
            yield address.result(START_SECONDS)
        finally:
            over.set()
        kept.result()

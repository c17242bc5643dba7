"""Tests with a real browser: where there is none they are left out, except in continuous integration, where that is a failure."""

import importlib.util
import os

import pytest

from flow2api.browser.errors import BrowserUnavailable
from flow2api.browser.launch import find_binary


@pytest.fixture(scope="session")
def program() -> str:
    """The browser that is installed here."""
    if importlib.util.find_spec("nodriver") is None:
        return _missing("the package nodriver is not installed")
    try:
        return find_binary()
    except BrowserUnavailable as missing:
        return _missing(str(missing))


def _missing(reason: str) -> str:
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)

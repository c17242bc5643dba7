"""What holds for all tests: how hard properties are tried, that no example fails because the machine was busy, and that an interrupt
is heard: workers that share the suite are started deaf to it, and so would be every process that they start."""

import logging
import os
import signal
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

_CALM = [HealthCheck.too_slow]

settings.register_profile("fast", deadline=None, suppress_health_check=_CALM)
settings.register_profile("deep", deadline=None, suppress_health_check=_CALM, max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fast"))

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def log_as_before() -> Iterator[None]:
    """Leave the log to the next test as it was: the program sets levels and handlers of loggers that all of a process share."""
    loggers = [logging.getLogger(), logging.getLogger("flow2api")]
    before = [(one, one.level, one.handlers[:], one.propagate, one.disabled) for one in loggers]
    yield
    for one, level, handlers, propagate, disabled in before:
        one.setLevel(level)
        one.handlers[:] = handlers
        one.propagate, one.disabled = propagate, disabled

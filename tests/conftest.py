"""What holds for all tests: how hard properties are tried, and that no example fails because the machine was busy."""

import os

from hypothesis import HealthCheck, settings

_CALM = [HealthCheck.too_slow]

settings.register_profile("fast", deadline=None, suppress_health_check=_CALM)
settings.register_profile("deep", deadline=None, suppress_health_check=_CALM, max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fast"))

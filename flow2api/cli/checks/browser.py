"""Chromium, for captcha tokens and for signing in: whether it is there, and whether it really starts and shows a page."""

import importlib.metadata
import importlib.util
import tempfile
from collections.abc import Mapping
from pathlib import Path

import trio

from flow2api.browser.errors import BrowserFault, BrowserUnavailable
from flow2api.browser.launch import BINARY_ENV, find_binary
from flow2api.cli.checks.finding import Finding, Result, good
from flow2api.cli.wiring import Browser
from flow2api.config import CaptchaConfig

LIMIT_SECONDS = 90.0
_PAGE = "data:text/html,<title>flow2api</title>"
# Its maker's servers are none of our business here: through this it reaches nobody.
_NOWHERE = "http://127.0.0.1:9"


async def browser(captcha: CaptchaConfig, environ: Mapping[str, str], tool: Browser) -> list[Finding]:
    """The package, the program, and a start of it."""
    # Without captchas it is only good for signing in, and that can be done elsewhere.
    result: Result = "broken" if captcha.method == "browser" else "advice"
    package, program = _package(result), _program(environ, result)
    if package.result != "good" or program.result != "good":
        return [package, program]
    return [package, program, await _started(tool, result)]


def _package(result: Result) -> Finding:
    if importlib.util.find_spec("nodriver") is None:
        found = "nodriver is not installed; tabs are driven with it"
        advice = 'Install flow2api with its extra `browser` (nodriver is under the AGPL-3.0), or set captcha.method = "none".'
        return Finding("browser package", result, found, advice)
    return good("browser package", f"nodriver {importlib.metadata.version('nodriver')}")


def _program(environ: Mapping[str, str], result: Result) -> Finding:
    try:
        return good("browser", find_binary(environ=environ))
    except BrowserUnavailable as fault:
        advice = f"Install Chromium (on Debian: apt-get install chromium), or name it in {BINARY_ENV}."
        return Finding("browser", result, str(fault), advice)


async def _started(tool: Browser, result: Result) -> Finding:
    began = trio.current_time()
    with tempfile.TemporaryDirectory(prefix="flow2api-doctor-") as folder:
        try:
            with trio.fail_after(LIMIT_SECONDS):
                async with tool.open_visit(Path(folder), _PAGE, exit_url=_NOWHERE) as visit:
                    up = trio.current_time()
                    await visit.load()
                    loaded, version = trio.current_time(), visit.version
        except (BrowserFault, trio.TooSlowError) as fault:
            found = str(fault) or f"it was not done within {LIMIT_SECONDS:.0f} s"
            return Finding(
                "browser start", result, found, "Start it by hand to see more; in a container mind its memory."
            )
    return good("browser start", f"{version} is up in {up - began:.1f} s and shows a page in {loaded - up:.2f} s more")

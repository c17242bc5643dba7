"""What to start as a browser, and with which options. Options make it quiet and keep it running in the background.

None of them changes what the browser tells pages about itself: it is an automated one and says so.
"""

import os
import re
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec

from flow2api.browser.errors import BrowserUnavailable
from flow2api.net.exits import Exit, parse_exit

BINARY_ENV = "CHROME_BIN"
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_PATHS = (
    "/usr/lib/chromium/chromium",
    "/opt/google/chrome/chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
_QUIET = (
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-sync",
    "--metrics-recording-only",
    "--disable-features=MediaRouter,NetworkTimeServiceQuerying,OptimizationHints,Translate",
    "--noerrdialogs",
    "--hide-crash-restore-bubble",
    # No question of the desktop's key ring, which nobody would answer.
    "--password-store=basic",
    "--use-mock-keychain",
    "--disable-breakpad",
)
# A resident tab is never in front, and must answer all the same.
_AWAKE = (
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
)
PROFILE_OPTION = "--user-data-dir="
"""Names the profile folder; it also tells our browser from others in a list of processes."""
# What a browser needs to know of its surroundings. The rest stays here: there are secrets among it.
# The browser makes a socket below it, whose path may have 107 bytes in all; it would not start.
_LONGEST_TMPDIR = 60
_PASSED_ON = re.compile(
    r"PATH|HOME|USER|LOGNAME|LANG|LANGUAGE|LC_\w+|TZ|TMPDIR|DISPLAY|WAYLAND_DISPLAY|XAUTHORITY|XDG_\w+|DBUS_SESSION_BUS_ADDRESS|"
    r"LD_LIBRARY_PATH|FONTCONFIG_\w+"
)
LOOPBACK = "localhost;127.0.0.1;[::1]"
"""What never goes through a proxy, in the browser's notation."""


class Launch(msgspec.Struct, frozen=True, kw_only=True):
    """How to start a browser. `exit` is the proxy of the profile's own tabs; those of other contexts have their own."""

    binary: str
    profile: Path
    visible: bool
    exit: Exit | None
    confined: bool
    """Root or a container: the browser's sandbox does not work there, and shared memory may be tiny."""
    controlled: bool = True
    """Whether it can be driven from here. A window in which a person works cannot: it is a browser like any other."""
    page: str = "about:blank"
    """The one page that is open at first."""

    def command(self) -> list[str]:
        """The command line; it ends in the first page."""
        return [
            self.binary,
            *_QUIET,
            *_AWAKE,
            f"{PROFILE_OPTION}{self.profile}",
            *(["--remote-debugging-port=0"] if self.controlled else []),
            *([] if self.visible else ["--headless=new"]),
            *(["--no-sandbox", "--disable-dev-shm-usage"] if self.confined else []),
            f"--proxy-server={proxy_server(self.exit)}",
            f"--proxy-bypass-list={LOOPBACK}",
            self.page,
        ]

    def environment(self, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
        """The environment of the process. Reports of crashes, which hold pieces of memory, go to the profile and nowhere else."""
        passed_on = {name: value for name, value in environ.items() if _PASSED_ON.fullmatch(name)}
        if len(passed_on.get("TMPDIR", "")) > _LONGEST_TMPDIR:
            del passed_on["TMPDIR"]
        return {**passed_on, "BREAKPAD_DUMP_LOCATION": str(crash_folder(self.profile))}


def crash_folder(profile: Path) -> Path:
    """Where the browser's crash handlers write."""
    return profile / "crashes"


def handler_option(profile: Path) -> str:
    """Tells our browser's crash handlers from others. They put themselves in sessions of their own, and no option keeps them away."""
    return f"--database={crash_folder(profile)}"


def find_binary(wanted: str = "", environ: Mapping[str, str] = os.environ) -> str:
    """The browser to start: the one that is wanted (a path or name), the environment's, else the first that is installed.

    Raises:
        BrowserUnavailable: there is none, or not the one that is wanted."""
    path = environ.get("PATH")
    for asked, source in ((wanted, "the settings"), (environ.get(BINARY_ENV, ""), BINARY_ENV)):
        if asked:
            found = shutil.which(asked, path=path)
            if found is None:
                raise BrowserUnavailable(f"there is no program {asked}, which {source} names as the browser")
            return found
    for name in (*_NAMES, *_PATHS):
        found = shutil.which(name, path=path)
        if found is not None:
            return found
    raise BrowserUnavailable(f"no Chromium is installed (looked for {', '.join(_NAMES)}); {BINARY_ENV} can name one")


def has_display(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether a window could be seen here."""
    if in_container(environ):
        return False
    return sys.platform == "darwin" or bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))


def in_container(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether this runs in a container, by the marks that the usual engines leave."""
    marks = ("/.dockerenv", "/run/.containerenv")
    return bool(environ.get("container") or environ.get("KUBERNETES_SERVICE_HOST")) or any(map(os.path.exists, marks))


def is_confined(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether this is root or a container."""
    return os.geteuid() == 0 or in_container(environ)


def read_exit(url: str | None) -> Exit | None:
    """A proxy as operators write it, None for direct.

    Raises:
        BrowserUnavailable: a browser cannot use it."""
    if not url:
        return None
    try:
        exit_ = parse_exit(url)
    except ValueError as exc:
        raise BrowserUnavailable(str(exc)) from None
    if exit_.scheme != "http" and exit_.username:
        raise BrowserUnavailable(
            f"a browser cannot log in at a SOCKS5 proxy ({exit_.place}): use an HTTP proxy, or one without login"
        )
    return exit_


def proxy_server(exit_: Exit | None) -> str:
    """An exit in the browser's notation, without credentials. Direct is said too, else the desktop's proxy would be taken."""
    if exit_ is None:
        return "direct://"
    # To the browser both kinds of SOCKS5 are one: names are always resolved at the proxy.
    return exit_.place.replace("socks5h://", "socks5://", 1)

"""`flow2api account login` and `account renew`, with a browser and a gateway of prepared answers."""

import importlib
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio

from flow2api.browser.errors import BrowserUnavailable, PageFailed
from flow2api.browser.logins import Logins, held
from flow2api.cli.outcomes import FAILED, REFUSED, USAGE
from flow2api.cli.wiring import Browser
from flow2api.kit.timing import Backoff
from tests.unit.cli.stage import Stage

# By name: the package has a command that is called like its module.
login_module = importlib.import_module("flow2api.cli.login")

NAME = "__Secure-next-auth.session-token"
FIRST, SECOND = "first-session-of-ada", "second-session-of-ada"
ACCOUNT = {"account": {"id": "acc_1", "provider": "flow", "label": "Ada", "tier": "pro"}}
KNOWN = {"accounts": [ACCOUNT]}
SHOWN = {"FLOW2API_CAPTCHA_HEADLESS": "no"}
HIDDEN = {"FLOW2API_CAPTCHA_HEADLESS": "yes"}
DEAD = (400, {"error": {"message": "The session has ended.", "code": "invalid_value"}})
OUT_OF_REACH = (503, {"error": {"message": "No connection.", "code": "upstream_unreachable"}})


class Person:
    """A browser and who sits at it: each window, or each look without one, finds the next of `sessions`."""

    def __init__(self, *sessions: str | Exception) -> None:
        self.sessions = list(sessions)
        self.windows: list[tuple[Path, str, str | None]] = []
        self.visits: list[tuple[Path, str | None]] = []
        self.now: str | Exception = ""
        self.version = "Chrome/1"

    async def show_window(self, folder: Path, url: str, *, exit_url: str | None = None) -> None:
        self.windows.append((folder, url, exit_url))
        await self._next()
        with pytest.raises(BrowserUnavailable, match="in use"), held(folder):
            pytest.fail("the folder was free for others")

    @asynccontextmanager
    async def open_visit(self, folder: Path, url: str, *, exit_url: str | None = None) -> AsyncIterator["Person"]:
        self.visits.append((folder, exit_url))
        await trio.lowlevel.checkpoint()
        yield self

    async def load(self) -> None:
        await self._next()

    async def cookies(self) -> str:
        if not self.windows and self.sessions:
            await self._next()
        await trio.lowlevel.checkpoint()
        return f"theme=dark; {NAME}={self.now}; other=1" if self.now else "theme=dark"

    async def _next(self) -> None:
        await trio.lowlevel.checkpoint()
        if self.sessions:
            self.now = self.sessions.pop(0)
        if isinstance(self.now, Exception):
            raise self.now

    @property
    def browser(self) -> Browser:
        return Browser(self.open_visit, self.show_window)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(login_module, "LOOK_SECONDS", 0.001)
    monkeypatch.setattr(login_module, "_PAUSES", Backoff(first=0.001, limit=0.001))


def staged(stage: Stage, person: Person, environ: dict[str, str]) -> Stage:
    stage.browser = person.browser
    stage.environ = environ
    stage.answers = {"GET /api/accounts": KNOWN, "POST /api/accounts": ACCOUNT}
    return stage


def logins() -> Logins:
    return Logins(Path("data"))


def folders() -> list[str]:
    root = Path("data/browser/logins")
    return sorted(folder.name for folder in root.iterdir()) if root.exists() else []


def test_the_session_of_the_window_is_added_and_the_profile_kept_by_the_accounts_id(stage: Stage) -> None:
    person = Person(FIRST)
    result = staged(stage, person, SHOWN).run("account", "login", "--label", "Ada")
    assert result.exit_code == 0, result.output
    assert stage.asked[-1].body == {"provider": "flow", "credential": FIRST, "label": "Ada"}
    assert "signed in Ada" in result.stdout
    assert "close the window when you are done" in result.stderr
    assert FIRST not in result.output
    [(folder, url, exit_url)] = person.windows
    assert folder.name.startswith("new-")
    assert (url, exit_url) == ("https://labs.google/fx/tools/flow", None)
    assert folders() == ["acc_1"]


def test_json_is_printed_alone_on_standard_output(stage: Stage) -> None:
    result = staged(stage, Person(FIRST), SHOWN).run("account", "login", "--json")
    assert result.stdout.startswith("{")


def test_without_a_display_it_says_what_to_do_instead(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(login_module, "has_display", lambda environ: False)
    result = stage.run("account", "login")
    assert result.exit_code == FAILED
    assert "flow2api account add" in result.stderr
    assert "virtual display" in result.stderr
    assert folders() == []


def test_a_session_in_pieces_is_put_together_once_all_are_there(stage: Stage) -> None:
    person = Person(f"; {NAME}.1=second-half-of-it", f"; {NAME}.0=first-half-of-it-; {NAME}.1=second-half-of-it")
    assert staged(stage, person, HIDDEN).run("account", "login").exit_code == 0
    assert [asked.body["credential"] for asked in stage.asked] == ["first-half-of-it-second-half-of-it"]


def test_where_there_is_a_display_a_window_is_shown(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(login_module, "has_display", lambda environ: True)
    person = Person(FIRST)
    assert staged(stage, person, {}).run("account", "login").exit_code == 0
    assert len(person.windows) == 1


def test_a_window_that_is_closed_without_a_session_adds_nothing_and_leaves_nothing(stage: Stage) -> None:
    result = staged(stage, Person(""), SHOWN).run("account", "login")
    assert result.exit_code == FAILED
    assert "nobody is signed in there" in result.stderr
    assert stage.asked == []
    assert folders() == []


def test_a_session_that_is_refused_brings_the_window_back(stage: Stage) -> None:
    person = Person(FIRST, SECOND)
    staged(stage, person, SHOWN).answers["POST /api/accounts"] = DEAD
    result = stage.run("account", "login")
    assert result.exit_code == FAILED
    assert [asked.body["credential"] for asked in stage.asked] == [FIRST, SECOND]
    assert result.stderr.count("Not accepted: The session has ended.") == 2
    assert "the session that was not accepted" in result.stderr
    assert folders() == []


def test_a_service_out_of_reach_does_not_cost_the_operator_his_sign_in(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[float] = []

    async def sleep(seconds: float) -> None:
        tries.append(seconds)
        if len(tries) == 3:
            stage.answers["POST /api/accounts"] = ACCOUNT

    person = Person(FIRST)
    staged(stage, person, SHOWN).answers["POST /api/accounts"] = OUT_OF_REACH
    monkeypatch.setattr(trio, "sleep", sleep)
    assert stage.run("account", "login").exit_code == 0
    assert len(tries) == 3
    assert len(person.windows) == 1


def test_a_known_account_signs_in_anew_in_its_own_profile_and_only_for_itself(stage: Stage) -> None:
    logins().folder("acc_1").mkdir(parents=True)
    person = Person(SECOND)
    staged(stage, person, SHOWN).answers["PUT /api/accounts/acc_1/credential"] = ACCOUNT
    assert stage.run("account", "login", "--account", "acc_1").exit_code == 0
    assert stage.asked[-1].body == {"credential": SECOND}
    assert person.windows[0][0] == logins().folder("acc_1")
    assert folders() == ["acc_1"]


def test_an_account_whose_former_profile_is_in_use_is_signed_in_all_the_same(stage: Stage) -> None:
    former = logins().folder("acc_1")
    former.mkdir(parents=True)
    with held(former):
        result = staged(stage, Person(FIRST), SHOWN).run("account", "login")
    assert result.exit_code == 0
    assert "could not be kept" in result.stderr
    assert folders() == ["acc_1"]


def test_a_profile_that_was_kept_stays_when_nothing_comes_of_it(stage: Stage) -> None:
    logins().folder("acc_1").mkdir(parents=True)
    assert staged(stage, Person(""), SHOWN).run("account", "login", "--account", "acc_1").exit_code == FAILED
    assert folders() == ["acc_1"]


def test_a_profile_that_is_in_use_is_not_opened_twice(stage: Stage) -> None:
    folder = logins().folder("acc_1")
    folder.mkdir(parents=True)
    with held(folder):
        result = staged(stage, Person(FIRST), SHOWN).run("account", "login", "--account", "acc_1")
    assert result.exit_code == FAILED
    assert "in use" in result.stderr


def test_an_account_that_is_not_there_is_said_before_a_window_opens(stage: Stage) -> None:
    person = Person(FIRST)
    result = staged(stage, person, SHOWN).run("account", "login", "--account", "../acc_2")
    assert result.exit_code == REFUSED
    assert "There is no account ../acc_2" in result.stderr
    assert person.windows == []


def test_a_label_is_for_new_accounts(stage: Stage) -> None:
    assert stage.run("account", "login", "--account", "acc_1", "--label", "x").exit_code == USAGE


@pytest.mark.parametrize(
    ("options", "exit_url"),
    [
        ((), "http://user:word@one:1"),
        (("--proxy", "http://two:2"), "http://two:2"),
        (("--proxy", "direct"), None),
    ],
)
def test_the_window_goes_out_as_accounts_do_unless_told_otherwise(
    stage: Stage, options: tuple[str, ...], exit_url: str | None
) -> None:
    person = Person(FIRST)
    staged(stage, person, SHOWN | {"FLOW2API_PROXY_URLS": "http://user:word@one:1,http://three:3"})
    assert stage.run("account", "login", *options).exit_code == 0
    assert person.windows[0][2] == exit_url
    assert person.visits[0][1] == exit_url


@pytest.mark.parametrize("trouble", [BrowserUnavailable("no Chromium is installed"), PageFailed("it is not there")])
def test_trouble_with_the_browser_is_one_plain_message(stage: Stage, trouble: Exception) -> None:
    result = staged(stage, Person(trouble), SHOWN).run("account", "login")
    assert result.exit_code == FAILED
    assert result.stderr.splitlines()[-1] == f"Error: {trouble}"
    assert folders() == []


def test_without_a_window_it_waits_until_the_profile_has_a_session_that_is_taken(stage: Stage) -> None:
    person = Person("", "", "", FIRST)
    assert staged(stage, person, HIDDEN).run("account", "login").exit_code == 0
    assert [asked.body["credential"] for asked in stage.asked] == [FIRST]
    assert person.windows == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_ends_it_cleanly(stage: Stage, number: signal.Signals) -> None:
    person = Person(FIRST)

    async def show_window(folder: Path, url: str, *, exit_url: str | None = None) -> None:
        signal.raise_signal(number)
        await trio.sleep_forever()

    staged(stage, person, SHOWN).browser = Browser(person.open_visit, show_window)
    result = stage.run("account", "login")
    assert result.exit_code == FAILED
    assert "Traceback" not in result.output
    assert folders() == []


def test_left_overs_of_logins_that_were_killed_are_swept(stage: Stage) -> None:
    logins().make()
    staged(stage, Person(FIRST), SHOWN).run("account", "login")
    assert folders() == ["acc_1"]


def test_an_account_is_renewed_by_command(stage: Stage) -> None:
    stage.answers = {"POST /api/accounts/acc_1/renew": ACCOUNT}
    result = stage.run("account", "renew", "acc_1")
    assert result.exit_code == 0
    assert "renewed Ada" in result.stdout

"""The browser is found, started quietly, and told its exit; it is not told to be something else than it is."""

from pathlib import Path

import pytest

from flow2api.browser.errors import BrowserUnavailable
from flow2api.browser.launch import Launch, find_binary, has_display, in_container, proxy_server, read_exit

PROFILE = Path("/profile")


def launch(*, visible: bool = False, exit_url: str | None = None, confined: bool = False) -> Launch:
    return Launch(binary="chrome", profile=PROFILE, visible=visible, exit=read_exit(exit_url), confined=confined)


def program(folder: Path, name: str) -> str:
    path = folder / name
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(("visible", "headless"), [(True, False), (False, True)])
def test_it_has_no_window_unless_one_is_wanted(visible: bool, headless: bool) -> None:
    assert ("--headless=new" in launch(visible=visible).command()) is headless


@pytest.mark.parametrize("confined", [True, False])
def test_the_sandbox_is_given_up_only_where_it_cannot_work(confined: bool) -> None:
    assert ("--no-sandbox" in launch(confined=confined).command()) is confined


def test_the_port_is_the_browsers_choice_and_no_page_may_connect_to_it() -> None:
    command = launch().command()
    assert "--remote-debugging-port=0" in command
    assert not [
        option for option in command if option.startswith(("--remote-allow-origins", "--remote-debugging-address"))
    ]


def test_nothing_hides_what_it_is() -> None:
    text = " ".join(launch(confined=True).command())
    for word in ("user-agent", "AutomationControlled", "excludeSwitches", "lang=", "window-size"):
        assert word not in text


@pytest.mark.parametrize(
    ("exit_url", "server"),
    [
        (None, "direct://"),
        ("", "direct://"),
        ("http://ada:secret@proxy.example:8080", "http://proxy.example:8080"),
        ("socks5://proxy.example:1080", "socks5://proxy.example:1080"),
        ("socks5h://proxy.example:1080", "socks5://proxy.example:1080"),
        ("[2001:db8::1]:3128", "http://[2001:db8::1]:3128"),
    ],
)
def test_its_exit_is_named_without_credentials(exit_url: str | None, server: str) -> None:
    assert f"--proxy-server={server}" in launch(exit_url=exit_url).command()
    assert proxy_server(read_exit(exit_url)) == server


@pytest.mark.parametrize(
    ("exit_url", "words"),
    [("socks5://ada:secret@proxy.example:1080", "cannot log in at a SOCKS5 proxy"), ("ftp://secret@x:1", "ftp")],
)
def test_an_exit_that_a_browser_cannot_use_is_refused_without_showing_its_login(exit_url: str, words: str) -> None:
    with pytest.raises(BrowserUnavailable, match=words) as caught:
        read_exit(exit_url)
    assert "secret" not in str(caught.value)


def test_its_surroundings_hold_no_secret_of_ours() -> None:
    environ = {"PATH": "/bin", "LC_ALL": "C", "DISPLAY": ":0", "FLOW2API_ADMIN_KEY": "s", "STORAGE_MASTER_KEY": "s"}
    environment = launch().environment(environ)
    assert environment == {
        "PATH": "/bin",
        "LC_ALL": "C",
        "DISPLAY": ":0",
        "BREAKPAD_DUMP_LOCATION": "/profile/crashes",
    }


def test_the_wanted_program_goes_before_the_environments_and_that_before_an_installed_one(tmp_path: Path) -> None:
    wanted, named = program(tmp_path, "wanted"), program(tmp_path, "named")
    chrome, chromium = program(tmp_path, "google-chrome"), program(tmp_path, "chromium")
    environ = {"PATH": str(tmp_path)}
    assert find_binary("", environ) == chromium
    Path(chromium).unlink()
    assert find_binary("", environ) == chrome
    assert find_binary("", environ | {"CHROME_BIN": named}) == named
    assert find_binary("wanted", environ | {"CHROME_BIN": named}) == wanted


@pytest.mark.parametrize(
    ("wanted", "environ", "words"),
    [
        ("/no/such/program", {}, "the settings"),
        ("", {"CHROME_BIN": "/no/such/program"}, "CHROME_BIN"),
    ],
)
def test_a_program_that_is_named_must_exist(wanted: str, environ: dict[str, str], words: str) -> None:
    with pytest.raises(BrowserUnavailable, match=words):
        find_binary(wanted, environ)


def test_without_any_browser_the_error_says_what_was_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flow2api.browser.launch._PATHS", ())
    with pytest.raises(BrowserUnavailable, match=r"no Chromium is installed .*google-chrome.*CHROME_BIN"):
        find_binary("", {"PATH": str(tmp_path)})


@pytest.mark.parametrize(
    ("environ", "seen"),
    [
        ({}, False),
        ({"DISPLAY": ":0"}, True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, True),
        ({"DISPLAY": ":0", "container": "podman"}, False),
        ({"DISPLAY": ":0", "KUBERNETES_SERVICE_HOST": "192.0.2.1"}, False),
    ],
)
def test_a_window_needs_a_display_and_no_container(
    environ: dict[str, str], seen: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.path.exists", lambda path: False)
    monkeypatch.setattr("sys.platform", "linux")
    assert has_display(environ) is seen


def test_the_mark_of_an_engine_tells_a_container(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.path.exists", lambda path: path == "/run/.containerenv")
    assert in_container({})


def test_a_window_for_a_person_cannot_be_driven() -> None:
    window = Launch(
        binary="chrome",
        profile=PROFILE,
        visible=True,
        exit=None,
        confined=False,
        controlled=False,
        page="https://page.example/",
    )
    command = window.command()
    assert command[-1] == "https://page.example/"
    assert not [option for option in command if option.startswith(("--remote-debugging", "--headless"))]


def test_a_folder_for_temporary_files_that_is_too_deep_for_a_socket_is_not_passed_on() -> None:
    deep = "/tmp/" + "x" * 80
    assert "TMPDIR" not in launch().environment({"TMPDIR": deep})
    assert launch().environment({"TMPDIR": "/tmp/short"})["TMPDIR"] == "/tmp/short"

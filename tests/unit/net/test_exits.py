"""Exits are read in the usual notations, and their credentials are shown nowhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flow2api.errors import ProxyRefused
from flow2api.net.dial import exit_for
from flow2api.net.exits import Exit, is_loopback, parse_exit


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://proxy.example:8080", Exit(scheme="http", host="proxy.example", port=8080)),
        ("proxy.example:8080", Exit(scheme="http", host="proxy.example", port=8080)),
        (" 192.0.2.1:3128 ", Exit(scheme="http", host="192.0.2.1", port=3128)),
        ("SOCKS5://Proxy.Example:1080/", Exit(scheme="socks5", host="proxy.example", port=1080)),
        ("socks5h://u:p@h.example:1", Exit(scheme="socks5h", host="h.example", port=1, username="u", password="p")),
        ("http://u:p%40s%3A@h.example:1", Exit(scheme="http", host="h.example", port=1, username="u", password="p@s:")),
        ("h.example:1:u:p:q", Exit(scheme="http", host="h.example", port=1, username="u", password="p:q")),
        ("socks5://h.example:1:u:p", Exit(scheme="socks5", host="h.example", port=1, username="u", password="p")),
        ("u:p@h.example:1", Exit(scheme="http", host="h.example", port=1, username="u", password="p")),
        ("[2001:db8::1]:1080:u:p", Exit(scheme="http", host="2001:db8::1", port=1080, username="u", password="p")),
    ],
)
def test_every_usual_notation_is_understood(text: str, expected: Exit) -> None:
    assert parse_exit(text) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no host and port"),
        ("proxy.example", "no host and port"),
        ("http://proxy.example", "no host and port"),
        ("http://:8080", "not a valid name"),
        ("http://proxy.example:0", "between 1 and 65535"),
        ("http://proxy.example:70000", "between 1 and 65535"),
        ("https://proxy.example:443", "https is not a kind"),
        ("socks4://proxy.example:1080", "socks4 is not a kind"),
        ("http://user@proxy.example:1", "both user name and password"),
        ("proxy.example:1:user", "both user name and password"),
        ("u:p@proxy.example:1:u:p", "twice"),
        ("http://u%3Av:p@proxy.example:1", "colon"),
        ("http://u:p%0d@proxy.example:1", "visible ASCII"),
        ("http://u:" + "p" * 256 + "@proxy.example:1", "at most 255"),
        ("http://pro xy.example:1", "not a valid name"),
        ("0x7f.1:8080", "not a valid name"),
    ],
)
def test_what_cannot_be_used_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_exit(text)


@pytest.mark.parametrize(
    "text", ["http://joe:hunter2@", "joe:hunter2@h.example:x", "ftp://joe:hunter2@h:1", "h:1:joe\thunter2:hunter2 "]
)
def test_a_refusal_shows_no_credential(text: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse_exit(text)
    assert "hunter2" not in str(caught.value)


def test_the_repr_shows_no_credential() -> None:
    shown = repr(parse_exit("http://joe:hunter2@h.example:1"))
    assert "hunter2" not in shown
    assert "joe" not in shown
    assert "h.example:1" in shown


_credential = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=20)


@given(_credential.filter(lambda text: ":" not in text), _credential, st.sampled_from(["http", "socks5", "socks5h"]))
def test_the_spelling_of_an_exit_leads_back_to_it(username: str, password: str, scheme: str) -> None:
    exit_ = Exit(scheme=scheme, host="2001:db8::2", port=1080, username=username, password=password)
    assert parse_exit(exit_.url) == exit_


@pytest.mark.parametrize("host", ["localhost", "a.localhost", "127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
def test_this_machine_is_reached_directly(host: str) -> None:
    assert is_loopback(host)
    assert exit_for(host, "http://proxy.example:1") is None


@pytest.mark.parametrize("host", ["example.org", "10.0.0.1", "localhost.example", "::2"])
def test_other_machines_are_reached_through_the_exit(host: str) -> None:
    assert exit_for(host, "http://proxy.example:1") == parse_exit("proxy.example:1")
    assert exit_for(host, None) is None


def test_an_exit_that_cannot_be_understood_is_a_proxy_fault() -> None:
    with pytest.raises(ProxyRefused):
        exit_for("example.org", "nonsense")

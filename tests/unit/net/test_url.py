"""URLs are parsed strictly: one spelling for each host, nothing that two programs could read differently."""

import pytest

from flow2api.net.url import clean_host, parse_url


@pytest.mark.parametrize(
    ("text", "host", "port", "target", "authority"),
    [
        ("http://Example.ORG", "example.org", 80, "/", "example.org"),
        ("https://example.org./a?b=1#c", "example.org", 443, "/a?b=1", "example.org"),
        ("https://example.org:8443/a;b/c", "example.org", 8443, "/a;b/c", "example.org:8443"),
        ("http://example.org:80/", "example.org", 80, "/", "example.org"),
        ("http://[2001:DB8::1]:8080/x", "2001:db8::1", 8080, "/x", "[2001:db8::1]:8080"),
        ("http://bücher.example/", "xn--bcher-kva.example", 80, "/", "xn--bcher-kva.example"),
        ("http://127.0.0.1/", "127.0.0.1", 80, "/", "127.0.0.1"),
        ("http://example.org/?q=1", "example.org", 80, "/?q=1", "example.org"),
    ],
)
def test_a_url_is_taken_apart_into_what_the_wire_needs(
    text: str, host: str, port: int, target: str, authority: str
) -> None:
    url = parse_url(text)
    assert (url.host, url.port, url.target, url.authority) == (host, port, target, authority)


def test_escapes_stay_as_given_and_only_blanks_and_foreign_letters_are_quoted() -> None:
    assert parse_url("http://h.example/%7Ea%2f|{}?s=%2B+\\").target == "/%7Ea%2f|{}?s=%2B+\\"
    assert parse_url("http://h.example/a b/é?q=ü").target == "/a%20b/%C3%A9?q=%C3%BC"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "example.org",
        "//example.org/",
        "ftp://example.org/",
        "file:///etc/passwd",
        "http://",
        "http:///path",
        "http://user@example.org/",
        "http://good.example@evil.example/",
        "http://good.example\\@evil.example/",
        "http://good.example\\evil.example/",
        "http://exa mple.org/",
        "http://exam\nple.org/",
        "http://example.org/\r\nX: y",
        "http://example.org:0/",
        "http://example.org:65536/",
        "http://example.org:http/",
        "http://a..b/",
        "http://-%41.example/",
        "http://[fe80::1%25eth0]/",
        "http://[::1",
        "http://[not-an-address]/",
        "http://" + "a" * 64 + ".example/",
    ],
)
def test_what_is_not_a_plain_web_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_url(text)


@pytest.mark.parametrize(
    "host",
    ["2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "127.1", "127.0.0.01", "1.2.3.4.5", "256.1.1.1", "example.0x"],
)
def test_an_address_in_disguise_is_refused(host: str) -> None:
    with pytest.raises(ValueError, match="number"):
        clean_host(host)


def test_fullwidth_digits_are_read_as_the_address_they_are() -> None:
    assert parse_url("http://127。0。0。1/").host == "127.0.0.1"


def test_the_reason_for_refusing_quotes_nothing_of_the_url() -> None:
    with pytest.raises(ValueError) as caught:
        parse_url("http://name:hunter2@example.org/?key=sesame")
    assert "hunter2" not in str(caught.value)
    assert "sesame" not in str(caught.value)

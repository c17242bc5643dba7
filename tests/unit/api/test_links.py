import pytest

from flow2api.api.links import Links
from tests.unit.api.doubles import make_request

FORWARDED = {"Host": "inner:8000", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "img.example, inner"}


def test_a_configured_address_beats_all_others() -> None:
    assert Links("https://img.example/", ()).base(make_request(FORWARDED)) == "https://img.example"


def test_without_one_the_link_leads_to_where_the_caller_asked() -> None:
    links = Links("", ())
    assert links.media(make_request({"Host": "nas.local:8000"}), "x.png") == "http://nas.local:8000/media/x.png"


def test_forwarded_headers_of_a_stranger_are_not_believed() -> None:
    assert Links("", ()).base(make_request(FORWARDED)) == "http://inner:8000"
    assert Links("", ("10.0.0.0/8",)).base(make_request(FORWARDED, client="192.0.2.7")) == "http://inner:8000"


@pytest.mark.parametrize(("network", "client"), [("10.0.0.0/8", "10.1.2.3"), ("fd00::/8", "fd00::1")])
def test_forwarded_headers_of_a_trusted_proxy_are_believed(network: str, client: str) -> None:
    assert Links("", (network,)).base(make_request(FORWARDED, client=client)) == "https://img.example"


@pytest.mark.parametrize("host", ["", "a b", "x)](javascript:1", "<script>", "a/b", "user@host"])
def test_a_host_that_is_none_never_reaches_a_link(host: str) -> None:
    assert Links("", ()).base(make_request({"Host": host})) == "http://127.0.0.1:8000"


def test_a_forwarded_host_and_scheme_must_make_sense_too() -> None:
    headers = {"Host": "inner", "X-Forwarded-Proto": "javascript", "X-Forwarded-Host": "a b"}
    assert Links("", ("10.0.0.0/8",)).base(make_request(headers, client="10.0.0.1")) == "http://127.0.0.1:8000"


def test_the_peer_is_the_last_address_that_no_trusted_proxy_has() -> None:
    headers = {"X-Forwarded-For": "1.1.1.1, 203.0.113.9, 10.0.0.2"}
    assert Links("", ("10.0.0.0/8",)).peer(make_request(headers, client="10.0.0.1")) == "203.0.113.9"
    assert Links("", ()).peer(make_request(headers, client="10.0.0.1")) == "10.0.0.1"
    assert Links("", ("10.0.0.0/8",)).peer(make_request({}, client="10.0.0.1")) == "10.0.0.1"


def test_the_peer_is_found_where_a_proxy_adds_a_header_of_its_own_behind_the_callers() -> None:
    request = make_request({}, client="10.0.0.1")
    request.scope["headers"] = [(b"x-forwarded-for", b"1.1.1.1"), (b"x-forwarded-for", b"203.0.113.9")]
    assert Links("", ("10.0.0.0/8",)).peer(request) == "203.0.113.9"


@pytest.mark.parametrize(
    ("said", "peer"),
    [
        ("x" * 5000, "10.0.0.1"),
        ("<script>, 10.0.0.2", "10.0.0.2"),
        ("unknown", "10.0.0.1"),
        ("203.0.113.9:4711", "203.0.113.9"),
        ("[2001:DB8::1]:4711", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
    ],
)
def test_what_is_no_address_is_never_taken_for_one(said: str, peer: str) -> None:
    request = make_request({"X-Forwarded-For": said}, client="10.0.0.1")
    assert Links("", ("10.0.0.0/8",)).peer(request) == peer


def test_a_gateway_below_a_path_knows_its_own_pages() -> None:
    request = make_request({"Host": "inner:8000", "Origin": "https://art.example"})
    assert Links("https://art.example/flow", ()).same_origin(request)


HTTPS = {"Host": "inner:8000", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "art.example"}


@pytest.mark.parametrize(
    ("headers", "client", "same"),
    [
        ({"Host": "nas:8000"}, "192.0.2.7", True),
        ({"Host": "nas:8000", "Origin": "http://nas:8000"}, "192.0.2.7", True),
        # A proxy with TLS that nobody trusts passes the name on and does not tell the scheme.
        ({"Host": "art.example", "Origin": "https://art.example"}, "192.0.2.7", True),
        ({**HTTPS, "Origin": "https://art.example"}, "10.0.0.1", True),
        ({**HTTPS, "X-Forwarded-Host": "art.example:443", "Origin": "https://art.example"}, "10.0.0.1", True),
        ({**HTTPS, "Origin": "http://art.example"}, "10.0.0.1", False),
        ({**HTTPS, "Host": "art.example", "Origin": "http://art.example"}, "10.0.0.1", False),
        ({**HTTPS, "Origin": "https://art.example:8443"}, "10.0.0.1", False),
        ({**HTTPS, "Origin": "https://art.example"}, "192.0.2.7", False),
        ({"Host": "nas:8000", "Origin": "null"}, "192.0.2.7", False),
        ({"Host": "", "Origin": "null"}, "192.0.2.7", False),
        ({"Host": "", "Origin": "file://"}, "192.0.2.7", False),
        ({"Host": "nas:8000", "Origin": "http://nas:8000.evil.example"}, "192.0.2.7", False),
    ],
)
def test_a_page_is_our_own_by_its_place_and_where_known_by_its_scheme(
    headers: dict[str, str], client: str, same: bool
) -> None:
    assert Links("", ("10.0.0.0/8",)).same_origin(make_request(headers, client=client)) is same


@pytest.mark.parametrize(
    ("headers", "client", "secure"),
    [
        ({"Host": "art.example"}, "192.0.2.7", False),
        ({"Host": "art.example", "X-Forwarded-Proto": "https"}, "192.0.2.7", False),
        ({"Host": "art.example", "X-Forwarded-Proto": "https"}, "10.0.0.1", True),
        ({"Host": "art.example", "Origin": "https://art.example"}, "192.0.2.7", True),
    ],
)
def test_a_cookie_is_for_https_alone_where_a_trusted_proxy_or_the_page_itself_says_so(
    headers: dict[str, str], client: str, secure: bool
) -> None:
    assert Links("", ("10.0.0.0/8",)).secure(make_request(headers, client=client)) is secure

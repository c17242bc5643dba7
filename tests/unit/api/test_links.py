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

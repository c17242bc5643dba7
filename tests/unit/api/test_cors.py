from flow2api.api.cors import Cors

ALLOW = b"access-control-allow-origin"


def test_by_default_any_page_may_read_every_answer() -> None:
    headers = dict(Cors(["*"]).headers(b"/v1/models", b"https://chat.example"))
    assert headers[ALLOW] == b"*"
    assert b"retry-after-ms" in headers[b"access-control-expose-headers"]


def test_credentials_are_never_allowed() -> None:
    for cors in (Cors(["*"]), Cors(["https://chat.example"])):
        names = dict(cors.preflight(b"/v1/models", b"https://chat.example", b"authorization"))
        assert b"access-control-allow-credentials" not in names


def test_a_preflight_repeats_the_headers_that_were_asked_for() -> None:
    headers = dict(Cors(["*"]).preflight(b"/v1/x", b"https://a.example", b"authorization,x-stainless-os"))
    assert headers[b"access-control-allow-headers"] == b"authorization,x-stainless-os"
    assert b"DELETE" in headers[b"access-control-allow-methods"]
    assert int(headers[b"access-control-max-age"]) >= 3600


def test_only_listed_origins_are_allowed_and_caches_are_told() -> None:
    cors = Cors(["https://chat.example"])
    allowed = dict(cors.headers(b"/v1/models", b"https://chat.example"))
    assert allowed[ALLOW] == b"https://chat.example"
    assert allowed[b"vary"] == b"Origin"
    for origin in (b"https://evil.example", b"https://chat.example.evil.example", None):
        other = dict(cors.headers(b"/v1/models", origin))
        assert ALLOW not in other
        assert other[b"vary"] == b"Origin"


def test_the_admin_interface_is_for_its_own_origin_alone() -> None:
    cors = Cors(["*"])
    assert cors.headers(b"/api/accounts", b"https://chat.example") == []
    assert cors.preflight(b"/api/accounts", b"https://chat.example", b"authorization") == []

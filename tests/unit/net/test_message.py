"""Headers are looked up in any case; reprs show no values."""

from flow2api.net.message import Downloaded, Headers, Response

_HEADERS = Headers([("Content-Type", "text/plain"), ("Set-Cookie", "a=1"), ("set-cookie", "b=2")])


def test_headers_are_found_in_any_case_and_in_order() -> None:
    assert _HEADERS.get("CONTENT-TYPE") == "text/plain"
    assert _HEADERS.get_all("Set-Cookie") == ["a=1", "b=2"]
    assert _HEADERS.get("location") is None
    assert _HEADERS.get("location", "/") == "/"
    assert "set-cookie" in _HEADERS
    assert len(_HEADERS) == 3
    assert next(iter(_HEADERS)) == ("content-type", "text/plain")


def test_headers_from_the_wire_take_every_byte() -> None:
    assert Headers.from_wire([(b"x", b"caf\xe9 \xff")]).get("x") == "café ÿ"


def test_reprs_show_neither_values_nor_bodies() -> None:
    response = Response(status=200, headers=_HEADERS, body=b"token", url="http://h/?key=sesame")
    downloaded = Downloaded(status=404, mime="", size_bytes=0, headers=_HEADERS, head=b"", body=b"token")
    for shown in (repr(response), repr(downloaded), repr(_HEADERS)):
        assert "token" not in shown
        assert "sesame" not in shown
        assert "a=1" not in shown
    assert "200" in repr(response)
    assert "404" in repr(downloaded)

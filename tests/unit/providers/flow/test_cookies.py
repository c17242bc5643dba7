"""The notations in which people paste a cookie, and the cookie that an answer renews."""

import json

import pytest

from flow2api.errors import Code, Failure
from flow2api.providers.flow import cookies
from flow2api.providers.flow.calls import SESSION_COOKIE as NAME

VALUE = "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..Q0xqV2F4.SECRET_long-value.c2lnbmVk"
FIRST, SECOND = VALUE[:30], VALUE[30:]


def file_line(name: str, value: str, domain: str = "#HttpOnly_labs.google") -> str:
    return "\t".join((domain, "FALSE", "/", "TRUE", "1790000000", name, value))


def exported(name: str, value: str, domain: str = "labs.google") -> dict[str, object]:
    return {"name": name, "value": value, "domain": domain, "httpOnly": True, "path": "/"}


NOTATIONS = {
    "the bare value": VALUE,
    "the bare value with space around it": f"\n  {VALUE}\r\n",
    "the bare value in quotes": f'"{VALUE}"',
    "a pair": f"{NAME}={VALUE}",
    "a pair with an end": f"{NAME}={VALUE};",
    "a quoted value": f'{NAME}="{VALUE}"',
    "a header's value": f"_ga=GA1.2.3; {NAME}={VALUE}; EMAIL=%22a%40b.c%22",
    "a header line": f"Cookie: _ga=GA1.2.3; {NAME}={VALUE}",
    "a header line in small letters": f"cookie:{NAME}={VALUE}; x=y",
    "pieces in a header": f"{NAME}.1={SECOND}; {NAME}.0={FIRST}",
    "a Set-Cookie value": f"{NAME}={VALUE}; Path=/; HttpOnly; Secure; SameSite=Lax",
    "a cookies.txt": f"# Netscape HTTP Cookie File\n\n{file_line('_ga', 'GA1')}\n{file_line(NAME, VALUE)}\n",
    "a cookies.txt of a whole browser": f"{file_line(NAME, 'another-sites-session', '.example.org')}\n{file_line(NAME, VALUE)}",
    "a cookies.txt with blanks for tabs": file_line(NAME, VALUE).replace("\t", "    "),
    "pieces in a cookies.txt": f"{file_line(NAME + '.0', FIRST)}\n{file_line(NAME + '.1', SECOND)}",
    "a JSON export": json.dumps([exported("_ga", "GA1"), exported(NAME, VALUE, ".labs.google")], indent=2),
    "a JSON export of a whole browser": json.dumps(
        [exported(NAME, "another-sites-session", "x.test"), exported(NAME, VALUE)]
    ),
    "pieces in a JSON export": json.dumps([exported(NAME + ".1", SECOND), exported(NAME + ".0", FIRST)]),
    "a browser's stored state": json.dumps({"cookies": [exported(NAME, VALUE)], "origins": []}),
    "a JSON object of names": json.dumps({NAME: VALUE, "_ga": "GA1"}),
    "what a pushing extension sends": json.dumps({"session_token": VALUE}),
}


@pytest.mark.parametrize("pasted", NOTATIONS.values(), ids=NOTATIONS.keys())
def test_every_usual_notation_gives_the_value(pasted: str) -> None:
    assert cookies.session_token(pasted) == VALUE


WRONG = {
    "nothing": "",
    "blank": "  \n ",
    "a word": "SECRET",
    "a sentence": "here is my cookie SECRET-value-of-some-length",
    "an address": "https://labs.google/fx/tools/flow?SECRET-value",
    "an access token": "ya29.SECRET-access-token-of-some-length",
    "another cookie": "SID=SECRET-session-id-of-google; HSID=SECRET2",
    "an empty pair": f"{NAME}=",
    "another site's export": json.dumps([exported(NAME, "SECRET-of-another-site", "chat.example.org")]),
    "a missing piece": f"{NAME}.0=SECRET-first-piece-of-it; {NAME}.2=SECRET-third-piece",
    "a name that only begins alike": f"{NAME}-old=SECRET-value-of-some-length",
    "broken JSON": f'[{{"name": "{NAME}", "value": "SECRET-value-of-some-length"',
    "JSON of something else": '{"user": {"email": "SECRET@example.org"}}',
    "control characters": f"{NAME}=SECRET-value-of\x00some-length",
    "a value beyond reason": "SECRET" * 10_000,
    "a lone surrogate": '["\ud800SECRET"]',
}


@pytest.mark.parametrize("pasted", WRONG.values(), ids=WRONG.keys())
def test_anything_else_is_refused_with_what_is_expected_and_never_repeated(pasted: str) -> None:
    with pytest.raises(Failure) as caught:
        cookies.session_token(pasted)
    failure = caught.value
    assert (failure.code, failure.param) == (Code.INVALID_VALUE, "credential")
    assert NAME in failure.message
    assert "SECRET" not in repr(failure)
    assert failure.__cause__ is None
    assert failure.__context__ is None


@pytest.mark.parametrize(
    ("lines", "token"),
    [
        ([f"{NAME}={VALUE}; Path=/; Expires=Tue, 30 Jun 2026 04:46:04 GMT; HttpOnly"], VALUE),
        (["_ga=1", f"{NAME}.0={FIRST}; Path=/", f"{NAME}.1={SECOND}; Path=/"], VALUE),
        ([f"{NAME}.0={FIRST}", f"{NAME}.1={SECOND}", f"{NAME}.2=; Max-Age=0"], VALUE),
        ([f"{NAME}=; Max-Age=0"], None),
        ([f"{NAME}=short"], None),
        ([f"{NAME}.1={SECOND}"], None),
        (["", ";", "="], None),
        ([], None),
    ],
)
def test_a_renewed_cookie_is_read_from_what_an_answer_sets(lines: list[str], token: str | None) -> None:
    assert cookies.renewed_token(lines) == token

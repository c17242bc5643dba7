"""Finds the session cookie in whatever an operator pastes, and in the `Set-Cookie` headers that renew it.

Knows the usual notations of a cookie and nothing of where it is used. What is refused is never repeated in the refusal.
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from flow2api.errors import Code, Failure
from flow2api.providers.flow import wire
from flow2api.providers.flow.calls import SESSION_COOKIE

EXPECTED = (
    f"Expected the cookie {SESSION_COOKIE} of labs.google: its bare value, `name=value`, a whole Cookie header line, a cookies.txt "
    "file, or the JSON export of a cookie extension."
)

# A real value is several hundred characters of base64url with dots; the limits only tell it from words and from whole files.
_VALUE = re.compile(r"[A-Za-z0-9._~+/=%:|-]{16,16384}")
_CHUNK = re.compile(re.escape(SESSION_COOKIE) + r"(?:\.(\d{1,2}))?")
_HOST = "labs.google"


class Cookie(NamedTuple):
    """One cookie as it was found; `domain` is empty when the notation does not name it."""

    name: str
    value: str
    domain: str = ""


def session_token(pasted: str) -> str:
    """The session cookie's value in what was pasted.

    Raises:
        Failure: `INVALID_VALUE`, telling what is expected.
    """
    pasted = pasted.strip().strip("\ufeff")
    cookies = list(_cookies(pasted))
    if cookies:
        return _checked(_joined(_ours(cookies)), "It holds cookies, but not this one.")
    if pasted.startswith("ya29."):
        raise _refused("This is an access token, which ends within the hour.")
    return _checked(_unquoted(pasted), "This is nothing of the kind.", bare=True)


def renewed_token(set_cookies: Iterable[str]) -> str | None:
    """The new session cookie that an answer set, None when it set none or took it away."""
    pairs = (_pair(line.partition(";")[0]) for line in set_cookies)
    value = _joined([Cookie(*pair) for pair in pairs if pair])
    return value if value and _VALUE.fullmatch(value) else None


def _checked(value: str | None, otherwise: str, *, bare: bool = False) -> str:
    if not value or not _VALUE.fullmatch(value) or (bare and ("=" in value or "://" in value)):
        raise _refused(otherwise)
    return value


def _refused(why: str) -> Failure:
    return Failure(Code.INVALID_VALUE, f"{why} {EXPECTED}", param="credential")


def _ours(cookies: list[Cookie]) -> list[Cookie]:
    """Without the cookies of other sites: many use the same login library, so the same names."""
    return [cookie for cookie in cookies if not cookie.domain or cookie.domain.lstrip(".").lower() == _HOST]


def _joined(cookies: Iterable[Cookie]) -> str | None:
    """The value in one piece; browsers get a long one in pieces called `.0`, `.1` and so on."""
    pieces: dict[int, str] = {}
    for cookie in cookies:
        match = _CHUNK.fullmatch(cookie.name)
        if match and cookie.value:
            if match[1] is None:
                return cookie.value
            pieces[int(match[1])] = cookie.value
    if not pieces or sorted(pieces) != list(range(len(pieces))):
        return None
    return "".join(pieces[index] for index in range(len(pieces)))


def _cookies(pasted: str) -> Iterator[Cookie]:
    if pasted[:1] in {"[", "{"}:
        yield from _from_json(wire.decode_loose(pasted.encode("utf-8", "replace")))
    elif rows := list(_from_file(pasted)):
        yield from rows
    else:
        yield from _from_header(pasted)


def _from_json(export: object) -> Iterator[Cookie]:
    """A list of cookies, the same under `cookies`, or an object of names and values, in which `session_token` will do as a name."""
    nested = wire.field(export, "cookies")
    entries = nested if isinstance(nested, list) else export
    if isinstance(entries, list):
        for entry in entries:
            name, value = wire.text(wire.field(entry, "name")), wire.text(wire.field(entry, "value"))
            if name and value:
                yield Cookie(name, value, wire.text(wire.field(entry, "domain")) or "")
    elif isinstance(entries, dict):
        for name, value in entries.items():
            if isinstance(value, str):
                yield Cookie(SESSION_COOKIE if name == "session_token" else str(name), value)


def _from_file(pasted: str) -> Iterator[Cookie]:
    """The lines of a cookies.txt: domain, subdomains, path, secure, expiry, name, value."""
    for line in pasted.splitlines():
        fields = line.strip().removeprefix("#HttpOnly_").split()
        if len(fields) == 7 and fields[1] in {"TRUE", "FALSE"} and not fields[0].startswith("#"):
            yield Cookie(fields[5], fields[6], fields[0])


def _from_header(pasted: str) -> Iterator[Cookie]:
    """`name=value` pairs as in a Cookie header, on one line or several."""
    line = re.sub(r"^['\"]?cookie:\s*", "", pasted, flags=re.IGNORECASE)
    for part in re.split(r"[;\n]", line):
        pair = _pair(part)
        if pair and pair[1]:
            yield Cookie(*pair)


def _pair(part: str) -> tuple[str, str] | None:
    name, equals, value = part.strip().partition("=")
    return (name.strip(), _unquoted(value)) if equals else None


def _unquoted(value: str) -> str:
    return value.strip().strip("'\"").strip()

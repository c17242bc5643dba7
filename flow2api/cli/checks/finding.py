"""One thing that the doctor looked at: how it is, in words, and what to do about it."""

from typing import Literal

import msgspec

Result = Literal["good", "advice", "broken"]


class Finding(msgspec.Struct, frozen=True):
    """What was found. `broken`: something does not work until somebody does what the advice says."""

    check: str
    result: Result
    found: str
    advice: str = ""


def good(check: str, found: str) -> Finding:
    return Finding(check, "good", found)


def advised(check: str, found: str, advice: str) -> Finding:
    return Finding(check, "advice", found, advice)


def broken(check: str, found: str, advice: str) -> Finding:
    return Finding(check, "broken", found, advice)

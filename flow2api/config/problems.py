"""The one error of the settings and its wording. A password is never repeated in a message."""

import difflib
import json
from collections.abc import Iterable

from flow2api.config.keys import Key

_SHOWN_CHARACTERS = 80


class ConfigError(Exception):
    """The settings cannot be used. `problems` are sentences that name place, key and what is allowed."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


def not_allowed(source: str, key: Key, value: object) -> str:
    """That `value` from `source` does not fit."""
    got = "" if key.secret else f", not {_shortly(value)}"
    return f"{source}: {key.name} must be {key.allowed}{got}"


def unknown(source: str, name: str, known: Iterable[str], *, what: str = "setting") -> str:
    """That there is no such name, with the nearest one that there is."""
    close = difflib.get_close_matches(name, list(known), n=1)
    hint = f"; did you mean {close[0]}?" if close else ""
    return f"{source}: there is no {what} {name}{hint}"


def _shortly(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 1] + "…"

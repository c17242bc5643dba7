"""Writes a settings file with a comment at every setting. `load` reads back what this writes."""

import json
from collections.abc import Iterator

from flow2api.config.keys import KEYS, ONLY_ENVIRONMENT, SECTIONS, Key
from flow2api.config.schema import Config

_HEAD = """\
# Settings of flow2api. Copy this file to config/setting.toml and change what you need; a line that begins with "# name ="
# shows the default. The environment goes before what was changed at run time, that before this file, this before the
# defaults. `flow2api config` shows each value and where it came from.
# Lists are given in the environment by commas or as JSON."""


def toml_value(value: object) -> str:
    """A setting's value as TOML."""
    if isinstance(value, tuple):
        return "[" + ", ".join(toml_value(item) for item in value) + "]"
    if isinstance(value, str):
        # JSON strings are TOML strings but for DEL, which TOML wants escaped.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return repr(value)


def render(config: Config) -> str:
    """`config` as a commented settings file; what equals its default is commented out. Holds secrets if `config` does."""
    return "\n\n".join([_HEAD, _only_environment(), *(_section(config, name) for name in SECTIONS)]) + "\n"


def _only_environment() -> str:
    lines = ["# Only in the environment:", *(f"# {name}: {text}" for name, text in ONLY_ENVIRONMENT.items())]
    return "\n".join(lines)


def _section(config: Config, section: str) -> str:
    values = getattr(config, section)
    purpose = (type(values).__doc__ or "").strip()
    keys = (key for key in KEYS.values() if key.section == section)
    entries = ("\n".join(_entry(key, getattr(values, key.field))) for key in keys)
    return "\n\n".join([f"# {purpose}\n[{section}]", *entries])


def _entry(key: Key, value: object) -> Iterator[str]:
    yield f"# {key.description}"
    yield f"# Allowed: {key.allowed}."
    yield f"# Default: {toml_value(key.default)}  Environment: {key.env}" + (
        "" if key.run_time else "  Read at start only."
    )
    yield f"{'# ' if value == key.default else ''}{key.field} = {toml_value(value)}"

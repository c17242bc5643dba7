"""Where settings are written: a TOML file, the environment, the command line. Each becomes a layer of checked values.

Reads; decides nothing about precedence. Everything wrong is appended to `problems`, so that all of it is found in one go.
"""

import json
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from flow2api.config.keys import CONFIG_PATH_ENV, ENV_PREFIX, KEYS, ONLY_ENVIRONMENT, SECTIONS, Key, is_foreign
from flow2api.config.problems import ConfigError, not_allowed, unknown
from flow2api.log import MASK

DEFAULT_PATH = Path("config/setting.toml")
# host, host:port, with or without a scheme; anything else may hold a password in one of the notations of proxies.
_NO_PASSWORD = re.compile(r"(\w+://)?(\[[^\]]*\]|[^:@/]*)(:\d+)?/?")
_ENV_KEYS = {key.env: key for key in KEYS.values()}
_DIRECTORY_HINT = (
    "is a folder, not a file. A container mount of a file that does not exist on the host makes a folder of that name: "
    "stop the container, remove the folder, put the file in its place (config/setting.example.toml is a start), start again"
)


class Value(msgspec.Struct, frozen=True):
    """One resolved setting."""

    key: str
    value: object
    source: str
    """`command line`, `environment <name>`, `admin`, `file <path>` or `default`."""

    @property
    def shown(self) -> object:
        """The value without passwords."""
        return _without_passwords(self.value) if KEYS[self.key].secret else self.value

    def __repr__(self) -> str:
        return f"Value({self.key}={self.shown!r}, {self.source})"


Layer = dict[str, Value]
_Given = dict[str, tuple[object, str]]


def flag_layer(flags: Mapping[str, object], problems: list[str]) -> Layer:
    """What the command line sets, by key."""
    return _checked({name: (value, "command line") for name, value in flags.items()}, problems)


def environment_layer(environ: Mapping[str, str], problems: list[str]) -> Layer:
    """What the environment sets."""
    given: _Given = {}
    for variable, text in environ.items():
        if not variable.startswith(ENV_PREFIX) or variable in ONLY_ENVIRONMENT or is_foreign(variable, text):
            continue
        key = _ENV_KEYS.get(variable)
        if key is None:
            problems.append(unknown("environment", variable, [*_ENV_KEYS, *ONLY_ENVIRONMENT]))
        else:
            given[key.name] = (_from_text(key, text), f"environment {variable}")
    return _checked(given, problems)


def file_layer(path: Path | None, environ: Mapping[str, str], problems: list[str]) -> Layer:
    """What the file sets: `path`, else the one that the environment names, else the default one if it exists."""
    named = path or (Path(environ[CONFIG_PATH_ENV]) if environ.get(CONFIG_PATH_ENV) else None)
    place = named or DEFAULT_PATH
    try:
        table = _read_toml(place, missing_is_fine=named is None)
    except ConfigError as error:
        problems.extend(error.problems)
        return {}
    given: _Given = {}
    for section, content in table.items():
        if section not in SECTIONS:
            problems.append(_unknown_section(place, section))
        elif not isinstance(content, dict):
            problems.append(f"{place}: {section} is a section; write [{section}] and its settings below")
        else:
            given.update(_known(place, section, content, problems))
    return _checked(given, problems)


def _from_text(key: Key, text: str) -> object:
    """What the text of an environment variable stands for; the text itself where it cannot be read as the key's type."""
    if not key.is_list:
        try:
            return msgspec.convert(text, key.type, strict=False)
        except msgspec.ValidationError:
            return text
    if text.lstrip().startswith("["):
        try:
            return json.loads(text)
        except ValueError:
            return text
    return [item.strip() for item in text.split(",") if item.strip()]


def _known(place: Path, section: str, content: dict[str, Any], problems: list[str]) -> _Given:
    known: _Given = {}
    for field, value in content.items():
        name = f"{section}.{field}"
        if name in KEYS:
            known[name] = (value, f"file {place}")
        else:
            problems.append(unknown(str(place), name, KEYS))
    return known


def _unknown_section(place: Path, section: str) -> str:
    homes = [key.name for key in KEYS.values() if key.field == section]
    if homes:
        return f"{place}: {section} stands outside its section; did you mean {homes[0]}?"
    return unknown(str(place), section, SECTIONS, what="section")


def _read_toml(path: Path, *, missing_is_fine: bool) -> dict[str, Any]:
    try:
        # Editors on Windows put a byte order mark in front, which TOML does not know.
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        if missing_is_fine:
            return {}
        raise ConfigError([f"{path}: there is no such file; name one that is with --config"]) from None
    except IsADirectoryError:
        raise ConfigError([f"{path}: {_DIRECTORY_HINT}"]) from None
    except UnicodeDecodeError as error:
        raise ConfigError([f"{path}: not UTF-8 text (byte {error.start}); save it as UTF-8"]) from None
    except OSError as error:
        raise ConfigError([f"{path}: cannot be read by user id {os.getuid()}: {error.strerror or error}"]) from None
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([f"{path}: not valid TOML: {error}"]) from None


def _checked(given: _Given, problems: list[str]) -> Layer:
    layer: Layer = {}
    for name, (value, source) in given.items():
        key = KEYS[name]
        try:
            layer[name] = Value(name, msgspec.convert(value, key.type), source)
        except msgspec.ValidationError:
            problems.append(not_allowed(source, key, value))
    return layer


def _without_passwords(value: object) -> object:
    if isinstance(value, tuple):
        return tuple(_without_passwords(item) for item in value)
    text = str(value)
    return text if _NO_PASSWORD.fullmatch(text) else f"{MASK}@{text.rpartition('@')[2]}" if "@" in text else MASK

"""Every setting as data: its name, type, default, description, what is allowed, and whether it may change at run time.

Made once from `schema`; nothing here reads a file or the environment.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

import msgspec
from msgspec.inspect import (
    FloatType,
    IntType,
    LiteralType,
    Metadata,
    StrType,
    Type,
    VarTupleType,
    type_info,
)

from flow2api.config.schema import Config

ENV_PREFIX = "FLOW2API_"
CONFIG_PATH_ENV = "FLOW2API_CONFIG_PATH"

MASTER_KEY_ENV = "STORAGE_MASTER_KEY"

ONLY_ENVIRONMENT: dict[str, str] = {
    CONFIG_PATH_ENV: "Path of the settings file.",
    MASTER_KEY_ENV: "Key that seals secrets in the database, in place of the file master.key in the data folder.",
}
# Where people keep an API key for their curl lines, as README and welcome page show them.
_API_KEY_OF_A_PERSON = "FLOW2API_KEY"
# Kubernetes gives every container such variables for a service called "flow2api".
_KUBERNETES = re.compile(r"FLOW2API_(SERVICE_(HOST|PORT)(_\w+)?|PORT(_\d+_(TCP|UDP)(_(PROTO|PORT|ADDR))?)?)")

_FIXED_SECTIONS = frozenset({"storage"})
# Bound before anything can be changed, or read by commands that see no run-time change.
_FIXED_KEYS = frozenset({"server.host", "server.port", "server.grace_seconds", "captcha.headless", "log.stall_seconds"})
_SECRET_KEYS = frozenset({"proxy.urls", "proxy.media_urls", "storage.database_url"})


Sort = Literal["whole", "number", "choice", "text", "list"]


class Form(NamedTuple):
    """How a value is asked for."""

    sort: Sort
    choices: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None


class Key(NamedTuple):
    """One setting."""

    name: str
    """`section.field`, as in the file."""
    type: Any
    default: object
    description: str
    allowed: str
    """What is allowed, in words."""
    form: Form
    run_time: bool
    """Whether an admin may change it while the program runs."""
    secret: bool
    """Whether values may hold passwords, so that they are never shown in full."""

    @property
    def section(self) -> str:
        return self.name.partition(".")[0]

    @property
    def field(self) -> str:
        return self.name.partition(".")[2]

    @property
    def env(self) -> str:
        return ENV_PREFIX + self.name.replace(".", "_").upper()

    @property
    def is_list(self) -> bool:
        return isinstance(self.default, tuple)


def is_foreign(name: str, value: str) -> bool:
    """Whether an environment variable with our prefix is no setting: of a container platform, or for people's own use."""
    if name == _API_KEY_OF_A_PERSON:
        return True
    return _KUBERNETES.fullmatch(name) is not None and (name != "FLOW2API_PORT" or value.startswith(("tcp:", "udp:")))


def _words(info: Type) -> str:
    match info:
        case Metadata(extra_json_schema=dict(extra)) if "title" in extra:
            return str(extra["title"])
        case Metadata():
            return _words(info.type)
        case IntType():
            return f"a whole number from {info.ge} to {info.le}"
        case FloatType():
            return f"a number from {info.ge:g} to {info.le:.12g}"
        case LiteralType():
            return "one of " + ", ".join(json.dumps(value) for value in info.values)
        case VarTupleType():
            return f"a list, each item {_words(info.item_type)}"
        case StrType():
            return "text that is not empty" if info.min_length else "text"
        case _:
            raise TypeError(f"a setting has the type {info}, for which there are no words yet")


def _form(info: Type) -> Form:
    match info:
        case Metadata():
            return _form(info.type)
        case IntType():
            return Form("whole", least=info.ge, most=info.le)
        case FloatType():
            return Form("number", least=info.ge, most=info.le)
        case LiteralType():
            return Form("choice", tuple(str(value) for value in info.values))
        case VarTupleType():
            return Form("list")
        case _:
            return Form("text")


def _keys() -> Iterator[Key]:
    for section in msgspec.structs.fields(Config):
        for field in msgspec.structs.fields(section.type):
            name = f"{section.name}.{field.name}"
            info = type_info(field.type)
            assert isinstance(info, Metadata), f"{name} has no description"
            yield Key(
                name=name,
                type=field.type,
                default=field.default,
                description=(info.extra_json_schema or {})["description"],
                allowed=_words(info),
                form=_form(info),
                run_time=section.name not in _FIXED_SECTIONS and name not in _FIXED_KEYS,
                secret=name in _SECRET_KEYS,
            )


KEYS: dict[str, Key] = {key.name: key for key in _keys()}
SECTIONS: tuple[str, ...] = tuple(field.name for field in msgspec.structs.fields(Config))

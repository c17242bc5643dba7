"""Resolves the settings: command line, environment, run-time changes, file, defaults; the earlier goes before the later.

Run-time changes come from the database, where nobody could mend them before the start, so a bad one is left out and
reported in `Resolved.ignored`; anything wrong elsewhere is an error.
"""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from flow2api.config.keys import KEYS, SECTIONS
from flow2api.config.problems import ConfigError, not_allowed, unknown
from flow2api.config.schema import Config
from flow2api.config.sources import Layer, Value, environment_layer, file_layer, flag_layer


class Resolved(msgspec.Struct, frozen=True):
    """The settings in force and where each came from."""

    config: Config
    values: tuple[Value, ...]
    ignored: tuple[str, ...]
    """What was wrong with run-time changes that were therefore left out."""
    layers: tuple[Layer, Layer]
    """What goes before run-time changes, and what comes after them."""
    overrides: dict[str, object]
    """The run-time changes that are good, those among them that something else goes before."""

    def with_overrides(self, overrides: Mapping[str, object]) -> "Resolved":
        """The same start with other run-time changes; reads neither file nor environment again."""
        return _resolve(self.layers, overrides)

    def source(self, name: str) -> str:
        """Where a setting's value came from."""
        return next(value.source for value in self.values if value.key == name)


def load_config(
    path: Path | None,
    environ: Mapping[str, str],
    overrides: Mapping[str, object],
    *,
    flags: Mapping[str, object] | None = None,
) -> Resolved:
    """The settings from everywhere. `path` None means the environment's path, else `config/setting.toml` if it exists.

    `overrides` are run-time changes by key; `flags` are what the command line sets, before everything else.

    Raises:
        ConfigError: with everything that is wrong.
    """
    problems: list[str] = []
    before = environment_layer(environ, problems) | flag_layer(flags or {}, problems)
    after = file_layer(path, environ, problems)
    if problems:
        raise ConfigError(problems)
    return _resolve((before, after), overrides)


def check_override(name: str, value: object) -> object:
    """The value of a run-time change in its setting's type.

    Raises:
        ConfigError: there is no such setting, it is read at start only, or the value is not allowed.
    """
    key = KEYS.get(name)
    if key is None:
        raise unknown_setting(name)
    if not key.run_time:
        raise ConfigError([f"admin: {name} is read at start only; set it in the settings file or as {key.env}"])
    try:
        return msgspec.convert(value, key.type)
    except msgspec.ValidationError:
        raise ConfigError([not_allowed("admin", key, value)]) from None


def unknown_setting(name: str) -> ConfigError:
    """There is no setting of that name; says which may be meant."""
    return ConfigError([unknown("admin", name, KEYS)])


def _resolve(layers: tuple[Layer, Layer], overrides: Mapping[str, object]) -> Resolved:
    before, after = layers
    changes, ignored = _override_layer(overrides)
    defaults = {name: Value(name, key.default, "default") for name, key in KEYS.items()}
    merged = defaults | after | changes | before
    tree: dict[str, dict[str, object]] = {section: {} for section in SECTIONS}
    for name, key in KEYS.items():
        tree[key.section][key.field] = merged[name].value
    kept = {name: change.value for name, change in changes.items()}
    return Resolved(msgspec.convert(tree, Config), tuple(merged.values()), ignored, layers, kept)


def _override_layer(overrides: Mapping[str, object]) -> tuple[Layer, tuple[str, ...]]:
    layer: Layer = {}
    ignored: list[str] = []
    for name, value in overrides.items():
        if name.partition(".")[0] not in SECTIONS:
            continue  # kept beside the settings by somebody else
        try:
            layer[name] = Value(name, check_override(name, value), "admin")
        except ConfigError as error:
            ignored.extend(error.problems)
    return layer, tuple(ignored)

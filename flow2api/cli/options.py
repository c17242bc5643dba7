"""The options that commands share, and the settings that follow from them."""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from flow2api.cli.outcomes import EXPECTED, told_as_failures
from flow2api.cli.wiring import Wiring
from flow2api.config import MASTER_KEY_ENV, Resolved, load_config
from flow2api.log import Level, register_secret, setup_logging

Command = Callable[..., None]


@dataclass(frozen=True)
class Start:
    """Which settings file is read, and which settings the command line changes."""

    config_path: Path | None
    flags: Mapping[str, object]

    def with_flags(self, flags: Mapping[str, object]) -> "Start":
        """The same with further flags; a value of None means that the option was not given."""
        given = {name: value for name, value in flags.items() if value is not None}
        return Start(self.config_path, {**self.flags, **given})

    def resolve(self, wiring: Wiring) -> Resolved:
        """The settings.

        Raises:
            CommandFailed: something is wrong with them."""
        with told_as_failures():
            return load_config(self.config_path, wiring.environ, {}, flags=self.flags)


def is_given(resolved: Resolved, key: str) -> bool:
    """Whether somebody set it, so that it is not just the default."""
    return any(value.key == key and value.source != "default" for value in resolved.values)


def start_log(resolved: Resolved, environ: Mapping[str, str], *, shown: Level = "debug") -> None:
    """Log as the settings say, on the terminal from `shown` on, without a traceback for what is expected to go wrong and without what is known to be secret."""
    config = resolved.config.log
    for secret in (environ.get(MASTER_KEY_ENV, ""), *resolved.config.proxy.urls):
        register_secret(secret)
    setup_logging(level=config.level, format=config.format, expected=EXPECTED, shown=shown)


def with_start(command: Command) -> Command:
    """Add `--config` and `--data-dir`; the command gets them as `start`."""

    @click.option(
        "--config",
        "config_path",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Settings file, in place of config/setting.toml.",
    )
    @click.option("--data-dir", metavar="FOLDER", help="Data folder, in place of the one in the settings.")
    @functools.wraps(command)
    def wrapped(*args: Any, config_path: Path | None, data_dir: str | None, **rest: Any) -> None:
        start = Start(config_path, {}).with_flags({"storage.data_dir": data_dir})
        command(*args, start=start, **rest)

    return wrapped


def with_address(command: Command) -> Command:
    """Add `--host` and `--port` to the `start` of a command that listens. Stands below `with_start`."""

    @click.option("--host", metavar="ADDRESS", help="Address to listen on; 0.0.0.0 is every interface.")
    @click.option("--port", type=int, help="Port to listen on; 0 takes any free one.")
    @functools.wraps(command)
    def wrapped(*args: Any, start: Start, host: str | None, port: int | None, **rest: Any) -> None:
        command(*args, start=start.with_flags({"server.host": host, "server.port": port}), **rest)

    return wrapped


def with_json(command: Command) -> Command:
    """Add `--json`; the command gets it as `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")(command)

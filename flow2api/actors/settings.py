"""The settings in force: an immutable value that is replaced whole, and the one place where it is changed at run time.

A change is checked as a whole, stored, in force, and then told on the bus, in this order; what is refused changes nothing. Consumers
hold `config`, whose fields are read anew at each look. What has to act on a change itself listens for `SettingChanged`.
"""

import logging
from collections.abc import Callable, Collection, Mapping
from functools import partial
from types import SimpleNamespace
from typing import Any, Final, cast

import trio

from flow2api.config import KEYS, Config, ConfigError, Resolved, Value, check_override, unknown_setting
from flow2api.domain.events import SettingChanged
from flow2api.domain.present import present
from flow2api.errors import Code, Failure
from flow2api.kit.bus import EventBus
from flow2api.log import MASK
from flow2api.store import settings
from flow2api.store.base import Store

log = logging.getLogger("flow2api.settings")

WRITE_SECONDS = 10.0


class Settings:
    """Owner of the settings. A plain object: its only wait is the store's, under a lock."""

    def __init__(
        self,
        resolved: Resolved,
        store: Store,
        bus: EventBus,
        now: Callable[[], float],
        *,
        check: Callable[[Config], object] = lambda config: None,
        apply: Callable[[Config, Config], object] = lambda before, after: None,
    ) -> None:
        """`check` raises a `ConfigError` for what the types do not tell; `apply` is called with the settings before and after a
        change, for what is no part of the tree."""
        self._resolved = resolved
        self._store = store
        self._bus = bus
        self._now = now
        self._check = check
        self._apply = apply
        self._changing = trio.Lock()
        self.config: Final = self._as_present()
        """The settings in force. Sections may be kept, fields may not."""

    def values(self) -> tuple[Value, ...]:
        """Each setting with where it came from."""
        return self._resolved.values

    @property
    def changed(self) -> Collection[str]:
        """The names of those that were changed at run time, be that in force or outranked."""
        return self._resolved.overrides.keys()

    async def change(self, changes: Mapping[str, object]) -> None:
        """Set several at once, all or none; None goes back to what the file or the default says.

        Raises:
            ConfigError: with everything that is wrong.
            Failure: they could not be stored in time.
        """
        async with self._changing:
            before = self._resolved
            wanted = self._wanted(changes)
            after = before.with_overrides(wanted)
            self._check(after.config)
            await self._keep({name: wanted.get(name) for name in changes})
            self._resolved = after
            self._apply(before.config, after.config)
        for name in changes:
            log.info("setting changed name=%s source=%r", name, after.source(name))
            self._bus.publish(SettingChanged(name=name, at=self._now()))

    def _wanted(self, changes: Mapping[str, object]) -> dict[str, object]:
        """The run-time changes as they shall be."""
        wanted = dict(self._resolved.overrides)
        problems: list[str] = []
        for name, value in changes.items():
            try:
                if value is not None:
                    wanted[name] = check_override(name, self._unmasked(name, value))
                elif name in KEYS:
                    wanted.pop(name, None)
                else:
                    raise unknown_setting(name)
            except ConfigError as error:
                problems.extend(error.problems)
        if problems:
            raise ConfigError(problems)
        return wanted

    async def _keep(self, changes: Mapping[str, object]) -> None:
        # Shielded, so that what is stored and what is in force do not part when the caller leaves.
        with trio.move_on_after(WRITE_SECONDS, shield=True) as limit:
            await self._store.write(settings.change, changes)
        if limit.cancelled_caught:
            message = "The settings could not be stored in time. Look at them again before another try."
            raise Failure(Code.INTERNAL_ERROR, message)

    def _unmasked(self, name: str, value: object) -> object:
        """What was shown masked and comes back so stands for what it was."""
        key = KEYS.get(name)
        if key is None or not key.secret or not isinstance(value, list | tuple):
            return value
        present_value = next(one for one in self._resolved.values if one.key == name)
        shown, real = cast("tuple[Any, ...]", present_value.shown), cast("tuple[Any, ...]", present_value.value)
        known = dict(zip(shown, real, strict=True))
        items = [known.get(item, item) if isinstance(item, str) else item for item in value]
        if any(isinstance(item, str) and MASK in item for item in items):
            raise ConfigError([f"admin: {name} holds a masked password that belongs to none of its present values"])
        return items

    def _as_present(self) -> Config:
        def section(name: str) -> object:
            return getattr(self._resolved.config, name)

        sections = {name: present(partial(section, name)) for name in Config.__struct_fields__}
        return cast("Config", SimpleNamespace(**sections))

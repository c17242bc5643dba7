"""What is on offer now: the catalogue as the files say, without the models that were switched off and with the operator's aliases.

A catalogue never changes; this replaces it by another one. So whoever reads `catalog` anew for each request sees a change at once, and
nobody sees half of one. Changes are stored and hold after a restart.
"""

import logging
import re
import time
from collections.abc import Collection, Mapping

import trio

from flow2api.domain.catalog import Catalog
from flow2api.domain.events import SettingChanged
from flow2api.errors import Code, Failure
from flow2api.kit.bus import EventBus
from flow2api.store import settings
from flow2api.store.database import Database
from flow2api.store.door import Store

log = logging.getLogger("flow2api.models")

# Their first word is no section of the settings, so that they are not taken for settings.
ALIASES_SETTING = "offer.aliases"
OFF_SETTING = "offer.off"
MAX_ALIASES = 500
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@/-]{0,99}")


class Offer:
    """Holds the present catalogue. Shared by the routes; changed only through its own methods."""

    def __init__(self, store: Store, built: Catalog, bus: EventBus | None = None) -> None:
        self._store = store
        self._bus = bus or EventBus()
        self._changing = trio.Lock()
        self.built = built
        """The catalogue of the files, with everything on."""
        self.catalog = built
        self.aliases: Mapping[str, str] = {}
        """What the operator added, by name; the model of each may be off, or gone from the files."""
        self.off: frozenset[str] = frozenset()

    async def load(self) -> None:
        """Read what was changed; to be done before the first request."""
        stored = await self._store.read(settings.all_settings)
        aliases, off = stored.get(ALIASES_SETTING), stored.get(OFF_SETTING)
        self._put(
            {str(name): str(target) for name, target in aliases.items()} if isinstance(aliases, dict) else {},
            frozenset(str(name) for name in off) if isinstance(off, list) else frozenset(),
        )
        idle = [name for name, target in self.aliases.items() if name in self.built or target not in self.built]
        if idle:
            log.warning("aliases without effect, since the catalogue changed: %s", " ".join(idle))

    async def set_alias(self, name: str, target: str) -> None:
        """Let a model go by another name too.

        Raises:
            Failure: `invalid_value`, the name or the target cannot be used; `conflict`, a model has this name."""
        if not _NAME.fullmatch(name):
            message = "An alias has 1 to 100 letters, digits and . _ : @ / -, and begins with a letter or digit."
            raise Failure(Code.INVALID_VALUE, message, param="name")
        if name in self.built:
            raise Failure(
                Code.CONFLICT, f"{name!r} is a model or an alias of the catalogue's files already.", param="name"
            )
        self._check_target(target)
        async with self._changing:
            if len(self.aliases) >= MAX_ALIASES and name not in self.aliases:
                raise Failure(Code.INVALID_VALUE, f"There may be {MAX_ALIASES} aliases.", param="name")
            await self._keep({**self.aliases, name: target}, self.off)

    async def remove_alias(self, name: str) -> bool:
        """Forget an alias; False when there was none."""
        async with self._changing:
            if name not in self.aliases:
                return False
            await self._keep({known: target for known, target in self.aliases.items() if known != name}, self.off)
        return True

    async def switch(self, model_id: str, on: bool) -> None:
        """Offer a model, with its forms and aliases, or offer it no more. What is under way goes on.

        Raises:
            Failure: `model_not_found`; `unsupported_operation`, it is a form or an alias of another."""
        model = self.built.find(model_id)
        if model_id not in self.built.own_names():
            message = f"{model_id!r} is another name for {model.base!r}, or for a form of it: switch that one."
            raise Failure(Code.UNSUPPORTED_OPERATION, message, param="model")
        async with self._changing:
            await self._keep(self.aliases, self.off - {model_id} if on else self.off | {model_id})

    def works(self, name: str) -> bool:
        """Whether requests may name it now."""
        return name in self.catalog

    def _check_target(self, target: str) -> None:
        try:
            self.built.find(target)
        except Failure as failure:
            raise Failure(Code.INVALID_VALUE, failure.message, param="target") from None

    async def _keep(self, aliases: Mapping[str, str], off: Collection[str]) -> None:
        before = {ALIASES_SETTING: self.aliases, OFF_SETTING: self.off}
        await self._store.write(_put_both, dict(aliases), sorted(off))
        self._put(aliases, frozenset(off))
        for name, value in ((ALIASES_SETTING, self.aliases), (OFF_SETTING, self.off)):
            if value != before[name]:
                self._bus.publish(SettingChanged(name=name, at=time.time()))

    def _put(self, aliases: Mapping[str, str], off: frozenset[str]) -> None:
        self.catalog = self.built.varied(aliases, off)
        self.aliases, self.off = dict(aliases), off


def _put_both(db: Database, aliases: dict[str, str], off: list[str]) -> None:
    settings.put(db, ALIASES_SETTING, aliases)
    settings.put(db, OFF_SETTING, off)

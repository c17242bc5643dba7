"""Admin routes for the settings: each with its value, its source and what it may be, and changing several at once.

Whatever can hold a password is shown masked, and means what it was when it comes back so. What the command line or the environment
says goes before a change; the answer tells which changes are kept without effect for that reason.
"""

from typing import Any

import msgspec
from quart_trio.wrappers import TrioResponse

from flow2api.api import wire
from flow2api.api.admin.table import Table
from flow2api.api.described import described
from flow2api.api.exchange import GatewayRequest
from flow2api.api.services import Services
from flow2api.config import KEYS, ConfigError, Value
from flow2api.config.keys import SECTIONS, Sort
from flow2api.errors import Code, Failure

# Where a value can stand that a change made here goes before; whatever stands elsewhere goes before the change.
_BELOW = ("admin", "default", "file ")


class SettingView(msgspec.Struct, frozen=True, kw_only=True):
    """One setting as it stands."""

    name: str
    """`section.field`, as in the file."""
    section: str
    value: Any
    """In force; passwords are masked."""
    default: Any
    source: str
    """`command line`, `environment <name>`, `admin`, `file <path>` or `default`."""
    description: str
    allowed: str
    """What it may be, in words."""
    sort: Sort
    choices: tuple[str, ...]
    least: float | None
    most: float | None
    environment: str
    """The variable that sets it."""
    run_time: bool
    """Whether it may be changed here; else it is read at start only."""
    secret: bool
    """Whether passwords in it are masked."""
    changed: bool
    """Whether a change made here is kept, be it in force or not."""
    outranked_by: str | None
    """What goes before every change made here, so that none has an effect."""


class SettingList(msgspec.Struct, frozen=True):
    """Every setting, in the order of the file."""

    sections: tuple[str, ...]
    settings: list[SettingView]


class SettingChanges(msgspec.Struct):
    """The body of `PATCH /api/settings`: values by name, all of them or none; null goes back to the file or the default."""

    settings: dict[str, Any]

    def __repr__(self) -> str:
        return f"SettingChanges({', '.join(self.settings)})"


class WithoutEffect(msgspec.Struct, frozen=True):
    """A change that is kept but not in force, and why."""

    name: str
    reason: str


class ChangedSettings(msgspec.Struct, frozen=True):
    """What was asked for, as it stands now."""

    settings: list[SettingView]
    without_effect: list[WithoutEffect]


_changes = wire.decoder(SettingChanges)


def routes(services: Services) -> Table:
    """All of them."""
    settings = services.settings

    def view(value: Value) -> SettingView:
        return _view(value, changed=value.key in settings.changed)

    @described("List every setting", SettingList)
    async def list_all(request: GatewayRequest) -> TrioResponse:
        return wire.answer(SettingList(SECTIONS, [view(value) for value in settings.values()]))

    @described("Change settings", ChangedSettings, body=SettingChanges)
    async def change(request: GatewayRequest) -> TrioResponse:
        asked = wire.decode(await request.body.whole(), _changes).settings
        if not asked:
            raise Failure(Code.MISSING_REQUIRED_PARAMETER, "Name at least one setting.", param="settings")
        try:
            await settings.change(asked)
        except ConfigError as error:
            raise Failure(Code.INVALID_VALUE, "; ".join(error.problems), param="settings") from None
        shown = [view(value) for value in settings.values() if value.key in asked]
        outranked = [one for one in shown if one.outranked_by and asked[one.name] is not None]
        return wire.answer(ChangedSettings(shown, [WithoutEffect(one.name, _why(one)) for one in outranked]))

    return (("GET", "/api/settings", list_all), ("PATCH", "/api/settings", change))


def _view(value: Value, *, changed: bool) -> SettingView:
    key = KEYS[value.key]
    return SettingView(
        name=key.name,
        section=key.section,
        value=value.shown,
        default=key.default,
        source=value.source,
        description=key.description,
        allowed=key.allowed,
        sort=key.form.sort,
        choices=key.form.choices,
        least=key.form.least,
        most=key.form.most,
        environment=key.env,
        run_time=key.run_time,
        secret=key.secret,
        changed=changed,
        outranked_by=None if value.source.startswith(_BELOW) else value.source,
    )


def _why(setting: SettingView) -> str:
    return f"The {setting.outranked_by} goes before changes made here. Take it out there and start anew for this one to hold."

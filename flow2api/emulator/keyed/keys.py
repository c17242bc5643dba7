"""The keys that an emulated service knows, and what is wrong with each. Knows no route and no HTTP."""

from collections.abc import Iterator, Mapping

import msgspec

from flow2api.emulator.exchange import Refused
from flow2api.emulator.memory import Memory


class ApiKey(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """One key; everything about it may be changed while the service runs."""

    key: str
    label: str
    """What faults and records call it."""
    alive: bool = True
    """False: it was revoked."""
    balance: float = 100.0
    """What is left, in the service's own currency; nothing left means that orders are refused."""
    may_read_balance: bool = True
    max_running: int | None = None
    """How many orders may be under way before more are refused; None: as many as come."""

    def __repr__(self) -> str:
        return f"ApiKey({self.label})"


class Keys:
    """All keys, by the secret itself."""

    def __init__(self, keys: list[ApiKey], memory: Memory | None = None) -> None:
        self._by_key = (memory or Memory()).table("keys", ApiKey)
        for key in keys:
            self._by_key.setdefault(key.key, msgspec.structs.replace(key))

    def __iter__(self) -> Iterator[ApiKey]:
        return iter(self._by_key.values())

    def keep(self) -> None:
        """Let what has changed outlive the process."""
        self._by_key.touch_all()

    def add(self, key: ApiKey) -> ApiKey:
        self._by_key[key.key] = key
        return key

    def find(self, secret: str | None) -> ApiKey | None:
        """The living key of this secret."""
        key = self._by_key.get(secret or "")
        return key if key is not None and key.alive else None

    def labelled(self, label: str) -> ApiKey:
        """The key of that label; `Refused` 404 when there is none."""
        for key in self:
            if key.label == label:
                return key
        raise Refused(404, f"There is no key {label!r}.")

    def change(self, label: str, changes: Mapping[str, object]) -> ApiKey:
        """Set some fields; `Refused` for a wrong name or value."""
        key = self.labelled(label)
        try:
            wanted = msgspec.convert(msgspec.to_builtins(key) | dict(changes), ApiKey)
        except msgspec.ValidationError as error:
            raise Refused(400, str(error)) from error
        for field in msgspec.structs.fields(ApiKey):
            setattr(key, field.name, getattr(wanted, field.name))
        return key

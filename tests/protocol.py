"""Writes the dashboard's types from the gateway's records: `python -m tests.protocol`.

What the gateway sends has every field but those that tell by it that nothing changed; in what it takes, a field with a default may be
left out.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from flow2api.actors.proxy_messages import AddedProxies, ProxyTest
from flow2api.actors.tab_pool import TokenTest
from flow2api.api.admin import (
    account_acts,
    accounts,
    backups,
    job_acts,
    jobs,
    keys,
    logs,
    models,
    notifications,
    proxies,
    schedules,
    sealed_accounts,
    settings,
    shapes,
    studio,
    system,
    webhooks,
)
from flow2api.api.errors import Envelope
from flow2api.api.live import protocol

TARGET = Path(__file__).parent.parent / "web" / "src" / "live" / "protocol.gen.ts"
_HEAD = """// The gateway's records and frames. Written by `python -m tests.protocol`; not to be edited.

export const PROTOCOL = {number};
"""

# Name in TypeScript -> the unions that have no name of their own in a schema.
UNIONS: Mapping[str, Any] = {
    "ServerFrame": protocol.ServerFrame,
    "ClientFrame": protocol.ClientFrame,
    "TopicState": protocol.TopicState,
    "LiveEvent": protocol.LiveEvent,
    "TopicName": protocol.TopicName,
}
# Answers of the REST routes; what they are made of comes along.
ANSWERS: Sequence[type] = (
    Envelope,
    system.System,
    accounts.Imported,
    account_acts.BulkResult,
    sealed_accounts.SealedAccounts,
    notifications.ChannelList,
    notifications.NoticeList,
    system.Restarting,
    backups.BackupList,
    backups.BackupCheck,
    TokenTest,
    jobs.JobList,
    jobs.JobDetail,
    job_acts.JobsBulkResult,
    keys.KeyList,
    keys.MadeKey,
    models.ModelOffer,
    AddedProxies,
    ProxyTest,
    studio.StudioOffer,
    webhooks.DeliveryPage,
    webhooks.HolderList,
    webhooks.SetSecret,
    studio.StudioOrdered,
    schedules.ScheduleList,
    settings.SettingList,
    settings.ChangedSettings,
    logs.LogPage,
    shapes.SessionState,
    shapes.SessionList,
    shapes.SessionEnded,
    shapes.SessionsEnded,
    shapes.PasswordChanged,
    shapes.SecondFactorView,
    shapes.SecondFactorOffer,
    shapes.RecoveryCodes,
    shapes.AuditPage,
)
# Bodies of the REST routes.
BODIES: Sequence[type] = (
    accounts.NewAccount,
    accounts.NewCredential,
    accounts.Changes,
    accounts.Import,
    account_acts.Bulk,
    account_acts.RestUntil,
    proxies.AccountProxy,
    job_acts.JobsBulk,
    sealed_accounts.ExportWish,
    sealed_accounts.SealedImport,
    notifications.NewChannel,
    notifications.ChannelChanges,
    system.Restart,
    keys.NewKey,
    keys.KeyChanges,
    models.Switch,
    studio.StudioOrder,
    models.NewAlias,
    proxies.NewProxies,
    webhooks.NewSecret,
    schedules.NewInterval,
    settings.SettingChanges,
    shapes.SetUp,
    shapes.SignIn,
    shapes.NewPassword,
    shapes.Proof,
    shapes.Confirmation,
)
_PLAIN = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}


def render() -> str:
    """The whole file."""
    partial = {*(body.__name__ for body in BODIES), "Subscribe", "Ping", "JobStep", "JobStepped"}
    types = [*UNIONS.values(), *ANSWERS, *BODIES]
    schemas, components = msgspec.json.schema_components(types, schema_hook=_anything, ref_template="{name}")
    parts = [_HEAD.format(number=protocol.PROTOCOL)]
    for name, schema in zip(UNIONS, schemas, strict=False):
        parts.append(f"export type {name} =\n  | " + "\n  | ".join(_alternatives(schema)) + ";\n")
    parts += ["".join(_declaration(name, components[name], name in partial)) for name in sorted(components)]
    return "\n".join(parts)


def _anything(of: type) -> dict[str, Any]:
    """What a provider keeps for itself has a form that nobody else knows."""
    if of is object:
        return {"description": "anything"}  # an empty schema counts as none
    raise NotImplementedError


def _declaration(name: str, schema: Mapping[str, Any], partial: bool) -> Iterator[str]:
    described = schema.get("description", "")
    if described:
        yield "/** " + " ".join(described.split()).replace("*/", "* /") + " */\n"
    if "properties" not in schema:
        yield f"export type {name} = {_type(schema)};\n"
        return
    yield f"export interface {name} {{\n"
    for field, inner in schema["properties"].items():
        mark = "?" if partial and field not in schema.get("required", ()) else ""
        yield f"  {field}{mark}: {_type(inner)};\n"
    yield "}\n"


def _type(schema: Mapping[str, Any]) -> str:
    if "enum" in schema or "anyOf" in schema:
        return " | ".join(_alternatives(schema))
    if "$ref" in schema:
        return str(schema["$ref"])
    match schema.get("type"):
        case "array":
            return f"Array<{_type(schema.get('items', {}))}>"
        case "object":
            return f"Record<string, {_type(schema.get('additionalProperties') or {})}>"
        case str(plain):
            return _PLAIN[plain]
    return "unknown"


def _alternatives(schema: Mapping[str, Any]) -> list[str]:
    if "enum" in schema:
        return [json.dumps(value) for value in schema["enum"]]
    return [_type(inner) for inner in schema["anyOf"]]


if __name__ == "__main__":
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text(render(), "utf-8")

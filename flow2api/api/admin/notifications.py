"""Admin routes for notifications: the channels that are told what wants a person. Address and secret go in and never come out."""

from typing import Annotated

import msgspec
import trio
from msgspec import UNSET, Meta, UnsetType
from quart_trio.wrappers import TrioResponse

from flow2api.actors.notifier import (
    FindChannel,
    ListChannels,
    ListNotices,
    PutChannel,
    RemoveChannel,
    TellAgain,
    TryChannel,
)
from flow2api.api import wire
from flow2api.api.admin.table import Table
from flow2api.api.described import described
from flow2api.api.exchange import GatewayRequest
from flow2api.api.services import Services
from flow2api.domain.notification import KINDS, Channel, ChannelKind, ChannelView, Notice, Sent
from flow2api.domain.overview import AlertKind
from flow2api.domain.present import present
from flow2api.domain.webhook import raw_secret
from flow2api.errors import AddressForbidden, Code, Failure, NetworkFault
from flow2api.net.guard import Guard

LOOKUP_SECONDS = 5.0

Name = Annotated[str, Meta(min_length=1, max_length=80)]
Events = Annotated[tuple[AlertKind, ...], Meta(min_length=1)]


class NewChannel(msgspec.Struct, kw_only=True):
    """The body of `POST /api/notifications`."""

    name: Name
    url: str
    kind: ChannelKind = "json"
    secret: str = ""
    """`whsec_…`, to sign messages of the kind `json` as Standard Webhooks say."""
    events: Events = KINDS
    cleared: bool = True
    enabled: bool = True

    def __repr__(self) -> str:
        return f"NewChannel({self.name!r})"


class ChannelChanges(msgspec.Struct, kw_only=True):
    """The body of `PATCH /api/notifications/{id}`; what is absent stays."""

    name: Name | UnsetType = UNSET
    url: str | UnsetType = UNSET
    kind: ChannelKind | UnsetType = UNSET
    secret: str | UnsetType = UNSET
    events: Events | UnsetType = UNSET
    cleared: bool | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET

    def __repr__(self) -> str:
        return "ChannelChanges()"


class ChannelList(msgspec.Struct, frozen=True):
    """All channels, and about what they can be told."""

    channels: list[ChannelView]
    events: tuple[AlertKind, ...]


class RemovedChannel(msgspec.Struct, frozen=True):
    """A channel that is gone."""

    id: str
    deleted: bool = True


class NoticeList(msgspec.Struct, frozen=True):
    """What channels are still to be told, and what they did not take; oldest first. What was taken is not in it."""

    notices: list[Notice]


_new = wire.decoder(NewChannel)
_changes = wire.decoder(ChannelChanges)


def routes(services: Services) -> Table:
    """All of them."""
    ask = services.notifier.ask
    guard = present(lambda: Guard(services.config.webhooks.allow_private))

    async def checked(channel: Channel) -> Channel:
        return await _checked(guard, channel)

    @described("List the channels of notifications", ChannelList)
    async def list_all(request: GatewayRequest) -> TrioResponse:
        return wire.answer(ChannelList(await ask(ListChannels()), KINDS))

    @described("Add a channel", ChannelView, status=201, body=NewChannel, errors=(Code.CONFLICT,))
    async def add(request: GatewayRequest) -> TrioResponse:
        new = wire.decode(await request.body.whole(), _new)
        channel = await checked(Channel(id="", **msgspec.structs.asdict(new)))
        return wire.answer(await ask(PutChannel(channel)), 201)

    @described("Change a channel", ChannelView, body=ChannelChanges)
    async def change(request: GatewayRequest, channel_id: str) -> TrioResponse:
        given = msgspec.structs.asdict(wire.decode(await request.body.whole(), _changes))
        wanted = {name: value for name, value in given.items() if value is not UNSET}
        channel = msgspec.structs.replace(await ask(FindChannel(channel_id)), **wanted)
        if {"url", "secret"} & wanted.keys():
            await checked(channel)
        return wire.answer(await ask(PutChannel(channel)))

    @described("Remove a channel", RemovedChannel)
    async def remove(request: GatewayRequest, channel_id: str) -> TrioResponse:
        await ask(RemoveChannel(channel_id))
        return wire.answer(RemovedChannel(channel_id))

    @described("Send a test message", Sent)
    async def test(request: GatewayRequest, channel_id: str) -> TrioResponse:
        return wire.answer(await ask(TryChannel(channel_id)))

    @described("List the messages that wait or were given up", NoticeList)
    async def outbox(request: GatewayRequest) -> TrioResponse:
        return wire.answer(NoticeList(await ask(ListNotices())))

    @described("Tell again what was given up", Notice, status=202, errors=(Code.CONFLICT,))
    async def again(request: GatewayRequest, notice_id: str) -> TrioResponse:
        return wire.answer(await ask(TellAgain(notice_id)), 202)

    one = "/api/notifications/<channel_id>"
    return (
        ("GET", "/api/notifications", list_all),
        ("POST", "/api/notifications", add),
        ("GET", "/api/notifications/outbox", outbox),
        ("POST", "/api/notifications/outbox/<notice_id>/resend", again),
        ("PATCH", one, change),
        ("DELETE", one, remove),
        ("POST", f"{one}/test", test),
    )


async def _checked(guard: Guard, channel: Channel) -> Channel:
    if channel.secret:
        _check_secret(channel.secret)
    try:
        with trio.fail_after(LOOKUP_SECONDS):
            await guard.check(channel.url)
    except AddressForbidden as fault:
        message = f"This address may not be told: {fault}. An operator allows private ones by webhooks.allow_private."
        raise Failure(Code.INVALID_VALUE, message, param="url") from None
    except (NetworkFault, trio.TooSlowError) as fault:
        why = str(fault) or "its name could not be resolved in time"
        raise Failure(Code.INVALID_VALUE, f"This address cannot be told: {why}.", param="url") from None
    return channel


def _check_secret(secret: str) -> None:
    try:
        raw_secret(secret)
    except ValueError as error:
        raise Failure(Code.INVALID_VALUE, f"This is no signing secret: {error}.", param="secret") from None

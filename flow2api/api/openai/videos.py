"""`/v1/videos`: clips that are listed, looked after, fetched and removed by their id, as OpenAI's own packages do it; how they are
ordered is found in `video_orders`.

Translates and never decides. What goes wrong with a clip stands in its video object, not in the status of a look at it.
"""

from typing import Literal

import msgspec
import trio
from quart_trio.wrappers import TrioResponse

from flow2api.actors.jobs import Attach, Cancel
from flow2api.actors.library import companion_name
from flow2api.api import files, wire
from flow2api.api.described import Content, described
from flow2api.api.desk import Desk
from flow2api.api.discard import discard
from flow2api.api.exchange import GatewayRequest
from flow2api.api.links import Links
from flow2api.api.openai.video_object import Video, VideoDeleted, VideoList, page_of
from flow2api.api.openai.video_orders import Orders
from flow2api.api.openai.video_shelf import Shelf, finished
from flow2api.api.routing import Application
from flow2api.api.services import Services
from flow2api.api.sources import job_named, video_id
from flow2api.domain.job import born_at
from flow2api.errors import Code, Failure
from flow2api.store import clips
from flow2api.store.clips import Place

DEFAULT_LIMIT = 20
MAX_LIMIT = 100
# How long a removal waits for a step that cannot be broken off.
PATIENCE_SECONDS = 20.0
# The least and the most that clients are asked to wait between two looks.
_LOOKS_MS = (250, 10_000)


class Page(msgspec.Struct, frozen=True):
    """Which clips are asked for: the query of `GET /v1/videos`."""

    after: str | None = None
    limit: int = DEFAULT_LIMIT
    order: Literal["asc", "desc"] = "desc"


class Part(msgspec.Struct, frozen=True):
    """What of a clip is asked for: the query of its content."""

    variant: Literal["video", "thumbnail", "spritesheet"] = "video"


def register(app: Application, services: Services, links: Links, desk: Desk) -> None:
    """Add the routes."""
    shelf = Shelf(services, links)
    videos, orders = Videos(services, shelf), Orders(services, shelf, desk)
    app.route_to("POST", "/v1/videos", orders.create)
    app.route_to("GET", "/v1/videos", videos.list_all)
    app.route_to("POST", "/v1/videos/edits", orders.edit)
    app.route_to("POST", "/v1/videos/extensions", orders.extend)
    app.route_to("POST", "/v1/videos/characters", orders.refuse_characters)
    app.route_to("GET", "/v1/videos/characters/<name>", orders.refuse_characters)
    app.route_to("GET", "/v1/videos/<name>", videos.get)
    app.route_to("DELETE", "/v1/videos/<name>", videos.delete)
    app.route_to("GET", "/v1/videos/<name>/content", videos.content)
    app.route_to("POST", "/v1/videos/<name>/remix", orders.remix)


class Videos:
    """The routes for clips that were ordered."""

    def __init__(self, services: Services, shelf: Shelf) -> None:
        self._services = services
        self._shelf = shelf

    @described("List the clips of this API key", VideoList, query=Page, scope="videos")
    async def list_all(self, request: GatewayRequest) -> TrioResponse:
        key = self._services.keys.caller(request, "videos")
        page = wire.query(request, Page)
        if not 1 <= page.limit <= MAX_LIMIT:
            raise Failure(Code.INVALID_VALUE, f"limit must be a number from 1 to {MAX_LIMIT}.", param="limit")
        after, ascending = _place(page.after), page.order == "asc"
        found = await self._services.store.read(clips.page, key.id, after, page.limit + 1, ascending=ascending)
        shown = self._shelf.show(request, found[: page.limit])
        return wire.answer(page_of(shown, has_more=len(found) > page.limit))

    @described("Look after a clip", Video, scope="videos", errors=(Code.NOT_FOUND,))
    async def get(self, request: GatewayRequest, name: str) -> TrioResponse:
        key = self._services.keys.caller(request, "videos")
        clip = await self._shelf.find(key.id, name)
        [video] = self._shelf.show(request, [clip])
        return wire.answer(video, headers=self._advice(clip.job.generation.provider))

    def _advice(self, provider: str) -> dict[str, str]:
        """When to ask again: when we have."""
        least, most = _LOOKS_MS
        traits = self._services.providers.get(provider)
        pause = round(traits.poll_seconds * 1000) if traits else most
        return {"openai-poll-after-ms": str(min(most, max(least, pause)))}

    @described(
        "Fetch a clip, its thumbnail or its contact sheet",
        Content({"video/mp4": None, "image/jpeg": None, "image/webp": None}),
        answers={206: Content({"video/mp4": None}), 304: None, 416: None},
        query=Part,
        headers={"Range": "The bytes that are wanted, of one or several parts."},
        scope="videos",
        errors=(Code.NOT_FOUND, Code.VIDEO_NOT_READY, Code.VIDEO_FAILED, Code.EXPIRED),
    )
    async def content(self, request: GatewayRequest, name: str) -> TrioResponse:
        key = self._services.keys.caller(request, "videos")
        variant = wire.query(request, Part).variant
        file = finished(await self._shelf.find(key.id, name))
        if variant != "video":
            return await files.serve(request, self._services, companion_name(file.name, variant), private=True)
        try:
            return await files.serve(request, self._services, file.name, private=True)
        except Failure as failure:
            if failure.code is not Code.NOT_FOUND:
                raise
            raise Failure(Code.EXPIRED, "The video is no longer kept.", param="video_id") from None

    @described(
        "Remove a clip, and give it up if it is under way",
        VideoDeleted,
        scope="videos",
        errors=(Code.NOT_FOUND, Code.CONFLICT),
    )
    async def delete(self, request: GatewayRequest, name: str) -> TrioResponse:
        key = self._services.keys.caller(request, "videos")
        job = (await self._shelf.find(key.id, name)).job
        if not job.final:
            await self._end(job.id)
        await discard(self._services, job.id)
        return wire.answer(VideoDeleted(id=video_id(job.id)))

    async def _end(self, job_id: str) -> None:
        """Give a job up, or wait for its end where it is nearly over.

        Raises:
            Failure: `conflict`, it can neither be stopped nor waited for."""
        jobs = self._services.jobs
        with trio.move_on_after(PATIENCE_SECONDS):
            while (watch := await jobs.ask_again(Attach(job_id))) is not None:
                with watch:
                    seen = watch.progress
                    try:
                        await jobs.ask_again(Cancel(job_id))
                    except Failure as failure:
                        if failure.code is not Code.CONFLICT:
                            raise
                        await watch.newer_than(seen)
            return
        message = "The video is at a step that cannot be stopped. Remove it when that is over."
        raise Failure(Code.CONFLICT, message, param="video_id")


def _place(after: str | None) -> Place | None:
    """Where a page begins. The id alone tells the place, so it may be that of a clip that is gone.

    Raises:
        Failure: it is no id of a clip."""
    if after is None:
        return None
    job_id = job_named(after)
    created_at = born_at(job_id)
    if created_at is None:
        message = f"after must be the id of a video, such as `last_id` of the page before; {after[:80]!r} is none."
        raise Failure(Code.INVALID_VALUE, message, param="after")
    return Place(created_at, job_id)

"""`POST /v1/images/generations`, `/v1/images/edits` and `/v1/images/variations`: pictures, whole or as a stream of events.

Translates and never decides. A mask for a model that cannot keep to one is refused in words, since painting over the whole picture is
not what was asked for; so is a markup. A variation is an edit with a prompt of ours.
"""

import time
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from msgspec.structs import replace
from quart_trio.wrappers import TrioResponse

from flow2api.api import batch, pictures, sse, waiting
from flow2api.api.batch import Batch, Parts
from flow2api.api.described import EVENTS, FORM, GENERATING, JSON, REPEATING, Content, Description
from flow2api.api.desk import Desk
from flow2api.api.exchange import GatewayRequest, Poured, Write
from flow2api.api.links import Links
from flow2api.api.openai import images_answer, images_request
from flow2api.api.openai.images_answer import Entry, Prefix
from flow2api.api.openai.images_request import Delivery, ImagesRequest, Sheet
from flow2api.api.pictures import Finished
from flow2api.api.routing import Application
from flow2api.api.services import Services
from flow2api.api.wishes import prompt_of, wish
from flow2api.domain.asking import no_mask
from flow2api.domain.catalog import Wish
from flow2api.domain.job import Job
from flow2api.domain.model import Model
from flow2api.errors import Code, Failure

ORIGIN = "images"
VARIATION_PROMPT = "Make a variation of this picture: the same subject and style, composed a little differently."
_KEEP_ALIVE = b": working\n\n"


class Way(NamedTuple):
    """What sets one of the routes apart."""

    prefix: Prefix
    needs_picture: bool = False
    prompt: str | None = None
    """The prompt in place of the caller's."""


GENERATION = Way("image_generation")
EDIT = Way("image_edit", needs_picture=True)
VARIATION = Way("image_edit", needs_picture=True, prompt=VARIATION_PROMPT)


def register(app: Application, services: Services, links: Links, desk: Desk) -> None:
    """Add the routes."""
    images = Images(services, links, desk)
    for path, way, summary in (
        ("generations", GENERATION, "Make pictures"),
        ("edits", EDIT, "Make pictures out of others"),
        ("variations", VARIATION, "Make variations of a picture"),
    ):
        app.route_to("POST", f"/v1/images/{path}", partial(images.create, way), _described(summary))


def _described(summary: str) -> Description:
    return Description(
        summary=summary,
        body=Content({JSON: ImagesRequest, FORM: ImagesRequest}),
        answers={200: Content({JSON: images_answer.Pictures, EVENTS: None})},
        scope="images",
        headers=REPEATING,
        errors=(*GENERATING, Code.UNSUPPORTED_MEDIA_TYPE),
        more="As a form, pictures are its files. With `stream` each picture comes as an event of its own.",
    )


class Images:
    """The routes and what they need."""

    def __init__(self, services: Services, links: Links, desk: Desk) -> None:
        self._services = services
        self._links = links
        self._desk = desk

    async def create(self, way: Way, request: GatewayRequest) -> TrioResponse:
        """Answer one request."""
        key = self._services.keys.caller(request, "images")
        body = await request.body.whole()
        sheet = await images_request.read(request, body)
        asked = sheet.asked
        model = self._desk.model(asked.model, key) if asked.model else self._desk.usual_model("image", key)
        options = images_request.ground(model, asked.background) | (asked.options or {})
        sheet = sheet._replace(asked=replace(asked, model=model.id, options=options))
        delivery = Delivery.of(asked)
        prompt = way.prompt or prompt_of(asked.prompt)
        _check(way, sheet, model)
        claim = await self._desk.claim(request, key.id, body)
        parts = Parts.of(model, asked.n)
        waited = await self._desk.batch(request, claim, parts, ORIGIN, lambda: self._wish(sheet, model, prompt))
        request.leaving.enter_context(waited)
        link = partial(self._links.media, request)
        turn = _Turn(self._services, waited, delivery, link)
        return turn.streamed(way.prefix) if asked.stream else await turn.answer()

    async def _wish(self, sheet: Sheet, model: Model, prompt: str) -> Wish:
        self._desk.check_open()
        files = await self._desk.pictures(sheet.pictures, model)
        if sheet.markup:
            files[0] = await self._desk.inputs.marked(files[0], sheet.markup)
        mask = await self._desk.inputs.one(sheet.mask) if sheet.mask else None
        return replace(wish(sheet.asked, prompt, files), mask=mask.name if mask else None)


class _Turn:
    """One request that waits for its pictures."""

    def __init__(self, services: Services, waited: Batch, delivery: Delivery, link: Callable[[str], str]) -> None:
        self._services = services
        self._batch = waited
        self._delivery = delivery
        self._link = link

    async def answer(self) -> TrioResponse:
        """The answer in one piece."""
        return await waiting.whole(
            self._whole, self._services.pace, route=self._batch.route, warnings=self._batch.warnings
        )

    async def _whole(self) -> bytes:
        jobs = await self._batch.wait_final()
        finished = [await self._finish(name) for name in batch.names(jobs, self._link)]
        return images_answer.whole(jobs, finished, [self._entry(picture) for picture in finished])

    def streamed(self, prefix: Prefix) -> TrioResponse:
        """The answer as a stream: each picture as soon as those before it are done."""

        async def fill(line: sse.Line) -> None:
            # At once, so that the caller has the headers.
            await line.send(_KEEP_ALIVE)
            jobs: list[Job] = []
            async for job in self._batch:
                jobs.append(job)
                if job.results:
                    await line.send(await self._completed(prefix, job))
            # Raises if there was nothing.
            batch.names(jobs, self._link)

        async def pour(write: Write) -> None:
            await sse.Line(write, lambda: _KEEP_ALIVE, self._services.pace.beat_seconds).run(fill)

        return Poured(pour, content_type=sse.CONTENT_TYPE, headers=sse.HEADERS, farewell=sse.error_frame)

    async def _completed(self, prefix: Prefix, job: Job) -> bytes:
        frames = b""
        for name in job.results:
            picture = await self._finish(name)
            frames += images_answer.completed(prefix, int(time.time()), job, picture, self._entry(picture))
        return frames

    async def _finish(self, name: str) -> Finished:
        return await pictures.finish(self._services, name, self._delivery.rendition, inline=not self._delivery.links)

    def _entry(self, picture: Finished) -> Entry:
        return Entry(url=self._link(picture.file.name)) if self._delivery.links else Entry(b64_json=picture.base64)


def _check(way: Way, sheet: Sheet, model: Model) -> None:
    """Refuse what cannot be done, before anything is fetched."""
    if model.kind != "image":
        message = f"{model.id} makes clips; ask for those with POST /v1/videos."
        raise Failure(Code.UNSUPPORTED_OPERATION, message, param="model")
    images_request.check_partials(sheet.asked.partial_images)
    if way.needs_picture and not sheet.pictures:
        message = "image must hold the picture to start from; there is none."
        raise Failure(Code.MISSING_REQUIRED_PARAMETER, message, param="image")
    if sheet.mask and not model.masks:
        raise no_mask(model)
    layer = sheet.mask or sheet.markup
    if layer and not sheet.pictures:
        raise Failure(Code.INVALID_VALUE, f"{layer.param} belongs to a picture; image holds none.", param=layer.param)
    if sheet.mask and sheet.markup:
        raise Failure(Code.INVALID_VALUE, "There can be a mask or a markup, not both.", param="markup")

"""Orders for clips: new ones, variations of one that was made here, and continuations.

An order is answered as soon as its job is stored. No provider changes a clip, so a remix and an edit are the same clip ordered again
with other words: same model, shape, length, pictures and seed.
"""

from collections.abc import Awaitable, Callable
from pathlib import Path

import trio
from msgspec.structs import replace
from quart_trio.wrappers import TrioResponse

from flow2api.api import wire
from flow2api.api.auth import models_for
from flow2api.api.described import FORM, JSON, Content, described
from flow2api.api.desk import Desk
from flow2api.api.exchange import GatewayRequest
from flow2api.api.inputs import Reference
from flow2api.api.openai import videos_request
from flow2api.api.openai.video_object import Video
from flow2api.api.openai.video_shelf import Shelf, finished
from flow2api.api.openai.videos_request import Sheet, VideosRequest
from flow2api.api.services import Services
from flow2api.api.wishes import prompt_of, wish
from flow2api.domain.catalog import Wish
from flow2api.domain.job import Job, Terms
from flow2api.domain.key import ApiKey
from flow2api.domain.model import Model
from flow2api.errors import Code, Failure
from flow2api.store import clips, jobs, media
from flow2api.store.clips import StoredClip

ORIGIN = "videos"
_BODY = Content({JSON: VideosRequest, FORM: VideosRequest})
_ERRORS = (
    *(Code.MODEL_NOT_ALLOWED, Code.MODEL_NOT_FOUND, Code.UNSUPPORTED_OPERATION, Code.INVALID_IMAGE, Code.EXPIRED),
    *(Code.CONFLICT, Code.QUEUE_FULL, Code.RATE_LIMIT_EXCEEDED, Code.INSUFFICIENT_QUOTA),
)
_OF_ANOTHER = (*_ERRORS, Code.NOT_FOUND, Code.VIDEO_NOT_READY, Code.VIDEO_FAILED)


class Orders:
    """The routes by which clips are ordered."""

    def __init__(self, services: Services, shelf: Shelf, desk: Desk) -> None:
        self._services = services
        self._shelf = shelf
        self._desk = desk

    @described("Order a clip", Video, body=_BODY, scope="videos", errors=_ERRORS)
    async def create(self, request: GatewayRequest) -> TrioResponse:
        key, body, sheet = await self._read(request)
        prompt = prompt_of(sheet.asked.prompt)
        model = self._model(sheet.asked.model, key)

        async def make() -> tuple[Wish, None]:
            return await self._wish(key, sheet, model, prompt), None

        return await self._ordered(request, key, body, make)

    @described("Order a clip again with another prompt", Video, body=_BODY, scope="videos", errors=_OF_ANOTHER)
    async def remix(self, request: GatewayRequest, name: str) -> TrioResponse:
        key, body, sheet = await self._read(request)
        prompt = prompt_of(sheet.asked.prompt)

        async def make() -> tuple[Wish, Job]:
            clip = await self._shelf.find(key.id, name)
            finished(clip)
            return await self._again(clip.job, prompt), clip.job

        return await self._ordered(request, key, body, make)

    @described(
        "Order a clip that was made here again with another prompt",
        Video,
        body=_BODY,
        scope="videos",
        errors=_OF_ANOTHER,
    )
    async def edit(self, request: GatewayRequest) -> TrioResponse:
        key, body, sheet = await self._read(request)
        prompt = prompt_of(sheet.asked.prompt)
        _check_named(sheet)

        async def make() -> tuple[Wish, Job]:
            job, _ = await self._clip(key, sheet, "edited")
            return await self._again(job, prompt), job

        return await self._ordered(request, key, body, make)

    @described("Continue a clip that was made here", Video, body=_BODY, scope="videos", errors=_OF_ANOTHER)
    async def extend(self, request: GatewayRequest) -> TrioResponse:
        key, body, sheet = await self._read(request)
        prompt = prompt_of(sheet.asked.prompt)
        _check_named(sheet)

        async def make() -> tuple[Wish, None]:
            job, link = await self._clip(key, sheet, "continued")
            asked = sheet.asked.model
            model = self._desk.model(asked, key) if asked else self._extender(key, job)
            source = await self._desk.sources.find(model, key.id, link=link)
            return wish(replace(sheet.asked, model=model.id, n=None), prompt, (), source), None

        return await self._ordered(request, key, body, make)

    @described(
        "Characters, which no provider here knows",
        None,
        status=400,
        scope="videos",
        errors=(Code.UNSUPPORTED_OPERATION,),
    )
    async def refuse_characters(self, request: GatewayRequest, name: str = "") -> TrioResponse:
        self._services.keys.caller(request, "videos")
        message = "There are no characters here. Give pictures of who is to be seen as input_reference instead."
        raise Failure(Code.UNSUPPORTED_OPERATION, message)

    async def _read(self, request: GatewayRequest) -> tuple[ApiKey, bytes | bytearray, Sheet]:
        key = self._services.keys.caller(request, "videos")
        body = await request.body.whole()
        return key, body, await videos_request.read(request, body)

    async def _ordered(
        self,
        request: GatewayRequest,
        key: ApiKey,
        body: bytes | bytearray,
        make: Callable[[], Awaitable[tuple[Wish, Job | None]]],
    ) -> TrioResponse:
        """The answer to an order: the job of its first try if it is a repeat, else a new one for what `make` comes to: the wish, and
        the job of which it is a variation."""
        desk = self._desk
        claim = await desk.claim(request, key.id, body)
        watch = await desk.repeated(claim)
        if watch is None:
            desk.check_open()
            wished, first = await make()
            terms = Terms(remix_of=first.id if first else None)
            asked = first.name if first else None
            watch = await desk.submit(request, claim, wished, ORIGIN, detached=True, terms=terms, asked=asked)
        with watch:
            job = watch.progress.job
        clip = await self._shelf.find(key.id, job.id) if job.final else StoredClip(job, None)
        [video] = self._shelf.show(request, [clip])
        return wire.answer(video)

    def _model(self, name: str | None, key: ApiKey) -> Model:
        """The model that an order names, else the usual one.

        Raises:
            Failure: there is no such model, or it makes no clips; `param` says so."""
        if not name:
            return self._desk.usual_model("video", key)
        model = self._desk.model(name, key)
        if model.kind != "video":
            message = f"{model.id} makes pictures; ask for those with POST /v1/images/generations."
            raise Failure(Code.UNSUPPORTED_OPERATION, message, param="model")
        return model

    def _extender(self, key: ApiKey, job: Job) -> Model:
        """A model that continues what this job's provider made."""
        provider = job.generation.provider
        for model in models_for(self._services.catalog, key.limits):
            if model.mode == "extend" and model.provider == provider:
                return model
        message = f"No model here continues clips of {job.generation.model}."
        raise Failure(Code.UNSUPPORTED_OPERATION, message, param="video")

    async def _wish(self, key: ApiKey, sheet: Sheet, model: Model, prompt: str) -> Wish:
        link = sheet.link
        if sheet.upload is not None:
            _, link = await self._clip(key, sheet, "continued")
        source = await self._desk.sources.find(model, key.id, job=sheet.job, link=link)
        files = await self._desk.pictures(sheet.pictures, model)
        return wish(replace(sheet.asked, model=model.id, n=None), prompt, files, source)

    async def _again(self, job: Job, prompt: str) -> Wish:
        """What a job wished for, in other words."""
        old = job.generation
        files = [await self._services.store.read(media.get, name) for name in old.inputs]
        kept = [file for file in files if file is not None]
        if len(kept) < len(files):
            message = "The pictures that this clip was made from are no longer kept, so it cannot be ordered again. Order a new one."
            raise Failure(Code.EXPIRED, message)
        return Wish(
            model=old.model,
            prompt=prompt,
            pictures=old.inputs,
            picture_sizes=tuple((file.width, file.height) for file in kept),
            aspect_ratio=old.aspect_ratio,
            resolution=old.upscale or old.resolution,
            seconds=old.seconds,
            seed=old.seed,
            source=old.source,
            options=old.options,
        )

    # -- which clip an order is about ------------------------------------------------------------------------------

    async def _clip(self, key: ApiKey, sheet: Sheet, verb: str) -> tuple[Job, Reference]:
        """The job of the clip that an order names in any way, and the clip's link.

        Raises:
            Failure: it was not made here, or is not there (yet)."""
        if sheet.job is not None:
            clip = await self._shelf.find(key.id, sheet.job.url)
            return clip.job, Reference(f"/media/{finished(clip).name}", sheet.job.param)
        foreign = Failure(
            Code.UNSUPPORTED_OPERATION,
            f"This clip was not made by this gateway with this key; only such clips can be {verb}, since only the account that "
            "made one may work on it.",
            param="video",
        )
        name = await self._own_upload(key.id, sheet.upload) if sheet.upload is not None else self._own_link(sheet)
        file = await self._services.store.read(media.get, name) if name else None
        job = await self._services.store.read(jobs.get, file.job_id) if file and file.job_id else None
        if file is None or job is None or job.caller != key.id or job.generation.kind != "video":
            raise foreign
        return job, Reference(f"/media/{file.name}", "video")

    def _own_link(self, sheet: Sheet) -> str | None:
        return self._desk.inputs.own_name(sheet.link.url) if sheet.link else None

    async def _own_upload(self, caller: str, data: bytes) -> str | None:
        """The file of which an upload is a copy: some packages can only send a clip back as it came."""
        for name in await self._services.store.read(clips.of_size, caller, len(data)):
            path = self._services.library.path(name)
            if path is not None and await trio.to_thread.run_sync(_holds, path, data):
                return name
        return None


def _check_named(sheet: Sheet) -> None:
    if not sheet.names_clip:
        message = "video must name the clip that this is about, by its id or its link."
        raise Failure(Code.MISSING_REQUIRED_PARAMETER, message, param="video")


def _holds(path: Path, data: bytes) -> bool:
    """Whether a file holds just these bytes. Runs in a worker thread."""
    try:
        return path.read_bytes() == data
    except FileNotFoundError:
        return False

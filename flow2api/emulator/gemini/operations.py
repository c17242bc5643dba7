"""Clips: begun by `predictLongRunning`, followed as operations, fetched as files over a redirect.

An operation belongs to the key that began it; nobody else finds it. A file's link names Google's host, as with the real service, so
clients ask their own base address for the id in it.
"""

import random
from typing import Any

import msgspec
import trio

from flow2api.emulator.accounts import new_id
from flow2api.emulator.clips import ClipSpec
from flow2api.emulator.exchange import NOT_FOUND, Answer, Refused, json_answer
from flow2api.emulator.gemini.models import (
    CLIP_RATIOS,
    EXTENSION_SECONDS,
    FULL_SECONDS,
    LONGEST_SOURCE_SECONDS,
    SECONDS,
    GeminiModel,
)
from flow2api.emulator.gemini.pictures import Find
from flow2api.emulator.gemini.wire import Wire, decoded, read
from flow2api.emulator.keyed.service import KeyCall, KeyedService, KeyRoute
from flow2api.emulator.keyed.studio import Piece, clip_pixels
from flow2api.emulator.keyed.work import UNSAFE, Work, fate_of
from flow2api.emulator.memory import KEPT_SECONDS

HOST = "https://generativelanguage.googleapis.com"
FILTERED = "Sorry, we can't create videos with this kind of content. Support code: 58061214"
NO_FILE = "You do not have permission to access the File {id} or it may not exist."
LINES = {"720p": 720, "1080p": 1080, "4k": 2160}


class Image(Wire, frozen=True):
    bytes_base64_encoded: str
    mime_type: str


class Reference(Wire, frozen=True):
    image: Image
    reference_type: str


class Video(Wire, frozen=True):
    uri: str
    encoding: str | None = None


class ClipInstance(Wire, frozen=True):
    prompt: str
    image: Image | None = None
    last_frame: Image | None = None
    reference_images: tuple[Reference, ...] = ()
    video: Video | None = None


class ClipParameters(Wire, frozen=True):
    sample_count: int = 1
    duration_seconds: int = FULL_SECONDS
    aspect_ratio: str = "16:9"
    resolution: str = "720p"
    person_generation: str | None = None
    negative_prompt: str | None = None


class ClipBody(Wire, frozen=True):
    instances: list[ClipInstance]
    parameters: ClipParameters = ClipParameters()


class Operation(msgspec.Struct, kw_only=True):
    """One clip on its way. `owner` is the label of the key that began it."""

    name: str
    owner: str
    file: str
    work: Work


class Film(msgspec.Struct, frozen=True, kw_only=True):
    """A clip that can be fetched, or gone on from."""

    owner: str
    piece: Piece
    spec: ClipSpec
    seconds: int


class Operations:
    """Answers the calls about clips."""

    def __init__(self, service: KeyedService, find: Find) -> None:
        self._service = service
        self._find = find
        oldest = service.now() - KEPT_SECONDS
        self._operations = service.memory.table("operations", Operation, lambda one: one.work.begun_at > oldest)
        self._films = service.memory.table("films", Film, lambda film: film.piece.made_at > oldest)

    def routes(self) -> list[KeyRoute]:
        models, file = "/{version}/models/{model}", "files/{id}:download"
        return [
            KeyRoute(name="clip", method="POST", path=f"{models}:predictLongRunning", handle=self.begin),
            KeyRoute(name="operation", method="GET", path=f"{models}/operations/{{id}}", handle=self.status),
            KeyRoute(name="file", method="GET", path=f"/download/{{version}}/{file}", handle=self.bytes_of),
            KeyRoute(name="download", method="GET", path=f"/{{version}}/{file}", handle=self.redirect),
        ]

    async def begin(self, call: KeyCall) -> Answer:
        """Take an order in."""
        service, key = self._service, call.caller
        model = self._find(call, "clip")
        body = read(call.asked, ClipBody)
        _require(len(body.instances) == 1, "instances")
        given, wanted = body.instances[0], body.parameters
        source = self._source(given.video, key.label)
        _check(model, given, wanted, source)
        spec = self._spec(call.parts["model"], given, wanted, source)
        piece = service.studio.film(spec)
        file_id = new_id().replace("-", "")[:12]
        self._films[file_id] = Film(owner=key.label, piece=piece, spec=spec, seconds=spec.seconds)
        fate = "refused" if UNSAFE in given.prompt else fate_of(given.prompt)
        name = f"models/{call.parts['model']}/operations/{new_id().replace('-', '')[:12]}"
        work = Work(begun_at=service.now(), fate=fate)
        self._operations[name] = Operation(name=name, owner=key.label, file=file_id, work=work)
        service.accept("clip", key, name, given.prompt, [file_id], model.price * wanted.duration_seconds)
        await trio.sleep(service.knobs.latency_seconds)
        return json_answer({"name": name})

    async def status(self, call: KeyCall) -> Answer:
        """How an operation stands."""
        operation = self._operations.get(f"models/{call.parts['model']}/operations/{call.parts['id']}")
        if operation is None or operation.owner != call.caller.label:
            raise Refused(404, NOT_FOUND)
        service, name = self._service, operation.name
        if operation.work.poll(service.knobs.walk, service.now()) != "done":
            return json_answer({"name": name})
        if operation.work.fate == "failed":
            error = {"code": 13, "message": "An internal error has occurred. Please retry in a while."}
            return json_answer({"name": name, "done": True, "error": error})
        if operation.work.fate == "mystery":
            return json_answer({"name": name, "done": True, "response": {}})
        return json_answer({"name": name, "done": True, "response": {"generateVideoResponse": _response(operation)}})

    async def redirect(self, call: KeyCall) -> Answer:
        """Where the bytes of a file are."""
        self._film(call)
        there = f"{call.asked.base}/download/v1beta/files/{call.parts['id']}:download?alt=media"
        return Answer(status=302, headers=(("Location", there),))

    async def bytes_of(self, call: KeyCall) -> Answer:
        """The bytes of a file."""
        film = self._film(call)
        content = await self._service.studio.content(film.piece, self._service.knobs.pictures)
        return Answer(body=content, mime=film.piece.mime)

    def _film(self, call: KeyCall) -> Film:
        film = self._films.get(call.parts["id"])
        if film is None or film.owner != call.caller.label:
            raise Refused(403, NO_FILE.format(id=call.parts["id"]))
        return film

    def _source(self, video: Video | None, owner: str) -> Film | None:
        if video is None:
            return None
        film = self._films.get(video.uri.rpartition("files/")[2].partition(":")[0])
        if film is None or film.owner != owner:
            raise Refused(400, "The video to extend must have been generated before, and not be older than two days.")
        return film

    def _spec(self, model: str, given: ClipInstance, wanted: ClipParameters, source: Film | None) -> ClipSpec:
        width, height = clip_pixels(wanted.aspect_ratio, LINES[wanted.resolution])
        return ClipSpec(
            prompt=given.prompt,
            model=model,
            aspect=wanted.aspect_ratio,
            width=width,
            height=height,
            # A continuation holds what it continues.
            seconds=source.seconds + EXTENSION_SECONDS if source else wanted.duration_seconds,
            seed=random.randrange(2**31),
            first=self._input(given.image),
            last=self._input(given.last_frame),
            references=tuple(self._input(one.image) for one in given.reference_images),
            before=source.spec if source else None,
        )

    def _input(self, image: Image | None) -> str:
        if image is None:
            return ""
        taken = self._service.studio.take_input(decoded(image.bytes_base64_encoded))
        if taken is None:
            raise Refused(400, "Unable to process input image. Please retry or report.")
        return taken[0]


def _response(operation: Operation) -> dict[str, Any]:
    if operation.work.fate == "refused":
        return {"raiMediaFilteredCount": 1, "raiMediaFilteredReasons": [FILTERED]}
    uri = f"{HOST}/v1beta/files/{operation.file}:download?alt=media"
    return {"generatedSamples": [{"video": {"uri": uri}}]}


def _check(model: GeminiModel, given: ClipInstance, wanted: ClipParameters, source: Film | None) -> None:
    """What the service is known to refuse."""
    _require(bool(given.prompt), "prompt")
    _require(wanted.sample_count == 1, "sampleCount")
    _require(wanted.duration_seconds in SECONDS, "durationSeconds")
    _require(wanted.aspect_ratio in CLIP_RATIOS, "aspectRatio")
    _require(wanted.resolution in model.sizes, "resolution")
    _require(given.last_frame is None or given.image is not None, "lastFrame")
    _require(wanted.resolution == "720p" or wanted.duration_seconds == FULL_SECONDS, "durationSeconds")
    if given.reference_images:
        _require(model.extras and len(given.reference_images) <= model.inputs, "referenceImages")
        _require(all(one.reference_type.lower() == "asset" for one in given.reference_images), "referenceType")
        _require(given.image is None and wanted.duration_seconds == FULL_SECONDS, "durationSeconds")
    if source is not None:
        _require(model.extras and source.seconds <= LONGEST_SOURCE_SECONDS, "video")
        _require(wanted.resolution == "720p" and wanted.duration_seconds == FULL_SECONDS, "resolution")


def _require(fits: bool, field: str) -> None:
    if not fits:
        raise Refused(400, f"Invalid value at '{field}'.")

"""Operations: jobs that were begun by `:predictLongRunning`, asked about by name. They never call the provider.

The answer has two forms: of Google's developer API, with addresses of files, and of Vertex, with the bytes.
"""

import re
from urllib.parse import quote, unquote

import msgspec
from quart_trio.wrappers import TrioResponse

from flow2api.api import results
from flow2api.api.exchange import GatewayRequest
from flow2api.api.gemini.answers import is_refusal
from flow2api.api.gemini.bodies import read
from flow2api.api.gemini.dialect import error_object, grpc_code
from flow2api.api.gemini.files import Files
from flow2api.api.served import served
from flow2api.api.services import Services
from flow2api.api.wire import answer
from flow2api.domain.job import Job
from flow2api.domain.key import ApiKey
from flow2api.errors import Code, Failure
from flow2api.store import jobs

_ID = re.compile(r"(?:^|/)operations/([A-Za-z0-9_-]+)$")


class Status(msgspec.Struct, frozen=True):
    """Why an operation failed."""

    code: int
    message: str
    status: str
    details: list[dict[str, object]]


class Operation(msgspec.Struct, frozen=True, omit_defaults=True):
    """One operation as clients poll it."""

    name: str
    done: bool = False
    metadata: dict[str, object] = {}
    response: dict[str, object] | None = None
    error: Status | None = None


class FetchRequest(msgspec.Struct):
    """The body of `:fetchPredictOperation`."""

    operation_name: str = msgspec.field(name="operationName")


def operation_name(resource: str, job: Job) -> str:
    """The name under which a job is polled."""
    return f"{resource}/operations/{job.id}"


def resource_of(model_id: str) -> str:
    """A model's path in the developer API."""
    return f"models/{quote(model_id, safe='')}"


class OperationRoutes:
    """Looking after operations."""

    def __init__(self, services: Services, files: Files) -> None:
        self._services = services
        self._files = files

    async def get(self, request: GatewayRequest, name: str) -> TrioResponse:
        """How an operation stands, in the form of the developer API."""
        key = self._services.keys.caller(request, "gemini")
        job = await self._job(key, name)
        response = self._samples(request, job) if job.final else None
        return answer(_operation(name, job, response))

    async def fetch(self, request: GatewayRequest) -> TrioResponse:
        """How an operation stands, in the form of Vertex."""
        key = self._services.keys.caller(request, "gemini")
        asked, _ = await read(request, FetchRequest)
        job = await self._job(key, asked.operation_name)
        response = await self._videos(job) if job.final else None
        return answer(_operation(asked.operation_name, job, response))

    async def _job(self, key: ApiKey, name: str) -> Job:
        match = _ID.search(unquote(name))
        job = await self._services.store.read(jobs.get, match[1]) if match else None
        if job is None or job.caller != key.id:
            raise Failure(Code.NOT_FOUND, f"There is no operation {name[:200]!r}.", param="name")
        return job

    def _samples(self, request: GatewayRequest, job: Job) -> dict[str, object] | Failure:
        made = _names(job)
        if isinstance(made, Failure):
            return made
        samples = [{"video": {"uri": self._files.download(request, name), "mimeType": "video/mp4"}} for name in made]
        return {"generateVideoResponse": {**_filtered(job), "generatedSamples": samples}}

    async def _videos(self, job: Job) -> dict[str, object] | Failure:
        made = _names(job)
        if isinstance(made, Failure):
            return made
        clips = [await results.inline(self._services.library, name) for name in made]
        videos = [{"bytesBase64Encoded": clip.base64, "mimeType": clip.mime} for clip in clips]
        return {**_filtered(job), "videos": videos}


def _names(job: Job) -> tuple[str, ...] | Failure:
    """The names of the clips; none when the provider's rules forbade them, which is told beside."""
    try:
        return results.names(job)
    except Failure as failure:
        return () if is_refusal(failure) else failure


def _filtered(job: Job) -> dict[str, object]:
    """How many clips the provider's rules forbade, and why."""
    if job.error is None:
        return {}
    return {"raiMediaFilteredCount": job.generation.count, "raiMediaFilteredReasons": [job.error.message]}


def _operation(name: str, job: Job, response: dict[str, object] | Failure | None) -> Operation:
    metadata: dict[str, object] = {"state": job.state.value, "x_flow2api": served([job])}
    if isinstance(response, Failure):
        told = error_object(response)
        status = Status(grpc_code(response), told.message, told.status, told.details)
        return Operation(name=name, done=True, metadata=metadata, error=status)
    return Operation(name=name, done=job.final, metadata=metadata, response=response)

"""The clip that a request continues: from a link of ours or a job's id to what the provider needs to know of it.

Only clips that were made here can go on, since only the account that made one may work on it. Fetches nothing.
"""

from collections.abc import Callable

from flow2api.api.inputs import Reference
from flow2api.api.services import Services
from flow2api.domain.job import Job, Made, Source
from flow2api.domain.media import MediaFile
from flow2api.domain.model import Model
from flow2api.errors import Code, Failure
from flow2api.store import jobs, media

VIDEO, _JOB = "video_", "job_"


class Sources:
    """Finds the clips that requests name; `own_name` tells the file to which a link of ours leads."""

    def __init__(self, services: Services, own_name: Callable[[str], str | None]) -> None:
        self._services = services
        self._own_name = own_name

    async def find(
        self, model: Model, caller: str, *, job: Reference | None = None, link: Reference | None = None
    ) -> Source | None:
        """The clip to continue that a request names, by the id of the job that made it (in the place of a link) or by our link.

        Raises:
            Failure: the model takes no clip, or the clip was not made here; `param` names the field."""
        named = job or link
        if named is None:
            return None
        if model.mode != "extend":
            message = f"{model.id} takes no clip as an input; ask a model for that whose mode is `extend`."
            raise Failure(Code.UNSUPPORTED_OPERATION, message, param=named.param)
        return await (self._of_job(named, caller) if job else self._behind(named))

    async def _of_job(self, named: Reference, caller: str) -> Source:
        job_id, param = named
        job = await self._services.store.read(jobs.get, job_named(job_id))
        if job is None or job.caller != caller or not (names := _names(job)):
            message = f"There is no clip of a job {job_id[:80]!r} that could be continued."
            raise Failure(Code.INVALID_VALUE, message, param=param)
        if len(names) > 1:
            message = f"This job made {len(names)} clips: name the one to continue by its link."
            raise Failure(Code.INVALID_VALUE, message, param=param)
        return _source(job, names[0], await self._services.store.read(media.get, names[0]), param)

    async def _behind(self, reference: Reference) -> Source:
        name = self._own_name(reference.url)
        if name is None:
            message = "This clip was not made by this gateway; only clips that it made itself can be continued."
            raise Failure(Code.INVALID_VALUE, message, param=reference.param)
        file = await self._services.store.read(media.get, name)
        job = await self._services.store.read(jobs.get, file.job_id) if file and file.job_id else None
        if job is None:
            message = "There is no clip behind this link any more, or it was never made here."
            raise Failure(Code.INVALID_VALUE, message, param=reference.param)
        return _source(job, name, file, reference.param)


def job_named(name: str) -> str:
    """The id of the job that a caller names: some dialects call a job by another word for what it makes."""
    return f"{_JOB}{name.removeprefix(VIDEO)}" if name.startswith(VIDEO) else name


def video_id(job_id: str) -> str:
    """What a job is called where it stands for the clip that it makes."""
    return f"{VIDEO}{job_id.removeprefix(_JOB)}"


def _names(job: Job) -> tuple[str, ...]:
    """The files of what can be continued."""
    names = job.results or (job.error.originals if job.error else ())
    return names if job.generation.kind == "video" else ()


def _source(job: Job, name: str, file: MediaFile | None, param: str) -> Source:
    made = _made(job, name)
    if made is None:
        raise Failure(Code.INVALID_VALUE, "This is no clip that can be continued.", param=param)
    generation = job.generation
    return Source(
        media_id=made.media_id,
        account_id=job.account_id,
        aspect_ratio=generation.aspect_ratio,
        # A continuation is longer than what it adds.
        seconds=None if generation.source else generation.seconds,
        whole_seconds=(file.seconds if file else None) or None,
        context=made.context,
        # Where the joining failed, the file is the continuation alone.
        before=generation.source if name in job.results else None,
    )


def _made(job: Job, name: str) -> Made | None:
    """What the provider made for a file: of an enlarged clip the one before, since continuations come in the plain size."""
    names, made = _names(job), job.originals or job.made
    if name not in names or len(names) != len(made):
        return None
    return made[names.index(name)]

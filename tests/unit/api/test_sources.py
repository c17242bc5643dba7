"""Which clips a request may go on from."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from msgspec.structs import replace

from flow2api.api.inputs import Reference
from flow2api.api.services import Services
from flow2api.api.sources import Sources
from flow2api.domain.job import JobState, Made
from flow2api.domain.model import Model
from flow2api.errors import Code, Failure
from flow2api.store import jobs
from tests.doubles import records

FILE = "abcdefghijklmnopqrstuvwxy2.mp4"


async def test_the_clip_of_another_key_cannot_be_named_by_its_job() -> None:
    job = records.job(caller="ada")
    generation = replace(job.generation, kind="video")
    job = replace(
        job,
        state=JobState.SUCCEEDED,
        generation=generation,
        results=(FILE,),
        made=(Made(media_id="m1"),),
        account_id="a1",
    )

    async def read(verb: object, _name: str) -> object:
        return job if verb is jobs.get else None

    services = cast("Services", SimpleNamespace(store=SimpleNamespace(read=read)))
    sources, named = Sources(services, lambda _: None), Reference(job.id, "video")
    model = cast("Model", cast("Any", SimpleNamespace(id="m", mode="extend")))
    found = await sources.find(model, "ada", job=named)
    assert found is not None
    assert found.media_id == "m1"
    with pytest.raises(Failure) as caught:
        await sources.find(model, "bob", job=named)
    assert (caught.value.code, caught.value.param) == (Code.INVALID_VALUE, "video")

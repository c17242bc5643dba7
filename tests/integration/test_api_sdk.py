"""The real Python SDK of OpenAI against our server."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import openai
import pytest
import trio
from openai import OpenAI

from flow2api.domain.job import JobError
from flow2api.errors import Code, Failure
from tests.unit.api.doubles import Desk, open_desk, serving

MODEL = "gemini-3.1-flash-image"
T = TypeVar("T")


class Sdk:
    """The SDK, which blocks, in a worker thread."""

    def __init__(self, url: str, key: str) -> None:
        self.client = OpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0, timeout=20)

    async def call(self, fn: Callable[[OpenAI], T]) -> T:
        return await trio.to_thread.run_sync(fn, self.client)


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[tuple[Desk, Sdk]]:
    with trio.fail_after(30):
        async with open_desk(folder) as desk, serving(desk) as url:
            sdk = Sdk(url, desk.key)
            with sdk.client:
                yield desk, sdk


async def test_it_lists_and_finds_models(tmp_path: Path) -> None:
    async with opened(tmp_path) as (_, sdk):
        listed = await sdk.call(lambda client: client.models.list())
        assert listed.data[0].id
        found = await sdk.call(lambda client: client.models.retrieve(MODEL))
        assert (found.id, found.object) == (MODEL, "model")


async def test_it_reads_a_whole_answer(tmp_path: Path) -> None:
    async with opened(tmp_path) as (_, sdk):
        answer = await sdk.call(
            lambda client: client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "a fox"}])
        )
        assert answer.choices[0].message.content is not None
        assert answer.choices[0].message.content.startswith("![image](http://127.0.0.1:")
        assert answer.usage is not None
        assert answer._request_id is not None


async def test_it_reads_a_stream_with_usage(tmp_path: Path) -> None:
    def run(client: OpenAI) -> tuple[str, list[str], int]:
        text, tokens = "", 0
        reasons: list[str] = []
        with client.chat.completions.create(
            model=MODEL,
            messages=[{"role": "user", "content": "a fox"}],
            stream=True,
            stream_options={"include_usage": True},
        ) as stream:
            for chunk in stream:
                if chunk.choices:
                    text += chunk.choices[0].delta.content or ""
                    reasons += [chunk.choices[0].finish_reason] if chunk.choices[0].finish_reason else []
                tokens += chunk.usage.total_tokens if chunk.usage else 0
        return text, reasons, tokens

    async with opened(tmp_path) as (_, sdk):
        text, reasons, tokens = await sdk.call(run)
        assert text.startswith("![image](")
        assert reasons == ["stop"]
        assert tokens > 0


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (Failure(Code.QUEUE_FULL, "Full.", retry_after_seconds=1), openai.RateLimitError),
        (Failure(Code.NO_ACCOUNT_AVAILABLE, "None."), openai.InternalServerError),
        (Failure(Code.CONFLICT, "Twice."), openai.ConflictError),
    ],
)
async def test_it_raises_the_right_class_for_a_refused_job(
    tmp_path: Path, failure: Failure, kind: type[openai.APIStatusError]
) -> None:
    async with opened(tmp_path) as (desk, sdk):
        desk.jobs.refusal = failure
        with pytest.raises(kind) as caught:
            await sdk.call(
                lambda client: client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "x"}])
            )
        assert caught.value.code == failure.code.value
        assert caught.value.request_id


async def test_it_raises_for_a_bad_key_an_unknown_model_and_a_failed_stream(tmp_path: Path) -> None:
    def ask(client: OpenAI, model: str = MODEL, stream: bool = False) -> object:
        answer = client.chat.completions.create(model=model, messages=[{"role": "user", "content": "x"}], stream=stream)
        if isinstance(answer, openai.Stream):
            with answer:
                return list(answer)
        return answer

    async with opened(tmp_path) as (desk, sdk):
        with pytest.raises(openai.AuthenticationError):
            await sdk.call(lambda client: ask(client.with_options(api_key="wrong")))
        with pytest.raises(openai.NotFoundError):
            await sdk.call(lambda client: ask(client, model="no-such-model"))
        desk.jobs.error = JobError(code=Code.CONTENT_POLICY_VIOLATION, message="Refused.")
        with pytest.raises(openai.BadRequestError):
            await sdk.call(ask)
        with pytest.raises(openai.APIError, match="Refused"):
            await sdk.call(lambda client: ask(client, stream=True))


async def test_it_repeats_only_what_may_be_repeated(tmp_path: Path) -> None:
    async with opened(tmp_path) as (desk, sdk):
        patient = sdk.client.with_options(max_retries=2)
        for code, tries in ((Code.UPSTREAM_ERROR, 1), (Code.QUEUE_TIMEOUT, 3)):
            desk.jobs.submits.clear()
            desk.jobs.error = JobError(code=code, message="No.", retry_after_seconds=0.01)
            with pytest.raises(openai.InternalServerError):
                await trio.to_thread.run_sync(
                    lambda: patient.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "x"}])
                )
            assert len(desk.jobs.submits) == tries

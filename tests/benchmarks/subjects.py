"""What is measured and what it stands on: the gateway, the emulated service behind it, and the hello world beside it."""

import json
import os
import time
import urllib.request
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import trio

from tests.benchmarks.load import Plan
from tests.benchmarks.processes import DidNotStart, Process, open_process
from tests.benchmarks.wire import request

MODEL = "gemini-3.1-flash-image"
SLOTS_PER_ACCOUNT = 100
_PROJECT_TITLE = "benchmark"
_COOKIE = "__Secure-next-auth.session-token"
_START_SECONDS = 30.0
_LOOK_SECONDS = 0.005


class Subject(NamedTuple):
    """A server that can be measured."""

    process: Process
    url: str
    plain: Plan
    streamed: Plan
    start_seconds: float
    """From the start of the process to its first answer."""
    admin_token: str = ""


class Upstream(NamedTuple):
    """The emulated service."""

    urls: Mapping[str, str]
    tokens: tuple[str, ...]
    direct: Plan
    """One generation and the fetching of its result, as a client without a gateway would do it."""

    async def set_latency(self, seconds: float) -> None:
        """How long it takes for a picture from now on."""
        await call("PATCH", f"{self.urls['base']}/_emulator/knobs", {"image_latency_seconds": seconds})


async def call(method: str, url: str, body: object = None, headers: Mapping[str, str] | None = None) -> Any:
    """One request outside of all measuring; the answer's JSON."""
    return await trio.to_thread.run_sync(partial(_call, method, url, body, headers or {}), abandon_on_cancel=True)


def _call(method: str, url: str, body: object, headers: Mapping[str, str]) -> Any:
    data = None if body is None else json.dumps(body).encode()
    asked = urllib.request.Request(url, data, {"content-type": "application/json", **headers}, method=method)
    with urllib.request.urlopen(asked, timeout=30) as answer:
        return json.loads(answer.read() or b"null")


def plan_for(url: str, data: bytes, *expect: str) -> Plan:
    """A plan of this request."""
    parts = urlsplit(url)
    assert parts.hostname is not None
    assert parts.port is not None
    return Plan(host=parts.hostname, port=parts.port, request=data, expect=expect)


@asynccontextmanager
async def open_hello(folder: Path) -> AsyncIterator[Subject]:
    """The hello world."""
    started = time.perf_counter()
    async with open_process("tests.benchmarks.hello", (), folder) as process:
        url = json.loads(await process.first_line())["url"]
        await call("GET", url)
        seconds = time.perf_counter() - started
        plain = plan_for(url, request("POST", url, b'{"prompt":"x"}'), "hello world")
        yield Subject(process, url, plain, hello_stream(url, 0), seconds)


def hello_stream(url: str, wait_seconds: float) -> Plan:
    """An event stream that stays open for a while."""
    return plan_for(url, request("GET", f"{url}/wait/{wait_seconds}"), "[DONE]")


@asynccontextmanager
async def open_upstream(folder: Path, accounts: int) -> AsyncIterator[Upstream]:
    """The emulated service in its cheapest form, with its first account signed in for direct calls."""
    options = ("--host", "127.0.0.1", "--port", "0", "--accounts", str(accounts), "--image-latency", "0")
    cheap = ("--pictures", "plain", "--server", "fast")
    async with open_process("flow2api.emulator", (*options, *cheap), folder) as process:
        told = json.loads(await process.first_line())
        tokens = tuple(account["session_token"] for account in told.pop("accounts"))
        yield Upstream(told, tokens, await _direct(told, tokens[0]))


async def _direct(urls: Mapping[str, str], token: str) -> Plan:
    cookie = {"cookie": f"{_COOKIE}={token}"}
    session = await call("GET", f"{urls['labs_base_url']}/auth/session", headers=cookie)
    wish = {"json": {"projectTitle": _PROJECT_TITLE, "toolName": "PINHOLE"}}
    made = await call("POST", f"{urls['labs_base_url']}/trpc/project.createProject", wish, cookie)
    project = made["result"]["data"]["json"]["result"]["projectId"]
    url = f"{urls['api_base_url']}/projects/{project}/flowMedia:batchGenerateImages"
    body = json.dumps(_generation(project)).encode()
    data = request("POST", url, body, {"authorization": f"Bearer {session['access_token']}"})
    return _following(plan_for(url, data))


def _following(plan: Plan) -> Plan:
    return Plan(host=plan.host, port=plan.port, request=plan.request, follow=r'"fifeUrl": ?"([^"]+)"')


def _generation(project: str) -> dict[str, object]:
    context = {
        "recaptchaContext": {"token": "", "applicationType": "RECAPTCHA_APPLICATION_TYPE_WEB"},
        "sessionId": ";1750000000000",
        "projectId": project,
        "tool": "PINHOLE",
    }
    one = {
        "clientContext": context,
        "seed": 305830,
        "imageModelName": "NARWHAL",
        "imageAspectRatio": "IMAGE_ASPECT_RATIO_LANDSCAPE",
        "structuredPrompt": {"parts": [{"text": "a red apple on a table"}]},
        "imageInputs": [],
    }
    batch = {"batchId": "5d5f0000-0000-4000-8000-000000000000"}
    return {"clientContext": context, "mediaGenerationContext": batch, "useNewMedia": True, "requests": [one]}


@asynccontextmanager
async def open_gateway(folder: Path, upstream: Upstream) -> AsyncIterator[Subject]:
    """The gateway on a fresh data folder, with all accounts of the upstream and one API key."""
    started = time.perf_counter()
    data = folder / "data"
    async with open_process("flow2api", ("serve", "--port", "0"), folder, _settings(data, upstream)) as process:
        with trio.fail_after(_START_SECONDS):
            url, token = await _wait_published(process, data)
            await call("GET", f"{url}/health")
        seconds = time.perf_counter() - started
        admin = {"authorization": f"Bearer {token}"}
        for credential in upstream.tokens:
            wish = {"provider": "flow", "credential": credential}
            await call("POST", f"{url}/api/accounts", wish, admin)
        key = (await call("POST", f"{url}/api/keys", {"name": "benchmark"}, admin))["secret"]
        yield Subject(process, url, _chat(url, key, stream=False), _chat(url, key, stream=True), seconds, token)


def _settings(data: Path, upstream: Upstream) -> dict[str, str]:
    if foreign := [name for name in os.environ if name.startswith("FLOW2API_")]:
        raise DidNotStart(f"unset {', '.join(foreign)} first: it would change what is measured")
    return {
        "FLOW2API_STORAGE_DATA_DIR": str(data),
        "FLOW2API_FLOW_LABS_BASE_URL": upstream.urls["labs_base_url"],
        "FLOW2API_FLOW_API_BASE_URL": upstream.urls["api_base_url"],
        "FLOW2API_CAPTCHA_METHOD": "none",
        "FLOW2API_ACCOUNTS_DEFAULT_IMAGE_CONCURRENCY": str(SLOTS_PER_ACCOUNT),
        "FLOW2API_JOBS_QUEUE_LIMIT": "10000",
        "FLOW2API_LOG_LEVEL": "warning",
    }


async def _wait_published(process: Process, data: Path) -> tuple[str, str]:
    """Address and admin token, which a running gateway writes into its data folder when it can be reached."""
    while True:
        if process.ended:
            raise process.failure("the gateway ended at its start")
        try:
            told = json.loads((data / "instance.json").read_text())
        except FileNotFoundError:
            await trio.sleep(_LOOK_SECONDS)
            continue
        return told["url"], told["admin_token"]


def _chat(url: str, key: str, *, stream: bool) -> Plan:
    wish = {"model": MODEL, "stream": stream, "messages": [{"role": "user", "content": "a red apple on a table"}]}
    headers = {"authorization": f"Bearer {key}"}
    data = request("POST", f"{url}/v1/chat/completions", json.dumps(wish).encode(), headers)
    return plan_for(url, data, "![", "[DONE]") if stream else plan_for(url, data, "![")

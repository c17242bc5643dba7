"""The whole gateway over the emulated service, in one run of Trio: real sockets, a real database, a real clock.

Nothing of the program is replaced. Each test gets a data folder of its own, and the rule that nothing may be logged which it did not
claim: no error, no traceback, and never a secret.
"""

import logging
import os
import secrets
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

import httpx
import msgspec
import trio
from openai import OpenAI

from flow2api.actors.accounts_messages import AddAccount
from flow2api.app import Gateway, open_gateway
from flow2api.config import Resolved, load_config
from flow2api.domain.account import Account, AccountView
from flow2api.domain.job import Job
from flow2api.emulator.accounts import AccountSetup
from flow2api.emulator.core import Emulator
from flow2api.emulator.fast import serve_fast
from flow2api.emulator.keyed.service import KeyedService
from flow2api.emulator.knobs import Knobs
from flow2api.emulator.serving import Urls

T = TypeVar("T")

MODEL = "gemini-3.1-flash-image"
# Far more than any of these tests takes, on a busy machine as well.
LIMIT_SECONDS = 90.0
ADA, BOB, EVE = "ada@example.org", "bob@example.org", "eve@example.org"

# Short, so that tests which wait for an end wait for it shortly.
QUICK: Mapping[str, object] = {
    "server.host": "127.0.0.1",
    "server.port": 0,
    "server.grace_seconds": 1.0,
    "captcha.method": "none",
    "jobs.pause_seconds": 0.01,
    "log.level": "debug",
}
# What survives a power cut is not what these tests are about, so a folder in memory will do where there is one.
_FOLDERS = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


class Log(logging.Handler):
    """Everything that the program logged meanwhile."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []
        self._claimed: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)

    def claim(self, words: str) -> None:
        """Expect an error with these words in the log; without one the test fails."""
        self._claimed.append(words)

    @property
    def text(self) -> str:
        """All lines as they were logged, before any masking."""
        form = logging.Formatter("%(levelname)s %(name)s %(message)s")
        return "\n".join(form.format(record) for record in self.records)

    def check(self, hidden: Sequence[str]) -> None:
        """Fail the test for an error that it did not claim, and for a secret."""
        errors = [record for record in self.records if record.levelno >= logging.ERROR or record.exc_info]
        lines = [logging.Formatter("%(message)s").format(record) for record in errors]
        assert [line for line in lines if not any(words in line for words in self._claimed)] == []
        assert [words for words in self._claimed if not any(words in line for line in lines)] == []
        text = self.text
        assert [secret[:12] for secret in hidden if secret in text] == []


class Service:
    """The emulated service as long as it is reachable."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self._scope = trio.CancelScope()
        self._stopped = trio.Event()

    async def run(self, *, task_status: trio.TaskStatus[Urls]) -> None:
        with self._scope:
            await serve_fast(self.emulator, task_status=task_status)
        self._stopped.set()

    async def stop(self) -> None:
        """Be gone, with every connection."""
        self._scope.cancel()
        await self._stopped.wait()


class TestedGateway:
    """A running gateway, and the emulated service behind it."""

    __test__ = False

    def __init__(self, service: "Service", gateway: Gateway, key: str, log: Log, client: httpx.AsyncClient) -> None:
        self.service = service
        self.emulator = service.emulator
        self.gateway = gateway
        self.url = gateway.url
        self.key = key
        self.log = log
        self.client = client

    @property
    def data_dir(self) -> Path:
        return Path(self.gateway.config.storage.data_dir)

    # -- asking --------------------------------------------------------------------------------------------------

    async def chat(self, prompt: str = "a red apple", **fields: object) -> httpx.Response:
        """A chat completion for one message of the user; `fields` change or add to the body."""
        return await self.post(body(prompt, **fields))

    async def post(self, body: object, headers: Mapping[str, str] | None = None) -> httpx.Response:
        """A chat completion with any body: bytes as they are, all else as JSON."""
        content = body if isinstance(body, bytes) else msgspec.json.encode(body)
        fields = {"content-type": "application/json", **(headers or {})}
        return await self.client.post("/v1/chat/completions", content=content, headers=fields)

    async def chats(self, count: int, **fields: object) -> list[httpx.Response]:
        """So many chat completions at once."""
        answers: list[httpx.Response] = []

        async def ask(number: int) -> None:
            answers.append(await self.chat(f"picture {number}", **fields))

        async with trio.open_nursery() as nursery:
            for number in range(count):
                nursery.start_soon(ask, number)
        return answers

    async def sdk(self, call: Callable[[OpenAI], T], **options: Any) -> T:
        """Call OpenAI's own package, which blocks, in a worker thread."""
        given: dict[str, Any] = {"api_key": self.key, "max_retries": 0, "timeout": LIMIT_SECONDS} | options
        with OpenAI(base_url=f"{self.url}/v1", **given) as client:
            return await trio.to_thread.run_sync(call, client)

    async def fetch(self, url: str) -> httpx.Response:
        """What anybody gets under a link, without a key."""
        return await self.client.get(url, headers={"authorization": ""})

    # -- looking -------------------------------------------------------------------------------------------------

    async def accounts(self) -> dict[str, Account]:
        """The accounts as an operator sees them, by e-mail."""
        told = await self.admin("GET", "/api/accounts")
        views = msgspec.convert(told["accounts"], list[AccountView])
        return {view.account.email or "": view.account for view in views}

    async def account(self, email: str = ADA) -> Account:
        return (await self.accounts())[email]

    async def jobs(self) -> list[Job]:
        """All jobs as they are stored, oldest first."""
        told = await self.admin("GET", "/api/jobs?order=asc&limit=200")
        return msgspec.convert(told["jobs"], list[Job])

    async def job(self) -> Job:
        """The only job that there is."""
        [job] = await self.jobs()
        return job

    def calls(self, name: str = "image", account: str | None = None) -> int:
        """How many calls of one name the service saw, refused ones included."""
        seen = self.emulator.ledger.calls(name)
        return sum(account in (None, one.account) for one in seen)

    async def admin(self, method: str, path: str, body: object = None) -> Any:
        """What an operator is told."""
        headers = {"authorization": f"Bearer {self.gateway.admin_token.reveal()}"}
        response = await self.client.request(method, path, headers=headers, json=body)
        assert response.is_success, response.text
        return response.json()

    def secrets(self) -> list[str]:
        """What must never be logged."""
        found = [self.key, self.gateway.admin_token.reveal()]
        for account in self.emulator.accounts:
            found += [account.session_token, account.former_session_token, account.access_token]
        return [secret for secret in found if secret]


def body(prompt: str = "a red apple", **fields: object) -> dict[str, object]:
    """A request for a picture."""
    return {"model": MODEL, "messages": [{"role": "user", "content": prompt}], **fields}


def error_of(response: httpx.Response) -> dict[str, Any]:
    """The error object of an answer, which always has the same four fields."""
    told = response.json()
    assert list(told) == ["error"]
    error: dict[str, Any] = told["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert isinstance(error["message"], str)
    assert error["message"]
    assert isinstance(error["type"], str)
    return error


def link_in(text: str) -> str:
    """The link of the one picture in an answer's markdown."""
    assert text.startswith("![image](")
    assert text.endswith(")")
    return text.removeprefix("![image](").removesuffix(")")


def people(*emails: str, **setup: object) -> list[AccountSetup]:
    """Accounts of the service; `setup` is the same for all."""
    return [
        msgspec.convert({"email": email, "name": email.partition("@")[0]} | setup, AccountSetup) for email in emails
    ]


@asynccontextmanager
async def open_tested_gateway(
    accounts: Sequence[AccountSetup] = tuple(people(ADA)),
    *,
    knobs: Knobs | None = None,
    settings: Mapping[str, object] | Callable[[Urls], Mapping[str, object]] = MappingProxyType({}),
    keyed: Mapping[str, KeyedService] = MappingProxyType({}),
    limit_seconds: float = LIMIT_SECONDS,
) -> AsyncIterator[TestedGateway]:
    """A gateway with these accounts signed in and one API key. `settings`, which may depend on where the service is, go before
    the quick ones. `keyed` are further services by the names of their providers, of which all keys are accounts too."""
    emulator = Emulator(accounts, knobs)
    key = f"f2a_{secrets.token_hex(16)}"
    with trio.fail_after(limit_seconds), tempfile.TemporaryDirectory(dir=_FOLDERS) as folder, _listening() as log:
        async with trio.open_nursery() as nursery:
            service = Service(emulator)
            urls: Urls = await nursery.start(service.run)
            resolved = _resolved(Path(folder), urls, settings(urls) if callable(settings) else settings)
            credentials = [account.session_token for account in emulator.accounts]
            adding = [AddAccount(provider="flow", credential=credential) for credential in credentials]
            for provider, further in keyed.items():
                base_url = (await nursery.start(serve_fast, further)).base
                adding += [
                    AddAccount(provider=provider, credential=one.key, base_url=base_url, label=one.label)
                    for one in further.keys
                ]
            async with (
                open_gateway(resolved, {}, api_key=key, accounts=adding) as gateway,
                _client(gateway, key) as client,
            ):
                tested = TestedGateway(service, gateway, key, log, client)
                yield tested
            nursery.cancel_scope.cancel()
        log.check([*tested.secrets(), *(one.key for further in keyed.values() for one in further.keys)])


@contextmanager
def _listening() -> Iterator[Log]:
    log, root, ours = Log(), logging.getLogger(), logging.getLogger("flow2api")
    level = ours.level
    root.addHandler(log)
    ours.setLevel(logging.DEBUG)
    try:
        yield log
    finally:
        ours.setLevel(level)
        root.removeHandler(log)


def _client(gateway: Gateway, key: str) -> httpx.AsyncClient:
    headers = {"authorization": f"Bearer {key}"}
    return httpx.AsyncClient(base_url=gateway.url, headers=headers, timeout=LIMIT_SECONDS, trust_env=False)


def _resolved(folder: Path, urls: Urls, settings: Mapping[str, object]) -> Resolved:
    # A file of its own, so that the one of whoever runs the tests is not read.
    empty = folder / "setting.toml"
    empty.touch()
    places = {
        "storage.data_dir": str(folder / "data"),
        "flow.labs_base_url": urls.labs_base_url,
        "flow.api_base_url": urls.api_base_url,
        "flow.page_url": urls.page_url,
    }
    return load_config(empty, {}, {}, flags={**QUICK, **places, **settings})

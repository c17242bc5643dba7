"""A data folder, an emulated service beside it, and gateways and commands that are run on both.

The emulator is a process of its own, so it knows what was really asked of it, whatever became of a gateway.
"""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import msgspec
import trio

from flow2api.config import KEYS
from flow2api.instance import FILE_NAME
from tests.doubles.processes import (
    PYTHON,
    Ended,
    Launch,
    Program,
    Secrets,
    clean_environ,
    open_program,
    run_program,
    until,
)

MODEL = "gemini-3.1-flash-image"
CHAT = "/v1/chat/completions"
Fault = Mapping[str, object]
STALL: Fault = {"type": "stall", "seconds": 60.0}
FINAL = frozenset({"succeeded", "failed", "cancelled"})
# No test takes a quarter of this on a quiet machine.
LIMIT_SECONDS = 240.0


def wish(prompt: str, **more: object) -> dict[str, object]:
    """The body of a chat completion that asks for one picture."""
    return {"model": MODEL, "messages": [{"role": "user", "content": prompt}], **more}


OTHER_SERVICES = [key.env for key in KEYS.values() if key.section in ("gemini", "fal") and key.field.endswith("_url")]


class Emulator:
    """The emulated service, steered through its own routes."""

    def __init__(self, client: httpx.AsyncClient, ready: Mapping[str, Any]) -> None:
        self._client = client
        self.accounts: Sequence[Mapping[str, Any]] = ready["accounts"]
        self.settings = {
            "FLOW2API_FLOW_LABS_BASE_URL": ready["labs_base_url"],
            "FLOW2API_FLOW_API_BASE_URL": ready["api_base_url"],
            "FLOW2API_FLOW_PAGE_URL": ready["page_url"],
            "FLOW2API_CAPTCHA_METHOD": "none",
            # Nobody asks the other services here; if somebody did, it must not be the real ones.
            **dict.fromkeys(OTHER_SERVICES, ready["api_base_url"]),
        }

    @property
    def session_tokens(self) -> list[str]:
        return [account["session_token"] for account in self.accounts]

    async def _ask(self, method: str, path: str, body: object = None) -> Any:
        answer = await self._client.request(method, f"/_emulator/{path}", json=body)
        assert answer.is_success, answer.text
        return answer.json()

    async def plan(self, call: str, fault: Fault) -> None:
        """Let the next call of this name go wrong."""
        await self._ask("POST", "faults", {"call": call, "fault": fault, "times": 1})

    async def mend(self) -> None:
        """Let nothing go wrong any more."""
        await self._ask("DELETE", "faults")

    async def change_account(self, number: int, **changes: object) -> None:
        await self._ask("PATCH", f"accounts/{self.accounts[number]['email']}", changes)

    async def expire_access(self, number: int) -> None:
        """Let the access token of an account stop working."""
        await self._ask("POST", f"accounts/{self.accounts[number]['email']}/expire", {})

    async def knobs(self, **changes: object) -> None:
        await self._ask("PATCH", "knobs", changes)

    async def calls(self, call: str) -> int:
        """How many calls of one name have come."""
        return int((await self._ask("GET", "state"))["calls"].get(call, 0))

    async def wait_called(self, call: str, count: int) -> None:
        """Wait until so many calls of one name have come in all."""

        async def look() -> bool | None:
            return await self.calls(call) >= count or None

        await until(look, f"{count} calls of {call} come to the service")

    async def wait_running(self, call: str, count: int = 1) -> None:
        """Wait until so many calls of one name are under way."""

        async def look() -> bool | None:
            rows = (await self._ask("GET", "state"))["running"]
            return sum(row["running"] for row in rows if row["call"] == call) >= count or None

        await until(look, f"{count} calls of {call} run at the service")

    async def accepted(self, call: str = "image") -> Counter[str]:
        """How often each prompt was accepted, and would have been paid."""
        return Counter(one["prompt"] for one in await self._ask("GET", "accepted") if one["call"] == call)

    async def wait_accepted(self, count: int) -> None:
        """Wait until so many generations were accepted in all."""

        async def look() -> bool | None:
            return sum((await self.accepted()).values()) >= count or None

        await until(look, f"{count} generations are accepted")

    async def batches(self) -> Counter[str]:
        """How often each order of pictures was accepted."""
        return Counter(one["batch_id"] for one in await self._ask("GET", "accepted") if one["call"] == "image")


class Gateway:
    """A running gateway, with what its operator can see."""

    def __init__(self, program: Program, client: httpx.AsyncClient, key: str, admin_token: str) -> None:
        self.program = program
        self.client = client
        self.bearer = {"Authorization": f"Bearer {key}"}
        self._admin = {"Authorization": f"Bearer {admin_token}"}

    async def chat(self, prompt: str, **more: object) -> httpx.Response:
        """Ask for a picture and wait for the whole answer."""
        return await self.client.post(CHAT, json=wish(prompt, **more), headers=self.bearer)

    async def ask_in_vain(self, body: Mapping[str, object]) -> None:
        """Ask for a picture; the gateway may go away meanwhile."""
        with suppress(httpx.TransportError):
            await self.client.post(CHAT, json=body, headers=self.bearer)

    async def admin(self, method: str, path: str, body: object = None) -> Any:
        """A call of the admin interface that must go well."""
        answer = await self.client.request(method, f"/api/{path}", json=body, headers=self._admin)
        assert answer.is_success, answer.text
        return answer.json()

    async def jobs(self) -> dict[str, dict[str, Any]]:
        """All stored jobs by prompt."""
        listed = (await self.admin("GET", "jobs?limit=200"))["jobs"]
        return {job["generation"]["prompt"]: job for job in listed}

    async def job_id(self, prompt: str) -> str:
        """The id of the job for a prompt, once it is stored."""

        async def look() -> str | None:
            job = (await self.jobs()).get(prompt)
            return job["id"] if job else None

        return await until(look, f"there is a job for {prompt!r}")

    async def wait_job(self, job_id: str, *states: str) -> dict[str, Any]:
        """The job, once it is in one of these states."""

        async def look() -> dict[str, Any] | None:
            job: dict[str, Any] = (await self.admin("GET", f"jobs/{job_id}"))["job"]
            return job if job["state"] in states else None

        return await until(look, f"job {job_id} is {' or '.join(states)}")

    async def wait_all_final(self) -> dict[str, dict[str, Any]]:
        """All jobs by prompt, once each is over."""

        async def look() -> dict[str, dict[str, Any]] | None:
            jobs = await self.jobs()
            return jobs if all(job["state"] in FINAL for job in jobs.values()) else None

        return await until(look, "all jobs are over")


@dataclass
class Place:
    """A data folder, and what is needed to run programs on it."""

    folder: Path
    secrets: Secrets = field(default_factory=Secrets)
    settings: dict[str, str] = field(default_factory=dict)
    """As the environment names them."""
    key: str = ""
    """An API key, once a gateway has shown one."""

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def launch(self, *arguments: str, input: str = "", shows: Sequence[str] = (), **options: bool) -> Launch:
        """How to run a command of ours on the data folder."""
        environ = clean_environ(FLOW2API_STORAGE_DATA_DIR=str(self.data), **self.settings)
        command = [*PYTHON, "flow2api", *arguments]
        return Launch(command, self.folder, environ, self.secrets, input=input, shows=list(shows), **options)

    async def run(self, *arguments: str, input: str = "", shows: Sequence[str] = (), **options: bool) -> Ended:
        """Run a command to its end."""
        return await run_program(self.launch(*arguments, input=input, shows=shows, **options))

    @asynccontextmanager
    async def gateway(self) -> AsyncIterator[Gateway]:
        """`flow2api serve` on the data folder, ready; killed at the end if it still runs."""
        launch = self.launch("serve", "--port", "0")
        async with open_program(launch) as program:
            url = (await program.says(r"listens on (http://\S+)$"))[1]
            if not self.key:
                self.key = (await program.says(r"shown only now: (\S+)$"))[1]
                self.secrets.values.add(self.key)
                launch.shows.append(self.key)
            instance = msgspec.json.decode((self.data / FILE_NAME).read_bytes())
            self.secrets.values |= {instance["admin_token"], (self.data / "master.key").read_text().strip()}
            async with httpx.AsyncClient(base_url=url, timeout=60, trust_env=False) as client:
                yield Gateway(program, client, self.key, instance["admin_token"])


@dataclass(kw_only=True)
class Site(Place):
    """A place with an emulated service beside it."""

    emulator: Emulator

    async def add_accounts(self, gateway: Gateway, **more: object) -> None:
        """Give the gateway all accounts of the emulator."""
        for token in self.emulator.session_tokens:
            await gateway.admin("POST", "accounts", {"credential": token, **more})


@asynccontextmanager
async def open_site(folder: Path, *, accounts: int = 1, options: Sequence[str] = ()) -> AsyncIterator[Site]:
    """An empty data folder and a running emulator, with more options of its own, within the time that a test may take."""
    secrets = Secrets()
    usual = ("--pictures", "plain", "--image-latency", "0", "--accounts", str(accounts))
    command = [*PYTHON, "flow2api.emulator", *usual, *options]
    # It tells the session tokens, which is what it is for.
    launch = Launch(command, folder, clean_environ(), secrets, shows_all_on_output=True)
    with trio.fail_after(LIMIT_SECONDS):
        async with open_program(launch) as program:
            ready = msgspec.json.decode((await program.says(r"^\{.*\}$"))[0])
            async with httpx.AsyncClient(base_url=ready["base"], timeout=30, trust_env=False) as client:
                emulator = Emulator(client, ready)
                secrets.values |= set(emulator.session_tokens)
                # All that is ever logged is searched for secrets.
                settings = emulator.settings | {"FLOW2API_LOG_LEVEL": "debug"}
                yield Site(folder, secrets, settings, emulator=emulator)

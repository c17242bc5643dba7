"""A client of the emulator without a server in between: it builds requests by hand, as the wire is described."""

import base64
from typing import Any

import msgspec

from flow2api.emulator.accounts import Account, AccountSetup
from flow2api.emulator.core import Emulator
from flow2api.emulator.exchange import Answer, Asked
from flow2api.emulator.knobs import Knobs
from flow2api.emulator.plain import plain_jpeg

BATCH = "5d5f0000-0000-4000-8000-000000000001"
BASE = "http://127.0.0.1:1"
COOKIE = "__Secure-next-auth.session-token"


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.time = 1_750_000_000.0

    def __call__(self) -> float:
        return self.time


def context(project: str | None, token: str = "", **more: Any) -> dict[str, Any]:
    """A `clientContext`."""
    built: dict[str, Any] = {"sessionId": ";1750000000000", "tool": "PINHOLE"}
    if project is not None:
        built["projectId"] = project
    built["recaptchaContext"] = {"token": token, "applicationType": "RECAPTCHA_APPLICATION_TYPE_WEB"}
    return built | more


def image_request(client_context: dict[str, Any], prompt: str = "a red apple", **more: Any) -> dict[str, Any]:
    """One element of `requests`."""
    return {
        "clientContext": client_context,
        "seed": 305830,
        "imageModelName": "NARWHAL",
        "imageAspectRatio": "IMAGE_ASPECT_RATIO_LANDSCAPE",
        "structuredPrompt": {"parts": [{"text": prompt}]},
        "imageInputs": [],
    } | more


def image_body(project: str, prompt: str = "a red apple", *, token: str = "", **more: Any) -> dict[str, Any]:
    """The body of a generation of one picture; `more` goes into the one element of `requests`."""
    outer = context(project, token)
    return {
        "clientContext": outer,
        "mediaGenerationContext": {"batchId": BATCH},
        "useNewMedia": True,
        "requests": [image_request(outer, prompt, **more)],
    }


class Caller:
    """One account's own client."""

    def __init__(self, emulator: Emulator, account: Account) -> None:
        self.emulator = emulator
        self.account = account
        self.access = ""
        self.project = ""

    async def ask(self, method: str, target: str, body: Any = None, **headers: str) -> Answer:
        """Send anything, with both credentials; `body` as JSON."""
        path, _, query = target.partition("?")
        asked = Asked(
            method=method,
            path=path,
            query=dict(pair.split("=", 1) for pair in query.split("&") if pair),
            headers={
                "content-type": "application/json",
                "cookie": f"{COOKIE}={self.account.session_token}",
                "authorization": f"Bearer {self.access}",
            }
            | headers,
            body=b"" if body is None else body if isinstance(body, bytes) else msgspec.json.encode(body),
            base=BASE,
        )
        return await self.emulator.answer(asked)

    async def sign_in(self) -> "Caller":
        """Get an access token and a project."""
        session = said(await self.ask("GET", "/fx/api/auth/session"))
        self.access = session["access_token"]
        wrapped = {"json": {"projectTitle": "Test", "toolName": "PINHOLE"}}
        created = said(await self.ask("POST", "/fx/api/trpc/project.createProject", wrapped))
        self.project = created["result"]["data"]["json"]["result"]["projectId"]
        return self

    async def image(self, prompt: str = "a red apple", *, token: str = "", **more: Any) -> Answer:
        """Generate one picture."""
        return await self.send_images(image_body(self.project, prompt, token=token, **more))

    async def send_images(self, body: dict[str, Any]) -> Answer:
        return await self.ask("POST", f"/v1/projects/{self.project}/flowMedia:batchGenerateImages", body)

    async def upload(self, data: bytes, **more: Any) -> Answer:
        """Upload a picture into the project."""
        client_context = {"sessionId": ";1750000000000", "tool": "PINHOLE", "projectId": self.project}
        body = {
            "clientContext": client_context,
            "fileName": "input-1.jpg",
            "mimeType": "image/jpeg",
            "imageBytes": base64.b64encode(data).decode(),
            "isHidden": False,
            "isUserUploaded": True,
        }
        return await self.ask("POST", "/v1/flow/uploadImage", body | more)

    async def upscale(self, media_id: str, size: str = "2K", **more: Any) -> Answer:
        """Enlarge a picture."""
        body = {
            "mediaId": media_id,
            "targetResolution": f"UPSAMPLE_IMAGE_RESOLUTION_{size}",
            "clientContext": context(self.project, userPaygateTier=self.account.tier),
        }
        return await self.ask("POST", "/v1/flow/upsampleImage", body | more)


def said(answer: Answer) -> Any:
    """The JSON of a good answer."""
    assert answer.status == 200, answer.body
    return msgspec.json.decode(answer.body)


def error_of(answer: Answer) -> tuple[int, str, str | None]:
    """Status, status name and reason of an error in the form of the API."""
    error = msgspec.json.decode(answer.body)["error"]
    assert error["code"] == answer.status
    details = error.get("details", [{}])
    return answer.status, error["status"], details[0].get("reason")


def message_of(answer: Answer) -> str:
    message = msgspec.json.decode(answer.body)["error"]["message"]
    assert isinstance(message, str)
    return message


def small_picture() -> bytes:
    return plain_jpeg(64, 48, 1, "input")


async def new_caller(knobs: Knobs | None = None, *, clock: Clock | None = None, **setup: Any) -> Caller:
    """A caller with its own emulator, signed in. `setup` are fields of `AccountSetup`."""
    emulator = Emulator([AccountSetup(email="ada@example.org", **setup)], knobs, now=clock or Clock())
    return await Caller(emulator, emulator.accounts["ada@example.org"]).sign_in()


async def add_caller(caller: Caller, email: str = "bob@example.org", **setup: Any) -> Caller:
    """A second account at the same emulator, signed in."""
    account = caller.emulator.accounts.add(AccountSetup(email=email, **setup))
    return await Caller(caller.emulator, account).sign_in()

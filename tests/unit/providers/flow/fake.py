"""A Flow that answers from a script, behind the interface of `net`'s `Http`; and the records that many tests need."""

import json
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest
import trio

from flow2api.domain.failure import FailureKind, UpstreamFailure
from flow2api.domain.job import Generation, Made
from flow2api.errors import NetworkFault
from flow2api.net.http import Http
from flow2api.net.message import Downloaded, Headers, Limits, Response
from flow2api.providers.flow.calls import Bases, Times
from flow2api.providers.flow.client import Client
from flow2api.providers.flow.place import Place, context_of
from flow2api.providers.flow.session import FlowSession
from flow2api.providers.flow.vault import Vault

NOW = 1_750_000_000.0
BASES = Bases(labs="https://labs.test/fx/api", api="https://api.test/v1")
SESSION_TOKEN = "SECRET-session-token-0123456789"
ACCESS_TOKEN = "ya29.SECRET-access-token"
CAPTCHA_TOKEN = "SECRET-captcha-token"
SECRETS = (SESSION_TOKEN, ACCESS_TOKEN, CAPTCHA_TOKEN)

SESSION = "GET /fx/api/auth/session"
CREDITS = "GET /v1/credits"
PROJECT = "POST /fx/api/trpc/project.createProject"
UPLOAD = "POST /v1/flow/uploadImage"
IMAGES = "POST flowMedia:batchGenerateImages"
UPSAMPLE = "POST /v1/flow/upsampleImage"
TEXT_CLIP = "POST /v1/video:batchAsyncGenerateVideoText"
FIRST_FRAME_CLIP = "POST /v1/video:batchAsyncGenerateVideoStartImage"
BOTH_FRAMES_CLIP = "POST /v1/video:batchAsyncGenerateVideoStartAndEndImage"
REFERENCES_CLIP = "POST /v1/video:batchAsyncGenerateVideoReferenceImages"
EXTENDED_CLIP = "POST /v1/video:batchAsyncGenerateVideoExtendVideo"
LARGER_CLIP = "POST /v1/video:batchAsyncGenerateVideoUpsampleVideo"
CHECK = "POST /v1/video:batchCheckAsyncVideoGenerationStatus"
LOCATE = "GET /fx/api/trpc/media.getMediaUrlRedirect"
FETCH = "GET /v1/media/9e41"
JOIN = "POST /v1:runVideoFxConcatenation"
CHECK_JOIN = "POST /v1:runVideoFxCheckConcatenationStatus"
CANCEL = "POST /v1/flowMedia:cancelGeneration"


class Seen(msgspec.Struct):
    """A request as it came in."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes
    exit_url: str | None
    limits: Limits
    fresh: bool = False

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Answer = Response | NetworkFault | Callable[[Seen], Response]


def answer(status: int = 200, body: object = None, headers: Sequence[tuple[str, str]] = ()) -> Response:
    """An answer; a body other than bytes goes out as JSON."""
    content = body if isinstance(body, bytes) else json.dumps({} if body is None else body).encode()
    return Response(status=status, headers=Headers(headers), body=content, url="")


def refusal(status: int, word: str = "", reason: str | None = None, message: str = "", **detail: object) -> Response:
    """An error in Google's form."""
    details: list[dict[str, object]] = []
    if reason is not None:
        details.append({"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason})
    if detail:
        details.append({"@type": "type.googleapis.com/google.rpc.RetryInfo", **detail})
    return answer(status, {"error": {"code": status, "message": message, "status": word, "details": details}})


class FakeHttp:
    """Answers each call from its queue; the last answer of a queue stays. A call without a queue is a bug of the test."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self._answers: dict[str, list[Answer]] = {}

    def on(self, call: str, *answers: Answer) -> None:
        self._answers[call] = list(answers)

    def calls(self, call: str) -> list[Seen]:
        return [seen for seen in self.seen if _is(call, seen)]

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Sequence[tuple[str, str]] = (),
        body: bytes = b"",
        exit_url: str | None = None,
        fresh: bool = False,
        limits: Limits,
    ) -> Response:
        seen = Seen(method, url, dict(headers), body, exit_url, limits, fresh)
        self.seen.append(seen)
        queue = next(answers for call, answers in self._answers.items() if _is(call, seen))
        found = queue.pop(0) if len(queue) > 1 else queue[0]
        if isinstance(found, NetworkFault):
            raise found
        return found if isinstance(found, Response) else found(seen)

    async def download(
        self,
        url: str,
        path: Path,
        *,
        headers: Sequence[tuple[str, str]] = (),
        exit_url: str | None = None,
        limits: Limits,
    ) -> Downloaded:
        response = await self.request("GET", url, headers=headers, exit_url=exit_url, limits=limits)
        if response.status == 200:
            await trio.Path(path).write_bytes(response.body)
        return Downloaded(
            status=response.status,
            mime="",
            size_bytes=len(response.body),
            headers=response.headers,
            head=b"",
            body=b"" if response.status == 200 else response.body,
        )

    @property
    def http(self) -> Http:
        return cast("Http", self)


def _is(call: str, seen: Seen) -> bool:
    method, _, path = call.partition(" ")
    return seen.method == method and seen.url.partition("?")[0].endswith(path)


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: float = NOW) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def client(http: FakeHttp, clock: Callable[[], float] | None = None, exit_url: str | None = None) -> Client:
    return Client(http.http, BASES, Times(), lambda avoid=(): exit_url, clock or Clock())


def signed_in(**fields: Any) -> Vault:
    """The vault of an account that is signed in."""
    defaults: dict[str, Any] = {
        "session_token": SESSION_TOKEN,
        "access_token": ACCESS_TOKEN,
        "access_until": NOW + 3000,
    }
    return Vault(**(defaults | fields))


def session(
    http: FakeHttp, vault: Vault | None = None, *, clock: Clock | None = None, projects: int = 1
) -> FlowSession:
    clock = clock or Clock()
    return FlowSession(client(http, clock), vault or signed_in(), lambda: projects, clock)


def generation(**fields: Any) -> Generation:
    defaults: dict[str, Any] = {
        "model": "gemini-3.1-flash-image",
        "kind": "image",
        "provider": "flow",
        "upstream_model": "NARWHAL",
        "prompt": "a red apple",
        "aspect_ratio": "16:9",
    }
    return Generation(**(defaults | fields))


def clip_generation(**fields: Any) -> Generation:
    defaults: dict[str, Any] = {
        "model": "veo_3_1_t2v_fast_landscape",
        "kind": "video",
        "upstream_model": "veo_3_1_t2v_fast",
        "prompt": "waves at dusk",
        "mode": "t2v",
        "seconds": 8,
    }
    return generation(**(defaults | fields))


def handle(media_id: str = "9e41", *, project_id: str = "p1", clip_id: str = "") -> Made:
    """A clip as `begin` hands it out."""
    place = Place(project_id=project_id, session_id=";1750000000000", clip_id=clip_id)
    return Made(media_id=media_id, context=context_of(place))


def clip(name: str = "9e41", status: str | None = "PENDING", **standing: object) -> dict[str, Any]:
    """One entry of an answer about clips, in the present form."""
    words = {} if status is None else {"mediaGenerationStatus": f"MEDIA_GENERATION_STATUS_{status}"}
    video = {"operation": {"name": name}, "dimensions": {"length": "8s"}}
    return {"name": name, "projectId": "p1", "mediaMetadata": {"mediaStatus": words | standing}, "video": video}


def operation(name: str = "9e41", status: str | None = "PENDING", **fields: object) -> dict[str, Any]:
    """The same in the older form."""
    words = {} if status is None else {"status": f"MEDIA_GENERATION_STATUS_{status}"}
    return {"operation": {"name": name} | fields, "sceneId": "s1"} | words


def redirect(location: str, status: int = 307) -> Response:
    return answer(status, headers=[("Location", location)])


def project(project_id: str) -> Response:
    return answer(body={"result": {"data": {"json": {"result": {"projectId": project_id}}}}})


def picture(media_id: str = "a3c0", **fields: object) -> dict[str, Any]:
    """One entry of the answer to a generation."""
    made = {"fifeUrl": f"https://content.test/image/{media_id}?Signature=x", "mediaId": media_id}
    image = {"generatedImage": made, "dimensions": {"width": 1376, "height": 768}}
    return {"name": media_id, "image": image} | fields


def made_for_each(seen: Seen) -> Response:
    """One picture for each element of `requests`."""
    return answer(body={"media": [picture(f"m{index}") for index in range(len(seen.json["requests"]))]})


async def kind_of(call: Awaitable[object]) -> FailureKind:
    """The kind of the failure that the call ends in."""
    with pytest.raises(UpstreamFailure) as caught:
        await call
    return caught.value.kind

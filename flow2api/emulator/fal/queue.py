"""The queue: taking requests in, telling how they stand, handing out what they made, giving them up.

The links that are handed out name only the app of an endpoint, not the path behind it, as with the real service: a client that
builds them by hand from the endpoint gets nowhere.
"""

from datetime import UTC, datetime
from typing import Any

import msgspec
import trio

from flow2api.emulator.accounts import new_id
from flow2api.emulator.exchange import Answer, Refused, json_answer
from flow2api.emulator.fal.endpoints import ENDPOINTS, Input
from flow2api.emulator.fal.making import Plan, plan, price_of
from flow2api.emulator.fal.refusals import ModelRefused, invalid
from flow2api.emulator.keyed.service import KeyCall, KeyedService, KeyRoute
from flow2api.emulator.keyed.work import UNSAFE, Work, fate_of
from flow2api.emulator.memory import KEPT_SECONDS

# The statuses of the queue; the last is a word that nobody knows.
IN_QUEUE, IN_PROGRESS, COMPLETED, MYSTERY = "IN_QUEUE", "IN_PROGRESS", "COMPLETED", "UNDER_REVIEW"
REQUEST_ID = "x-fal-request-id"


class Queued(msgspec.Struct, kw_only=True):
    """One request. `owner` is the label of the key that sent it."""

    id: str
    app: str
    owner: str
    plan: Plan
    work: Work


class Queue:
    """Answers the calls about requests."""

    def __init__(self, service: KeyedService) -> None:
        self._service = service
        oldest = service.now() - KEPT_SECONDS
        self._requests = service.memory.table("requests", Queued, lambda one: one.work.begun_at > oldest)

    def routes(self) -> list[KeyRoute]:
        of_one = "/{owner}/{app}/requests/{id}"
        return [
            KeyRoute(name="status", method="GET", path=f"{of_one}/status", handle=self.status),
            KeyRoute(name="result", method="GET", path=of_one, handle=self.result),
            KeyRoute(name="cancel", method="PUT", path=f"{of_one}/cancel", handle=self.cancel),
            KeyRoute(name="submit", method="POST", path="/{endpoint+}", handle=self.submit),
        ]

    async def submit(self, call: KeyCall) -> Answer:
        """Take a request in."""
        service, key, endpoint_id = self._service, call.caller, call.parts["endpoint"]
        endpoint = ENDPOINTS.get(endpoint_id)
        if endpoint is None:
            raise Refused(404, f'Application "{endpoint_id}" not found')
        service.admit(key)
        self._check_running(key.label, key.max_running)
        given = _arguments(call.asked.body, endpoint.input)
        planned = plan(service.studio, endpoint, given, call.asked.base, endpoint_id)
        fate = "refused" if UNSAFE in given.prompt else fate_of(given.prompt)
        request = Queued(
            id=new_id(),
            app="/".join(endpoint_id.split("/")[:2]),
            owner=key.label,
            plan=planned,
            work=Work(begun_at=service.now(), fate=fate),
        )
        self._requests[request.id] = request
        service.accept("submit", key, request.id, given.prompt, planned.files, price_of(endpoint, given))
        await trio.sleep(service.knobs.latency_seconds)
        return self._shown(request, IN_QUEUE, call)

    async def status(self, call: KeyCall) -> Answer:
        """How a request stands."""
        request, service = self._own(call), self._service
        stage = request.work.poll(service.knobs.walk, service.now())
        if request.work.fate == "mystery" and stage == "done":
            return self._shown(request, MYSTERY, call)
        return self._shown(request, {"queued": IN_QUEUE, "active": IN_PROGRESS, "done": COMPLETED}[stage], call)

    async def result(self, call: KeyCall) -> Answer:
        """What a request made, or why it made nothing."""
        request, service = self._own(call), self._service
        if request.work.stage(service.knobs.walk, service.now()) != "done":
            raise Refused(400, "Request is still in progress")
        if failure := _failure(request):
            raise failure
        return json_answer(request.plan.output, headers=((REQUEST_ID, request.id),))

    async def cancel(self, call: KeyCall) -> Answer:
        """Give a request up, unless it is done."""
        request, service = self._own(call), self._service
        if request.work.stage(service.knobs.walk, service.now()) == "done":
            return json_answer({"status": "ALREADY_COMPLETED"}, status=400)
        request.work.cancel()
        self._requests.touch(request.id)
        return json_answer({"status": "CANCELLATION_REQUESTED"}, status=202)

    def _own(self, call: KeyCall) -> Queued:
        request = self._requests.get(call.parts["id"])
        app = f"{call.parts['owner']}/{call.parts['app']}"
        if request is None or request.owner != call.caller.label or request.app != app:
            raise Refused(404, "Request not found")
        return request

    def _check_running(self, owner: str, most: int | None) -> None:
        pace, now = self._service.knobs.walk, self._service.now()
        running = [one for one in self._requests.values() if one.owner == owner and one.work.stage(pace, now) != "done"]
        if most is not None and len(running) >= most:
            raise Refused(429, "Too many requests: the concurrency limit is reached.", headers=(("Retry-After", "5"),))

    def _shown(self, request: Queued, status: str, call: KeyCall) -> Answer:
        url = f"{call.asked.base}/{request.app}/requests/{request.id}"
        with_logs = call.asked.query.get("logs", "").lower() in {"1", "true"}
        body: dict[str, Any] = {
            "status": status,
            "request_id": request.id,
            "response_url": url,
            "status_url": f"{url}/status",
            "cancel_url": f"{url}/cancel",
            "logs": self._logs(request, status) if with_logs else None,
            "metrics": {"inference_time": 1.5} if status == COMPLETED else {},
        }
        if status == IN_QUEUE:
            body["queue_position"] = self._position(request)
        if status == COMPLETED and (failure := _failure(request)):
            body |= {"error": failure.message, "error_type": failure.reason}
        # A new request is answered with 200, one that is still under way with 202.
        waiting = call.asked.method == "GET" and status != COMPLETED
        return json_answer(body, status=202 if waiting else 200, headers=((REQUEST_ID, request.id),))

    def _position(self, request: Queued) -> int:
        """How many stand before it."""
        pace, now = self._service.knobs.walk, self._service.now()
        before = 0
        for other in self._requests.values():
            if other is request:
                break
            before += other.work.stage(pace, now) == "queued"
        return before

    def _logs(self, request: Queued, status: str) -> list[dict[str, str]]:
        if status == IN_QUEUE:
            return []
        now = self._service.now()
        percent = int(request.work.share(self._service.knobs.walk, now) * 100)
        at = datetime.fromtimestamp(now, UTC).isoformat(timespec="microseconds")
        line = {"level": "INFO", "source": "runner", "timestamp": at}
        return [line | {"message": "Loading the model"}, line | {"message": f"Generating: {percent}%"}]


def _arguments(body: bytes, kind: type[Input]) -> Input:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        raise invalid(str(error)) from error
    except msgspec.DecodeError as error:
        raise ModelRefused("json_invalid", f"The body is not JSON: {error}") from error


def _failure(request: Queued) -> Refused | None:
    """Why a finished request made nothing."""
    if request.work.cancelled:
        # What a given-up request answers is not documented; the error type is.
        return Refused(499, "Request was cancelled by the client", reason="client_cancelled")
    if request.work.fate == "refused":
        message = "The content could not be processed because it contained material flagged by a content checker."
        return ModelRefused("content_policy_violation", message, ["body", "prompt"])
    if request.work.fate == "failed":
        return Refused(500, "The runner failed", reason="runner_server_error")
    return None

"""The calls about an account: session, credits, and projects."""

from datetime import UTC, datetime
from typing import Any, Generic, Literal, TypeVar

import msgspec

from flow2api.emulator.accounts import Account, new_id
from flow2api.emulator.exchange import Answer, Refused, json_answer, read_body
from flow2api.emulator.routing import Call, Route
from flow2api.emulator.state import State

T = TypeVar("T")

SESSION_COOKIE = "__Secure-next-auth.session-token"
COOKIE_SECONDS = 30 * 86400
MOVED_TO = "https://flow.google.com/"

# Tier on the wire to its SKU, its service tier, and the credits that a month brings.
TIER_NAMES = {
    "PAYGATE_TIER_NOT_PAID": ("G1_FREEMIUM", "SERVICE_TIER_ENTRY", 0),
    "PAYGATE_TIER_ONE": ("G1_TIER1", "SERVICE_TIER_INTERMEDIATE", 1000),
    "PAYGATE_TIER_TWO": ("G1_TIER2", "SERVICE_TIER_ADVANCED", 25000),
}


class Wrapped(msgspec.Struct, Generic[T], frozen=True, forbid_unknown_fields=True):
    """tRPC's envelope around the arguments of a call."""

    json: T


class CreateProject(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    project_title: str
    tool_name: Literal["PINHOLE"]


class DeleteProject(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    project_to_delete_id: str


class Sessions:
    """Answers the calls about accounts."""

    def __init__(self, state: State) -> None:
        self._state = state

    def routes(self) -> list[Route]:
        return [
            Route(
                name="session",
                method="GET",
                path="/fx/api/auth/session",
                side="labs",
                handle=self.session,
                open_to_all=True,
            ),
            Route(name="credits", method="GET", path="/v1/credits", side="api", handle=self.credits),
            Route(
                name="project",
                method="POST",
                path="/fx/api/trpc/project.createProject",
                side="labs",
                handle=self.create_project,
            ),
            Route(
                name="project_delete",
                method="POST",
                path="/fx/api/trpc/project.deleteProject",
                side="labs",
                handle=self.delete_project,
            ),
        ]

    async def session(self, call: Call) -> Answer:
        """Trade the session token for an access token. A dead session token is no error here: the answer is `{}`."""
        account = call.account
        if account is None:
            return json_answer({})
        if account.moved:
            return Answer(status=308, mime="text/html", headers=(("Location", MOVED_TO),))
        headers: tuple[tuple[str, str], ...] = ()
        if account.renew_cookie:
            renewed = self._state.accounts.renew_session(account)
            headers = (("Set-Cookie", session_cookie(renewed)),)
        return json_answer(self._session_body(account), headers=headers)

    def _session_body(self, account: Account) -> dict[str, object]:
        name = account.name or account.email.partition("@")[0]
        user = {"name": name, "email": account.email, "image": "https://example.org/picture.png"}
        if account.session_error is not None:
            self._state.accounts.revoke_access(account)
            return {"user": user, "access_token": "ya29.stale", "error": account.session_error}
        body: dict[str, object] = {
            "user": user,
            "access_token": self._state.accounts.access(account, self._state.now()),
        }
        if not account.omit_expires:
            body["expires"] = _timestamp(account.access_until)
        return body

    async def credits(self, call: Call) -> Answer:
        """Credits and tier."""
        account = call.caller
        sku, service_tier, monthly = TIER_NAMES[account.tier]
        return json_answer(
            {
                "credits": account.credits,
                "userPaygateTier": account.tier,
                "sku": sku,
                "serviceTier": service_tier,
                "subscriptionCredits": monthly,
            }
        )

    async def create_project(self, call: Call) -> Answer:
        """A new project of the caller."""
        body = read_body(call.asked, Wrapped[CreateProject]).json
        project_id = new_id()
        call.caller.projects[project_id] = body.project_title
        return trpc({"projectId": project_id, "projectInfo": {"projectTitle": body.project_title}})

    async def delete_project(self, call: Call) -> Answer:
        """Forget a project of the caller; pictures made in it stay."""
        body = read_body(call.asked, Wrapped[DeleteProject]).json
        if call.caller.projects.pop(body.project_to_delete_id, None) is None:
            raise Refused(404, "Project not found")
        return trpc({})


def session_cookie(token: str, seconds: int = COOKIE_SECONDS) -> str:
    """The header that makes a browser keep a session token, or with no time left forget it."""
    return f"{SESSION_COOKIE}={token}; Path=/; Max-Age={seconds}; HttpOnly; Secure; SameSite=Lax"


def trpc(result: dict[str, Any]) -> Answer:
    """A result of a tRPC call in its wrapping."""
    return json_answer({"result": {"data": {"json": {"result": result, "status": 200}}}})


def _timestamp(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

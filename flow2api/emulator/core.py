"""The emulated service: one object with all state, and one method that answers a request.

Every call goes the same way: find the route, see who calls, record it, let a planned fault strike or carry it out. Which HTTP
server stands in front does not matter here.
"""

from functools import partial

from flow2api.emulator.accounts import Account
from flow2api.emulator.assets import Assets
from flow2api.emulator.concatenation import Concatenation
from flow2api.emulator.control import Control
from flow2api.emulator.exchange import Answer, Asked, Refused, refusal, text_answer
from flow2api.emulator.faults import Faults
from flow2api.emulator.images import Images
from flow2api.emulator.ledger import Seen
from flow2api.emulator.links import Links
from flow2api.emulator.page import Page
from flow2api.emulator.progress import reworded
from flow2api.emulator.routing import Call, Route, Router, Subject
from flow2api.emulator.sessions import SESSION_COOKIE, Sessions
from flow2api.emulator.state import State
from flow2api.emulator.strike import Voice, strike
from flow2api.emulator.uploads import Uploads
from flow2api.emulator.video_status import VideoStatus
from flow2api.emulator.videos import Videos

# What a request for nothing that the service has is called in the records.
UNKNOWN_CALL = "unknown"


class Emulator(State):
    """An emulated Flow service. All methods run on the Trio thread."""

    def begin(self) -> None:
        """See `State.begin`."""
        super().begin()
        pictures: list[Subject] = [Uploads(self), Images(self)]
        videos: list[Subject] = [Videos(self), VideoStatus(self), Concatenation(self)]
        subjects = [Sessions(self), *pictures, *videos, Links(self), Assets(self), Page(self), Control(self)]
        routes = [route for subject in subjects for route in subject.routes()]
        self._router = Router(routes)
        self.faults = Faults({route.name for route in routes if route.side != "control"})
        self._unauthorized = 0

    async def answer(self, asked: Asked) -> Answer:
        """Answer one request. Cancelling it is what a client does that leaves: what was accepted stays accepted."""
        try:
            return await self._answered(asked)
        finally:
            self.accounts.keep()

    async def _answered(self, asked: Asked) -> Answer:
        found = self._router.find(asked.method, asked.path)
        if found is None:
            with self.ledger.calling(self._seen(UNKNOWN_CALL, asked, None)):
                return text_answer(404, f"The emulator knows no {asked.method} {asked.path}\n")
        route, part = found
        if route.side == "control":
            return await self._carry_out(route, asked, part)
        account = self._caller(route, asked, part)
        seen = self._seen(route.name, asked, account)
        with self.ledger.calling(seen):
            answer = await self._under_fault(route, asked, part, account)
            seen.status = 0 if answer.delivery.reset else answer.status
        return answer

    def _seen(self, name: str, asked: Asked, account: Account | None) -> Seen:
        return Seen(
            call=name,
            account=account.email if account is not None else "",
            at=self.now(),
            method=asked.method,
            path=asked.path,
            body=asked.body,
        )

    async def _under_fault(self, route: Route, asked: Asked, part: str, account: Account | None) -> Answer:
        carry_out = partial(self._carry_out, route, asked, part)
        fault = self.faults.take(route.name, account.email if account is not None else "")
        if fault is None:
            return await carry_out()
        voice = Voice(partial(refusal, side=route.side), reworded)
        return await strike(fault, voice, carry_out, partial(self._log_out, route, account))

    async def _carry_out(self, route: Route, asked: Asked, part: str) -> Answer:
        account = self._caller(route, asked, part)
        try:
            if account is None and not route.open_to_all:
                raise self._stranger(route)
            return await route.handle(Call(asked=asked, account=account, part=part))
        except Refused as refused:
            return refusal(refused, route.side)

    def _caller(self, route: Route, asked: Asked, part: str) -> Account | None:
        if route.side in {"labs", "page"}:
            return self.accounts.by_session(asked.cookie(SESSION_COOKIE))
        if route.side == "api":
            return self.accounts.by_access(asked.bearer, self.now())
        media = self.media.get(part)
        return self.accounts.get(media.owner) if media is not None else None

    def _stranger(self, route: Route) -> Refused:
        if route.side == "labs":
            return Refused(401, "No session found")
        # The service is seen to answer in both forms, so clients must understand both: they take turns.
        self._unauthorized += 1
        reason = "ACCESS_TOKEN_EXPIRED" if self._unauthorized % 2 else None
        return Refused(401, "The access token is unknown or has expired.", reason=reason)

    def _log_out(self, route: Route, account: Account | None) -> None:
        if account is not None and route.side in {"labs", "page"}:
            account.alive = False
        elif account is not None:
            self.accounts.revoke_access(account)

"""The emulator's own routes under `/_emulator/`, for a test or a person in another process. Answers loopback only."""

from collections.abc import Sequence
from typing import Any

import msgspec

from flow2api.emulator.accounts import Account, AccountSetup
from flow2api.emulator.captcha import IMAGE_ACTION
from flow2api.emulator.exchange import Answer, Refused, json_answer, read_body
from flow2api.emulator.routing import Call, Route
from flow2api.emulator.state import State
from flow2api.emulator.steering import ROOT, Row, Steering, changes, loopback_only


class TokenWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A captcha token to register, or without one to mint."""

    action: str = IMAGE_ACTION
    token: str = ""


class Control:
    """Shows and changes the state of the emulator."""

    def __init__(self, state: State) -> None:
        self._state = state

    def routes(self) -> list[Route]:
        return control_routes(
            [
                ("GET", "state", self.state),
                *Steering(self._state).rows(),
                ("POST", "accounts", self.add_account),
                ("PATCH", "accounts/*", self.change_account),
                ("POST", "accounts/*/expire", self.expire_access),
                ("PATCH", "knobs", self.change_knobs),
                ("POST", "tokens", self.token),
                ("POST", "reset", self.reset),
            ]
        )

    async def state(self, call: Call) -> Answer:
        """Accounts, counters, knobs and faults."""
        state, ledger = self._state, self._state.ledger
        peaks = [{"account": who, "call": what, "peak": peak} for (who, what), peak in ledger.peaks.items()]
        running = [{"account": who, "call": what, "running": n} for (who, what), n in ledger.running.items() if n]
        counts = [{"account": who, "call": what, "count": count} for (who, what), count in ledger.counts_of.items()]
        return json_answer(
            {
                "accounts": [show_account(account) for account in state.accounts],
                "calls": dict(ledger.counts),
                "calls_by_account": counts,
                "accepted": len(ledger.accepted),
                "accepted_by_account": ledger.by_account(),
                "peaks": peaks,
                "running": running,
                "captcha": {name: getattr(state.captcha, name) for name in ("minted", "accepted", "refused")},
                "media": len(state.media),
                "knobs": state.knobs,
                "faults": state.faults.planned,
            }
        )

    async def add_account(self, call: Call) -> Answer:
        """Let an account exist, and tell its session token."""
        return json_answer(show_account(self._state.accounts.add(read_body(call.asked, AccountSetup))))

    async def change_account(self, call: Call) -> Answer:
        """Set some fields of an account."""
        account = self._state.accounts.change(call.part, changes(call.asked))
        return json_answer(show_account(account))

    async def expire_access(self, call: Call) -> Answer:
        """Let the access token of the account in the path stop working."""
        account = self._state.accounts.get(call.part)
        if account is None:
            raise Refused(404, f"There is no account {call.part!r}.")
        self._state.accounts.revoke_access(account)
        return json_answer(show_account(account))

    async def change_knobs(self, call: Call) -> Answer:
        """Set some knobs."""
        self._state.knobs = self._state.knobs.changed(changes(call.asked))
        return json_answer(self._state.knobs)

    async def token(self, call: Call) -> Answer:
        """Mint a captcha token, or register one that the caller made."""
        wish = read_body(call.asked, TokenWish)
        now, lifetime = self._state.now(), self._state.knobs.token_seconds
        if wish.token:
            self._state.captcha.register(wish.token, wish.action, now, lifetime)
        return json_answer({"token": wish.token or self._state.captcha.mint(wish.action, now, lifetime)})

    async def reset(self, call: Call) -> Answer:
        """Be as at the start."""
        self._state.reset()
        return json_answer({"accounts": [show_account(account) for account in self._state.accounts]})


def show_account(account: Account) -> dict[str, Any]:
    """An account for the one who drives the emulator. These credentials open nothing but the emulator."""
    return {
        "email": account.email,
        "session_token": account.session_token,
        "tier": account.tier,
        "credits": account.credits,
        "alive": account.alive,
        "moved": account.moved,
        "projects": len(account.projects),
        "sign_in": f"/_emulator/sign-in/{account.email}",
    }


def control_routes(rows: Sequence[Row[Call]]) -> list[Route]:
    """Routes of the emulator itself, which nobody has to sign in for."""
    return [
        Route(
            name="control",
            method=method,
            path=f"{ROOT}{path}",
            side="control",
            handle=loopback_only(handle),
            open_to_all=True,
        )
        for method, path, handle in rows
    ]

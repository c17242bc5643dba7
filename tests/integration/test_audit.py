"""Every act of an administrator leaves a line in the audit log, however it ends; every route that changes something is walked."""

import re
from pathlib import Path
from typing import Any

import httpx
import pytest
import trio
from quart_trio.wrappers import TrioResponse

from flow2api.api.admin import audit
from flow2api.api.admin.door import Admin
from flow2api.api.links import Links
from flow2api.api.server import make_app
from flow2api.domain.account import AccountView
from flow2api.store import audit as audit_log
from flow2api.store.door import open_inline_store
from flow2api.store.errors import StoreFault
from tests.unit.api.doubles import ADMIN_TOKEN, Desk, make_request, open_desk, serving

TOKEN = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
PASSWORD = "a long enough password"
BY_STRANGERS = {
    "POST /api/setup": "tries that are not even read, or that another page makes, come as fast as somebody sends them",
    "POST /api/session": "the same",
}
"""Acts that leave a line when they are done, or refused for what was guessed, but not for whatever else is wrong with them."""


def acts(desk: Desk) -> dict[str, tuple[str, str]]:
    """Method and path, by the name of the act, of every route that changes something or hands out secrets."""
    found = {}
    for rule in make_app(desk.services).url_map.iter_rules():
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            if rule.rule.startswith("/api/") and (method != "GET" or rule.rule.endswith("/export")):
                found[f"{method} {rule.rule}"] = (method, re.sub("<[^>]*>", "x", rule.rule))
    return found


async def written(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    """All entries, oldest first."""
    answer = await client.get("/api/audit?limit=200", headers=TOKEN)
    return list(reversed(answer.json()["entries"]))


async def test_every_route_that_changes_something_leaves_its_line_whatever_becomes_of_it(tmp_path: Path) -> None:
    with trio.fail_after(120):
        async with open_desk(tmp_path) as desk, serving(desk) as url, httpx.AsyncClient(base_url=url) as client:
            expected = acts(desk)
            assert len(expected) >= 45
            for name, (method, path) in expected.items():
                # Nothing is there and nothing fits: each ends in its own way, some in a fault, and one does not answer at all.
                with trio.move_on_after(3):
                    await client.request(method, path, content=b"{}", headers=TOKEN)
                while name not in BY_STRANGERS and name not in {entry["act"] for entry in await written(client)}:
                    await trio.sleep(0.05)
            assert not BY_STRANGERS.keys() & {entry["act"] for entry in await written(client)}
            await client.post("/api/setup", json={"password": PASSWORD})
            await client.post("/api/session", json={"password": "a wrong password"})
            told = {(entry["act"], entry["outcome"]) for entry in await written(client)}
            assert {("POST /api/setup", "done"), ("POST /api/session", "refused")} <= told
            assert {name for name, _ in told} == set(expected)


async def test_an_act_that_ends_in_a_fault_of_ours_is_written_down_without_its_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with trio.fail_after(30):

        async def broken(message: object) -> AccountView:
            raise RuntimeError("ST-very-secret")

        async with open_desk(tmp_path) as desk:
            monkeypatch.setattr(desk.accounts, "ask", broken)
            async with serving(desk) as url, httpx.AsyncClient(base_url=url) as client:
                assert (await client.delete("/api/accounts/acc_0", headers=TOKEN)).status_code == 500
                [entry] = await written(client)
            assert (entry["act"], entry["outcome"]) == ("DELETE /api/accounts/<account_id>", "failed")
            assert "RuntimeError" in entry["detail"]
            assert "very-secret" not in entry["detail"]


@pytest.mark.parametrize(("finishes", "outcome"), [(True, "done"), (False, "failed")])
async def test_an_act_of_somebody_who_leaves_is_written_down_as_it_ended(finishes: bool, outcome: str) -> None:
    async with open_inline_store() as store:
        admin, request = Admin("token", "192.0.2.7"), make_request()
        act = audit.Act("DELETE /api/accounts/<account_id>", request, admin, {"account_id": "acc_0"})
        with trio.CancelScope() as left:

            async def do() -> TrioResponse:
                left.cancel()
                if not finishes:
                    await trio.lowlevel.checkpoint()
                return TrioResponse(b"")

            await audit.Audit(store, Links("", ())).acted(act, do)
        [entry] = await store.read(audit_log.page, before=None, act=None, limit=5)
        assert (entry.act, entry.subject, entry.outcome) == (act.name, "acc_0", outcome)


async def test_an_act_whose_line_cannot_be_stored_is_done_and_told_to_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with trio.fail_after(30):
        async with open_desk(tmp_path) as desk, serving(desk) as url, httpx.AsyncClient(base_url=url) as client:
            write = desk.services.store.write

            async def failing(verb: Any, *args: Any, **kwargs: Any) -> Any:
                if verb is audit_log.append:
                    raise StoreFault("The database failed: disk I/O error.")
                return await write(verb, *args, **kwargs)

            monkeypatch.setattr(desk.services.store, "write", failing)
            assert (await client.delete("/api/accounts/acc_0", headers=TOKEN)).status_code == 200
            assert "DELETE /api/accounts/<account_id>" in caplog.text

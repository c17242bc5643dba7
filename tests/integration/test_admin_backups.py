"""Copies of the database through the admin interface of the whole gateway."""

import sqlite3
from contextlib import closing
from pathlib import Path

import trio

from tests.doubles.gateway import TestedGateway, open_tested_gateway


async def made(gateway: TestedGateway) -> str:
    """The name of a copy that was just made."""
    await gateway.admin("POST", "/api/backups")
    while not (listed := await gateway.admin("GET", "/api/backups"))["backups"]:
        await trio.sleep(0.02)
    assert listed["schedule"]["name"] == "backup"
    return str(listed["backups"][0]["name"])


async def test_a_copy_is_made_checked_fetched_and_removed(tmp_path: Path) -> None:
    async with open_tested_gateway() as gateway:
        await gateway.chat()
        name = await made(gateway)
        assert (await gateway.admin("POST", f"/api/backups/{name}/check"))["ok"]
        headers = {"authorization": f"Bearer {gateway.gateway.admin_token.reveal()}"}
        fetched = await gateway.client.get(f"/api/backups/{name}/export", headers=headers)
        copy = tmp_path / "copy.db"
        copy.write_bytes(fetched.content)
        with closing(sqlite3.connect(copy)) as database:
            assert database.execute("SELECT count(*) FROM jobs").fetchone() == (1,)
        await gateway.admin("DELETE", f"/api/backups/{name}")
        assert (await gateway.admin("GET", "/api/backups"))["backups"] == []


async def test_a_damaged_copy_is_found_out() -> None:
    async with open_tested_gateway() as gateway:
        name = await made(gateway)
        path = gateway.data_dir / "backups" / name
        path.write_bytes(path.read_bytes()[:5000])
        told = await gateway.admin("POST", f"/api/backups/{name}/check")
        assert (told["ok"], bool(told["damage"])) == (False, True)


async def test_names_lead_nowhere_but_to_copies() -> None:
    async with open_tested_gateway() as gateway:
        headers = {"authorization": f"Bearer {gateway.gateway.admin_token.reveal()}"}
        for name in ("flow2api.db", "..%2Fmaster.key", "flow2api-20260101T000000Z.db"):
            for method, path in (("GET", f"{name}/export"), ("POST", f"{name}/check"), ("DELETE", name)):
                answer = await gateway.client.request(method, f"/api/backups/{path}", headers=headers)
                assert answer.status_code == 404

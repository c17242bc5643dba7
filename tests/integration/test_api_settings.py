"""Settings over the admin interface: told, changed while everything runs, kept over a restart, and outranked."""

from pathlib import Path
from typing import Any

import httpx
import trio

from flow2api.app import Gateway, open_gateway
from flow2api.config import load_config
from tests.doubles.proxy import open_proxy

PASSWORD = "hunter2-of-the-proxy"


async def test_changes_hold_at_once_and_after_a_restart(tmp_path: Path) -> None:
    with trio.fail_after(60):
        async with open_proxy() as proxy, _gateway(tmp_path) as gateway, _client(gateway) as client:
            usual = await _listed(client)
            assert usual["schedules.sweep_seconds"]["value"] == 900.0
            assert usual["server.port"]["run_time"] is False
            changes = {
                "schedules.sweep_seconds": 1234.0,
                "server.cors_origins": ["https://chat.example"],
                "server.public_url": "https://img.example",
                "server.max_body_bytes": 2048,
                "server.beat_seconds": 4.0,
                "proxy.urls": [f"http://someone:{PASSWORD}@127.0.0.1:{proxy.port}"],
            }
            answer = await _changed(client, changes)
            assert PASSWORD not in str(answer)
            assert [one["name"] for one in answer["without_effect"]] == ["server.beat_seconds"]
            assert "command line" in answer["without_effect"][0]["reason"]
            await _until(client, "/api/schedules", lambda told: _sweep(told) == (1234.0, 1234.0))
            await _until(client, "/api/proxies", lambda told: len(told["proxies"]) == 1)
            health = await client.get("/health", headers={"Origin": "https://evil.example"})
            assert "access-control-allow-origin" not in health.headers
            big = await client.patch("/api/settings", content=b"x" * 3000)
            assert big.status_code == 413
        async with _gateway(tmp_path) as gateway, _client(gateway) as client:
            kept = await _listed(client)
            assert {name: kept[name]["source"] for name in changes} == {
                **dict.fromkeys(changes, "admin"),
                "server.beat_seconds": "command line",
            }
            assert PASSWORD not in str(kept)
            assert len((await client.get("/api/proxies")).json()["proxies"]) == 1
            await _changed(client, dict.fromkeys(changes))
            assert await _listed(client) == usual
            await _until(client, "/api/proxies", lambda told: told["proxies"] == [])


async def test_what_is_wrong_is_told_all_at_once_and_changes_nothing(tmp_path: Path) -> None:
    with trio.fail_after(30):
        async with _gateway(tmp_path) as gateway, _client(gateway) as client:
            usual = await _listed(client)
            asked = {"jobs.max_submits": 2, "jobs.queue_limit": "many", "server.port": 1, "jobs.nothing": 1}
            refused = await client.patch("/api/settings", json={"settings": asked})
            assert refused.status_code == 400
            message = refused.json()["error"]["message"]
            assert all(
                words in message for words in ("jobs.queue_limit must be", "server.port is read", "jobs.nothing")
            )
            assert await _listed(client) == usual
            audited = (await client.get("/api/audit")).json()["entries"]
            assert [(entry["act"], entry["outcome"]) for entry in audited] == [("PATCH /api/settings", "refused")]


def _gateway(folder: Path) -> Any:
    empty = folder / "setting.toml"
    empty.touch()
    flags = {
        "storage.data_dir": str(folder / "data"),
        "server.port": 0,
        "server.beat_seconds": 2.0,
        "captcha.method": "none",
    }
    return open_gateway(load_config(empty, {}, {}, flags=flags), {})


def _client(gateway: Gateway) -> httpx.AsyncClient:
    headers = {"authorization": f"Bearer {gateway.admin_token.reveal()}"}
    return httpx.AsyncClient(base_url=gateway.url, headers=headers, timeout=20, trust_env=False)


async def _listed(client: httpx.AsyncClient) -> dict[str, Any]:
    answer = await client.get("/api/settings")
    assert answer.is_success, answer.text
    return {one["name"]: one for one in answer.json()["settings"]}


async def _changed(client: httpx.AsyncClient, changes: dict[str, Any]) -> Any:
    answer = await client.patch("/api/settings", json={"settings": changes})
    assert answer.is_success, answer.text
    return answer.json()


async def _until(client: httpx.AsyncClient, path: str, holds: Any) -> None:
    """Actors hear of a change a moment later."""
    while not holds((await client.get(path)).json()):
        await trio.sleep(0.01)


def _sweep(told: Any) -> tuple[float, float]:
    view = next(one for one in told["schedules"] if one["name"] == "media_sweep")
    return view["interval_seconds"], view["default_seconds"]

"""No secret comes back: not by any route that is read, not over the live connection, not in the audit log or the log."""

import base64
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyotp
import trio

from flow2api.api.live.protocol import TopicName
from flow2api.api.server import make_app
from flow2api.domain.webhook import secret_of
from tests.doubles.gateway import TestedGateway, open_tested_gateway
from tests.doubles.watcher import watching
from tests.unit.api.doubles import open_desk

TOPICS: tuple[str, ...] = TopicName.__args__  # type: ignore[attr-defined]
PASSWORD = "canary-of-the-password"
LATER_PASSWORD = "canary-of-the-later-password"
PROXY_PASSWORD = "canary-of-the-proxy"
PLACE = "canary-in-the-address"
SIGNER, CHANNEL_SIGNER = (secret_of(word * 32) for word in (b"w", b"c"))
PASSPHRASE = "canary-of-the-passphrase"
KNOWN = (PASSWORD, LATER_PASSWORD, PROXY_PASSWORD, PLACE, SIGNER, CHANNEL_SIGNER, PASSPHRASE)
HANDING_OUT = "/export"


async def test_no_secret_comes_back_from_any_route_topic_or_log(tmp_path: Path) -> None:
    settings = {"webhooks.allow_private": ("127.0.0.1",), "log.level": "debug"}
    rules = await _reading(tmp_path)
    async with open_tested_gateway(settings=settings, limit_seconds=90) as gateway:
        token = {"Authorization": f"Bearer {gateway.gateway.admin_token.reveal()}"}
        async with watching(gateway.url, token) as page:
            await page.show(*TOPICS)
            for topic in TOPICS:
                await page.snapshot(topic)
            assert (await gateway.chat()).is_success
            secrets, ids = await _hand_in_secrets(gateway)
            await gateway.admin("PATCH", "/api/settings", {"settings": {"log.level": "info"}})
            await page.event("setting_changed")
            await page.show()
            await page.show(*TOPICS)
            for topic in TOPICS:
                await page.snapshot(topic, after=len(page.frames) - 1)
            told = {"/api/live": str(page.frames)}
        for rule in rules:
            for path in _filled(rule, ids):
                answer = await gateway.client.get(path, headers=token)
                assert answer.status_code != 500, path
                told[path] = answer.text
        told["the log"] = gateway.log.text
        assert len(told) >= 25
        found = [(where, secret[:12]) for where, text in told.items() for secret in secrets if secret in text]
        assert found == []


async def _reading(folder: Path) -> list[str]:
    """Every route that is read, but for those whose sense it is to hand out secrets."""
    async with open_desk(folder) as desk:
        routes = make_app(desk.services).routes
    read = [one.rule for one in routes if one.method == "GET" and one.rule.startswith("/api/")]
    return [rule for rule in read if not rule.endswith(HANDING_OUT)]


def _filled(rule: str, ids: Mapping[str, str]) -> Iterator[str]:
    if "<" not in rule:
        yield rule
        return
    head, _, rest = rule.partition("<")
    name, _, tail = rest.partition(">")
    yield f"{head}{ids.get(name.rpartition(':')[2], 'x')}{tail}"


async def _hand_in_secrets(gateway: TestedGateway) -> tuple[list[str], dict[str, str]]:
    """Give the gateway one secret of every kind; all of them, and ids by which routes can be asked."""
    admin = gateway.admin
    await admin("PUT", "/api/password", {"password": PASSWORD})
    signed_in = await gateway.client.post("/api/session", json={"password": PASSWORD}, headers={"authorization": ""})
    cookie = signed_in.headers["set-cookie"].partition(";")[0].partition("=")[2]
    offer = await admin("POST", "/api/second-factor", {"password": ""})
    code = pyotp.TOTP(offer["secret"]).now()
    codes = (await admin("POST", "/api/second-factor/confirm", {"code": code}))["codes"]
    await admin("PUT", "/api/password", {"password": LATER_PASSWORD})
    wrong = await gateway.client.post("/api/session", json={"password": f"{PASSWORD}?"}, headers={"authorization": ""})
    assert wrong.status_code == 401
    proxies = await admin(
        "POST", "/api/proxies", {"text": f"http://joe:{PROXY_PASSWORD}@127.0.0.1:50009", "role": "media"}
    )
    await admin("POST", f"/api/proxies/{proxies['added'][0]['proxy']['id']}/disable")
    url = f"http://127.0.0.1:50009/{PLACE}"
    channel = {"name": "ops", "url": url, "secret": CHANNEL_SIGNER, "events": ["no_account"]}
    added = await admin("POST", "/api/notifications", channel)
    tried = await admin("POST", f"/api/notifications/{added['id']}/test")
    assert tried["error"]
    assert PLACE not in str(tried)
    await admin("POST", "/api/webhooks/secrets/default", {"secret": SIGNER})
    key = await admin("POST", "/api/keys", {"name": "canary"})
    exported = await admin("POST", "/api/accounts/export", {"passphrase": PASSPHRASE})
    refused = await gateway.client.post(
        "/api/accounts/import/sealed",
        json={"passphrase": f"{PASSPHRASE}?", "file": exported},
        headers={"authorization": f"Bearer {gateway.gateway.admin_token.reveal()}"},
    )
    assert refused.status_code == 400
    with trio.fail_after(20):
        await gateway.client.post(
            "/v1/jobs",
            json={"model": "gemini-3.1-flash-image", "prompt": "x", "webhook": f"{url}-of-a-job"},
        )
    accounts: list[Any] = (await admin("GET", "/api/accounts"))["accounts"]
    jobs: list[Any] = (await admin("GET", "/api/jobs"))["jobs"]
    ids = {"account_id": accounts[0]["account"]["id"], "job_id": jobs[0]["id"]}
    told_once = [*codes, offer["secret"], key["secret"], cookie, code + "-"]
    encoded = [base64.b64encode(one.encode()).decode().rstrip("=") for one in (PASSWORD, PROXY_PASSWORD)]
    return [*KNOWN, *told_once, *encoded, *gateway.secrets()], ids

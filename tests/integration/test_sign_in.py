"""Set-up, sign-in, second factor, sign-ins and the audit log over a real socket, as a browser and as a stranger."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pyotp
import pytest
import trio
from argon2 import PasswordHasher

from flow2api.api import passwords
from flow2api.api.admin import delays
from flow2api.api.server import make_app
from flow2api.config import ServerConfig
from flow2api.store import settings
from flow2api.store.door import Store, open_inline_store
from tests.unit.api.doubles import ADMIN_TOKEN, SETUP_TOKEN, Desk, open_desk, serving

PASSWORD = "a long enough password"
OPEN = {("GET", "/api/session"), ("POST", "/api/session"), ("GET", "/api/setup"), ("POST", "/api/setup")}
TOKEN = {"Authorization": f"Bearer {ADMIN_TOKEN}"}


class Browser(httpx.AsyncClient):
    """Keeps cookies, and sends with every change what the page knows."""

    csrf = ""

    async def sign_in(self, password: str = PASSWORD, code: str | None = None) -> httpx.Response:
        return self._keep(await self.post("/api/session", json={"password": password, "code": code}))

    async def set_up(self, password: str = PASSWORD, token: str | None = None) -> httpx.Response:
        return self._keep(await self.post("/api/setup", json={"password": password, "token": token}))

    async def state(self) -> dict[str, object]:
        return dict((await self.get("/api/session")).json())

    def _keep(self, answer: httpx.Response) -> httpx.Response:
        if answer.is_success:
            self.csrf = answer.json()["csrf"]
            self.headers["X-CSRF-Token"] = self.csrf
        return answer


@asynccontextmanager
async def opened(
    folder: Path, *, known: Store | None = None, server: ServerConfig | None = None
) -> AsyncIterator[tuple[Desk, Browser]]:
    with trio.fail_after(30):
        async with (
            open_desk(folder, known=known, server=server) as desk,
            serving(desk) as url,
            Browser(base_url=url) as browser,
        ):
            yield desk, browser


def code_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a hash costs has nothing to do with what is tried here, and there are many."""
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=64))


async def test_nothing_but_a_known_cookie_with_its_own_token_counts(tmp_path: Path) -> None:
    async with opened(tmp_path) as (_, browser):
        await browser.set_up()
        [(name, value)] = browser.cookies.items()
        async with httpx.AsyncClient(base_url=browser.base_url) as other:
            for headers in (
                {"Authorization": "Bearer wrong"},
                {"Authorization": "Basic !!!"},
                {"Cookie": f"{name}=guessed"},
                {"Cookie": f"other={value}"},
            ):
                assert code_of(await other.get("/api/accounts", headers=headers)) == (401, "admin_required")
            forged = {"Cookie": f"{name}={value}", "X-CSRF-Token": "0" * 64}
            assert code_of(await other.delete("/api/session", headers=forged)) == (403, "forbidden")
            true = {**forged, "X-CSRF-Token": browser.csrf}
            assert (await other.delete("/api/session", headers=true)).status_code == 200


@pytest.fixture(autouse=True)
def no_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Delays have tests of their own, under a virtual clock."""
    monkeypatch.setattr(delays, "FIRST_DELAY_SECONDS", 0.0)


async def test_every_route_asks_who_is_there_and_every_change_for_the_sign_ins_own_token(tmp_path: Path) -> None:
    async with opened(tmp_path) as (desk, browser):
        await browser.set_up()
        cookie = {"Cookie": "; ".join(f"{name}={value}" for name, value in browser.cookies.items())}
        strangers: list[dict[str, str]] = [{}, {"Authorization": f"Bearer {desk.key}"}]
        forgers = [cookie, {**cookie, "X-CSRF-Token": browser.csrf, "Origin": "https://evil.example"}]
        rules = [rule for rule in make_app(desk.services).url_map.iter_rules() if rule.rule.startswith("/api")]
        walked = set()
        async with httpx.AsyncClient(base_url=browser.base_url) as other:
            for rule in rules:
                path = "".join(part if part.startswith("/") else "x" for part in _pieces(rule.rule))
                for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
                    if (method, rule.rule) in OPEN:
                        continue
                    walked.add((method, rule.rule))
                    for headers in strangers:
                        answer = await other.request(method, path, headers=headers)
                        assert code_of(answer) == (401, "admin_required"), (method, path)
                    if method != "GET":
                        for headers in forgers:
                            answer = await other.request(method, path, headers=headers)
                            assert code_of(answer) == (403, "forbidden"), (method, path)
        assert len(walked) >= 30
        assert desk.accounts.asked == []


def _pieces(rule: str) -> list[str]:
    """The path in pieces: those in angle brackets stand for parts, which any text can fill."""
    pieces: list[str] = []
    for piece in rule.replace("<", "\n<").replace(">", ">\n").splitlines():
        pieces.append("x" if piece.startswith("<") else piece)
    return [piece for piece in pieces if piece]


async def test_a_new_gateway_is_set_up_once_from_this_machine_and_signs_in_who_did_it(tmp_path: Path) -> None:
    async with opened(tmp_path) as (_, browser):
        assert await browser.state() == await browser.state()
        fresh = await browser.state()
        assert (fresh["signed_in"], fresh["setup_needed"], fresh["setup_token_needed"]) == (False, True, False)
        assert code_of(await browser.set_up("short")) == (400, "invalid_value")
        done = await browser.set_up()
        assert done.status_code == 201
        given = done.headers["set-cookie"]
        assert {"HttpOnly", "Path=/", "SameSite=Strict"} <= {part.strip() for part in given.split(";")}
        assert "Secure" not in given
        assert (await browser.get("/api/accounts")).status_code == 200
        assert (await browser.state())["signed_in"] is True
        assert code_of(await browser.set_up("another long password")) == (409, "conflict")


async def test_of_two_who_set_up_at_once_one_is_told_that_it_is_done(tmp_path: Path) -> None:
    answers: list[int] = []
    async with opened(tmp_path) as (_, browser):

        async def set_up(number: int) -> None:
            async with Browser(base_url=browser.base_url) as one:
                answers.append((await one.set_up(f"the password of {number}")).status_code)

        async with trio.open_nursery() as nursery:
            for number in range(2):
                nursery.start_soon(set_up, number)
    assert sorted(answers) == [201, 409]


@pytest.mark.parametrize(
    "foreign",
    [
        {"Host": "gateway.example:8000"},
        {"Host": "localhost:8000", "X-Forwarded-For": "203.0.113.9"},
        {"Host": "127.0.0.1:8000", "Via": "1.1 somebody"},
    ],
)
async def test_from_elsewhere_the_set_up_needs_the_token_of_the_start(tmp_path: Path, foreign: dict[str, str]) -> None:
    async with opened(tmp_path) as (_, browser):
        browser.headers.update(foreign)
        assert (await browser.state())["setup_token_needed"] is True
        for token in (None, "", "wrong", ADMIN_TOKEN):
            assert code_of(await browser.set_up(token=token)) == (403, "forbidden")
        assert (await browser.set_up(token=SETUP_TOKEN)).status_code == 201


async def test_a_page_of_another_origin_can_neither_set_up_nor_sign_in(tmp_path: Path) -> None:
    async with opened(tmp_path) as (_, browser):
        browser.headers["Origin"] = "https://evil.example"
        assert code_of(await browser.set_up()) == (403, "forbidden")
        assert code_of(await browser.sign_in()) == (403, "forbidden")


async def test_behind_a_trusted_proxy_with_https_the_cookie_is_secure(tmp_path: Path) -> None:
    server = ServerConfig(port=0, grace_seconds=1.0, trusted_proxies=("127.0.0.1",))
    async with opened(tmp_path, server=server) as (_, browser):
        browser.headers.update({"X-Forwarded-Proto": "https", "X-Forwarded-Host": "art.example"})
        browser.headers["Origin"] = "https://art.example"
        answer = await browser.set_up(token=SETUP_TOKEN)
        assert answer.status_code == 201
        assert "; Secure" in answer.headers["set-cookie"]


async def test_a_sign_in_survives_a_restart_and_its_cookie_is_not_in_the_store(tmp_path: Path) -> None:
    async with open_inline_store() as store:
        async with opened(tmp_path, known=store) as (_, browser):
            await browser.set_up()
            await browser.sign_in()
            [cookie], csrf = browser.cookies.values(), browser.csrf
        stored = str(await store.read(lambda db: db.rows("SELECT * FROM admin_sessions")))
        assert cookie not in stored
        async with opened(tmp_path, known=store) as (_, browser):
            browser.cookies.set(f"flow2api_session_{browser.base_url.port}", cookie)
            browser.headers["X-CSRF-Token"] = csrf
            assert len((await browser.get("/api/sessions")).json()["sessions"]) == 2
            assert (await browser.post("/api/accounts/acc_0/disable")).status_code == 200


async def test_sign_ins_can_be_listed_and_ended_and_a_new_password_ends_the_others(tmp_path: Path) -> None:
    async with opened(tmp_path) as (_, browser), Browser(base_url=browser.base_url) as other:
        await browser.set_up()
        await other.sign_in()
        sessions = (await browser.get("/api/sessions")).json()["sessions"]
        assert [session["current"] for session in sessions] == [False, True]
        assert (await browser.delete(f"/api/sessions/{sessions[0]['id']}")).status_code == 200
        assert (await other.state())["signed_in"] is False
        await other.sign_in()
        body = {"password": "another long password", "current": "wrong"}
        assert code_of(await browser.put("/api/password", json=body)) == (403, "forbidden")
        body["current"] = PASSWORD
        assert (await browser.put("/api/password", json=body)).json() == {"ended": 1, "changed": True}
        assert (await other.state())["signed_in"] is False
        assert (await browser.state())["signed_in"] is True
        assert (await browser.delete("/api/session")).status_code == 200
        assert (await browser.state())["signed_in"] is False
        assert code_of(await browser.sign_in()) == (401, "admin_required")


async def test_with_a_second_factor_the_password_alone_opens_nothing(tmp_path: Path) -> None:
    async with opened(tmp_path) as (desk, browser):
        await browser.set_up()
        assert code_of(await browser.post("/api/second-factor", json={"password": "wrong"})) == (403, "forbidden")
        offer = (await browser.post("/api/second-factor", json={"password": PASSWORD})).json()
        assert offer["qr_svg"].startswith("<svg")
        assert offer["uri"].startswith("otpauth://totp/")
        totp = pyotp.TOTP(offer["secret"])
        assert (await browser.sign_in()).status_code == 200  # not in force before it is confirmed
        offer = (await browser.post("/api/second-factor", json={"password": PASSWORD})).json()
        totp = pyotp.TOTP(offer["secret"])
        wrong = await browser.post("/api/second-factor/confirm", json={"code": "000000"})
        assert code_of(wrong) == (400, "invalid_value")
        used = totp.at(time.time() - 30)
        codes = (await browser.post("/api/second-factor/confirm", json={"code": used})).json()["codes"]
        assert len(set(codes)) == 10
        stored = str(await desk.services.store.read(settings.get, "admin.second_factor"))
        assert codes[0].replace("-", "") not in stored
        assert code_of(await browser.sign_in()) == (401, "second_factor_required")
        assert code_of(await browser.sign_in(code=used)) == (401, "admin_required")
        assert (await browser.sign_in(code=totp.now())).status_code == 200
        assert code_of(await browser.sign_in(code=totp.now())) == (401, "admin_required")
        assert (await browser.sign_in(code=codes[0].upper())).status_code == 200
        assert code_of(await browser.sign_in(code=codes[0])) == (401, "admin_required")
        assert (await browser.get("/api/second-factor")).json()["recovery_codes_left"] == 9
        basic = httpx.AsyncClient(base_url=browser.base_url, auth=("admin", PASSWORD))
        async with basic:
            assert code_of(await basic.get("/api/accounts")) == (401, "admin_required")
        gone = await browser.request("DELETE", "/api/second-factor", json={"password": PASSWORD})
        assert gone.json()["on"] is False
        assert (await browser.sign_in()).status_code == 200


async def test_every_act_is_in_the_audit_log_without_what_was_sent(tmp_path: Path) -> None:
    async with opened(tmp_path) as (_, browser):
        await browser.sign_in("a wrong password")
        await browser.post("/api/session", content=b"not even JSON")
        await browser.post("/api/session", json={"password": PASSWORD}, headers={"Origin": "https://evil.example"})
        await browser.set_up()
        await browser.post("/api/accounts", json={"credential": "ST-very-secret", "label": "mine"})
        await browser.post("/api/accounts", json={"credential": "bad"})
        await browser.get("/api/accounts")
        await browser.get("/api/accounts/export")
        async with httpx.AsyncClient(base_url=browser.base_url, headers=TOKEN) as script:
            await script.delete("/api/accounts/acc_0")
        page = (await browser.get("/api/audit?limit=4")).json()
        assert page["has_more"] is True
        rest = (await browser.get(f"/api/audit?before={page['entries'][-1]['id']}")).json()
        entries = [*page["entries"], *rest["entries"]]
        assert [(entry["act"], entry["who"], entry["outcome"]) for entry in reversed(entries)] == [
            ("POST /api/session", "nobody", "refused"),
            ("POST /api/setup", "admin", "done"),
            ("POST /api/accounts", "admin", "done"),
            ("POST /api/accounts", "admin", "refused"),
            ("GET /api/accounts/export", "admin", "done"),
            ("DELETE /api/accounts/<account_id>", "token", "done"),
        ]
        assert entries[0]["subject"] == "acc_0"
        assert all(entry["address"] == "127.0.0.1" for entry in entries)
        assert "very-secret" not in str(entries)
        assert "password" not in str([entry["subject"] for entry in entries])
        found = (await browser.get("/api/audit?act=setup")).json()["entries"]
        assert [entry["act"] for entry in found] == ["POST /api/setup"]
        assert code_of(await browser.get("/api/audit?limit=1000")) == (400, "invalid_value")

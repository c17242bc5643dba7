"""The captcha pool as an operator handles it: seen, tested, shown and replaced over the admin interface, with a real browser."""

import pytest
import trio

from tests.doubles.gateway import TestedGateway, open_tested_gateway
from tests.doubles.pictures import size_of

BROWSER = {"captcha.method": "browser"}
LIMIT_SECONDS = 240.0


async def asked(gateway: TestedGateway, method: str, path: str) -> tuple[int, str, bytes]:
    headers = {"authorization": f"Bearer {gateway.gateway.admin_token.reveal()}"}
    answer = await gateway.client.request(method, path, headers=headers, timeout=LIMIT_SECONDS)
    return answer.status_code, answer.headers["content-type"], answer.content


@pytest.mark.usefixtures("program")
async def test_the_pool_is_tested_looked_at_and_renewed() -> None:
    async with open_tested_gateway(settings=BROWSER, limit_seconds=LIMIT_SECONDS) as gateway:
        assert (await gateway.admin("GET", "/api/captcha"))["tabs"] == []
        status, _, told = await asked(gateway, "POST", "/api/captcha/test")
        assert (status, b'"ok":true' in told) == (200, True), told
        pool = await gateway.admin("GET", "/api/captcha")
        assert (pool["method"], pool["browser"]["state"]) == ("browser", "up")
        [tab] = pool["tabs"]
        assert (tab["tokens"], tab["state"]) == (1, "ready")
        status, kind, picture = await asked(gateway, "GET", f"/api/captcha/tabs/{tab['id']}/picture")
        assert (status, kind) == (200, "image/png")
        assert min(size_of(picture, "PNG")) > 100
        assert (await asked(gateway, "POST", f"/api/captcha/tabs/{tab['id']}/recycle"))[0] == 202
        while (await gateway.admin("GET", "/api/captcha"))["tabs"]:
            await trio.sleep(0.05)
        for gone in (str(tab["id"]), "7x", "9" * 30):
            assert (await asked(gateway, "GET", f"/api/captcha/tabs/{gone}/picture"))[0] == 404
            assert (await asked(gateway, "POST", f"/api/captcha/tabs/{gone}/recycle"))[0] == 404


async def test_without_a_browser_there_is_nothing_to_test() -> None:
    async with open_tested_gateway() as gateway:
        assert (await asked(gateway, "POST", "/api/captcha/test"))[0] == 400

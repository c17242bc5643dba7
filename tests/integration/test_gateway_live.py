"""The whole gateway as its dashboard sees it: real actors, a real store, and the figures that come out of them."""

import httpx
import pytest

from flow2api.api.live.topics import overview as overview_topic
from tests.doubles.gateway import ADA, BOB, TestedGateway, open_tested_gateway, people
from tests.doubles.watcher import Watcher, watching


def token(tested: TestedGateway) -> dict[str, str]:
    return {"Authorization": f"Bearer {tested.gateway.admin_token.reveal()}"}


async def the_trends(page: Watcher, succeeded: int) -> dict[str, object]:
    event = await page.event("trends_changed", lambda one: one["trends"]["succeeded"] == succeeded)
    trends: dict[str, object] = event["trends"]
    return trends


async def test_a_generation_is_followed_from_line_to_end_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overview_topic, "TRENDS_SECONDS", 0.0)
    async with open_tested_gateway(people(ADA, BOB)) as tested, watching(tested.url, token(tested)) as page:
        await page.show("overview", "jobs", "accounts", "system", "captcha", "proxies", "keys")
        overview = (await page.snapshot("overview"))["overview"]
        assert overview["now"]["accounts"] == {"active": 2}
        assert overview["now"]["images_free"] == 4
        assert len(overview["trends"]["buckets"]) == 60
        assert {part["name"]: part["code"] for part in overview["parts"]} == {
            "generations": "idle",
            "accounts": "all_active",
            "captcha": "off",
            "proxies": "direct",
            "schedules": "well",
        }
        paths = {node["path"] for node in (await page.snapshot("system"))["nodes"]}
        assert "flow2api/captcha/captcha tabs" in paths
        assert sum(path.startswith("flow2api/accounts/accounts pool/account ") for path in paths) == 2
        assert (await tested.chat()).status_code == 200
        await page.state("succeeded")
        states = page.states()
        assert states[-1] == "succeeded"
        assert {"starting", "submitting", "fetching"} <= set(states)
        used = await page.event("account_changed", lambda event: event["view"]["account"]["counts"]["images"] == 1)
        assert used["view"]["account"]["email"] in (ADA, BOB)
        trends = await the_trends(page, 1)
        assert trends["success_rate"] == 1.0
        await page.event("nodes_changed")
        await page.event("key_changed", lambda event: event["view"]["last_used_at"] is not None)
        told = await tested.admin("GET", "/api/overview?window=week")
        assert (told["trends"]["succeeded"], len(told["trends"]["buckets"])) == (1, 84)
        [latency] = told["trends"]["latency"]
        assert latency["model"].startswith("gemini-3.1-flash-image")


async def test_what_wants_a_person_is_raised_once_and_cleared() -> None:
    async with open_tested_gateway(people(ADA)) as tested, watching(tested.url, token(tested)) as page:
        await page.show("overview", "accounts")
        assert (await page.snapshot("overview"))["overview"]["alerts"] == []
        [account] = (await tested.accounts()).values()
        await tested.admin("POST", f"/api/accounts/{account.id}/disable")
        raised = await page.event("alert_raised")
        assert (raised["alert"]["kind"], raised["alert"]["title"]) == ("no_account", "No account can work")
        parts = await page.event(
            "parts_changed", lambda event: "none_active" in [part["code"] for part in event["parts"]]
        )
        assert parts
        assert [alert["kind"] for alert in (await tested.admin("GET", "/api/overview"))["alerts"]] == ["no_account"]
        await tested.admin("POST", f"/api/accounts/{account.id}/enable")
        cleared = await page.event("alert_cleared")
        assert cleared["alert"]["id"] == raised["alert"]["id"]
        assert len(page.events("alert_raised")) == 1


async def test_the_page_stays_until_the_last_generation_is_done_and_then_goes_away() -> None:
    async with open_tested_gateway(people(ADA)) as tested, watching(tested.url, token(tested)) as page:
        await page.show("jobs")
        await page.snapshot("jobs")
        tested.gateway.drain()
        await page.frame(lambda frame: frame["type"] == "draining")
        assert await page.wait_closed() == 1001


async def test_a_browser_is_led_to_the_dashboard_and_its_policy_is_strict() -> None:
    async with open_tested_gateway(people(ADA)) as tested, httpx.AsyncClient(base_url=tested.url) as browser:
        page = await browser.get("/dashboard/")
        policy = page.headers["content-security-policy"]
        assert "default-src 'self'" in policy or "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        led = await browser.get("/", headers={"Accept": "text/html,application/xhtml+xml"})
        assert (led.status_code, led.headers.get("location")) in ((303, "/dashboard/"), (200, None))
        assert (led.status_code == 303) == (page.status_code == 200)

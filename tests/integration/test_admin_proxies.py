"""The pool of proxies over the admin interface: added while the gateway runs, kept, checked, switched and removed."""

from tests.doubles.gateway import ADA, BOB, open_tested_gateway, people
from tests.doubles.proxy import open_proxy

PASSWORD = "hunter2-of-the-proxy"


async def test_a_proxy_is_added_checked_switched_and_removed() -> None:
    async with open_proxy() as proxy, open_tested_gateway() as gateway:
        text = f"http://someone:{PASSWORD}@127.0.0.1:{proxy.port}\n\nno proxy at all://\n"
        added = await gateway.admin("POST", "/api/proxies", {"text": text})
        [view] = added["added"]
        assert [error["line"] for error in added["errors"]] == [3]
        assert PASSWORD not in str(added)
        one = f"/api/proxies/{view['proxy']['id']}"
        assert (await gateway.admin("POST", f"{one}/disable"))["state"] == "disabled"
        assert (await gateway.admin("POST", f"{one}/enable"))["state"] == "healthy"
        assert set(await gateway.admin("POST", f"{one}/test")) == {"ok", "seconds", "error"}
        listed = await gateway.admin("GET", "/api/proxies")
        assert [entry["proxy"]["id"] for entry in listed["proxies"]] == [view["proxy"]["id"]]
        assert PASSWORD not in str(listed)
        [account] = (await gateway.admin("GET", "/api/accounts"))["accounts"]
        place = f"/api/accounts/{account['account']['id']}/proxy"
        await gateway.admin("PUT", place, {"proxy_id": view["proxy"]["id"]})
        homes = (await gateway.admin("GET", "/api/proxies"))["homes"]
        assert homes == {account["account"]["id"]: {"proxy_id": view["proxy"]["id"], "fixed": True}}
        await gateway.admin("PUT", place, {"proxy_id": None})
        assert (await gateway.admin("GET", "/api/proxies"))["homes"] == {}
        headers = {"authorization": f"Bearer {gateway.gateway.admin_token.reveal()}"}
        for path, proxy_id, status in ((place, "prx_0", 404), ("/api/accounts/acc_0/proxy", None, 404)):
            refused = await gateway.client.put(path, json={"proxy_id": proxy_id}, headers=headers)
            assert refused.status_code == status
        await gateway.admin("POST", f"{one}/disable")
        refused = await gateway.client.put(place, json={"proxy_id": view["proxy"]["id"]}, headers=headers)
        assert refused.status_code == 400
        await gateway.admin("DELETE", one)
        assert (await gateway.admin("GET", "/api/proxies"))["proxies"] == []
        headers = {"authorization": f"Bearer {gateway.gateway.admin_token.reveal()}"}
        assert (await gateway.client.delete(one, headers=headers)).status_code == 404


async def test_several_accounts_are_fixed_to_a_proxy_and_left_to_the_pool_again_in_one_act() -> None:
    async with open_tested_gateway(people(ADA, BOB)) as gateway:
        [view] = (await gateway.admin("POST", "/api/proxies", {"text": "http://127.0.0.1:9"}))["added"]
        ids = [(await gateway.account(email)).id for email in (ADA, BOB)]
        order = {"ids": [*ids, "acc_0"], "action": "proxy", "proxy_id": view["proxy"]["id"]}
        told = (await gateway.admin("POST", "/api/accounts/bulk", order))["results"]
        assert [one["ok"] for one in told] == [True, True, False]
        homes = (await gateway.admin("GET", "/api/proxies"))["homes"]
        assert homes == {one: {"proxy_id": view["proxy"]["id"], "fixed": True} for one in ids}
        await gateway.admin("POST", "/api/accounts/bulk", {"ids": ids, "action": "proxy"})
        assert (await gateway.admin("GET", "/api/proxies"))["homes"] == {}

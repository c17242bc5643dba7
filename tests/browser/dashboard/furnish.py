"""A gateway that has been in use: accounts, generations, proxies, keys and notifications in all their states, made over its own routes."""

import trio

from flow2api.emulator.accounts import AccountSetup
from flow2api.emulator.faults import Status
from tests.browser.dashboard.desk import Gate
from tests.doubles.gateway import ADA, BOB, EVE, MODEL, TestedGateway, people

LONG = "somebody-with-a-very-long-address.of-several-words@departement-recherche.universite.example.org"
DAVE, FAY, GIL = "dave@example.org", "fay@example.org", "gil@example.org"
BOOK = "An old lighthouse keeper reads a letter by a storm lantern, " * 60
PROMPTS = (
    "A heron in the reeds at first light",
    "苏州园林，雨后，水墨风格",
    "An_unbroken_word_" * 12,
    BOOK,
    "🦊🦊🦊",
    "Tea",
)
# The channel of notifications is the gateway itself, which does not take them, and is soon given up.
FURNISHED = {"webhooks.allow_private": ("127.0.0.1",), "webhooks.pause_seconds": 0.05}
REASON = "PUBLIC_ERROR_"
# One failure of each kind that people ask about.
REFUSALS = (
    Status(400, f"{REASON}UNSAFE_GENERATION"),
    Status(400, f"{REASON}MINOR_UPLOAD"),
    Status(400, "INVALID_ARGUMENT"),
)


def lodgers() -> list[AccountSetup]:
    """Who has an account; `settle` brings each into a state of its own."""
    return people(ADA, BOB, EVE, DAVE, FAY, GIL, LONG)


async def settle(tested: TestedGateway) -> None:
    """Bring everything about that does not last: what was made, what failed, who rests and why."""
    emulator = tested.emulator
    await tested.admin(
        "POST", "/api/notifications", {"name": "The pager of those on duty", "url": f"{tested.url}/hooks"}
    )
    for prompt in PROMPTS:
        assert (await tested.chat(prompt)).status_code == 200
    for refusal in REFUSALS:
        emulator.faults.next("image", refusal)
        await tested.chat("What is refused")
    for email, fault in (
        (BOB, Status(429, retry_after=5400)),
        (FAY, Status(429, f"{REASON}USER_QUOTA_REACHED")),
        (GIL, Status(403, f"{REASON}UNUSUAL_ACTIVITY")),
    ):
        emulator.faults.always("image", fault, account=email)
    emulator.accounts.change(EVE, {"alive": False})
    emulator.accounts.revoke_access(emulator.accounts[EVE])
    await tested.chats(14)
    emulator.faults.clear()
    dave = (await tested.account(DAVE)).id
    await tested.admin("POST", f"/api/accounts/{dave}/disable")
    await _supply(tested)
    with trio.fail_after(30):
        while not any(
            one["next_at"] is None for one in (await tested.admin("GET", "/api/notifications/outbox"))["notices"]
        ):
            await trio.sleep(0.02)


async def _supply(tested: TestedGateway) -> None:
    lines = [f"socks5://10.11.12.{number}:1080" for number in range(3)]
    lines.append("http://a-user:a-password@a-proxy-of-a-very-long-name.in-some-provider.example.com:31280")
    added = (await tested.admin("POST", "/api/proxies", {"text": "\n".join(lines)}))["added"]
    await tested.admin("POST", f"/api/proxies/{added[0]['proxy']['id']}/disable")
    for name in ("Open WebUI", "a script of the people on the second floor, who count clips", "n8n"):
        made = await tested.admin(
            "POST", "/api/keys", {"name": name, "requests_per_minute": 30, "scopes": ["chat", "images"]}
        )
    await tested.admin("DELETE", f"/api/keys/{made['key']['id']}")
    await tested.admin("PUT", "/api/aliases/painter", {"target": MODEL})
    await tested.admin("POST", "/api/backups")


async def busy(tested: TestedGateway) -> Gate:
    """Generations that run and wait until the gate is opened."""
    gate = Gate(tested.emulator)
    for number in range(3):
        order = {"model": MODEL, "prompt": f"{PROMPTS[number]}, in the making", "n": 4}
        await tested.admin("POST", "/api/studio", order)
    with trio.fail_after(30):
        while sum(job.state.value == "queued" for job in await tested.jobs()) < 2:
            await trio.sleep(0.02)
    return gate

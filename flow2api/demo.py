"""The demonstration: the gateway on the built-in emulator, in one process, with accounts already in. Part of the composition root.

Nothing in it reaches beyond loopback, and no account is needed.
"""

from collections.abc import Callable, Mapping
from functools import partial

import trio

from flow2api.actors.accounts import AddAccount
from flow2api.app import Gateway, run_gateway
from flow2api.config import Resolved
from flow2api.emulator.accounts import AccountSetup
from flow2api.emulator.app import serve_emulator
from flow2api.emulator.core import Emulator
from flow2api.emulator.knobs import Knobs
from flow2api.emulator.pictures import require_pillow
from flow2api.emulator.serving import Urls

# Long enough to see a job move through its states, short enough not to bore.
LATENCY_SECONDS = 1.5

PEOPLE = (
    AccountSetup(email="ada@demo.example", name="Ada", tier="PAYGATE_TIER_TWO", credits=25_000),
    AccountSetup(email="grace@demo.example", name="Grace", tier="PAYGATE_TIER_ONE", credits=1_000),
    AccountSetup(email="linus@demo.example", name="Linus", tier="PAYGATE_TIER_NOT_PAID", credits=50),
)


async def run_demo(
    resolve: Callable[[Mapping[str, object]], Resolved],
    environ: Mapping[str, str],
    *,
    api_key: str,
    on_ready: Callable[[Gateway], None],
) -> int:
    """Run until a signal; the exit code as of `run_gateway`.

    `resolve` makes the settings, given those that make the gateway use the emulator.

    Raises:
        PillowMissing: the `demo` extra is not installed; the message says how to.
    """
    require_pillow()
    emulator = Emulator(
        list(PEOPLE),
        Knobs(image_latency_seconds=LATENCY_SECONDS, upscale_latency_seconds=LATENCY_SECONDS, pictures="drawn"),
    )
    async with trio.open_nursery() as nursery:
        urls: Urls = await nursery.start(partial(serve_emulator, emulator, host="127.0.0.1", port=0))
        code = await run_gateway(
            resolve(_on(urls)), environ, api_key=api_key, accounts=_accounts(emulator), on_ready=on_ready
        )
        nursery.cancel_scope.cancel()
    return code


def _on(urls: Urls) -> dict[str, object]:
    return {
        "flow.labs_base_url": urls.labs_base_url,
        "flow.api_base_url": urls.api_base_url,
        "flow.page_url": urls.page_url,
        "captcha.method": "none",
    }


def _accounts(emulator: Emulator) -> list[AddAccount]:
    return [
        AddAccount(provider="flow", credential=account.session_token, label=account.name, note="demo account")
        for account in emulator.accounts
    ]

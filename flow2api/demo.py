"""The demonstration: the gateway on the built-in emulators, in one process, with accounts already in. Part of the composition root.

Nothing in it reaches beyond loopback, and no account is needed.
"""

import dataclasses
import importlib.util
from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

import trio

from flow2api.actors.accounts_messages import AddAccount
from flow2api.app import Gateway, run_gateway
from flow2api.browser.errors import BrowserUnavailable
from flow2api.browser.launch import find_binary
from flow2api.config import Resolved
from flow2api.emulator.accounts import AccountSetup
from flow2api.emulator.app import serve_emulator
from flow2api.emulator.core import Emulator
from flow2api.emulator.fal.core import FalEmulator
from flow2api.emulator.gateway.core import GatewayEmulator
from flow2api.emulator.gemini.core import GeminiEmulator
from flow2api.emulator.keyed.keys import ApiKey
from flow2api.emulator.keyed.service import KeyedKnobs, KeyedService
from flow2api.emulator.knobs import Knobs
from flow2api.emulator.serving import Urls

# Long enough to see a job move through its states, short enough not to bore.
LATENCY_SECONDS = 1.5

PEOPLE = (
    AccountSetup(email="ada@demo.example", name="Ada", tier="PAYGATE_TIER_TWO", credits=25_000),
    AccountSetup(email="grace@demo.example", name="Grace", tier="PAYGATE_TIER_ONE", credits=1_000),
    AccountSetup(email="linus@demo.example", name="Linus", tier="PAYGATE_TIER_NOT_PAID", credits=50),
)


class Keyed(NamedTuple):
    """A service that is reached with a key: how it is emulated, and which settings name its address."""

    name: str
    emulator: type[KeyedService]
    addresses: tuple[str, ...] = ()
    own_address: bool = False
    """The account names the address."""


KEYED = (
    Keyed("gemini", GeminiEmulator, ("base_url",)),
    Keyed("fal", FalEmulator, ("queue_base_url", "storage_base_url", "billing_base_url")),
    Keyed("gateway", GatewayEmulator, own_address=True),
)


class Opened(NamedTuple):
    """What the gateway must know of such a service that is being emulated."""

    settings: dict[str, object]
    account: AddAccount


async def run_demo(
    resolve: Callable[[Mapping[str, object]], Resolved],
    environ: Mapping[str, str],
    *,
    api_key: str,
    on_ready: Callable[[Gateway], None],
) -> int:
    """Run until a signal; the exit code as of `run_gateway`.

    `resolve` makes the settings, given those that make the gateway use the emulator.
    """
    why_no_browser = await trio.to_thread.run_sync(_why_no_browser)
    emulator = Emulator(
        list(PEOPLE),
        Knobs(
            captcha="off" if why_no_browser else "page",
            image_latency_seconds=LATENCY_SECONDS,
            upscale_latency_seconds=LATENCY_SECONDS,
            video_pace="seconds",
            video_queued=2,
            video_active=6,
            pictures="drawn",
        ),
    )
    async with trio.open_nursery() as nursery:
        urls: Urls = await nursery.start(partial(serve_emulator, emulator, host="127.0.0.1", port=0))
        keyed = [await _open_keyed(kind, nursery) for kind in KEYED]
        places = {name: place for kind in keyed for name, place in kind.settings.items()}
        code = await run_gateway(
            resolve(_on(urls, browser=why_no_browser is None) | places),
            environ,
            api_key=api_key,
            accounts=[*_accounts(emulator), *(kind.account for kind in keyed)],
            on_ready=lambda gateway: on_ready(
                dataclasses.replace(gateway, notes=(_note(why_no_browser), _place(gateway)))
            ),
        )
        nursery.cancel_scope.cancel()
    return code


async def _open_keyed(kind: Keyed, nursery: trio.Nursery) -> Opened:
    key = f"{kind.name}-demo-key"
    knobs = KeyedKnobs(pictures="drawn", latency_seconds=0.5, pace="seconds", queued=1, active=4)
    emulator = kind.emulator([ApiKey(key=key, label="demo")], knobs)
    urls: Urls = await nursery.start(partial(serve_emulator, emulator, host="127.0.0.1", port=0))
    account = AddAccount(
        provider=kind.name,
        credential=key,
        base_url=f"{urls.base}/v1" if kind.own_address else None,
        label=f"{kind.name} demo",
        note="demo account",
    )
    settings: dict[str, object] = {f"{kind.name}.{name}": urls.base for name in kind.addresses}
    return Opened(settings | {f"{kind.name}.poll_interval": 1.0}, account)


def _why_no_browser() -> str | None:
    """Why captcha tokens cannot come from a real tab here; None when they can."""
    if importlib.util.find_spec("nodriver") is None:
        return "the extra `browser` is not installed"
    try:
        find_binary()
    except BrowserUnavailable as fault:
        return str(fault)
    return None


def _place(gateway: Gateway) -> str:
    return f"Other commands find the demo with --data-dir {gateway.config.storage.data_dir}"


def _note(why_no_browser: str | None) -> str:
    if why_no_browser is None:
        return "Captcha tokens are made by a real tab of the Chromium on this machine."
    return f"Captchas are off, since {why_no_browser}; everything else is as in real use."


def _on(urls: Urls, *, browser: bool) -> dict[str, object]:
    return {
        "flow.labs_base_url": urls.labs_base_url,
        "flow.api_base_url": urls.api_base_url,
        "flow.page_url": urls.page_url,
        "captcha.method": "browser" if browser else "none",
        "captcha.script_url": f"{urls.base}/recaptcha/enterprise.js",
        "flow.poll_interval": 1.0,
    }


def _accounts(emulator: Emulator) -> list[AddAccount]:
    return [
        AddAccount(provider="flow", credential=account.session_token, label=account.name, note="demo account")
        for account in emulator.accounts
    ]

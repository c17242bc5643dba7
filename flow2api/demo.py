"""The demonstration: the gateway on the built-in emulators, in one process, with accounts already in. Part of the composition root.

Nothing in it reaches beyond loopback, and no account is needed. The emulated services keep in the data folder what they have taken
in, and their ports, so a demo that was killed goes on with everything when it is started again on the same folder.
"""

import dataclasses
import importlib.util
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import NamedTuple

import trio

from flow2api.actors.accounts_messages import AddAccount
from flow2api.app import Gateway, run_gateway
from flow2api.browser.errors import BrowserUnavailable
from flow2api.browser.launch import find_binary
from flow2api.config import Resolved
from flow2api.demo_folder import DemoFolder, open_demo_folder
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
from flow2api.log import Secret, register_secret

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
    api_key: str | None,
    on_ready: Callable[[Gateway], None],
) -> int:
    """Run until a signal; the exit code as of `run_gateway`.

    `resolve` makes the settings, given those that make the gateway use the emulator. `api_key` None: that of the demo's earlier
    start on the data folder, else a new one; it is shown as the gateway's first key.

    Raises besides what `run_gateway` raises:
        OSError: the data folder is no demo's, or a port that leads to what it has begun is taken; the message says what to do."""
    why_no_browser = await trio.to_thread.run_sync(_why_no_browser)
    data_dir = Path(resolve({}).config.storage.data_dir)
    with open_demo_folder(data_dir, api_key) as folder, ExitStack() as memories:
        key = Secret(folder.api_key)
        register_secret(key)
        emulator = _flow(folder, memories, captcha=why_no_browser is None)
        async with trio.open_nursery() as nursery:
            urls: Urls = await nursery.start(partial(_serve, emulator, folder.port("flow")))
            keyed = [await _open_keyed(kind, folder, memories, nursery) for kind in KEYED]
            places = {name: place for kind in keyed for name, place in kind.settings.items()}

            def ready(gateway: Gateway) -> None:
                folder.furnished()
                notes = (_note(why_no_browser), _place(gateway))
                on_ready(dataclasses.replace(gateway, first_key=key, notes=notes))

            code = await run_gateway(
                resolve(_on(urls, browser=why_no_browser is None) | places),
                environ,
                api_key=folder.api_key,
                # Only once: what an operator has removed or disabled since stays so.
                accounts=() if folder.is_furnished else _accounts(emulator, keyed),
                emulated=True,
                on_ready=ready,
            )
            nursery.cancel_scope.cancel()
    return code


async def _serve(
    emulator: Emulator | KeyedService, port: int, *, task_status: trio.TaskStatus[Urls] = trio.TASK_STATUS_IGNORED
) -> None:
    await serve_emulator(emulator, host="127.0.0.1", port=port, task_status=task_status)


def _flow(folder: DemoFolder, memories: ExitStack, *, captcha: bool) -> Emulator:
    knobs = Knobs(
        captcha="page" if captcha else "off",
        image_latency_seconds=LATENCY_SECONDS,
        upscale_latency_seconds=LATENCY_SECONDS,
        video_pace="seconds",
        video_queued=2,
        video_active=6,
        pictures="drawn",
    )
    return Emulator(list(PEOPLE), knobs, memory=memories.enter_context(folder.memory("flow")))


async def _open_keyed(kind: Keyed, folder: DemoFolder, memories: ExitStack, nursery: trio.Nursery) -> Opened:
    key = f"{kind.name}-demo-key"
    knobs = KeyedKnobs(pictures="drawn", latency_seconds=0.5, pace="seconds", queued=1, active=4)
    memory = memories.enter_context(folder.memory(kind.name))
    emulator = kind.emulator([ApiKey(key=key, label="demo")], knobs, memory=memory)
    urls: Urls = await nursery.start(partial(_serve, emulator, folder.port(kind.name)))
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


def _accounts(emulator: Emulator, keyed: Sequence[Opened]) -> list[AddAccount]:
    people = [
        AddAccount(provider="flow", credential=account.session_token, label=account.name, note="demo account")
        for account in emulator.accounts
    ]
    return [*people, *(kind.account for kind in keyed)]

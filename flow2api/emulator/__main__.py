"""`python -m flow2api.emulator`: one emulated service as a process of its own.

Prints one line of JSON when it can be reached: its addresses, and the accounts with their session tokens or the keys. Everything
else about it is asked and changed through its routes under `/_emulator/`.
"""

import argparse
import signal
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import msgspec
import trio

from flow2api.emulator.accounts import TIER_RANK, numbered_accounts
from flow2api.emulator.app import serve_emulator
from flow2api.emulator.control import show_account
from flow2api.emulator.core import Emulator
from flow2api.emulator.fal.core import FalEmulator
from flow2api.emulator.fast import serve_fast
from flow2api.emulator.gateway.core import GatewayEmulator
from flow2api.emulator.gemini.core import GeminiEmulator
from flow2api.emulator.keyed.keys import ApiKey
from flow2api.emulator.keyed.service import KeyedKnobs, KeyedService
from flow2api.emulator.knobs import Knobs
from flow2api.emulator.serving import Urls

# Long enough for a person to see a job move through its states.
DEMO_LATENCY_SECONDS = 2.0
DEMO_VIDEO_SECONDS = 8.0
# The services that are reached with a key.
KEYED: Mapping[str, type[KeyedService]] = {
    "gemini": GeminiEmulator,
    "fal": FalEmulator,
    "gateway": GatewayEmulator,
}
# The part of the time that a clip spends waiting.
QUEUED_SHARE = 0.25


def main(argv: Sequence[str] | None = None) -> int:
    """Run the emulator until interrupted; the exit code."""
    options = _parser().parse_args(argv)
    kind = KEYED.get(options.service)
    trio.run(_run, keyed_of(kind, options) if kind else emulator_of(options), options)
    return 0


def emulator_of(options: argparse.Namespace) -> Emulator:
    """The emulator that the command line describes."""
    knobs = Knobs(
        captcha=options.captcha,
        pictures=options.pictures,
        image_latency_seconds=options.image_latency,
        upscale_latency_seconds=options.image_latency,
        video_pace="seconds",
        video_queued=options.video_latency * QUEUED_SHARE,
        video_active=options.video_latency * (1 - QUEUED_SHARE),
    )
    return Emulator(numbered_accounts(options.accounts, options.tier), knobs)


def keyed_of(kind: type[KeyedService], options: argparse.Namespace) -> KeyedService:
    """The emulator of a service with keys that the command line describes."""
    knobs = KeyedKnobs(
        pictures=options.pictures,
        latency_seconds=options.image_latency,
        pace="seconds",
        queued=options.video_latency * QUEUED_SHARE,
        active=options.video_latency * (1 - QUEUED_SHARE),
    )
    return kind(
        [ApiKey(key=f"key-{number}", label=f"key-{number}") for number in range(1, options.accounts + 1)], knobs
    )


async def _run(emulator: Emulator | KeyedService, options: argparse.Namespace) -> None:
    serve = serve_fast if options.server == "fast" else serve_emulator
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async with trio.open_nursery() as nursery:
            urls: Urls = await nursery.start(partial(serve, emulator, host=options.host, port=options.port))
            print(msgspec.json.encode(msgspec.to_builtins(urls) | _credentials(emulator)).decode(), flush=True)
            await anext(signals)
            nursery.cancel_scope.cancel()


def _credentials(emulator: Emulator | KeyedService) -> dict[str, Any]:
    if isinstance(emulator, KeyedService):
        return {"keys": [key.key for key in emulator.keys]}
    return {"accounts": [show_account(account) for account in emulator.accounts]}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m flow2api.emulator", description="An emulated service that generates."
    )
    parser.add_argument("--service", choices=["flow", *KEYED], default="flow")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0: any free port")
    parser.add_argument("--accounts", type=int, default=2, metavar="N", help="how many accounts or keys exist")
    parser.add_argument(
        "--tier",
        default="PAYGATE_TIER_TWO",
        choices=list(TIER_RANK),
        help="the tier of all accounts of Flow",
    )
    parser.add_argument("--image-latency", type=float, default=DEMO_LATENCY_SECONDS, metavar="SECONDS")
    parser.add_argument("--video-latency", type=float, default=DEMO_VIDEO_SECONDS, metavar="SECONDS")
    parser.add_argument("--pictures", choices=["drawn", "plain"], default="drawn", help="of clips as well")
    parser.add_argument(
        "--captcha",
        choices=["off", "required", "page"],
        default="off",
        help="page: only tokens that the emulated page made will do",
    )
    parser.add_argument("--server", choices=["quart", "fast"], default="quart", help="fast: for benchmarks")
    return parser


if __name__ == "__main__":
    sys.exit(main())

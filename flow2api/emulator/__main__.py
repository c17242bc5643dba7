"""`python -m flow2api.emulator`: the emulated service as a process of its own.

Prints one line of JSON when it can be reached: its addresses, and the accounts with their session tokens. Everything else about it
is asked and changed through its routes under `/_emulator/`.
"""

import argparse
import signal
import sys
from collections.abc import Sequence
from functools import partial

import msgspec
import trio

from flow2api.emulator.accounts import TIER_RANK, numbered_accounts
from flow2api.emulator.app import serve_emulator
from flow2api.emulator.control import show_account
from flow2api.emulator.core import Emulator
from flow2api.emulator.fast import serve_fast
from flow2api.emulator.knobs import Knobs
from flow2api.emulator.serving import Urls

# Long enough for a person to see a job move through its states.
DEMO_LATENCY_SECONDS = 2.0
DEMO_VIDEO_SECONDS = 8.0
# The part of the time that a clip spends waiting.
QUEUED_SHARE = 0.25


def main(argv: Sequence[str] | None = None) -> int:
    """Run the emulator until interrupted; the exit code."""
    options = _parser().parse_args(argv)
    trio.run(_run, emulator_of(options), options)
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


async def _run(emulator: Emulator, options: argparse.Namespace) -> None:
    serve = serve_fast if options.server == "fast" else serve_emulator
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async with trio.open_nursery() as nursery:
            urls: Urls = await nursery.start(partial(serve, emulator, host=options.host, port=options.port))
            accounts = [show_account(account) for account in emulator.accounts]
            print(msgspec.json.encode(msgspec.to_builtins(urls) | {"accounts": accounts}).decode(), flush=True)
            await anext(signals)
            nursery.cancel_scope.cancel()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m flow2api.emulator", description="An emulated Flow service.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0: any free port")
    parser.add_argument("--accounts", type=int, default=2, metavar="N", help="how many accounts exist")
    parser.add_argument(
        "--tier",
        default="PAYGATE_TIER_TWO",
        choices=list(TIER_RANK),
        help="the tier of all accounts",
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

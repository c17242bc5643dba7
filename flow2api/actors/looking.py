"""The process that looks into clips: reads an order from its standard input, answers on its standard output, and ends with its parent.

What a provider delivered is not trusted, and the library that reads it is written in C: a crash in there ends this process and nothing
else. It has limited memory, may write no file, and holds no secret. Started by `flow2api.actors.looker`, as
`python -m flow2api.actors.looking`; synchronous.
"""

import json
import resource
import struct
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from flow2api.actors import stills
from flow2api.domain.clip_facts import Unshowable

HEAD = struct.Struct(">cI")
"""Before each answer: what it is, and its length in bytes."""
READY, DONE, REFUSED, MISSING = b"r", b"d", b"u", b"m"

# A decoder keeps up to sixteen frames of the most pixels; libraries and interpreter take some hundred MiB of addresses by themselves.
MEMORY_BYTES = 1536 * 1024 * 1024


def _measured(path: Path) -> bytes:
    return json.dumps(stills.measure(path)).encode()


VERBS: dict[str, Callable[[Path], bytes]] = {
    "measure": _measured,
    "thumbnail": stills.thumbnail,
    "spritesheet": stills.spritesheet,
}


def main() -> None:
    """Answer one order after the other until there are no more."""
    _limit()
    orders, answers = sys.stdin.buffer, sys.stdout.buffer
    _answer(answers, READY, b"")
    for order in orders:
        verb, path = json.loads(order)
        try:
            _answer(answers, DONE, VERBS[verb](Path(path)))
        except Unshowable as why:
            missing = isinstance(why.__cause__, FileNotFoundError)
            _answer(answers, MISSING if missing else REFUSED, str(why).encode())
        except MemoryError:
            _answer(answers, REFUSED, b"looking at it takes too much memory")


def _limit() -> None:
    for what, most in ((resource.RLIMIT_AS, MEMORY_BYTES), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_CORE, 0)):
        with suppress(ValueError, OSError):  # not every system knows each of them
            resource.setrlimit(what, (most, most))


def _answer(answers: BinaryIO, what: bytes, data: bytes) -> None:
    answers.write(HEAD.pack(what, len(data)) + data)
    answers.flush()


if __name__ == "__main__":
    main()

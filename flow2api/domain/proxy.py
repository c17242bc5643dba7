"""Which proxy an account goes out through. A pure choice; whether a proxy works is found out elsewhere."""

import hashlib
from collections.abc import Sequence
from typing import Literal


def assign_exit(
    urls: Sequence[str], rotation: Literal["sticky", "round_robin"], account_id: str, turn: int
) -> str | None:
    """The proxy for an account, None for a direct connection when no proxies are set.

    `sticky` gives an account the same proxy in every process and every order of the list, and when one is added or taken away
    only those accounts move that have to. `round_robin` deals them out by `turn`.
    """
    if not urls:
        return None
    if rotation == "round_robin":
        return urls[turn % len(urls)]
    return max(urls, key=lambda url: hashlib.sha256(f"{account_id}\0{url}".encode()).digest())

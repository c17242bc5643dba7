"""Whatever the dashboard's page can do, a script can do: each address that the page asks is a route of the reference."""

import re
from pathlib import Path

from flow2api.api.server import make_app
from tests.unit.api.doubles import open_desk

WEB = Path(__file__).parents[3] / "web" / "src"
# What the page puts together; a part of a path is escaped, so it never holds a slash.
_FILLED = re.compile(r"\$\{[^}]*\}")
_ADDRESS = re.compile(r"""["`](/api/[^"`?]*)""")
BY_SOCKET = "/api/live"


def asked() -> set[str]:
    """Every address below `/api/` that stands in the page's sources, with `x` for what is filled in."""
    found = set()
    for file in [*WEB.rglob("*.ts"), *WEB.rglob("*.tsx")]:
        if not file.name.endswith(".gen.ts"):
            found |= {_FILLED.sub("x", address) for address in _ADDRESS.findall(file.read_text())}
    return found - {BY_SOCKET}


async def test_every_address_that_the_page_asks_is_a_described_route(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        routes = make_app(desk.services).routes
    rules = [one.rule for one in routes if one.description]
    # Some addresses are put together from a beginning.
    rules += [rule.rpartition("/")[0] for rule in rules if rule.rpartition("/")[0].endswith(">")]
    known = [re.compile(re.sub("<path:[^>]*>", ".+", re.sub("<[a-z_]+>", "[^/]+", rule))) for rule in rules]
    addresses = asked()
    assert len(addresses) > 30
    assert [address for address in sorted(addresses) if not any(rule.fullmatch(address) for rule in known)] == []

import gzip
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, cast

import pytest
from quart_trio.wrappers import TrioResponse

from flow2api.api import dashboard
from flow2api.errors import Code, Failure
from tests.unit.api.doubles import make_request

View = Callable[..., Awaitable[TrioResponse]]
SCRIPT = "assets/index-Ab12.js"


class Routes:
    """An application that only remembers its routes."""

    def __init__(self) -> None:
        self.views: dict[str, View] = {}

    def route_to(self, method: str, rule: str, view: View) -> None:
        assert method == "GET"
        self.views[rule] = view


def routes(folder: Path) -> Routes:
    found = Routes()
    dashboard.register(cast("Any", found), folder)
    return found


@pytest.fixture
def built(tmp_path: Path) -> Routes:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<title>flow2api</title>")
    (tmp_path / SCRIPT).write_text("script " * 100)
    return routes(tmp_path)


async def page(found: Routes, path: str = "/dashboard/", **headers: str) -> TrioResponse:
    return await found.views["/dashboard/"](make_request(headers, path=path))


async def file(found: Routes, name: str, **headers: str) -> TrioResponse:
    return await found.views["/dashboard/<path:name>"](make_request(headers, path=f"/dashboard/{name}"), name=name)


async def test_the_page_allows_nothing_from_elsewhere_and_is_asked_for_each_time(built: Routes) -> None:
    response = await page(built)
    assert await response.get_data() == b"<title>flow2api</title>"
    assert "default-src 'self'" in response.headers["Content-Security-Policy"]
    assert "http" not in response.headers["Content-Security-Policy"]
    assert "unsafe" not in response.headers["Content-Security-Policy"]
    assert response.headers["Cache-Control"] == "no-cache"


async def test_files_named_by_their_content_are_kept_for_good(built: Routes) -> None:
    response = await file(built, SCRIPT)
    assert "immutable" in response.headers["Cache-Control"]
    assert response.headers["Content-Type"].startswith("text/javascript")


async def test_a_browser_that_takes_compressed_files_gets_them(built: Routes) -> None:
    response = await file(built, SCRIPT, **{"Accept-Encoding": "gzip, br"})
    assert response.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(await response.get_data(as_text=False)) == b"script " * 100


async def test_what_a_browser_has_already_is_not_sent_again(built: Routes) -> None:
    tag = (await page(built)).headers["ETag"]
    response = await page(built, **{"If-None-Match": tag})
    assert (response.status_code, await response.get_data()) == (304, b"")


@pytest.mark.parametrize("name", ["assets/old.js", "../errors.py", "/etc/passwd", "index.html/"])
async def test_nothing_but_its_own_files_is_given(built: Routes, name: str) -> None:
    with pytest.raises(Failure) as caught:
        await file(built, name)
    assert caught.value.code is Code.NOT_FOUND


async def test_without_the_slash_the_browser_is_sent_to_the_page(built: Routes) -> None:
    response = await page(built, "/dashboard")
    assert (response.status_code, response.headers["Location"]) == (308, "dashboard/")


async def test_an_installation_without_it_says_how_to_build_it(tmp_path: Path) -> None:
    response = await page(routes(tmp_path / "nothing"))
    assert response.status_code == 503
    assert b"hatch_build.py" in await response.get_data(as_text=False)

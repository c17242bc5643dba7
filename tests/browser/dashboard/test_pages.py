"""What holds for every page there is: both languages and themes, a phone's width, the keyboard alone, and no finding of axe-core."""

import os
import re
from typing import Any

import pytest
from msgspec.structs import fields

from flow2api.config import Config
from tests.browser.dashboard.desk import open_desk
from tests.browser.dashboard.furnish import FURNISHED, busy, lodgers, settle
from tests.browser.dashboard.operator import Operator
from tests.browser.dashboard.pages import DETAILED, PAGES, WEB, words
from tests.doubles.gateway import ADA, BOB, people

pytestmark = pytest.mark.slow

AXE = WEB / "node_modules" / "axe-core" / "axe.min.js"
FIRST_LOAD_BYTES = 60_000
PHONE, DESKTOP = 390, 1440

FINDINGS = """axe.run(document, { resultTypes: ["violations"] }).then((found) => found.violations
    .filter((one) => one.impact === "serious" || one.impact === "critical")
    .map((one) => [one.id, one.nodes.map((node) => `${node.target} ${node.failureSummary}`).slice(0, 3)]))"""
SHOWN = """(() => { const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT); const found = [];
    while (walk.nextNode()) if (walk.currentNode.parentElement.getClientRects().length) found.push(walk.currentNode.data.trim());
    return [...new Set(found)].filter(Boolean); })()"""
# What sticks out to the right, in words that find it again.
TOO_WIDE = """document.documentElement.scrollWidth <= innerWidth ? [] : [...document.querySelectorAll("body *")]
    .filter((one) => one.getBoundingClientRect().right > innerWidth + 1).map((one) => `${one.tagName} ${one.className}`).slice(0, 5)"""
SCRIPTS = """performance.getEntriesByType("resource").filter((one) => one.name.endsWith(".js"))
    .map((one) => [one.name.split("/").at(-1), one.encodedBodySize])"""

EN, ZH = words("en"), words("zh")
# Settings are called by their own names, some of which are keys of words as well.
SETTINGS = {f"{section.name}.{field}" for section in fields(Config) for field in section.type.__struct_fields__}
KEYS = {key for key in EN if "." in key} - SETTINGS
# Sentences and words that no data of the tests holds; what is the same in both languages tells nothing.
ENGLISH = {text for key, text in EN.items() if text != ZH[key] and "{" not in text and "|" not in text}


async def test_every_page_is_whole_in_both_languages_both_themes_and_on_a_phone(browser: str) -> None:
    async with open_desk(browser, lodgers(), settings=FURNISHED) as desk:
        await settle(desk.tested)
        await busy(desk.tested)
        async with desk.inside() as operator:
            await _load_axe(operator)
            found: dict[str, list[object]] = {}
            for page in PAGES:
                await operator.go(page)
                found[page] = await _findings(operator)
            await operator.press("Language")
            await operator.press("中文")
            await operator.resize(PHONE)
            for page in PAGES:
                await operator.go(page)
                found[f"{page} in Chinese on a phone"] = [
                    await operator.reads(TOO_WIDE),
                    await _left_in_english(operator),
                ]
            assert {page: what for page, what in found.items() if any(what)} == {}


async def test_the_panel_of_a_row_is_whole_too_and_has_an_address_of_its_own(browser: str) -> None:
    async with open_desk(browser, lodgers(), settings=FURNISHED) as desk:
        await settle(desk.tested)
        async with desk.inside() as operator:
            await _load_axe(operator)
            found: dict[str, list[object]] = {}
            for page in DETAILED:
                await operator.go(page)
                address = await operator.reads("document.querySelector('main a[href*=\"open=\"]').getAttribute('href')")
                await operator.go(str(address).removeprefix("#/"))
                await operator.sees_some("aside.panel h2")
                found[page] = await _findings(operator)
                await operator.resize(PHONE)
                found[page].append(await operator.reads(TOO_WIDE))
                await operator.resize(DESKTOP)
                await operator.key("Escape")
                await operator.sees_none("aside.panel")
            assert {page: what for page, what in found.items() if any(what)} == {}


async def _findings(operator: Operator) -> list[object]:
    """What axe-core holds against what is shown, in both themes."""
    found: list[object] = []
    for theme in ("light", "dark"):
        await operator.prefer(theme)
        told = await operator.reads(FINDINGS)
        assert isinstance(told, list)
        found += [(theme, *one) for one in told]
    return found


async def _left_in_english(operator: Operator) -> list[str]:
    """What is shown of the other language, or of no language at all."""
    shown = await operator.reads(SHOWN)
    assert isinstance(shown, list)
    return [text for text in shown if text in KEYS or text in ENGLISH or re.search(r"\{\w+\}", text)]


async def _load_axe(operator: Operator) -> None:
    if not AXE.exists():
        if os.environ.get("CI") == "true":
            pytest.fail("axe-core is not installed: run `python hatch_build.py`")
        pytest.skip("axe-core is not installed")
    await operator.reads(f"void (() => {{ {AXE.read_text('utf-8')} }})()")


async def test_the_first_load_is_small(browser: str) -> None:
    async with open_desk(browser) as desk, desk.window() as operator:
        await operator.sees("Welcome to flow2api")
        scripts: Any = await operator.reads(SCRIPTS)
        assert scripts
        assert sum(size for _, size in scripts) < FIRST_LOAD_BYTES, scripts
        assert not [name for name, _ in scripts if name.startswith(("plot", "chart"))]


async def test_the_theme_is_the_systems_until_one_is_chosen_and_the_choice_is_kept(browser: str) -> None:
    background = "getComputedStyle(document.body).backgroundColor"
    async with open_desk(browser) as desk, desk.inside("studio") as operator:
        await operator.prefer("light")
        light = await operator.reads(background)
        await operator.prefer("dark")
        dark = await operator.reads(background)
        assert light != dark
        await operator.press("Theme")
        await operator.press("Light")
        await operator.rests()
        async with desk.window("studio") as second:
            await second.prefer("dark")
            await second.arrives("studio")
            assert await operator.reads(background) == await second.reads(background) == light


async def test_a_view_is_restored_from_its_address(browser: str) -> None:
    async with open_desk(browser, people(ADA, BOB)) as desk, desk.inside("accounts") as operator:
        bob = await desk.tested.account(BOB)
        await desk.tested.admin("POST", f"/api/accounts/{bob.id}/disable")
        await operator.press("Disabled")
        await operator.press("State")
        await operator.press(BOB)
        await operator.sees_some("aside.panel")
        async with desk.window(str(await operator.reads("location.hash.slice(2)"))) as colleague:
            await colleague.sees_some("aside.panel .tone-quiet")
            await colleague.sees_some("th[aria-sort=ascending]")
            assert await colleague.reads("document.querySelectorAll('tbody tr').length") == 1


async def test_the_main_paths_can_be_gone_with_the_keyboard_alone(browser: str) -> None:
    async with open_desk(browser) as desk, desk.window() as operator:
        await desk.enter(operator)
        await operator.open("overview")
        await operator.arrives("overview")
        await operator.tab_to("Studio")
        await operator.key("Enter")
        await operator.arrives("studio")
        await operator.tab_to("Prompt")
        await operator.type("A kingfisher")
        await operator.tab_to("Make it")
        await operator.key("Enter")
        await operator.sees_some(".result img")
        await operator.tab_to("A kingfisher")
        await operator.key("Enter")
        await operator.sees_some("aside.panel:focus-within")
        await operator.key("ArrowDown")
        await operator.key("Escape")
        await operator.sees_none("aside.panel")
        assert await operator.focused() == "A kingfisher"
        await operator.tab_to("You", within=80)
        await operator.key("Enter")
        await operator.tab_to("Sign out")
        await operator.key("Enter")
        await operator.sees("Sign in")

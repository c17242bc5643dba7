"""An operator in front of the dashboard: reads what is shown, presses what is written on buttons, fills in fields by their names.

Everything is done with the mouse and the keyboard of the browser: what is covered, off the page or switched off cannot be pressed.
"""

import json
from base64 import b64decode
from collections.abc import Awaitable, Callable
from typing import TypeVar

import trio

from flow2api.browser.cdp import Session
from flow2api.browser.tab import Tab
from tests.doubles.processes import until

T = TypeVar("T")

_KEYS = {"Tab": 9, "Enter": 13, "Escape": 27, " ": 32, "ArrowUp": 38, "ArrowDown": 40, "Backspace": 8}
SHIFT, CONTROL = 8, 2

# What a person can see and reach. A thing is called by its label or its text; a row of a list by what its text begins with.
_LOOKING = """
const seen = (one) => one.getClientRects().length > 0 && getComputedStyle(one).visibility === "visible";
const names = (one) => [one.getAttribute("aria-label"), one.textContent.trim(), one.title];
const place = (one) => {
  one.scrollIntoView({ block: "nearest", inline: "nearest", behavior: "instant" });
  const box = one.getBoundingClientRect();
  const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
  const top = document.elementFromPoint(x, y);
  return top && (one.contains(top) || top.contains(one) && top.tagName === "LABEL") ? [x, y] : null;
};
"""
_PRESSABLE = """
const all = [...document.querySelectorAll("button, a, summary, label.choice, label.check")].filter((one) => seen(one) && !one.disabled);
const named = (test) => all.filter((one) => names(one).some((name) => name && test(name)));
const [exact, begun] = [named((name) => name === text), named((name) => name.startsWith(text))];
const found = (exact.length ? exact : begun).at(-1);
return found ? place(found) : null;
"""
_FIELD = """
const label = [...document.querySelectorAll("label")].filter((one) => seen(one) && one.textContent.trim() === text).at(-1);
const field = label && (document.getElementById(label.htmlFor) ?? label.querySelector("input"));
if (!field || field.disabled) return null;
const at = place(field);
if (at && field.select) { field.focus(); field.select(); }
return at;
"""


class Operator:
    """One window on the dashboard at `url`. `session` is the window's own, for what a tab does not do for the gateway."""

    def __init__(self, tab: Tab, session: Session, url: str) -> None:
        self.tab = tab
        self.url = url
        self._session = session

    # -- going about ---------------------------------------------------------------------------------------------

    async def open(self, page: str = "") -> None:
        """Load the dashboard."""
        await self.tab.load(f"{self.url}/dashboard/{page and f'#/{page}'}")

    async def go(self, page: str) -> None:
        """To another page, without loading anything anew."""
        await self.reads(f"void (location.hash = {json.dumps(f'#/{page}')})")
        await self.arrives(page)

    async def arrives(self, page: str) -> None:
        """Wait until the page is there with what it shows first."""
        script = f"""location.hash.startsWith({json.dumps(f"#/{page}")}) && document.querySelector("main.content > *") !== null
            && document.querySelector("main .skeleton") === null || null"""
        await self._until(script, f"the page {page} is there")

    # -- doing ---------------------------------------------------------------------------------------------------

    async def press(self, text: str) -> None:
        """Click what has this text or label, as soon as it can be clicked."""
        await self._click(await self._place(_PRESSABLE, text, f"{text!r} can be pressed"))

    async def fill(self, name: str, text: str) -> None:
        """Type into the field of this name, over what is in it."""
        await self._click(await self._place(_FIELD, name, f"there is a field {name!r}"))
        await self._place(_FIELD, name, f"there is a field {name!r}")
        await self.type(text) if text else await self.key("Backspace")

    async def choose(self, name: str, option: str) -> None:
        """Pick from the list of this name, once it has the choice. The list that drops down is the system's, out of a page's reach."""
        script = f"""(() => {{ {_LOOKING} const label = [...document.querySelectorAll("label")].filter((one) => seen(one)
            && one.textContent.trim() === {json.dumps(name)}).at(-1), list = label && document.getElementById(label.htmlFor);
            const found = list && !list.disabled && [...list.options].find((one) => one.text === {json.dumps(option)});
            if (!found) return null;
            list.value = found.value; list.dispatchEvent(new Event("change", {{ bubbles: true }})); return true; }})()"""
        await self._until(script, f"{name!r} offers {option!r}")

    async def type(self, text: str) -> None:
        """Into what has the focus."""
        await self._session.call(self._session.cdp.input_.insert_text(text))

    async def key(self, name: str, modifiers: int = 0) -> None:
        """Press a key."""
        event, code = self._session.cdp.input_.dispatch_key_event, _KEYS[name]
        text = {"Enter": "\r", " ": " "}.get(name)
        shared = {"modifiers": modifiers, "windows_virtual_key_code": code, "key": name}
        await self._session.call(event("keyDown" if text else "rawKeyDown", text=text, **shared))
        await self._session.call(event("keyUp", **shared))

    async def tab_to(self, text: str, within: int = 40) -> None:
        """Press the tabulator until what has this text or label has the focus."""
        script = f"""(() => {{ {_LOOKING} const one = document.activeElement; const text = {json.dumps(text)};
            return names(one).some((name) => name === text || name?.startsWith(text)) || one.labels?.[0]?.textContent.trim() === text; }})()"""
        for _ in range(within):
            await self.key("Tab")
            if await self.reads(script):
                return
        raise AssertionError(f"{text!r} is not within {within} stops; the last was {await self.focused()!r}")

    async def focused(self) -> str:
        """The text or label of what has the focus."""
        script = "(document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent).trim()"
        return str(await self.reads(script))

    async def resize(self, width: int, height: int = 900) -> None:
        """As on a screen of this size."""
        emulation = self._session.cdp.emulation
        await self._session.call(emulation.set_device_metrics_override(width, height, 1, width < 720))

    async def prefer(self, theme: str) -> None:
        """As on a system that is set to light or dark."""
        emulation = self._session.cdp.emulation
        feature = emulation.MediaFeature(name="prefers-color-scheme", value=theme)
        await self._session.call(emulation.set_emulated_media(features=[feature]))
        await self.rests()

    # -- seeing --------------------------------------------------------------------------------------------------

    async def sees(self, *texts: str) -> None:
        """Wait until all of them are on the page."""
        script = f"{json.dumps(texts)}.every((one) => document.body.innerText.includes(one)) || null"
        await self._until(script, f"the page shows {texts}")

    async def sees_no(self, text: str) -> None:
        await self._until(f"!document.body.innerText.includes({json.dumps(text)}) || null", f"{text!r} is gone")

    async def sees_some(self, selector: str, count: int = 1) -> None:
        script = f"document.querySelectorAll({json.dumps(selector)}).length >= {count} || null"
        await self._until(script, f"there are {count} of {selector}")

    async def sees_none(self, selector: str) -> None:
        script = f"document.querySelector({json.dumps(selector)}) === null || null"
        await self._until(script, f"there is no {selector}")

    async def rests(self) -> None:
        """Wait until nothing fades or slides any more; what moves for ever does not count."""
        passing = "document.getAnimations().filter((one) => one.effect.getComputedTiming().iterations !== Infinity)"
        await self.reads(f"Promise.all({passing}.map((one) => one.finished.catch(() => null))).then(() => null)")

    async def text(self, selector: str = "body") -> str:
        """What is written in the first such element, once there is one."""
        await self.sees_some(selector)
        return str(await self.reads(f"document.querySelector({json.dumps(selector)}).innerText"))

    async def reads(self, expression: str) -> object:
        """The value of an expression in the page."""
        return await self.tab.evaluate(expression)

    async def photograph(self, file: trio.Path, *, whole: bool = False) -> None:
        """Keep a picture of what is in sight, or of the page to its end."""
        await file.parent.mkdir(parents=True, exist_ok=True)
        page = self._session.cdp.page
        taken = await self._session.call(page.capture_screenshot(format_="png", capture_beyond_viewport=whole))
        await file.write_bytes(b64decode(taken))

    async def _place(self, script: str, text: str, what: str) -> tuple[float, float]:
        """Where a thing is, once it has come to rest."""
        last: object = None

        async def look() -> tuple[float, float] | None:
            nonlocal last
            found = await self.reads(f"(() => {{ const text = {json.dumps(text)}; {_LOOKING} {script} }})()")
            before, last = last, found
            return (found[0], found[1]) if isinstance(found, list) and found == before else None

        return await self._looking(look, what)

    async def _click(self, at: tuple[float, float]) -> None:
        mouse = self._session.cdp.input_
        for kind, held in (("mouseMoved", 0), ("mousePressed", 1), ("mouseReleased", 0)):
            button = None if kind == "mouseMoved" else mouse.MouseButton.LEFT
            count = None if kind == "mouseMoved" else 1
            event = mouse.dispatch_mouse_event(kind, *at, button=button, buttons=held, click_count=count)
            await self._session.call(event)

    async def _until(self, script: str, what: str) -> None:
        await self._looking(lambda: self.reads(script), what)

    async def _looking(self, look: Callable[[], Awaitable[T | None]], what: str) -> T:
        try:
            return await until(look, what)
        except AssertionError as never:
            shown = (await self.text())[:1500]
            raise AssertionError(f"{never}; the page shows:\n{shown}") from None

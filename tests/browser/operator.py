"""An operator in front of the dashboard: fills in fields by their names, presses what is written on buttons, reads what is shown."""

import json

import trio

from flow2api.browser.tab import Tab
from tests.doubles.processes import until

# What people see of a page; a dialog is drawn over all else and has no parent to be found by.
_SEEN = """
const seen = (one) => one.getClientRects().length > 0;
const called = (one, text) => one.textContent.trim() === text || one.getAttribute("aria-label") === text;
"""


class Operator:
    """One window on the dashboard at `url`."""

    def __init__(self, tab: Tab, url: str) -> None:
        self.tab = tab
        self.url = url

    async def open(self, page: str = "") -> None:
        await self.tab.load(f"{self.url}/dashboard/{page and f'#/{page}'}")

    async def go(self, page: str) -> None:
        """To another page, without loading anything anew."""
        await self.tab.evaluate(f"location.hash = {json.dumps(f'#/{page}')}")

    async def fill(self, name: str, text: str) -> None:
        """Write into the field of this name, as soon as there is one."""
        script = f"""(() => {{ {_SEEN}
            const labels = [...document.querySelectorAll("label.name")];
            const label = labels.filter((one) => seen(one) && called(one, {json.dumps(name)})).at(-1);
            const field = label && document.getElementById(label.htmlFor);
            if (!field) return null;
            const kind = field.tagName === "TEXTAREA" ? HTMLTextAreaElement : HTMLInputElement;
            Object.getOwnPropertyDescriptor(kind.prototype, "value").set.call(field, {json.dumps(text)});
            field.dispatchEvent(new Event("input", {{ bubbles: true }}));
            return true;
        }})()"""
        await self._until(script, f"there is a field {name!r}")

    async def press(self, text: str) -> None:
        """Press what has this text or label, as soon as it is there and can be pressed."""
        script = f"""(() => {{ {_SEEN}
            const all = [...document.querySelectorAll("button, a, summary, label.choice, label.check")];
            const found = all.filter((one) => seen(one) && !one.disabled && called(one, {json.dumps(text)})).at(-1);
            if (!found) return null;
            (found.querySelector("input") ?? found).click();
            return true;
        }})()"""
        await self._until(script, f"{text!r} can be pressed")

    async def sees(self, text: str) -> None:
        """Wait until it is on the page."""
        await self._until(f"document.body.innerText.includes({json.dumps(text)}) || null", f"the page shows {text!r}")

    async def sees_no(self, text: str) -> None:
        await self._until(f"!document.body.innerText.includes({json.dumps(text)}) || null", f"{text!r} is gone")

    async def sees_some(self, selector: str, count: int = 1) -> None:
        script = f"document.querySelectorAll({json.dumps(selector)}).length >= {count} || null"
        await self._until(script, f"there are {count} of {selector}")

    async def sees_none(self, selector: str) -> None:
        script = f"document.querySelector({json.dumps(selector)}) === null || null"
        await self._until(script, f"there is no {selector}")

    async def reads(self, expression: str) -> object:
        return await self.tab.evaluate(expression)

    async def resize(self, width: int, height: int) -> None:
        """As on a screen of this size."""
        session = self.tab._session
        await session.call(session.cdp.emulation.set_device_metrics_override(width, height, 1, width < 720))

    async def photograph(self, folder: trio.Path, name: str) -> None:
        await folder.mkdir(parents=True, exist_ok=True)
        await (folder / f"{name}.png").write_bytes(await self.tab.screenshot())

    async def _until(self, script: str, what: str) -> None:
        async def look() -> object:
            return await self.tab.evaluate(script)

        try:
            await until(look, what)
        except AssertionError as never:
            shown = str(await self.tab.evaluate("document.body.innerText"))[:1500]
            raise AssertionError(f"{never}; the page shows:\n{shown}") from None

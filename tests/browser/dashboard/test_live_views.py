"""What moves is seen moving in every window, and a lost connection is told and forgotten again, all without loading a page anew."""

import pytest

from tests.browser.dashboard.desk import Gate, open_desk
from tests.browser.dashboard.operator import Operator
from tests.doubles.gateway import ADA, BOB, MODEL, people

pytestmark = pytest.mark.slow

MARK = "window.never_loaded_anew"
# Ten seconds are long for a test, so the page's clock is put forward.
LATER = "{ const real = Date.now; Date.now = () => real() + 11_000; }"


async def test_a_generation_of_the_studio_is_seen_everywhere_until_its_picture_is_in_the_gallery(browser: str) -> None:
    async with open_desk(browser) as desk, desk.inside("studio") as studio, desk.inside("overview") as other:
        gate = Gate(desk.tested.emulator)
        await other.reads(f"{MARK} = true")
        await studio.fill("Prompt", "A heron in the reeds")
        await studio.press("Make it")
        for place, progress in ((studio, ".result"), (other, ".live-jobs"), (other, "tbody")):
            if progress == "tbody":
                await other.press("All generations")
            await place.sees("A heron in the reeds", "Generating")
            await _moves(place, f"{progress} [role=progressbar]")
        gate.open()
        await other.sees_some("tbody .tone-good")
        await other.sees_some("td img.thumb")
        await studio.sees_some(".result img")
        await other.press("A heron in the reeds")
        await other.sees("Timeline", "Submitted to the provider")
        assert "Succeeded" in await other.text(".timeline")
        await other.go("gallery")
        await other.sees("A heron in the reeds")
        await other.sees_some(".gallery img")
        await studio.go("generations")
        await studio.sees("A heron in the reeds")
        await other.press("A heron in the reeds")
        await other.press("Remove")
        await other.sees("Remove this generation?")
        await other.press("Remove")
        await other.sees("The generation is removed")
        await studio.sees("No generation yet")
        assert await desk.tested.jobs() == []
        assert await other.reads(MARK), "the page was loaded anew"


async def test_a_generation_that_waits_is_cancelled_from_its_detail(browser: str) -> None:
    one_at_a_time = {"accounts.default_image_concurrency": 1}
    async with open_desk(browser, settings=one_at_a_time) as desk, desk.inside("studio") as operator:
        gate = Gate(desk.tested.emulator)
        for prompt in ("the first", "the second"):
            await operator.fill("Prompt", prompt)
            await operator.press("Make it")
            await operator.sees_some(f'.result img, .result .blank, [title="{prompt}"]')
        await operator.go("generations")
        await operator.sees("Queued, no. 1")
        await operator.press("the second")
        await operator.press("Cancel generation")
        await operator.sees("Cancelled")
        gate.open()
        await operator.sees_some("tbody .tone-good")
        assert sorted(job.state.value for job in await desk.tested.jobs()) == ["cancelled", "succeeded"]
        assert desk.tested.calls() == 1


async def test_a_lost_connection_is_told_and_after_it_all_is_right_again(browser: str) -> None:
    async with open_desk(browser, people(ADA, BOB)) as desk, desk.inside("accounts") as operator:
        await operator.reads(f"{MARK} = true")
        await operator.sees_none("tbody .tone-quiet")
        await desk.relay.leave()
        await operator.sees("Not live: connection lost. Next try in")
        await operator.sees_none(".frame.stale")
        await operator.reads(LATER)
        await operator.sees_some(".frame.stale")
        bob = (await desk.tested.account(BOB)).id
        await desk.tested.admin("POST", f"/api/accounts/{bob}/disable")
        desk.relay.come_back()
        await operator.press("Try now")
        await operator.sees_some("tbody .tone-quiet")
        await operator.sees_no("Not live")
        await operator.sees_none(".frame.stale")
        await desk.tested.admin("POST", f"/api/accounts/{bob}/enable")
        await operator.sees_none("tbody .tone-quiet")
        assert await operator.reads(MARK), "the page was loaded anew"


async def _moves(operator: Operator, bar: str) -> None:
    """Wait until the bar is further on than it was."""
    await operator.sees_some(bar)
    before = await operator.reads(f"Number(document.querySelector('{bar}').ariaValueNow)")
    await operator.sees_some(f"{bar}:not([aria-valuenow='{before}'])")
    assert await operator.reads(f"Number(document.querySelector('{bar}').ariaValueNow) > {before}")


async def test_several_results_are_picked_and_removed_in_one_act_and_running_ones_are_cancelled(browser: str) -> None:
    async with open_desk(browser) as desk, desk.inside("gallery") as operator:
        await desk.tested.chats(3)
        await operator.sees_some(".gallery li", 3)
        await operator.reads("void document.querySelectorAll('.gallery .pick')[0].click()")
        await operator.sees("1 picked")
        await operator.press("Pick all 3")
        await operator.press("Remove 3")
        await operator.sees("Remove 3 generations?", "the 3 files that they made are deleted")
        await operator.press("Remove")
        await operator.sees("3 generations removed", "Nothing made yet")
        assert await desk.tested.jobs() == []
        gate = Gate(desk.tested.emulator)
        await desk.tested.admin("POST", "/api/studio", {"model": MODEL, "prompt": "What waits", "n": 8})
        await operator.go("generations?state=live")
        await operator.sees_some("tbody tr", 8)
        await operator.reads("void document.querySelector('th.tick input').click()")
        await operator.press("Cancel 8")
        await operator.press("Cancel them")
        # What the service has been asked for already cannot be taken back, and is named.
        await operator.sees("of 8 did not go through", "What waits")
        assert "queued" not in {job.state.value for job in await desk.tested.jobs()}
        await operator.press("Close")
        gate.open()
        await operator.go("account")
        await operator.sees("remove 3:", " on Linux")

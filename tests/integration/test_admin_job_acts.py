"""Many generations given up or removed in one act, and what is written down of it."""

from tests.browser.dashboard.desk import Gate
from tests.doubles.gateway import MODEL, open_tested_gateway


async def test_what_is_over_is_removed_in_one_act_that_says_what_did_not_go_through() -> None:
    async with open_tested_gateway() as gateway:
        await gateway.chats(2)
        gone = [job.id for job in await gateway.jobs()]
        gate = Gate(gateway.emulator)
        await gateway.admin("POST", "/api/studio", {"model": MODEL, "prompt": "runs"})
        [runs] = [job.id for job in await gateway.jobs() if job.id not in gone]
        order = {"ids": [*gone, gone[0], runs, "job_0"], "action": "remove"}
        told = (await gateway.admin("POST", "/api/jobs/bulk", order))["results"]
        assert [(one["id"], one["ok"]) for one in told] == [
            *((one, True) for one in gone),
            (runs, False),
            ("job_0", False),
        ]
        assert [job.id for job in await gateway.jobs()] == [runs]
        [entry] = (await gateway.admin("GET", "/api/audit?act=POST%20/api/jobs/bulk"))["entries"]
        assert (entry["outcome"], entry["subject"]) == ("done", f"remove 4: {' '.join(gone)} {runs} job_0")
        assert entry["detail"] == f"2 of 4 did not go through: {runs} job_0"
        gate.open()


async def test_what_waits_is_given_up_in_one_act() -> None:
    async with open_tested_gateway() as gateway:
        gate = Gate(gateway.emulator)
        await gateway.admin("POST", "/api/studio", {"model": MODEL, "prompt": "waits", "n": 8})
        waiting = [job.id for job in await gateway.jobs() if job.state.value == "queued"]
        assert waiting
        told = (await gateway.admin("POST", "/api/jobs/bulk", {"ids": waiting, "action": "cancel"}))["results"]
        assert all(one["ok"] for one in told)
        states = {job.id: job.state.value for job in await gateway.jobs()}
        assert {states[one] for one in waiting} == {"cancelled"}
        gate.open()

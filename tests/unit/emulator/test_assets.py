"""What lies in a project, and taking things away."""

from flow2api.emulator.exchange import Answer
from tests.unit.emulator.caller import Caller, add_caller, error_of, new_caller, said
from tests.unit.emulator.video_caller import STATUS, ask_status, made, ordered, status_in, uploaded

DELETE_MEDIA = "/fx/api/trpc/media.deleteMedia"
DELETE_ASSETS = "/v1/flow:batchDeleteAssets"


async def project_data(caller: Caller, project: str) -> Answer:
    return await caller.ask("GET", f'/fx/api/trpc/flow.projectInitialData?input={{"json":{{"projectId":"{project}"}}}}')


async def test_media_are_taken_away_by_either_call() -> None:
    caller = await new_caller()
    first, second = await made(caller), await uploaded(caller)
    said(await caller.ask("POST", DELETE_MEDIA, {"json": {"names": [first]}}))
    said(await caller.ask("POST", DELETE_ASSETS, {"mediaIds": [second]}))
    for name in (first, second):
        assert (await caller.ask("GET", f"/v1/media/{name}")).status == 404


async def test_with_one_wrong_name_nothing_is_taken_away() -> None:
    caller = await new_caller()
    own, foreign = await made(caller), await uploaded(await add_caller(caller))
    assert (await caller.ask("POST", DELETE_MEDIA, {"json": {"names": [own, foreign]}})).status == 404
    assert error_of(await caller.ask("POST", DELETE_ASSETS, {"mediaIds": [own, foreign]}))[0] == 404
    assert error_of(await caller.ask("POST", DELETE_ASSETS, {"mediaIds": []}))[0] == 400
    assert (await ask_status(caller, own)).status == 200


async def test_a_project_shows_its_media_with_their_status() -> None:
    caller = await new_caller()
    picture = said(await caller.image())["media"][0]["name"]
    clip = await ordered(caller)
    data = said(await project_data(caller, caller.project))["result"]["data"]["json"]["result"]
    assert [media["name"] for media in data["media"]] == [picture, clip]
    assert status_in(data["media"][1])["mediaGenerationStatus"] == f"{STATUS}PENDING"
    assert data["projectInfo"] == {"projectTitle": "Test"}


async def test_a_project_lists_the_models_of_the_accounts_tier_with_their_price() -> None:
    prices = {}
    for tier in ("PAYGATE_TIER_NOT_PAID", "PAYGATE_TIER_TWO"):
        caller = await new_caller(tier=tier)
        data = said(await project_data(caller, caller.project))["result"]["data"]["json"]["result"]
        prices[tier] = {model["modelKey"]: model["creditCost"] for model in data["models"]}
    free, top = prices.values()
    assert (free["veo_3_1_t2v_fast"], top["veo_3_1_t2v_fast"]) == (20, 10)
    assert "veo_3_1_t2v_fast_ultra" in top.keys() - free.keys()


async def test_only_own_projects_are_shown() -> None:
    caller = await new_caller()
    other = await add_caller(caller)
    assert (await project_data(caller, other.project)).status == 404
    assert (await caller.ask("GET", "/fx/api/trpc/flow.projectInitialData?input={}")).status == 400


async def test_the_state_of_all_models_can_be_asked_for() -> None:
    caller = await new_caller()
    told = said(await caller.ask("GET", "/v1/flow/models/statuses"))["modelStatus"]
    assert {"veo_3_1_t2v_fast", "NARWHAL"} < {model["modelKey"] for model in told}

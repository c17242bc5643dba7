"""What lies in a project, what can be made, and taking things away."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from flow2api.emulator.accounts import TIER_RANK, Account
from flow2api.emulator.exchange import Answer, Refused, json_answer, read_body
from flow2api.emulator.images import IMAGE_MODELS
from flow2api.emulator.media import Media
from flow2api.emulator.routing import Call, Route
from flow2api.emulator.sessions import Wrapped, trpc
from flow2api.emulator.state import State
from flow2api.emulator.video_answers import as_media
from flow2api.emulator.video_models import VIDEO_MODELS
from flow2api.emulator.wire import Strict

# What the other words are is not known.
MODEL_STATUS = "MODEL_STATUS_AVAILABLE"

Names = Annotated[list[str], Meta(min_length=1)]


class DeleteMedia(Strict, frozen=True):
    names: Names


class DeleteAssets(Strict, frozen=True):
    media_ids: Names


class ProjectWish(Strict, frozen=True):
    project_id: str


class Assets:
    """Shows and takes away what accounts have."""

    def __init__(self, state: State) -> None:
        self._state = state

    def routes(self) -> list[Route]:
        trpc_path = "/fx/api/trpc"
        media, project = f"{trpc_path}/media.deleteMedia", f"{trpc_path}/flow.projectInitialData"
        assets, models = "/v1/flow:batchDeleteAssets", "/v1/flow/models/statuses"
        return [
            Route(name="delete_media", method="POST", path=media, side="labs", handle=self.delete_media),
            Route(name="delete_assets", method="POST", path=assets, side="api", handle=self.delete_assets),
            Route(name="model_statuses", method="GET", path=models, side="api", handle=self.model_statuses),
            Route(name="project_data", method="GET", path=project, side="labs", handle=self.project_data),
        ]

    async def delete_media(self, call: Call) -> Answer:
        """Take media away, all that are named or none."""
        self._remove(read_body(call.asked, Wrapped[DeleteMedia]).json.names, call.caller)
        return trpc({})

    async def delete_assets(self, call: Call) -> Answer:
        """The same by the other door."""
        self._remove(read_body(call.asked, DeleteAssets).media_ids, call.caller)
        return json_answer({})

    def _remove(self, names: list[str], account: Account) -> None:
        shelf, now = self._state.media, self._state.now()
        for media in [shelf.owned(name, account, now) for name in names]:
            shelf.remove(media)

    async def model_statuses(self, call: Call) -> Answer:
        """How each model does."""
        keys = [*IMAGE_MODELS, *VIDEO_MODELS]
        return json_answer({"modelStatus": [{"modelKey": key, "status": MODEL_STATUS} for key in keys]})

    async def project_data(self, call: Call) -> Answer:
        """A project of the caller: its media, and the models that the caller may use with what they cost."""
        wish = _project_wish(call.asked.query.get("input", ""))
        account = call.caller
        if wish.project_id not in account.projects:
            raise Refused(404, "Project not found")
        media = [self._shown(one) for one in self._state.media.of_project(wish.project_id, account)]
        title = account.projects[wish.project_id]
        project = {"projectId": wish.project_id, "projectInfo": {"projectTitle": title}}
        return trpc(project | {"media": media, "models": _models(account)})

    def _shown(self, media: Media) -> dict[str, Any]:
        if media.progress is None or not media.described:
            dimensions = {"width": media.width, "height": media.height}
            return {"name": media.name, "workflowId": media.workflow_id, "image": {"dimensions": dimensions}}
        return as_media(media, media.progress.status(self._state.knobs.pace, self._state.now()))


def _project_wish(text: str) -> ProjectWish:
    try:
        return msgspec.json.decode(text, type=Wrapped[ProjectWish]).json
    except msgspec.DecodeError as error:
        raise Refused(400, f"input: {error}") from error


def _models(account: Account) -> list[dict[str, Any]]:
    rank = TIER_RANK[account.tier]
    allowed = [model for model in VIDEO_MODELS.values() if TIER_RANK[model.tier] <= rank]
    return [{"modelKey": model.key, "creditCost": model.credits(account.tier)} for model in allowed]

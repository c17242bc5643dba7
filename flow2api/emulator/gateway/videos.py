"""OpenAI's clips: create, list, look, fetch, remix, delete."""

from typing import Any

from flow2api.emulator.exchange import Answer, Refused, json_answer
from flow2api.emulator.gateway.clips import WHY, ClipOrder, Clips, Wish
from flow2api.emulator.gateway.forms import fields_of
from flow2api.emulator.gateway.models import MODELS
from flow2api.emulator.gateway.refusals import Invalid
from flow2api.emulator.keyed.service import KeyCall, KeyedService, KeyRoute

USUAL_SIZE = (720, 1280)
SIZES = {(720, 1280), (1280, 720), (1024, 1792), (1792, 1024)}
USUAL_LIMIT = 20


class Videos:
    """Answers OpenAI's calls for clips."""

    def __init__(self, service: KeyedService, clips: Clips) -> None:
        self._service = service
        self._clips = clips

    def routes(self) -> list[KeyRoute]:
        one = "/v1/videos/{id}"
        return [
            KeyRoute(name="video", method="POST", path="/v1/videos", handle=self.create),
            KeyRoute(name="video_list", method="GET", path="/v1/videos", handle=self.list),
            KeyRoute(name="video_status", method="GET", path=one, handle=self.get),
            KeyRoute(name="video_content", method="GET", path=f"{one}/content", handle=self.content),
            KeyRoute(name="video_remix", method="POST", path=f"{one}/remix", handle=self.remix),
            KeyRoute(name="video_delete", method="DELETE", path=one, handle=self.delete),
        ]

    async def create(self, call: KeyCall) -> Answer:
        """Order a clip."""
        fields = fields_of(call.asked)
        model_id, model = fields.model("videos")
        size = fields.size(USUAL_SIZE)
        if size not in SIZES:
            raise Invalid("size", "size must be one of 720x1280, 1280x720, 1024x1792, 1792x1024.")
        wish = Wish(
            call="video",
            shape="videos",
            model_id=model_id,
            model=model,
            prompt=fields.prompt,
            size=size,
            seconds=fields.seconds("seconds", model),
            pictures=[data for name, data in fields.files if name == "input_reference"],
        )
        return json_answer(self._shown(await self._clips.take(call.caller, wish)))

    async def list(self, call: KeyCall) -> Answer:
        """The caller's orders, newest first unless the other way is asked for."""
        query = call.asked.query
        orders = self._clips.of(call.caller)
        if query.get("order", "desc") == "desc":
            orders.reverse()
        ids = [order.id for order in orders]
        if after := query.get("after"):
            if after not in ids:
                raise Invalid("after", "There is no such video.")
            orders = orders[ids.index(after) + 1 :]
        limit = int(query.get("limit", USUAL_LIMIT))
        page = orders[:limit]
        return json_answer(
            {
                "object": "list",
                "data": [self._shown(order) for order in page],
                "has_more": len(orders) > limit,
                "first_id": page[0].id if page else None,
                "last_id": page[-1].id if page else None,
            }
        )

    async def get(self, call: KeyCall) -> Answer:
        """How an order stands."""
        order = self._own(call)
        self._clips.poll(order)
        after = self._service.knobs.poll_after_ms
        headers = () if after is None else (("openai-poll-after-ms", str(after)),)
        return json_answer(self._shown(order), headers=headers)

    async def content(self, call: KeyCall) -> Answer:
        """The clip itself, or a picture of it."""
        order, service = self._own(call), self._service
        if self._clips.stage(order) != "done" or order.work.fate in WHY:
            raise Refused(409, "The video is not ready.", reason="video_not_ready")
        piece = service.studio.get(order.file)
        if piece is None:
            raise Refused(404, "The content is gone.", reason="not_found")
        if call.asked.query.get("variant", "video") == "thumbnail":
            return Answer(body=await service.studio.still(piece, service.knobs.pictures), mime="image/jpeg")
        return Answer(body=await service.studio.content(piece, service.knobs.pictures), mime=piece.mime)

    async def remix(self, call: KeyCall) -> Answer:
        """Order the same clip in another way."""
        source = self._own(call)
        if self._clips.stage(source) != "done":
            raise Refused(409, "The video is not ready.", reason="video_not_ready")
        wish = Wish(
            call="video_remix",
            shape="videos",
            model_id=source.model,
            model=MODELS["videos"][source.model],
            prompt=fields_of(call.asked).prompt,
            size=(source.width, source.height),
            seconds=source.seconds,
            remixed_from=source.id,
        )
        return json_answer(self._shown(await self._clips.take(call.caller, wish)))

    async def delete(self, call: KeyCall) -> Answer:
        """Forget an order."""
        order = self._own(call)
        self._clips.remove(order)
        return json_answer({"id": order.id, "object": "video.deleted", "deleted": True})

    def _own(self, call: KeyCall) -> ClipOrder:
        return self._clips.own(call.parts["id"], call.caller, "videos")

    def _shown(self, order: ClipOrder) -> dict[str, Any]:
        stage, now = self._clips.stage(order), int(self._service.now())
        why = WHY.get(order.work.fate) if stage == "done" else None
        done = "failed" if why else "under_review" if order.work.fate == "mystery" else "completed"
        status = {"queued": "queued", "active": "in_progress", "done": done}[stage]
        return {
            "id": order.id,
            "object": "video",
            "model": order.model,
            "status": status,
            "progress": self._clips.percent(order),
            "created_at": int(order.begun_at),
            "completed_at": now if status == "completed" else None,
            "expires_at": None,
            "size": f"{order.width}x{order.height}",
            "seconds": str(order.seconds),
            "prompt": order.prompt,
            "remixed_from_video_id": order.remixed_from,
            "error": {"code": why[0], "message": why[1]} if why else None,
        }

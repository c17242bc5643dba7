"""The shapes of resellers: one that is shaped after Sora, and one with a path for each model.

None of them is documented by an authority. What programs that use them are seen to send and to read is taken as it is: JSON with
`task_id` in the answer, the words of the statuses, pictures as links or data URLs. Where the answers put the link (`data.output`
in the one, `video_url` in the other) and how they tell why something failed is our reading.
"""

from typing import Any

from flow2api.emulator.exchange import Answer, Refused, json_answer
from flow2api.emulator.gateway.clips import WHY, ClipOrder, Clips, Wish
from flow2api.emulator.gateway.forms import Fields, fields_of
from flow2api.emulator.gateway.refusals import Invalid
from flow2api.emulator.keyed.service import KeyCall, KeyedService, KeyRoute
from flow2api.emulator.keyed.studio import clip_pixels

RATIOS = ("16:9", "9:16")
LINES = {"720p": 720, "1080p": 1080}
SORA_WORDS = {"queued": "NOT_START", "active": "IN_PROGRESS"}
TASK_WORDS = {"queued": "pending", "active": "processing"}


class Relays:
    """Answers the calls in the shapes of resellers."""

    def __init__(self, service: KeyedService, clips: Clips) -> None:
        self._service = service
        self._clips = clips

    def routes(self) -> list[KeyRoute]:
        sora, family = "/v2/videos/generations", "/v1/video/{family}"
        return [
            KeyRoute(name="sora", method="POST", path=sora, handle=self.sora),
            KeyRoute(name="sora_status", method="GET", path=f"{sora}/{{id}}", handle=self.sora_status),
            KeyRoute(name="task_status", method="GET", path=f"{family}/tasks/{{id}}", handle=self.task_status),
            KeyRoute(name="task", method="POST", path=f"{family}/{{way}}", handle=self.task),
        ]

    async def sora(self, call: KeyCall) -> Answer:
        """Order a clip by the Sora-shaped call."""
        fields = fields_of(call.asked)
        model_id, model = fields.model("sora")
        links = fields.values.get("images") or []
        lines = 1080 if fields.values.get("hd") is True else 720
        wish = Wish(
            call="sora",
            shape="sora",
            model_id=model_id,
            model=model,
            prompt=fields.prompt,
            size=clip_pixels(_ratio(fields), lines),
            seconds=fields.seconds("duration", model),
            pictures=[self._picture(link, "images") for link in links],
        )
        return json_answer({"task_id": (await self._clips.take(call.caller, wish)).id})

    async def sora_status(self, call: KeyCall) -> Answer:
        """How a Sora-shaped order stands."""
        order = self._clips.own(call.parts["id"], call.caller, "sora")
        stage = self._clips.poll(order)
        status, reason = self._ended(order, "SUCCESS", "FAILURE") if stage == "done" else (SORA_WORDS[stage], "")
        answer: dict[str, Any] = {
            "task_id": order.id,
            "platform": "sora",
            "action": "GENERATE",
            "status": status,
            "fail_reason": reason,
            "submit_time": int(order.begun_at),
            "progress": f"{self._clips.percent(order)}%",
            "data": {"output": self._link(order, call)} if status == "SUCCESS" else None,
        }
        return json_answer(answer)

    async def task(self, call: KeyCall) -> Answer:
        """Order a clip by the path of its model."""
        family, way = call.parts["family"], call.parts["way"]
        fields = fields_of(call.asked)
        model_id, model = Fields({"model": family}).model("tasks")
        names = {"text-to-video": (), "image-to-video": ("image",), "frames-to-video": ("first_frame", "last_frame")}
        wanted = names.get(way)
        if wanted is None or len(wanted) > model.pictures:
            raise Refused(404, f"{model_id} has no {way}.", reason="not_found")
        wish = Wish(
            call="task",
            shape="tasks",
            model_id=model_id,
            model=model,
            prompt=fields.prompt,
            size=clip_pixels(_ratio(fields), LINES[_one_of(fields, "resolution", tuple(LINES))]),
            seconds=fields.seconds("duration", model),
            pictures=[self._picture(fields.values.get(name), name) for name in wanted],
        )
        order = await self._clips.take(call.caller, wish)
        return json_answer({"task_id": order.id, "status": "pending"})

    async def task_status(self, call: KeyCall) -> Answer:
        """How an order by the path of its model stands."""
        order = self._clips.own(call.parts["id"], call.caller, "tasks")
        if order.model != call.parts["family"]:
            raise Refused(404, "The task does not exist.", reason="not_found")
        stage = self._clips.poll(order)
        status, reason = self._ended(order, "completed", "failed") if stage == "done" else (TASK_WORDS[stage], "")
        answer: dict[str, Any] = {"task_id": order.id, "status": status, "progress": self._clips.percent(order)}
        if status == "completed":
            answer["video_url"] = self._link(order, call)
        return json_answer(answer | ({"error": reason} if reason else {}))

    def _ended(self, order: ClipOrder, well: str, badly: str) -> tuple[str, str]:
        """The last word about an order, and why where it is a bad one."""
        if order.work.fate == "mystery":
            return "UNDER_REVIEW", ""
        why = WHY.get(order.work.fate)
        return (badly, f"{why[0]}: {why[1]}") if why else (well, "")

    def _link(self, order: ClipOrder, call: KeyCall) -> str:
        return f"{call.asked.base}/files/{order.file}"

    def _picture(self, link: object, name: str) -> bytes:
        data = self._service.studio.behind(link) if isinstance(link, str) else None
        if data is None:
            raise Invalid(name, "The picture could not be had.", code="invalid_image")
        return data


def _ratio(fields: Fields) -> str:
    return _one_of(fields, "aspect_ratio", RATIOS)


def _one_of(fields: Fields, name: str, values: tuple[str, ...]) -> str:
    """A field that takes one of these values, the first when nothing is said."""
    value = fields.text(name, values[0])
    if value not in values:
        raise Invalid(name, f"{name} must be one of {', '.join(values)}.")
    return value

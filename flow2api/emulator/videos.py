"""Taking orders for clips: from text, from pictures, from other clips.

Like a picture, a clip counts as accepted and is paid for when all checks are passed, before the order is answered.
"""

from functools import partial
from typing import Any, NamedTuple

import msgspec
import trio

from flow2api.emulator.accounts import Account
from flow2api.emulator.captcha import VIDEO_ACTION
from flow2api.emulator.clips import ClipSpec
from flow2api.emulator.exchange import NOT_FOUND, Answer, Refused, json_answer, read_body
from flow2api.emulator.ledger import Accepted
from flow2api.emulator.media import Media, new_media
from flow2api.emulator.progress import Ending, Progress, Queued, ending_for, upsample_ending_for
from flow2api.emulator.routing import Call, Route
from flow2api.emulator.state import State
from flow2api.emulator.video_answers import as_media, as_operation, described, workflow
from flow2api.emulator.video_models import LANDSCAPE, VIDEO_MODELS, VideoCall, VideoModel
from flow2api.emulator.video_wire import (
    ExtendVideo,
    GenerateVideo,
    ReferenceVideo,
    StartEndVideo,
    StartVideo,
    TextVideo,
    UpsampleVideo,
    VideoRequest,
)
from flow2api.emulator.wire import check_project, check_prompt, check_rank, check_tier

SHORT_SIDE = 720
ENLARGED_SHORT_SIDE = {"upsample_1080p": 1080, "upsample_4k": 2160}


class Method(NamedTuple):
    """One of the calls that make clips. `name` is what faults and records call it."""

    call: VideoCall
    name: str
    path: str
    body: Any
    mode: str


METHODS = (
    Method("text", "video", "Text", GenerateVideo[TextVideo], "TEXT_TO_VIDEO"),
    Method("start", "video", "StartImage", GenerateVideo[StartVideo], "START_IMAGE_TO_VIDEO"),
    Method("start_end", "video", "StartAndEndImage", GenerateVideo[StartEndVideo], "START_AND_END_IMAGE_TO_VIDEO"),
    Method("reference", "video", "ReferenceImages", GenerateVideo[ReferenceVideo], "REFERENCE_IMAGES_TO_VIDEO"),
    Method("extend", "extend", "ExtendVideo", GenerateVideo[ExtendVideo], "EXTEND_VIDEO"),
    Method("upsample", "upsample", "UpsampleVideo", GenerateVideo[UpsampleVideo], "UPSAMPLE_VIDEO"),
)


class Videos:
    """Takes orders for clips."""

    def __init__(self, state: State) -> None:
        self._state = state

    def routes(self) -> list[Route]:
        return [
            Route(
                name=method.name,
                method="POST",
                path=f"/v1/video:batchAsyncGenerateVideo{method.path}",
                side="api",
                handle=partial(self.order, method),
            )
            for method in METHODS
        ]

    async def order(self, method: Method, call: Call) -> Answer:
        """Begin one clip for each element of `requests`."""
        body: GenerateVideo[VideoRequest] = read_body(call.asked, method.body)
        account, state = call.caller, self._state
        project_id = check_project(body.client_context, account)
        check_tier(body.client_context, account, required=True)
        state.spend_token(body.client_context.token, VIDEO_ACTION)
        begun = [self._begin(method, account, project_id, request) for request in body.requests]
        account.pay(sum(self._price(account, request) for request in body.requests))
        for media in begun:
            state.media.put(media)
        self._accept(method, body, account, begun)
        if state.knobs.video_submit_seconds > 0:
            await trio.sleep(state.knobs.video_submit_seconds)
        return json_answer(self._answer(body.media_generation_context.batch_id, account, begun))

    def _price(self, account: Account, request: VideoRequest) -> int:
        fixed = self._state.knobs.video_credits
        return VIDEO_MODELS[request.video_model_key].credits(account.tier) if fixed is None else fixed

    def _begin(self, method: Method, account: Account, project_id: str, request: VideoRequest) -> Media:
        model = _check_model(method, account, request)
        request.check()
        images = [self._image(name, account) for name in request.images]
        source = None if request.source is None else self._source(request.source, account, request)
        if request.prompt is not None:
            check_prompt(request.prompt)
        clip = _clip(method, model, request, images, source)
        now = self._state.now()
        media = new_media(account, project_id, (clip.width, clip.height), now)
        media.kind, media.mime, media.clip = "video", "video/mp4", clip
        if method.call == "upsample":
            media.name = self._enlarged_name(media, request)
        media.progress = Progress(begun_at=now, ending=_ending(request, clip), queued_as=self._queued_as(images))
        media.described = described(media, model.key, method.mode)
        return media

    def _queued_as(self, images: list[Media]) -> Queued:
        chosen = self._state.knobs.video_queued_as
        return ("SCHEDULED" if images else "PENDING") if chosen == "auto" else chosen

    def _image(self, name: str, account: Account) -> Media:
        media = self._state.finished_media(name, account)
        if media.kind != "image":
            raise Refused(400, "Invalid value at 'requests': a picture is wanted, not a clip.")
        return media

    def _source(self, name: str, account: Account, request: VideoRequest) -> ClipSpec:
        clip = self._state.finished_media(name, account).clip
        if clip is None:
            raise Refused(400, "Invalid value at 'requests.videoInput': only generated clips can be worked on.")
        if (clip.width > clip.height) != (request.aspect_ratio == LANDSCAPE):
            raise Refused(400, "Invalid value at 'requests.aspectRatio': not that of the clip.")
        return clip

    def _enlarged_name(self, media: Media, request: VideoRequest) -> str:
        name = f"{request.source}_upsampled"
        taken = self._state.knobs.upsample_name == "fresh" or self._state.media.get(name) is not None
        return media.name if taken else name

    def _accept(self, method: Method, body: GenerateVideo[VideoRequest], account: Account, begun: list[Media]) -> None:
        first = body.requests[0]
        self._state.accept(
            Accepted(
                call=method.name,
                account=account.email,
                at=self._state.now(),
                batch_id=body.media_generation_context.batch_id,
                prompt=first.prompt or first.source or "",
                media=tuple(media.name for media in begun),
            )
        )

    def _answer(self, batch_id: str, account: Account, begun: list[Media]) -> dict[str, Any]:
        """The clips as they are before anybody has asked for their status."""
        form = self._state.knobs.video_form
        statuses = [(media, media.progress.first) for media in begun if media.progress is not None]
        answer: dict[str, Any] = {"remainingCredits": account.credits}
        if form != "media":
            answer["operations"] = [as_operation(media, status) for media, status in statuses]
        if form != "operations":
            answer["workflows"] = [workflow(media, batch_id) for media in begun]
            answer["media"] = [as_media(media, status) for media, status in statuses]
        return answer


def _check_model(method: Method, account: Account, request: VideoRequest) -> VideoModel:
    model = VIDEO_MODELS.get(request.video_model_key)
    if model is None:
        raise Refused(404, NOT_FOUND)
    if method.call not in model.calls:
        raise Refused(400, "Invalid value at 'requests.videoModelKey': this model is for another call.")
    fewest, most = model.images
    if not fewest <= len(request.images) <= most:
        raise Refused(400, f"Invalid value at 'requests': this model takes {fewest} to {most} pictures.")
    if model.aspect not in {None, request.aspect_ratio}:
        raise Refused(400, "Invalid value at 'requests.aspectRatio': this model does not make it.")
    check_rank(account, model.tier)
    return model


def _clip(
    method: Method, model: VideoModel, request: VideoRequest, images: list[Media], source: ClipSpec | None
) -> ClipSpec:
    if method.call == "upsample" and source is not None:
        return _enlarged(source, ENLARGED_SHORT_SIDE[model.price])
    landscape = request.aspect_ratio == LANDSCAPE
    long_side = SHORT_SIDE * 16 // 9
    names = [media.name for media in images]
    frames = names if method.call in {"start", "start_end"} else []
    return ClipSpec(
        prompt=request.prompt or "",
        model=model.key,
        aspect="16:9" if landscape else "9:16",
        width=long_side if landscape else SHORT_SIDE,
        height=SHORT_SIDE if landscape else long_side,
        seconds=model.seconds,
        seed=request.seed,
        first=frames[0] if frames else "",
        last=frames[1] if len(frames) > 1 else "",
        references=tuple(names) if method.call == "reference" else (),
        # Only what the clip before shows at its end matters, not what came before that.
        before=None if source is None else msgspec.structs.replace(source, before=None),
    )


def _enlarged(clip: ClipSpec, short_side: int) -> ClipSpec:
    if min(clip.width, clip.height) != SHORT_SIDE:
        raise Refused(400, "Invalid value at 'requests.videoInput': this clip was enlarged before.")
    width, height = (side * short_side // SHORT_SIDE for side in (clip.width, clip.height))
    return msgspec.structs.replace(clip, width=width, height=height)


def _ending(request: VideoRequest, clip: ClipSpec) -> Ending:
    return ending_for(request.prompt) if request.prompt is not None else upsample_ending_for(clip.prompt)

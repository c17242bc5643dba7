"""Uploading input pictures, in the present and in the older form of the call."""

import base64
import binascii
from typing import Any, Literal

from flow2api.emulator.accounts import Account
from flow2api.emulator.exchange import Answer, Refused, json_answer, read_body
from flow2api.emulator.measure import Measured, measure
from flow2api.emulator.media import Media, new_media
from flow2api.emulator.routing import Call, Route
from flow2api.emulator.state import State
from flow2api.emulator.wire import ClientContext, GenerationContext, ImageAspect, SessionId, Strict, check_project

# A picture that holds these bytes anywhere is refused as indecent.
UNSAFE_BYTES = b"[unsafe]"


class UploadImage(Strict, frozen=True):
    """The present form. What stands after `is_user_uploaded` is what only the page sends."""

    client_context: ClientContext
    file_name: str
    mime_type: str
    image_bytes: str
    is_hidden: bool
    is_user_uploaded: bool
    crop_coordinates: dict[str, float] | None = None
    is_not_ingredient: bool | None = None
    media_generation_context: GenerationContext | None = None
    media_id_seed: str | None = None
    workflow_id_seed: str | None = None
    parent_media_generation_id: str | None = None


class ImageInput(Strict, frozen=True):
    raw_image_bytes: str
    mime_type: str
    is_user_uploaded: bool
    aspect_ratio: ImageAspect


class OldContext(Strict, frozen=True):
    session_id: SessionId
    tool: Literal["ASSET_MANAGER"]


class UploadUserImage(Strict, frozen=True):
    """The older form, for callers without a project."""

    image_input: ImageInput
    client_context: OldContext


class Uploads:
    """Takes pictures in."""

    def __init__(self, state: State) -> None:
        self._state = state

    def routes(self) -> list[Route]:
        return [
            Route(name="upload", method="POST", path="/v1/flow/uploadImage", side="api", handle=self.upload),
            Route(name="upload_old", method="POST", path="/v1:uploadUserImage", side="api", handle=self.upload_old),
        ]

    async def upload(self, call: Call) -> Answer:
        """Keep a picture in one of the caller's projects."""
        body = read_body(call.asked, UploadImage)
        context = body.client_context
        project_id = check_project(context, call.caller) if context.project_id is not None else None
        media = self._take_in(call.caller, body.image_bytes, project_id)
        if self._state.knobs.upload_form == "old":
            return _old_form(media)
        shown = _shown(media)
        in_list = self._state.knobs.upload_form == "list"
        return json_answer({"media": [shown] if in_list else shown, "workflow": {"name": media.workflow_id}})

    async def upload_old(self, call: Call) -> Answer:
        """Keep a picture outside all projects."""
        body = read_body(call.asked, UploadUserImage)
        return _old_form(self._take_in(call.caller, body.image_input.raw_image_bytes, None))

    def _take_in(self, account: Account, encoded: str, project_id: str | None) -> Media:
        data, measured = self._check(encoded)
        now = self._state.now()
        media = new_media(account, project_id, (measured.width, measured.height), now)
        media.mime = measured.mime
        media.gone_at = now + self._state.knobs.upload_seconds
        media.content = data
        self._state.media.put(media)
        return media

    def _check(self, encoded: str) -> tuple[bytes, Measured]:
        try:
            data = base64.b64decode(encoded, validate=True)
        except binascii.Error as error:
            raise Refused(400, "Invalid value at 'imageBytes' (TYPE_BYTES): Base64 decoding failed.") from error
        knobs = self._state.knobs
        if len(data) > knobs.upload_max_bytes:
            raise Refused(400, "The picture is too large.", reason="PUBLIC_ERROR_IMAGE_TOO_LARGE")
        measured = measure(data)
        if measured is None:
            raise Refused(400, "The file is no picture.", reason="PUBLIC_ERROR_UNKNOWN_IMAGE_FILE_FORMAT")
        if min(measured.width, measured.height) < knobs.upload_min_side:
            raise Refused(400, "The picture is too small.", reason="PUBLIC_ERROR_IMAGE_TOO_SMALL")
        if UNSAFE_BYTES in data:
            raise Refused(400, "The picture was refused.", reason="PUBLIC_ERROR_UNSAFE_IMAGE_UPLOAD")
        return data, measured


def _old_form(media: Media) -> Answer:
    return json_answer({"mediaGenerationId": {"mediaGenerationId": media.name}})


def _shown(media: Media) -> dict[str, Any]:
    shape = "SQUARE" if media.width == media.height else "LANDSCAPE" if media.width > media.height else "PORTRAIT"
    shown: dict[str, Any] = {
        "name": media.name,
        "workflowId": media.workflow_id,
        "image": {
            "userUploadedImage": {"aspectRatio": f"IMAGE_ASPECT_RATIO_{shape}"},
            "dimensions": {"width": media.width, "height": media.height},
        },
    }
    if media.project_id is not None:
        shown["projectId"] = media.project_id
    return shown

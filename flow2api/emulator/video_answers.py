"""How clips are shown in answers: as media, and in the older form as operations."""

from typing import Any

from flow2api.emulator.media import Media
from flow2api.emulator.progress import Progress
from flow2api.emulator.video_models import VIDEO_ASPECTS

RESOLUTIONS = {720: "VIDEO_RESOLUTION_720P", 1080: "VIDEO_RESOLUTION_1080P", 2160: "VIDEO_RESOLUTION_4K"}


def described(media: Media, model: str, mode: str) -> dict[str, Any]:
    """All that is said of a clip besides its status. Made once, since statuses are asked for often."""
    clip = media.clip
    assert clip is not None
    aspect = VIDEO_ASPECTS[clip.aspect]
    control = {
        "videoModelName": model,
        "videoAspectRatio": aspect,
        "videoGenerationMode": f"VIDEO_GENERATION_MODE_{mode}",
        "videoResolution": RESOLUTIONS[min(clip.width, clip.height)],
    }
    return {
        "name": media.name,
        "projectId": media.project_id,
        "workflowId": media.workflow_id,
        "workflowStepId": "CAE",
        "mediaMetadata": {"requestData": {"videoGenerationRequestData": {"videoModelControlInput": control}}},
        "video": {
            "operation": {"name": media.name},
            "generatedVideo": {"seed": clip.seed, "model": model, "aspectRatio": aspect},
            "dimensions": {"length": f"{clip.seconds}s"},
        },
    }


def as_media(media: Media, status: str) -> dict[str, Any]:
    """The clip in the present form."""
    shown = media.described
    return shown | {"mediaMetadata": shown["mediaMetadata"] | {"mediaStatus": _status(media.progress, status)}}


def as_operation(media: Media, status: str) -> dict[str, Any]:
    """The clip in the older form."""
    return {"operation": {"name": media.name}, "sceneId": media.workflow_id, "status": status}


def workflow(media: Media, batch_id: str) -> dict[str, Any]:
    metadata = {"primaryMediaId": media.name, "batchId": batch_id}
    return {"name": media.workflow_id, "projectId": media.project_id, "metadata": metadata}


def _status(progress: Progress | None, status: str) -> dict[str, Any]:
    said: dict[str, Any] = {"mediaGenerationStatus": status}
    if progress is not None and progress.ended and progress.ending.message:
        said["error"] = {"code": progress.ending.code, "message": progress.ending.message}
        if progress.ending.reasons:
            said["failureReasons"] = progress.ending.reasons
    return said

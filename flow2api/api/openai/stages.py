"""What is happening to a job, as a line that people read while they wait."""

from flow2api.domain.job import JobState, Progress

_STARTING = {
    "signing_in": "Signing in",
    "uploading": "Uploading the input pictures",
    "captcha": "Getting past the captcha",
}
_FINISHING = {
    "enlarging": "Enlarging the clip",
    "joining": "Joining the clips",
    "upscaling": "Enlarging the picture",
    "saving": "Saving the result",
}

_NOTE_CHARACTERS = 120


def describe(progress: Progress) -> str:
    """One line without a full stop."""
    state, stage = progress.job.state, progress.stage
    if state is JobState.QUEUED:
        return "Waiting in line" if progress.position is None else f"Waiting in line, place {progress.position}"
    if stage in _STARTING:
        return _STARTING[stage]
    if state is JobState.STARTING:
        return "Getting ready"
    if state is JobState.FETCHING or stage in _FINISHING:
        return _FINISHING.get(stage, "Fetching the result")
    return _generating(progress)


def _generating(progress: Progress) -> str:
    generation = progress.job.generation
    way = f" by way of {generation.route}" if generation.ways else ""
    share = f", {progress.percent} %" if progress.percent is not None else ""
    note = f" ({progress.note[:_NOTE_CHARACTERS]})" if progress.note else ""
    return f"Generating with {generation.model}{way}{share}{note}"

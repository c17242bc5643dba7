"""Orders of pictures and what their answers hold: by `generateContent` for Gemini's models, by `predict` for Imagen's. Pure functions."""

from collections.abc import Sequence

from flow2api.domain.failure import UpstreamFailure
from flow2api.domain.job import Generation, Made
from flow2api.providers.base import Begun
from flow2api.providers.gemini import failures, wire
from flow2api.providers.gemini.failures import Call
from flow2api.providers.words import worded

Input = tuple[str, bytes]
"""Type and bytes of an input picture."""


def content_order(generation: Generation, inputs: Sequence[Input]) -> wire.ContentOrder:
    """The prompt and its pictures as one turn of a conversation."""
    pictures = (wire.Part(inline_data=wire.Blob(mime_type=mime, data=data)) for mime, data in inputs)
    shape = wire.ImageConfig(aspect_ratio=generation.aspect_ratio, image_size=_size(generation))
    # With text allowed, a model that draws nothing says why.
    config = wire.GenerationConfig(response_modalities=("TEXT", "IMAGE"), image_config=shape, seed=generation.seed)
    return wire.ContentOrder(
        contents=(wire.Content(role="user", parts=(*pictures, wire.Part(text=generation.prompt))),),
        generation_config=wire.with_options(config, worded(generation)),
    )


def predict_order(generation: Generation) -> wire.Order:
    """The prompt for as many pictures as are wanted."""
    parameters = wire.Parameters(
        sample_count=generation.count,
        aspect_ratio=generation.aspect_ratio,
        sample_image_size=_size(generation),
        seed=generation.seed,
        include_rai_reason=True,
    )
    return wire.Order(
        instances=(wire.Instance(prompt=generation.prompt),),
        parameters=wire.with_options(parameters, worded(generation)),
    )


def content_begun(body: bytes) -> Begun:
    """The pictures of an answer to a content order.

    Raises:
        UpstreamFailure: there are none; why."""
    answer = wire.decode(body, wire.ContentAnswer, Call.CONTENT)
    if refused := answer.prompt_feedback.block_reason:
        why = answer.prompt_feedback.block_reason_message
        raise failures.of_content(refused, f": {why}" if why else "")
    parts = [part for candidate in answer.candidates for part in candidate.content.parts if not part.thought]
    pictures = [part.inline_data.data for part in parts if part.inline_data and part.inline_data.data]
    if pictures:
        return _begun(pictures)
    said = " ".join(part.text for part in parts if part.text)
    ended = next((candidate for candidate in answer.candidates), wire.Candidate())
    raise failures.of_finish(ended.finish_reason, said or ended.finish_message)


def predict_begun(body: bytes) -> Begun:
    """The pictures of an answer to a prediction. Of several, those that the content rules leave.

    Raises:
        UpstreamFailure: there are none; why."""
    answer = wire.decode(body, wire.PredictAnswer, Call.PREDICT)
    pictures = [one.bytes_base64_encoded for one in answer.predictions if one.bytes_base64_encoded]
    if pictures:
        return _begun(pictures)
    raise _filtered(answer.predictions)


def _filtered(predictions: Sequence[wire.Prediction]) -> UpstreamFailure:
    # An answer of nothing is how it says that everything was filtered out.
    reasons = [one.rai_filtered_reason for one in predictions if one.rai_filtered_reason]
    return failures.of_content("RAI_FILTERED", f": {reasons[0]}" if reasons else "")


def _begun(pictures: Sequence[bytes]) -> Begun:
    made = tuple(Made(media_id=f"picture-{number}") for number, _ in enumerate(pictures, start=1))
    return Begun(made=made, finished=True, data=tuple(pictures))


def _size(generation: Generation) -> str | None:
    return generation.resolution.upper() if generation.resolution else None

"""What this dialect's addresses are, for the document: one rule stands for all verbs of a model.

Described once, for `v1beta`; the other versions, and Vertex's longer paths, say the same.
"""

from flow2api.api.described import EVENTS, GENERATING, JSON, REPEATING, Content, Description
from flow2api.api.gemini.answers import Answer, TokenCount
from flow2api.api.gemini.content_request import ContentRequest
from flow2api.api.gemini.dialect import Envelope
from flow2api.api.gemini.files import FileResource
from flow2api.api.gemini.models import ModelPage, ModelResource
from flow2api.api.gemini.operations import FetchRequest, Operation
from flow2api.api.gemini.predict import Predictions
from flow2api.api.gemini.predict_request import PredictRequest
from flow2api.api.gemini.uploads import UploadedFile
from flow2api.errors import Code

_MODEL = "/v1beta/models/{model}"
_OF_MODEL = (Code.MODEL_NOT_FOUND, Code.MODEL_NOT_ALLOWED)


def _verb(verb: str, summary: str, body: object, answer: object, errors: tuple[Code, ...] = GENERATING) -> Description:
    return Description(
        summary=summary,
        at=f"{_MODEL}:{verb}",
        body=body,
        answers={200: answer},
        scope="gemini",
        headers=REPEATING,
        errors=errors,
        failure=Envelope,
    )


ASK = (
    _verb("generateContent", "Make pictures or a clip", ContentRequest, Answer),
    _verb("streamGenerateContent", "The same with its progress", ContentRequest, Content({JSON: None, EVENTS: None})),
    _verb("countTokens", "Guess the tokens of a prompt", ContentRequest, TokenCount, _OF_MODEL),
    _verb("predict", "Make pictures", PredictRequest, Predictions),
    _verb("predictLongRunning", "Begin a clip", PredictRequest, Operation),
    _verb("fetchPredictOperation", "How a clip stands", FetchRequest, Operation, (*_OF_MODEL, Code.NOT_FOUND)),
)
MODELS = Description(
    summary="List the models that this key may use, page by page",
    answers={200: ModelPage},
    scope="models",
    failure=Envelope,
    errors=(Code.INVALID_VALUE,),
)
MODEL = (
    Description(
        summary="One model", at=_MODEL, answers={200: ModelResource}, scope="models", failure=Envelope, errors=_OF_MODEL
    ),
    Description(
        summary="How a clip stands, by the model that makes it",
        at=f"{_MODEL}/operations/{{operation}}",
        answers={200: Operation},
        scope="gemini",
        failure=Envelope,
        errors=GENERATING,
    ),
)
OPERATION = Description(
    summary="How a clip stands",
    at="/v1beta/operations/{operation}",
    answers={200: Operation},
    scope="gemini",
    failure=Envelope,
    errors=GENERATING,
)
FILE = (
    Description(
        summary="What is known of a file",
        at="/v1beta/files/{file}",
        answers={200: FileResource},
        scope="gemini",
        failure=Envelope,
    ),
    Description(
        summary="The bytes of a file",
        at="/v1beta/files/{file}:download",
        answers={200: Content({"*/*": None}), 206: Content({"*/*": None}), 304: None, 416: None},
        scope="gemini",
        failure=Envelope,
    ),
)
UPLOAD = Description(
    summary="A step of an upload",
    more="The command in the header says which: `start` answers with the address for the pieces.",
    body=Content({"*/*": None}),
    headers={"X-Goog-Upload-Command": "`start`, `upload` or `upload, finalize`."},
    answers={200: UploadedFile},
    scope="gemini",
    failure=Envelope,
    errors=(Code.INVALID_IMAGE, Code.NOT_FOUND),
)

"""Null is as good as absent in request bodies, wherever something may be absent; of those in Gemini's dialect it is dropped before."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from msgspec import inspect

from flow2api.api.jobs.request import JobRequest
from flow2api.api.openai.chat_request import ChatRequest
from flow2api.api.openai.images_request import ImagesRequest
from flow2api.api.openai.responses_request import ResponsesRequest
from flow2api.api.openai.videos_request import VideosRequest

BODIES = (ChatRequest, ImagesRequest, VideosRequest, ResponsesRequest, JobRequest)


def records(kind: Any, seen: set[type]) -> Iterator[inspect.StructType]:
    """Every record in a type, itself included."""
    match kind:
        case inspect.StructType(cls=cls, fields=fields):
            if cls not in seen:
                seen.add(cls)
                yield kind
                for field in fields:
                    yield from records(field.type, seen)
        case inspect.UnionType(types=types):
            for one in types:
                yield from records(one, seen)
        case inspect.ListType(item_type=item) | inspect.VarTupleType(item_type=item):
            yield from records(item, seen)


def takes_null(kind: inspect.Type) -> bool:
    kinds = kind.types if isinstance(kind, inspect.UnionType) else (kind,)
    return any(isinstance(one, inspect.NoneType) or one == inspect.CustomType(object) for one in kinds)


@pytest.mark.parametrize("body", BODIES, ids=lambda body: body.__name__)
def test_null_is_as_good_as_absent(body: type[msgspec.Struct]) -> None:
    strict = [
        f"{record.cls.__name__}.{field.encode_name}"
        for record in records(inspect.type_info(body), set())
        for field in record.fields
        if not field.required and not takes_null(field.type)
    ]
    assert strict == []

"""What an address asks of which model, and that no address takes long to read."""

import time
from urllib.parse import quote

import pytest

from flow2api.api.gemini import dialect, files, routes
from flow2api.api.gemini.routes import Asked, asked_of
from tests.unit.api.doubles import make_request

# As long as an address can be, and longer.
LONG = 60_000


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("/v1beta/models/m:predict", Asked("models/m", "m", "predict")),
        ("/v1/models/m%3Apredict", Asked("models/m", "m", "predict")),
        ("/v1/models/a%2Fb:predict", Asked("models/a%2Fb", "a/b", "predict")),
        ("/v1/models/a/b:predict", Asked("models/a/b", "a/b", "predict")),
        ("/v1/models/a:b:predict", Asked("models/a:b", "a:b", "predict")),
        (
            "/v1beta1/publishers/google/models/m:predict",
            Asked("publishers/google/models/m", "m", "predict"),
        ),
        (
            "/v1/projects/p/locations/l/publishers/google/models/m:predict",
            Asked("projects/p/locations/l/publishers/google/models/m", "m", "predict"),
        ),
        ("/v1/models/m", None),
        ("/v1/models/m:", None),
        ("/v1/models/:predict", None),
        ("/v1/models//m:predict", None),
        ("/v1/publishers/google/m:predict", None),
        ("/v1/xmodels/m:predict", None),
        ("/v1/models/m:predict/x", None),
    ],
)
def test_model_and_verb_are_read_from_the_raw_path(path: str, asked: Asked | None) -> None:
    assert asked_of(path) == asked


@pytest.mark.parametrize(
    "piece", ["%2F", "models/", "models/x%2F:", "/:a", ":a", ":", "/", "files/", "files/a", "operations/a/"]
)
@pytest.mark.parametrize("end", ["", ":", "/", "-"])
def test_an_address_that_is_made_to_be_slow_to_read_is_not(piece: str, end: str) -> None:
    rest = piece * (LONG // len(piece)) + end
    begun = time.perf_counter()
    for version in ("v1", "v1beta"):
        path = f"/{version}/models/x{rest}"
        asked_of(path)
        routes._MODEL.match(path)
        routes._OPERATION.match(path)
        dialect.speaks(make_request({}, path=quote(path, safe="/:%")))
        files.newest_id(path)
    assert time.perf_counter() - begun < 1.0

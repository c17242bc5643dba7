import pytest

from flow2api.api.openai.chat_request import ChatRequest
from flow2api.api.wire import decode, decoder, encode
from flow2api.api.wishes import wish
from flow2api.domain.catalog import Wish
from flow2api.domain.media import MediaFile
from flow2api.errors import Code, Failure

_decoder = decoder(ChatRequest)


def wished(**fields: object) -> Wish:
    body = {"model": "m", "messages": [{"role": "user", "content": "x"}], **fields}
    return wish(decode(encode(body), _decoder), "x", [])


def test_without_parameters_everything_is_left_to_the_catalogue() -> None:
    assert wished() == Wish(model="m", prompt="x")


@pytest.mark.parametrize(
    "fields",
    [
        {"aspect_ratio": "16:9"},
        {"aspectRatio": "16:9"},
        {"image_config": {"aspect_ratio": "16:9"}},
        {"imageConfig": {"aspect": "16:9"}},
        {"generationConfig": {"aspectRatio": "16:9"}},
        {"generationConfig": {"imageConfig": {"aspectRatio": "16:9"}}},
        {"generation_config": {"image_config": {"aspect_ratio": "16:9"}}},
        {"extra_body": {"generationConfig": {"imageConfig": {"aspectRatio": "16:9"}}}},
        {"extraBody": {"aspect_ratio": "16:9"}},
        {"extra_body": {"image_config": {"aspect_ratio": "16:9"}}},
    ],
)
def test_a_ratio_is_found_wherever_it_stands(fields: dict[str, object]) -> None:
    assert wished(**fields).aspect_ratio == "16:9"


def test_the_innermost_place_decides_on_the_shape() -> None:
    asked = wished(
        generationConfig={"imageConfig": {"size": "1024x1792"}, "aspectRatio": "1:1"},
        aspect_ratio="16:9",
        size="512x512",
    )
    assert (asked.aspect_ratio, asked.size) == (None, "1024x1792")
    outer = wished(extra_body={"generationConfig": {"aspectRatio": "4:3"}}, size="512x512", aspect_ratio="16:9")
    assert outer.aspect_ratio == "4:3"
    assert outer.size is None


@pytest.mark.parametrize(
    "fields",
    [
        {"image_size": "2K"},
        {"imageSize": "2K"},
        {"generationConfig": {"imageConfig": {"imageSize": "2K", "aspectRatio": "1:1"}}},
        {"image_config": {"image_size": "2K"}, "size": "1024x1024"},
        {"resolution": "2K"},
    ],
)
def test_a_resolution_is_found_wherever_it_stands(fields: dict[str, object]) -> None:
    assert wished(**fields).resolution == "2K"


def test_count_seed_and_quality_are_passed_on() -> None:
    asked = wished(n="2", seed="77", quality="hd")
    assert (asked.n, asked.seed, asked.quality) == (2, 77, "hd")
    assert wished(generationConfig={"seed": 5}).seed == 5


def test_quality_as_a_number_is_ignored() -> None:
    assert wished(quality=80).quality is None


@pytest.mark.parametrize(("given", "folded"), [(1, 1), (999_999, 999_999), (1_000_000, 1), (0, 999_999), (-1, 999_998)])
def test_a_seed_of_any_size_is_folded_into_six_digits(given: int, folded: int) -> None:
    assert wished(seed=given).seed == folded


def test_pictures_are_passed_on_with_their_sizes() -> None:
    file = MediaFile(
        name="a.png",
        role="input",
        job_id=None,
        mime="image/png",
        size_bytes=1,
        width=3,
        height=4,
        created_at=0,
        expires_at=None,
    )
    body = {"model": "m", "messages": [{"role": "user", "content": "x"}]}
    asked = wish(decode(encode(body), _decoder), "x", [file])
    assert asked.pictures == ("a.png",)
    assert asked.picture_sizes == ((3, 4),)


@pytest.mark.parametrize(
    "fields",
    [
        {"seconds": 6},
        {"seconds": "6"},
        {"seconds": 5.6},
        {"duration": "6s"},
        {"duration": 8, "seconds": 6},
        {"duration_seconds": 6},
        {"generationConfig": {"durationSeconds": 6}, "seconds": 8},
        {"extra_body": {"seconds": "6"}},
    ],
)
def test_a_length_is_found_in_each_spelling(fields: dict[str, object]) -> None:
    assert wished(**fields).seconds == 6


@pytest.mark.parametrize("fields", [{}, {"seconds": None}, {"duration": "auto"}, {"seconds": ""}])
def test_a_length_that_says_nothing_is_none(fields: dict[str, object]) -> None:
    assert wished(**fields).seconds is None


@pytest.mark.parametrize(("field", "value"), [("seconds", "long"), ("duration", "nan"), ("durationSeconds", 1e300)])
def test_a_length_that_is_no_number_of_seconds_is_refused(field: str, value: object) -> None:
    with pytest.raises(Failure) as caught:
        wished(**{field: value})
    assert (caught.value.code, caught.value.param) == (Code.INVALID_VALUE, field)

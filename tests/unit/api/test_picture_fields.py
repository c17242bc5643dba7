"""How a field of a request names pictures."""

import pytest

from flow2api.api.openai.picture_fields import Address, Named, references
from flow2api.errors import Code, Failure

OWN = f"{'a' * 26}.png"


@pytest.mark.parametrize(
    ("picture", "url"),
    [
        ("https://x.example/1", "https://x.example/1"),
        (Named(image_url="https://x.example/1"), "https://x.example/1"),
        (Named(image_url=Address(url="https://x.example/1")), "https://x.example/1"),
        (Named(url="https://x.example/1"), "https://x.example/1"),
        (Named(b64_json="AAAA"), "data:image/png;base64,AAAA"),
        (Named(file_id=OWN), f"/media/{OWN}"),
        (Named(file_id="file-1", url="https://x.example/1"), "https://x.example/1"),
    ],
)
def test_a_picture_is_found_wherever_its_address_stands(picture: Named | str, url: str) -> None:
    [found] = references("image", picture)
    assert (found.url, found.param) == (url, "image")


def test_empty_ones_are_passed_over_and_the_order_is_kept() -> None:
    assert [one.url for one in references("image", ["a", "", Named(url="b")])] == ["a", "b"]
    assert list(references("image", None)) == []


@pytest.mark.parametrize(
    ("picture", "code"),
    [(Named(), Code.MISSING_REQUIRED_PARAMETER), (Named(file_id="file-1"), Code.UNSUPPORTED_OPERATION)],
)
def test_an_object_that_names_no_picture_of_ours_is_refused_with_its_field(picture: Named, code: Code) -> None:
    with pytest.raises(Failure) as caught:
        list(references("mask", picture))
    assert (caught.value.code, caught.value.param) == (code, "mask")

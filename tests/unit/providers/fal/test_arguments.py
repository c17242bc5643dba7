"""What a generation becomes for a model of fal's."""

from typing import Any

import pytest

from flow2api.domain.failure import UpstreamFailure
from flow2api.domain.job import Generation, Made
from flow2api.providers.fal.arguments import arguments
from flow2api.providers.fal.handles import handles, links_of
from flow2api.providers.fal.wire import Submitted

QUEUE = "https://queue.fal.run"


def generation(how: dict[str, object], **fields: Any) -> Generation:
    usual = {"provider": "fal", "upstream_model": "fal-ai/x", "aspect_ratio": "16:9", "model": "x", "prompt": "waves"}
    return Generation(**{"kind": "image", **usual, **fields}, how=how)


@pytest.mark.parametrize(
    ("how", "fields", "links", "sent"),
    [
        ({}, {}, (), {"aspect_ratio": "16:9"}),
        ({"ratio": ""}, {"seed": 7}, (), {"seed": 7}),
        ({"seed": "", "ratio": ""}, {"seed": 7}, (), {}),
        ({"ratio": ""}, {"count": 3}, (), {"num_images": 3}),
        ({"ratio": "", "seconds": "{}s"}, {"kind": "video", "seconds": 6}, (), {"duration": "6s"}),
        ({"ratio": "", "seconds": "{0.x}s"}, {"kind": "video", "seconds": 6}, (), {"duration": "{0.x}s"}),
        ({"ratio": "", "sizes": {"2k": "2K"}}, {"resolution": "2k"}, (), {"resolution": "2K"}),
        ({"ratio": "", "plain": "720p"}, {"kind": "video"}, (), {"resolution": "720p"}),
        ({"ratio": "", "pictures": ["image_url"]}, {}, ("a",), {"image_url": "a"}),
        ({"ratio": "", "pictures": ["a"], "more_pictures": ["b", "c"]}, {}, ("1", "2"), {"b": "1", "c": "2"}),
        ({"ratio": "", "pictures": ["a"], "all_pictures": "s"}, {}, ("1", "2"), {"s": ["1", "2"]}),
        ({"ratio": "", "fixed": {"x": 1}}, {"options": {"raw": True}}, (), {"x": 1, "raw": True}),
    ],
)
def test_each_parameter_goes_by_the_name_that_the_model_has_for_it(
    how: dict[str, object], fields: dict[str, Any], links: tuple[str, ...], sent: dict[str, Any]
) -> None:
    assert arguments(generation(how, **fields), links) == {"prompt": "waves"} | sent


@pytest.mark.parametrize(("how", "links"), [({"pictures": ["a"]}, ("1", "2")), ({"colour": "red"}, ())])
def test_a_catalogue_that_cannot_be_followed_sends_nothing(how: dict[str, object], links: tuple[str, ...]) -> None:
    with pytest.raises(UpstreamFailure, match="catalogue's table of x"):
        arguments(generation(how), links)


def submitted(host: str) -> Submitted:
    return Submitted("r1", f"{QUEUE}/x/status", f"{host}/x", f"{QUEUE}/x/cancel")


def test_each_result_of_a_request_has_a_handle_of_its_own() -> None:
    one, two = handles(submitted(QUEUE), 2, QUEUE)
    assert (one.media_id, two.media_id) == ("r1/0", "r1/1")
    assert [links_of(made, QUEUE).index for made in (one, two)] == [0, 1]
    assert links_of(one, QUEUE).response_url == f"{QUEUE}/x"


@pytest.mark.parametrize(
    "host", ["https://queue.fal.run.evil.example", "http://queue.fal.run", "https://fal.run", "https://["]
)
def test_links_to_any_other_host_are_not_kept(host: str) -> None:
    with pytest.raises(UpstreamFailure, match="another host"):
        handles(submitted(host), 1, QUEUE)


def test_a_handle_of_another_configured_host_is_not_followed() -> None:
    [made] = handles(submitted(QUEUE), 1, QUEUE)
    with pytest.raises(UpstreamFailure, match="another host"):
        links_of(made, "https://queue.example")
    with pytest.raises(UpstreamFailure, match="cannot be read"):
        links_of(Made(media_id="r1", context="{}"), QUEUE)

"""From a request's fields to the catalogue's `Wish`: which of several places counts. What the values mean is the catalogue's."""

from collections.abc import Sequence

from flow2api.api.openai.chat_request import ChatRequest
from flow2api.domain.catalog import Wish
from flow2api.domain.media import MediaFile

# Upstreams take six digits. Clients draw larger seeds, or send -1; folding keeps equal seeds equal.
_SEEDS = 999_999


def wish(asked: ChatRequest, prompt: str, pictures: Sequence[MediaFile]) -> Wish:
    """What the request wishes for."""
    places = list(asked.all_places())
    # One place may name a ratio and another one pixels: the place that comes first decides on the shape.
    shape = next((place for place in places if place.ratio() or place.size), None)
    return Wish(
        model=asked.model,
        prompt=prompt,
        pictures=tuple(picture.name for picture in pictures),
        picture_sizes=tuple((picture.width, picture.height) for picture in pictures),
        aspect_ratio=shape.ratio() if shape else None,
        size=shape.size if shape else None,
        resolution=next((found for place in places if (found := place.image_class())), None),
        quality=next((place.quality for place in places if isinstance(place.quality, str)), None),
        n=asked.n,
        seed=next((_fold(place.seed) for place in places if place.seed is not None), None),
    )


def _fold(seed: int) -> int:
    return (seed - 1) % _SEEDS + 1

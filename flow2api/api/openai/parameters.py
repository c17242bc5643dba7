"""From a request's fields to the catalogue's `Wish`: which of several places counts. What the values mean is the catalogue's."""

import math
from collections.abc import Sequence

from flow2api.api.openai.chat_request import ChatRequest
from flow2api.domain.catalog import Wish
from flow2api.domain.job import Source
from flow2api.domain.media import MediaFile
from flow2api.errors import Code, Failure

# Upstreams take six digits. Clients draw larger seeds, or send -1; folding keeps equal seeds equal.
_SEEDS = 999_999


# Far beyond any clip, so that what follows need not mind how large a number may be.
_MAX_SECONDS = 100_000


def wish(asked: ChatRequest, prompt: str, pictures: Sequence[MediaFile], source: Source | None = None) -> Wish:
    """What the request wishes for.

    Raises:
        Failure: its length is no number of seconds."""
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
        seconds=next((_seconds(*length) for place in places if (length := place.length())), None),
        seed=next((_fold(place.seed) for place in places if place.seed is not None), None),
        source=source,
    )


def _seconds(param: str, value: float | str) -> int | None:
    """A length such as 8, `8` or `8s`, to the nearest second; None for `auto`."""
    text = str(value).strip().lower()
    if text == "auto":
        return None
    try:
        seconds = float(text.removesuffix("s"))
    except ValueError:
        seconds = math.nan
    if not abs(seconds) <= _MAX_SECONDS:
        raise Failure(Code.INVALID_VALUE, f"{text[:80]!r} is no number of seconds.", param=param)
    return round(seconds)


def _fold(seed: int) -> int:
    return (seed - 1) % _SEEDS + 1

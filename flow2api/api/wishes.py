"""From a request's fields to the catalogue's `Wish`: shape, size, length and seed in every place and spelling that is in use, and
which of several counts. What the values mean is the catalogue's. Pure data, shared by all dialects.
"""

import math
from collections.abc import Iterator, Sequence

import msgspec

from flow2api.domain.catalog import Wish
from flow2api.domain.job import OptionValue, Source
from flow2api.domain.media import MediaFile
from flow2api.errors import Code, Failure

# Upstreams take six digits. Clients draw larger seeds, or send -1; folding keeps equal seeds equal.
_SEEDS = 999_999


MAX_PROMPT = 100_000
"""Characters. No upstream takes as much; what is longer is a mistake and would be kept with the job."""

# Far beyond any clip, so that what follows need not mind how large a number may be.
_MAX_SECONDS = 100_000


class VideoRef(msgspec.Struct):
    """The clip that is to go on, by the job that made it."""

    id: str


class Place(msgspec.Struct, kw_only=True):
    """A place in the body where shape, size and length may stand, in every spelling that is in use."""

    aspect_ratio: str | None = None
    aspect_ratio_camel: str | None = msgspec.field(default=None, name="aspectRatio")
    aspect: str | None = None
    size: str | None = None
    image_size: str | None = None
    image_size_camel: str | None = msgspec.field(default=None, name="imageSize")
    resolution: str | None = None
    quality: str | float | None = None
    seed: int | None = None
    negative_prompt: str | None = None
    negative_prompt_camel: str | None = msgspec.field(default=None, name="negativePrompt")
    options: dict[str, OptionValue] | None = None
    """Further parameters, as the catalogue names them for the model."""
    seconds: float | str | None = None
    duration: float | str | None = None
    duration_seconds: float | str | None = None
    duration_seconds_camel: float | str | None = msgspec.field(default=None, name="durationSeconds")

    def ratio(self) -> str | None:
        return self.aspect_ratio_camel or self.aspect_ratio or self.aspect

    def image_class(self) -> str | None:
        return self.image_size_camel or self.image_size or self.resolution

    def further(self) -> dict[str, OptionValue]:
        """The parameters that not every model takes. The one that clients are known to send by itself counts as an option."""
        negative = self.negative_prompt_camel or self.negative_prompt
        return ({"negative_prompt": negative} if negative else {}) | (self.options or {})

    def length(self) -> tuple[str, float | str] | None:
        """The name of the field that names a length, and what it says."""
        fields = ("durationSeconds", self.duration_seconds_camel), ("duration_seconds", self.duration_seconds)
        named = (*fields, ("seconds", self.seconds), ("duration", self.duration))
        return next(((name, value) for name, value in named if value is not None and value != ""), None)


class GenerationConfig(Place, kw_only=True):
    """Gemini's settings, which some clients send to OpenAI routes as well."""

    image_config: Place | None = None
    image_config_camel: Place | None = msgspec.field(default=None, name="imageConfig")

    def places(self) -> Iterator[Place]:
        yield from filter(None, (self.image_config_camel, self.image_config))
        yield self


class Extra(GenerationConfig, kw_only=True):
    """What may hold a `generationConfig`: the body itself, and an `extra_body` that was sent as it is."""

    generation_config: GenerationConfig | None = None
    generation_config_camel: GenerationConfig | None = msgspec.field(default=None, name="generationConfig")
    video: VideoRef | str | None = None

    def inner(self) -> Iterator[Place]:
        for config in filter(None, (self.generation_config_camel, self.generation_config)):
            yield from config.places()


class Request(Extra, kw_only=True):
    """What every body that asks for a generation may hold. A dialect's own fields are added by inheriting from it."""

    model: str
    n: int | None = None
    extra_body: Extra | None = None
    extra_body_camel: Extra | None = msgspec.field(default=None, name="extraBody")

    def all_places(self) -> Iterator[Place]:
        """Every place where shape and size may stand, the one that counts most first."""
        yield from self.inner()
        for extra in filter(None, (self.extra_body, self.extra_body_camel)):
            yield from extra.inner()
            yield from extra.places()
        yield from self.places()

    def source_job(self) -> str | None:
        """The job whose clip is to go on."""
        named = (place.video for place in (self.extra_body, self.extra_body_camel, self) if place and place.video)
        return next((video if isinstance(video, str) else video.id for video in named), None)


def wish(asked: Request, prompt: str, pictures: Sequence[MediaFile], source: Source | None = None) -> Wish:
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
        options={name: value for place in reversed(places) for name, value in place.further().items()},
    )


def prompt_of(text: str | None, param: str = "prompt") -> str:
    """The prompt in a request's field.

    Raises:
        Failure: there is none, or it is too long; `param` names the field."""
    prompt = (text or "").strip()
    if not prompt:
        raise Failure(Code.MISSING_REQUIRED_PARAMETER, f"{param} must say what to make; it is empty.", param=param)
    return within(prompt, param)


def within(prompt: str, param: str) -> str:
    """A prompt that is not too long.

    Raises:
        Failure: it is."""
    if len(prompt) > MAX_PROMPT:
        message = f"The prompt has {len(prompt)} characters; at most {MAX_PROMPT} are taken."
        raise Failure(Code.INVALID_VALUE, message, param=param)
    return prompt


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

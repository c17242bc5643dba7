"""What a caller asks for, and what each of its parameters means for a model: a value that the model has, or a `Failure`.

Parameters are read even where a name fixes what they ask for, so that nonsense is never accepted; there they have no effect.
`quality` never starts an enlargement, since that may need a better account and takes long: only a size or resolution does.
"""

from collections.abc import Mapping
from typing import cast, get_args

import msgspec
from msgspec.structs import replace

from flow2api.domain import ratio as ratios
from flow2api.domain.job import OptionValue, Size, Source
from flow2api.domain.model import PLAIN, Fixed, Model, Option, Shape, Table, shown
from flow2api.domain.reading import listed
from flow2api.errors import Code, Failure

# What a caller made up is shown in the answer; nobody needs to read all of a megabyte.
_SHOWN_CHARACTERS = 80
_CLASSES = frozenset(get_args(Size))
_TYPES = {"text": str, "integer": int, "number": float, "boolean": bool}
# Fields of a wish that a table may drop; any other name is that of an option.
_DROPPABLE_FIELDS = ("seed", "aspect_ratio")
# What some clients send with everything, so that a model without it would be of no use to them.
GENERAL_DROPS: Mapping[str, str] = {"negative_prompt": "it takes no negative prompt"}
# Names of a quality over the years, each with the one that stands for it where it is not known.
_QUALITIES = {"standard": "medium", "hd": "high", "xhigh": "high", "max": "high"}
# A length that is off by no more than this goes to the nearest that the model has; callers see it in the result.
_NEAR_SECONDS = 2


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller asks for, in the caller's words; None and `auto` leave the choice to the catalogue."""

    model: str
    prompt: str
    pictures: tuple[str, ...] = ()
    """Names of stored media files."""
    mask: str | None = None
    """Name of the stored mask for the first of `pictures`: what can be seen through in it is to change."""
    picture_sizes: tuple[tuple[int, int], ...] = ()
    """Width and height of each of `pictures`."""
    aspect_ratio: str | None = None
    size: str | None = None
    """Pixels (`1024x1792`), a class (`2K`) or a ratio."""
    resolution: str | None = None
    """A class; where it is given it outweighs a class in `size`."""
    quality: str | None = None
    """Without effect where the model has no choice of it."""
    seconds: int | None = None
    n: int | None = None
    seed: int | None = None
    source: Source | None = None
    """The clip to extend."""
    options: Mapping[str, OptionValue] = {}
    """Further parameters, by the names that the catalogue has for them."""


def without_drops(model: Model, table: Table, ask: Wish) -> tuple[Wish, tuple[str, ...]]:
    """The wish without what the model does not take and its table lets pass, and a warning for each thing left out."""
    warnings = []
    kept = dict(ask.options)
    for name, reason in {**GENERAL_DROPS, **table.drops}.items():
        if name in table.options:
            continue
        given = kept.pop(name, None)
        if name in _DROPPABLE_FIELDS:
            given = getattr(ask, name)
            ask = replace(ask, **{name: None})
        if name == "aspect_ratio" and (ask.size or "").strip().lower() not in _CLASSES:
            # Pixels are often just a client's default, and nothing to be warned of.
            ask = replace(ask, size=None)
        if given is not None and str(given).strip().lower() not in ("", "auto"):
            warnings.append(f"{name} was left out for {model.id}: {reason}.")
    return replace(ask, options=kept), tuple(warnings)


def check_inputs(model: Model, ask: Wish) -> None:
    """Refuse a number of input pictures, or a clip to extend, that the model does not take."""
    given = len(ask.pictures)
    if given > model.max_inputs:
        takes = "no input pictures" if model.max_inputs == 0 else _range(model)
        raise Failure(Code.INVALID_VALUE, f"{model.id} takes {takes}; {given} were given.", param="image")
    if given < model.min_inputs:
        message = f"{model.id} needs {_range(model)}; {given} were given."
        raise Failure(Code.MISSING_REQUIRED_PARAMETER, message, param="image")
    if ask.mask is not None and not model.masks:
        raise no_mask(model)
    if model.mode == "extend" and ask.source is None:
        message = f"{model.id} continues a clip that was made here; name that clip."
        raise Failure(Code.MISSING_REQUIRED_PARAMETER, message, param="video")
    if model.mode != "extend" and ask.source is not None:
        message = f"{model.id} cannot continue a clip; ask a model for that whose mode is `extend`."
        raise Failure(Code.INVALID_VALUE, message, param="video")


def no_mask(model: Model) -> Failure:
    """Why a mask is refused: without it another picture would come out than was asked for."""
    message = (
        f"{model.id} cannot keep to a mask: it would paint over the whole picture. Leave the mask out and say in the prompt what is "
        "to change and what is to stay, or ask a model that takes masks."
    )
    return Failure(Code.UNSUPPORTED_OPERATION, message, param="mask")


def shape(model: Model, table: Table, ask: Wish) -> Shape:
    """Ratio, enlargement and length."""
    asked_ratio = _ratio(model, ask)
    asked_upscale = _upscale(model, ask)
    asked_seconds = _seconds(model, ask.seconds)
    fixed = model.fixed or Fixed()
    found = table.shape_of(fixed)
    if found is None:
        seconds = fixed.seconds or asked_seconds or table.usual_seconds
        found = Shape(asked_ratio or _natural_ratio(model, ask), fixed.upscale or asked_upscale, seconds)
    _check_source(model, found, ask.source)
    _check_length(model, table, found)
    return found


def count(model: Model, n: int | None) -> int:
    """How many results."""
    wanted = 1 if n is None else n
    if not 1 <= wanted <= model.max_count:
        message = f"n must be a number from 1 to {model.max_count} for {model.id}; {str(wanted)[:_SHOWN_CHARACTERS]} was given."
        raise Failure(Code.INVALID_VALUE, message, param="n")
    return wanted


def seed(model: Model, wanted: int | None) -> int | None:
    """The seed, None when it does not matter."""
    least, most = model.seeds
    if wanted is not None and not least <= wanted <= most:
        message = f"seed must be a number from {least} to {most}; {str(wanted)[:_SHOWN_CHARACTERS]} was given."
        raise Failure(Code.INVALID_VALUE, message, param="seed")
    return wanted


def options(model: Model, table: Table, ask: Wish) -> dict[str, OptionValue]:
    """The further parameters, each as its model takes it. One that it does not take is refused, not passed over; but a quality
    without meaning for the model is, since clients send one with everything."""
    asked = dict(ask.options)
    if quality := _quality(table, ask):
        asked.setdefault("quality", quality)
    for name in asked:
        if name not in table.options:
            takes = f"it takes {listed(table.options, 'and')}" if table.options else "it takes no such parameter"
            raise Failure(Code.INVALID_VALUE, f"{model.id} has no {name[:_SHOWN_CHARACTERS]}; {takes}.", param=name)
    return {name: _option(model, name, table.options[name], value) for name, value in asked.items()}


def nonsense(option: Option) -> str:
    """Why no value could ever fit an option, in words; empty where one can."""
    number = option.type in ("integer", "number")
    wanted = (int, float) if option.type == "number" else (_TYPES[option.type],)
    for choice in option.choices:
        if type(choice) not in wanted:
            return f"choices must hold values of type {option.type}, not {str(choice)[:_SHOWN_CHARACTERS]!r}"
    if not number and (option.least is not None or option.most is not None):
        return f"least and most go with type integer or number, not with {option.type}"
    if option.least is not None and option.most is not None and option.least > option.most:
        return "least may not exceed most"
    return ""


def _quality(table: Table, ask: Wish) -> str | None:
    """The quality that the wish names, in the model's own word where it has one."""
    word = _given(ask.quality)
    option = table.options.get("quality")
    names = (word, _QUALITIES.get(word)) if word and option else ()
    return next((name for name in names if name and option and name in option.choices), None)


def _option(model: Model, name: str, option: Option, value: OptionValue) -> OptionValue:
    wanted = _TYPES[option.type]
    number = isinstance(value, int | float) and not isinstance(value, bool)
    fits = number if option.type == "number" else type(value) is wanted
    if fits and option.choices and value not in option.choices:
        fits = False
    if fits and number:
        least, most = option.least, option.most
        fits = (least is None or float(value) >= least) and (most is None or float(value) <= most)
    if fits:
        return value
    message = f"{name} must be {_allowed(option)} for {model.id}; {str(value)[:_SHOWN_CHARACTERS]!r} was given."
    raise Failure(Code.INVALID_VALUE, message, param=name)


def _allowed(option: Option) -> str:
    if option.choices:
        return listed(map(str, option.choices), "or")
    what = {"text": "a text", "integer": "a whole number", "number": "a number", "boolean": "true or false"}[
        option.type
    ]
    low = f" from {option.least:g}" if option.least is not None else ""
    high = f" up to {option.most:g}" if option.most is not None else ""
    return what + low + high


def _ratio(model: Model, ask: Wish) -> str | None:
    """The ratio that the parameters name. A ratio is meant; a size in pixels is often just a client's default."""
    if asked := _given(ask.aspect_ratio):
        sides = ratios.spelled(asked)
        found = ratios.exactly(sides, model.ratios) if sides else None
        if found or (sides and model.fixed and model.fixed.ratio):
            return found
        verb = "draws" if model.kind == "image" else "films"
        message = f"{model.id} {verb} {listed(model.ratios, 'and')}; {asked[:_SHOWN_CHARACTERS]!r} is none of them."
        raise Failure(Code.INVALID_VALUE, message, param="aspect_ratio")
    size = _given(ask.size)
    if size is None or size in _CLASSES:
        return None
    sides = ratios.spelled(size)
    if sides is None:
        message = f"{size[:_SHOWN_CHARACTERS]!r} is no size: give pixels such as 1024x1792, or {_classes(model)}."
        raise Failure(Code.INVALID_VALUE, message, param="size")
    return ratios.nearest(sides, model.ratios)


def _natural_ratio(model: Model, ask: Wish) -> str:
    """The ratio when no parameter names one: that of the clip to extend, else of the first picture, else the usual one."""
    if ask.source and ask.source.aspect_ratio in model.ratios:
        return ask.source.aspect_ratio
    if ask.picture_sizes:
        return ratios.nearest(ask.picture_sizes[0], model.ratios)
    return model.ratios[0]


def _upscale(model: Model, ask: Wish) -> Size | None:
    """The enlargement that the parameters name."""
    size = _given(ask.size)
    asked, param = (size, "size") if size in _CLASSES else (None, "size")
    if resolution := _given(ask.resolution):
        asked, param = resolution, "resolution"
    if asked is None:
        return None
    held = model.fixed and (model.fixed.ratio or model.fixed.upscale)
    # What is usual for the other kind means nothing special either: some clients send one class with everything.
    if asked in (model.plain, PLAIN["video" if model.kind == "image" else "image"]):
        return None
    if asked in _CLASSES and (held or asked in model.upscales):
        return cast("Size", asked)
    message = f"{model.id} has no resolution {asked[:_SHOWN_CHARACTERS]!r}; it offers {_classes(model)}."
    raise Failure(Code.INVALID_VALUE, message, param=param)


def told_length(model: Model, ask: Wish, found: Shape) -> tuple[str, ...]:
    """A warning where a clip gets another length than was asked for. A name that fixes its form means what it says."""
    fixed = model.fixed is not None and (model.fixed.ratio or model.fixed.seconds)
    if fixed or ask.seconds in (None, found.seconds):
        return ()
    return (
        f"seconds {str(ask.seconds)[:_SHOWN_CHARACTERS]} is not offered by {model.id}; the clip has {found.seconds}.",
    )


def _seconds(model: Model, wanted: int | None) -> int | None:
    """The length that is asked for, or the nearest of the model's."""
    if wanted is None:
        return None
    if not model.seconds:
        message = f"{model.id} makes pictures, which have no length."
        raise Failure(Code.INVALID_VALUE, message, param="seconds")
    nearest = min(model.seconds, key=lambda seconds: (abs(seconds - wanted), -seconds))
    held = model.fixed and (model.fixed.ratio or model.fixed.seconds) and wanted > 0
    if held or abs(nearest - wanted) <= _NEAR_SECONDS:
        return nearest
    offered = listed(map(str, sorted(model.seconds)), "or")
    message = f"{model.id} makes clips of {offered} seconds; {str(wanted)[:_SHOWN_CHARACTERS]} was asked for."
    raise Failure(Code.INVALID_VALUE, message, param="seconds")


def _check_source(model: Model, found: Shape, source: Source | None) -> None:
    """A clip is continued in its own ratio."""
    if source and source.aspect_ratio and source.aspect_ratio != found.ratio:
        message = f"The clip to extend is {source.aspect_ratio}; {model.id} was asked for {found.ratio}."
        raise Failure(Code.INVALID_VALUE, message, param="aspect_ratio")


def _check_length(model: Model, table: Table, found: Shape) -> None:
    """Some enlargements are not offered for every length."""
    if found.upscale is None or table.upscales[found.upscale].fits(found.seconds):
        return
    offered = listed(map(str, sorted(table.upscales[found.upscale].seconds)), "or")
    message = f"{model.id} offers {found.upscale} for clips of {offered} seconds alone, not of {found.seconds}."
    raise Failure(Code.INVALID_VALUE, message, param="seconds")


def _given(text: str | None) -> str | None:
    word = (text or "").strip().lower()
    return None if word in ("", "auto") else word


def _range(model: Model) -> str:
    least, most = model.min_inputs, model.max_inputs
    if least == most:
        return f"exactly {most} input picture{'s' if most != 1 else ''}"
    return f"{least} to {most} input pictures" if least else f"at most {most} input pictures"


def _classes(model: Model) -> str:
    return listed([shown(model.plain), *(shown(size) for size in model.upscales)], "or")

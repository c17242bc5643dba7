"""The catalogue: public model ids and a caller's parameters become one `Generation`, or a `Failure` that says what is allowed.

Models are data: the files in `catalog/`, then the operator's own. A catalogue is made once at the start and never changes.
It knows no route and no wire format. `quality` never starts an enlargement, since that may need a better account and takes
long: only a size or resolution of 2K or 4K does.
"""

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from importlib import resources
from pathlib import Path

import msgspec

from flow2api.domain import ratio as ratios
from flow2api.domain.job import Generation
from flow2api.domain.model import Fixed, Model, Size, Table, expand
from flow2api.errors import Code, Failure

# A name that a caller made up is shown in the answer; nobody needs to read all of a megabyte.
_SHOWN_CHARACTERS = 80
_SIZES: Mapping[str, Size | None] = {"1k": None, "2k": "2k", "4k": "4k"}


class CatalogError(ValueError):
    """A catalogue file cannot be used; the message names the file and the place in it."""


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller asks for, in the caller's words; None and `auto` leave the choice to the catalogue."""

    model: str
    prompt: str
    pictures: tuple[str, ...] = ()
    """Names of stored media files."""
    picture_sizes: tuple[tuple[int, int], ...] = ()
    """Width and height of each of `pictures`."""
    aspect_ratio: str | None = None
    size: str | None = None
    """Pixels (`1024x1792`), a class (`2K`) or a ratio."""
    resolution: str | None = None
    """A class; where it is given it outweighs a class in `size`."""
    quality: str | None = None
    """Accepted and without effect."""
    n: int | None = None
    seed: int | None = None


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    models: dict[str, dict[str, object]] = {}
    aliases: Mapping[str, str] = {}
    off: tuple[str, ...] = ()


class Catalog:
    """All models on offer. Share it freely: it is never changed."""

    def __init__(self, tables: Mapping[str, Table], aliases: Mapping[str, str]) -> None:
        self._tables = dict(tables)
        self._models: dict[str, Model] = {}
        self._exact: dict[tuple[str, Fixed], str] = {}
        for base, table in tables.items():
            _check_table(base, table)
            for model in expand(base, table):
                self._add(model)
                if model.fixed:
                    self._exact.setdefault((base, model.fixed), model.id)
        for name, target in aliases.items():
            if target not in self._models:
                raise CatalogError(f"aliases.{name}: there is no model {target!r}")
            self._add(msgspec.structs.replace(self._models[target], id=name))

    @classmethod
    def load(cls, extra: Path | None) -> "Catalog":
        """The built-in models, changed by the operator's file if one is given.

        Raises:
            CatalogError: the file is missing, is no TOML, or something in it does not make sense.
        """
        built_in = resources.files("flow2api.domain") / "catalog" / "flow.toml"
        base = _read(built_in.read_text(encoding="utf-8"), "flow.toml")
        own = _read(_text_of(extra), str(extra)) if extra else _File()
        fields = {name: {**base.models.get(name, {}), **own.models.get(name, {})} for name in base.models | own.models}
        if unknown := [name for name in own.off if name not in fields]:
            raise CatalogError(f"{extra}: off: there is no model {unknown[0]!r}")
        tables = {name: _table(name, fields[name], extra) for name in fields if name not in own.off}
        return cls(tables, {**base.aliases, **own.aliases})

    def models(self) -> list[Model]:
        """Every public id: each base name followed by its exact ids, aliases last."""
        return list(self._models.values())

    def get(self, model_id: str) -> Model | None:
        """The model of this id, None when there is none."""
        return self._models.get(model_id)

    def resolve(self, ask: Wish) -> Generation:
        """What to ask which provider for.

        Raises:
            Failure: the model is unknown or cannot do it; `param` names the field at fault.
        """
        model = self._models.get(ask.model)
        if model is None:
            raise self._unknown(ask.model)
        table = self._tables[model.base]
        _check_inputs(model, len(ask.pictures))
        shape = _shape(model, ask)
        count = _count(model, ask.n)
        cost = table.credits + (table.upscales[shape.upscale].credits if shape.upscale else 0)
        return Generation(
            # However a wish was written, equal ones are known under one id.
            model=self._exact.get((model.base, shape), model.id),
            kind=table.kind,
            provider=table.provider,
            upstream_model=_key(model, table, shape, len(ask.pictures)),
            prompt=ask.prompt,
            aspect_ratio=shape.ratio,
            count=count,
            seed=_seed(table, ask.seed),
            upscale=shape.upscale,
            inputs=ask.pictures,
            min_tier=table.tier_for(shape.upscale),
            credits=cost * count,
        )

    def _unknown(self, name: str) -> Failure:
        shown = name[:_SHOWN_CHARACTERS]
        near = difflib.get_close_matches(shown, self._models, n=3, cutoff=0.5)
        hint = f"Did you mean {_words(near, 'or')}?" if near else "GET /v1/models lists all of them."
        return Failure(Code.MODEL_NOT_FOUND, f"There is no model {shown!r}. {hint}", param="model")

    def _add(self, model: Model) -> None:
        if model.id in self._models:
            raise CatalogError(f"{model.id}: two models or aliases have this id")
        self._models[model.id] = model


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CatalogError(f"{path}: cannot be read: {error}") from error


def _read(text: str, source: str) -> _File:
    try:
        return msgspec.convert(tomllib.loads(text), _File)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise CatalogError(f"{source}: {error}") from error


def _table(name: str, fields: Mapping[str, object], source: Path | None) -> Table:
    try:
        return msgspec.convert(fields, Table)
    except msgspec.ValidationError as error:
        raise CatalogError(f"{source or 'flow.toml'}: models.{name}: {error}") from error


def _check_table(base: str, table: Table) -> None:
    """What the types of a table cannot say."""
    wrong = [name for name, fixed in table.names.items() if fixed.upscale and fixed.upscale not in table.upscales]
    if wrong:
        raise CatalogError(f"models.{base}.names.{wrong[0]}: the model has no such upscale")
    if table.inputs[0] > table.inputs[1] or table.seeds[0] > table.seeds[1]:
        raise CatalogError(f"models.{base}: the first number of inputs and seeds may not exceed the second")


def _check_inputs(model: Model, count: int) -> None:
    if count > model.max_inputs:
        most = f"at most {model.max_inputs} input pictures" if model.max_inputs else "no input pictures"
        raise Failure(Code.INVALID_VALUE, f"{model.id} takes {most}; {count} were given.", param="image")
    if count < model.min_inputs:
        message = f"{model.id} needs at least {model.min_inputs} input pictures; {count} were given."
        raise Failure(Code.MISSING_REQUIRED_PARAMETER, message, param="image")


def _shape(model: Model, ask: Wish) -> Fixed:
    """Ratio and enlargement. The parameters are read even where the id fixes both, so that nonsense is never accepted."""
    asked_ratio = _ratio(model, ask)
    asked_size = _size(model, ask)
    if model.fixed is not None:
        return model.fixed
    if asked_ratio is None and ask.picture_sizes:
        asked_ratio = ratios.nearest(ask.picture_sizes[0], model.ratios)
    return Fixed(asked_ratio or model.ratios[0], asked_size)


def _ratio(model: Model, ask: Wish) -> str | None:
    """The ratio that the parameters name. A ratio is meant; a size in pixels is often just a client's default."""
    if asked := _given(ask.aspect_ratio):
        sides = ratios.spelled(asked)
        found = ratios.exactly(sides, model.ratios) if sides else None
        if found or (sides and model.fixed):
            return found
        allowed = _words(model.ratios, "and")
        message = f"{model.id} draws {allowed}; {asked[:_SHOWN_CHARACTERS]!r} is none of them."
        raise Failure(Code.INVALID_VALUE, message, param="aspect_ratio")
    size = _given(ask.size)
    if size is None or size in _SIZES:
        return None
    sides = ratios.spelled(size)
    if sides is None:
        message = f"{size[:_SHOWN_CHARACTERS]!r} is no size: give pixels such as 1024x1792, or {_classes(model)}."
        raise Failure(Code.INVALID_VALUE, message, param="size")
    return ratios.nearest(sides, model.ratios)


def _size(model: Model, ask: Wish) -> Size | None:
    """The enlargement that the parameters name."""
    size = _given(ask.size)
    asked, param = (size, "size") if size in _SIZES else (None, "size")
    if resolution := _given(ask.resolution):
        asked, param = resolution, "resolution"
    if asked is None:
        return None
    upscale = _SIZES.get(asked)
    known = asked in _SIZES
    if known and (model.fixed or upscale is None or upscale in model.upscales):
        return upscale
    message = f"{model.id} has no resolution {asked[:_SHOWN_CHARACTERS]!r}; it offers {_classes(model)}."
    raise Failure(Code.INVALID_VALUE, message, param=param)


def _given(text: str | None) -> str | None:
    word = (text or "").strip().lower()
    return None if word in ("", "auto") else word


def _count(model: Model, n: int | None) -> int:
    count = 1 if n is None else n
    if not 1 <= count <= model.max_count:
        message = f"n must be a number from 1 to {model.max_count} for {model.id}; {count} was given."
        raise Failure(Code.INVALID_VALUE, message, param="n")
    return count


def _seed(table: Table, seed: int | None) -> int | None:
    least, most = table.seeds
    if seed is not None and not least <= seed <= most:
        message = f"seed must be a number from {least} to {most}; {seed} was given."
        raise Failure(Code.INVALID_VALUE, message, param="seed")
    return seed


def _key(model: Model, table: Table, shape: Fixed, inputs: int) -> str:
    key = table.key_for(shape.ratio, inputs)
    if key is None:
        message = f"{model.id} cannot make {shape.ratio} from {inputs} input pictures."
        raise Failure(Code.INVALID_VALUE, message, param="image")
    return key


def _classes(model: Model) -> str:
    return _words(["1K", *(size.upper() for size in model.upscales)], "or")


def _words(items: Iterable[str], last: str) -> str:
    """`a, b or c`."""
    *head, tail = items
    return f"{', '.join(head)} {last} {tail}" if head else tail

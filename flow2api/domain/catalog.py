"""The catalogue: public model ids and a caller's parameters become one `Generation`, or a `Failure` that says what is allowed.

Models are data: the files in `catalog/`, then the operator's own. A catalogue never changes; `varied` makes another one.
It knows no route and no wire format. What single parameters mean is found in `domain.asking`.
"""

import difflib
import tomllib
from collections.abc import Callable, Collection, Iterable, Mapping
from importlib import resources
from pathlib import Path

import msgspec
from msgspec.structs import replace

from flow2api.domain import asking, naming
from flow2api.domain.asking import Wish
from flow2api.domain.job import Generation, Way
from flow2api.domain.model import Family, Model, Routes, Shape, Table
from flow2api.domain.reading import Misfit, listed, read
from flow2api.errors import Code, Failure

__all__ = ["Catalog", "CatalogError", "Wish"]

# A name that a caller made up is shown in the answer; nobody needs to read all of a megabyte.
_SHOWN_CHARACTERS = 80
_FOLDER = resources.files("flow2api.domain") / "catalog"


class CatalogError(ValueError):
    """A catalogue file cannot be used; the message names the file and the place in it."""


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    models: dict[str, dict[str, object]] = {}
    families: dict[str, Family] = {}
    routes: dict[str, Routes] = {}
    aliases: Mapping[str, str] = {}
    off: tuple[str, ...] = ()


class Catalog:
    """All models on offer. Share it freely: it is never changed."""

    def __init__(
        self,
        tables: Mapping[str, Table],
        families: Mapping[str, Family],
        aliases: Mapping[str, str],
        routes: Mapping[str, Routes] | None = None,
    ) -> None:
        self._tables = dict(tables)
        self._families = dict(families)
        self._models: dict[str, Model] = {}
        self._exact: dict[tuple[str, Shape], str] = {}
        for base, table in tables.items():
            _check_table(base, table)
            for model in naming.expand(base, table):
                self._add(model)
                self._note_exact(model, table)
        for name, family in families.items():
            self._add(naming.joined(name, family, [self._known("families", name, of) for of in family.models]))
        self._aliases = dict(aliases)
        # A name with routes may be that of a model, which then is one of them; what routes lead to has none itself.
        self._direct = dict(self._models)
        self._routes = dict(routes or {})
        for name, wanted in self._routes.items():
            members = [self._known("routes", name, detour.model, self._direct) for detour in wanted.to]
            _check_routes(name, wanted, members)
            self._models[name] = naming.routed(name, wanted, members)
        for name, target in aliases.items():
            self._add(replace(self._known("aliases", name, target), id=name))

    @classmethod
    def load(cls, extra: Path | None, check: Callable[[Table], object] = lambda table: None) -> "Catalog":
        """The built-in models, changed by the operator's file if one is given.

        `check` raises `ValueError` for a table with which its provider could do nothing, and says which of its fields is to blame.

        Raises:
            CatalogError: the file is missing, is no TOML, or something in it does not make sense.
        """
        base = _merged([_read((_FOLDER / name).read_text(encoding="utf-8"), name) for name in built_in()])
        own = _read(_text_of(extra), str(extra)) if extra else _File()
        both = _merged([base, own])
        if unknown := [name for name in own.off if name not in both.models and name not in both.families]:
            raise CatalogError(f"{extra}: off: there is no model {unknown[0]!r}")
        tables = {name: _table(name, fields, extra) for name, fields in both.models.items() if name not in own.off}
        for name, table in tables.items():
            try:
                check(table)
            except ValueError as error:
                place = extra if name in own.models else "built-in"
                raise CatalogError(f"{place}: models.{name}: {error}") from None
        families = {
            name: family
            for name, family in both.families.items()
            if name in own.families or not {name, *family.models} & set(own.off)
        }
        try:
            return cls(tables, families, both.aliases, both.routes)
        except CatalogError as error:
            raise CatalogError(f"{extra}: {error}" if extra else str(error)) from None

    def varied(self, aliases: Mapping[str, str], off: Collection[str]) -> "Catalog":
        """Another catalogue: this one without the models `off` (and what needs or names them), and with `aliases`. Of these, those
        that do not fit (their target is not there, or a model has their name) are left out."""
        left = Catalog(
            {base: table for base, table in self._tables.items() if base not in off},
            {name: one for name, one in self._families.items() if not {name, *one.models} & set(off)},
            {},
        )
        routes = {
            name: found for name, one in self._routes.items() if (found := _left_of(one, left)) and name not in off
        }
        known, kept = {*left._models, *routes}, dict[str, str]()
        # In this order, since an alias may be of one before it.
        for name, target in (self._aliases | {n: t for n, t in aliases.items() if n not in self}).items():
            if target in known:
                kept[name] = target
                known.add(name)
        return Catalog(left._tables, left._families, kept, routes)

    def own_names(self) -> Mapping[str, tuple[str, ...]]:
        """The models that are no form of another, families included, each with all ids that mean it or a form of it."""
        names: dict[str, list[str]] = {name: [] for name in (*self._tables, *self._families, *self._routes)}
        for model in self._models.values():
            names[model.base].append(model.id)
        return {name: tuple(ids) for name, ids in names.items()}

    def __contains__(self, model_id: str) -> bool:
        return model_id in self._models

    def models(self) -> list[Model]:
        """Every public id: each base name followed by its exact ids, then families, aliases last."""
        return list(self._models.values())

    def get(self, model_id: str) -> Model | None:
        """The model of this id, None when there is none."""
        return self._models.get(model_id)

    def find(self, model_id: str) -> Model:
        """The model of this id.

        Raises:
            Failure: `model_not_found`, with names that are near."""
        model = self._models.get(model_id)
        if model is None:
            raise self._unknown(model_id)
        return model

    def names(self, model: Model) -> tuple[str, ...]:
        """Everything that a model goes by: its id, what that is an alias of, and the model that it is a form of."""
        target = self._aliases.get(model.id, model.id)
        return tuple(dict.fromkeys((model.id, target, model.base)))

    def resolve(self, ask: Wish) -> Generation:
        """What to ask which provider for.

        Raises:
            Failure: the model is unknown or cannot do it; `param` names the field at fault.
        """
        model = self.find(ask.model)
        return self._routed(model, ask) if model.routes else self._plainly(model, ask)

    def _plainly(self, model: Model, ask: Wish) -> Generation:
        asking.check_inputs(model, ask)
        if model.family:
            member = self._direct[model.family[min(len(ask.pictures), len(model.family) - 1)]]
            return self._plainly(member, ask)
        return self._resolve(model, self._tables[model.base], ask)

    def _routed(self, model: Model, ask: Wish) -> Generation:
        """The generation with all ways that can make what is asked for; the refusal of the first route where none can."""
        ways: list[Generation] = []
        refusals: list[Failure] = []
        for detour in sorted(model.routes, key=lambda detour: detour.order):
            target = self._direct[detour.model]
            try:
                way = self._plainly(target, ask)
            except Failure as failure:
                refusals.append(failure)
                continue
            if detour.when.fits(way, len(ask.pictures), target.plain):
                ways.append(replace(way, group=detour.group, order=detour.order, weight=detour.weight))
        if not ways:
            unmet = Failure(Code.INVALID_VALUE, f"No route of {model.id} is for a request of this form.", param="model")
            raise refusals[0] if refusals else unmet
        return replace(ways[0], model=model.id, ways=tuple(map(_way, ways)) if len(ways) > 1 else ())

    def _resolve(self, model: Model, table: Table, ask: Wish) -> Generation:
        inputs = len(ask.pictures)
        ask, warnings = asking.without_drops(model, table, ask)
        shape = asking.shape(model, table, ask)
        count = asking.count(model, ask.n)
        route = table.route_for(shape, inputs)
        if route is None:
            message = f"{model.id} cannot make {shape.ratio} from {inputs} input pictures."
            raise Failure(Code.INVALID_VALUE, message, param="image")
        length = table.length_credits(shape.seconds)
        more = table.size_credits(shape.upscale, shape.seconds)
        return Generation(
            # However a wish was written, equal ones are known under one id.
            model=self._exact.get((model.base, shape), model.id),
            kind=table.kind,
            provider=table.provider,
            upstream_model=route.key,
            prompt=ask.prompt,
            aspect_ratio=shape.ratio,
            count=count,
            seed=asking.seed(model, ask.seed),
            upscale=None if table.at_once else shape.upscale,
            resolution=shape.upscale if table.at_once else None,
            inputs=ask.pictures,
            mask=ask.mask,
            min_tier=table.tier_for(shape.upscale),
            credits=(table.credits + length + more) * count,
            mode=table.mode_for(route, inputs),
            seconds=shape.seconds,
            upscale_credits=0 if table.at_once else more * count,
            tier_models=route.tiers,
            tier_credits={tier: (credits + length + more) * count for tier, credits in table.tier_credits.items()},
            source=ask.source,
            warnings=(*warnings, *asking.told_length(model, ask, shape)),
            options=asking.options(model, table, ask),
            option_names={name: option.name for name, option in table.options.items() if option.name},
            how=table.how,
        )

    def _unknown(self, name: str) -> Failure:
        shown = name[:_SHOWN_CHARACTERS]
        near = difflib.get_close_matches(shown, self._models, n=3, cutoff=0.5)
        hint = f"Did you mean {listed(near, 'or')}?" if near else "GET /v1/models lists all of them."
        return Failure(Code.MODEL_NOT_FOUND, f"There is no model {shown!r}. {hint}", param="model")

    def _known(self, section: str, name: str, target: str, among: Mapping[str, Model] | None = None) -> Model:
        model = (self._models if among is None else among).get(target)
        if model is None or (section == "families" and model.family):
            raise CatalogError(f"{section}.{name}: there is no model {target!r}")
        return model

    def _add(self, model: Model) -> None:
        if model.id in self._models:
            raise CatalogError(f"{model.id}: two models or aliases have this id")
        self._models[model.id] = model

    def _note_exact(self, model: Model, table: Table) -> None:
        shape = table.shape_of(model.fixed) if model.fixed else None
        if shape is not None:
            self._exact.setdefault((model.base, shape), model.id)


def _left_of(routes: Routes, left: Catalog) -> Routes | None:
    """The routes without those that lead to models which are gone; None where all are."""
    to = tuple(detour for detour in routes.to if detour.model in left)
    return replace(routes, to=to) if to else None


def built_in() -> list[str]:
    """The catalogue files that come with the program."""
    names = (file.name for file in _FOLDER.iterdir() if file.name.endswith(".toml"))
    return sorted(names, key=lambda name: name.removesuffix(".toml"))


def _way(generation: Generation) -> Way:
    return Way(**{name: getattr(generation, name) for name in Way.__struct_fields__})


def _merged(files: Iterable[_File]) -> _File:
    """All files as one; of a model that several name, each later file changes the fields that it names."""
    models: dict[str, dict[str, object]] = {}
    families: dict[str, Family] = {}
    routes: dict[str, Routes] = {}
    aliases: dict[str, str] = {}
    for file in files:
        for name, fields in file.models.items():
            models[name] = models.get(name, {}) | fields
        families |= file.families
        routes |= file.routes
        aliases |= file.aliases
    return _File(models, families, routes, aliases)


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CatalogError(f"{path}: cannot be read: {error}") from error


def _read(text: str, source: str) -> _File:
    try:
        return read(tomllib.loads(text), _File)
    except (tomllib.TOMLDecodeError, Misfit) as error:
        raise CatalogError(f"{source}: {error}") from error


def _table(name: str, fields: Mapping[str, object], source: Path | None) -> Table:
    try:
        return read(fields, Table)
    except Misfit as error:
        raise CatalogError(f"{source or 'built-in'}: models.{name}: {error}") from error


def _check_routes(name: str, routes: Routes, members: Iterable[Model]) -> None:
    """What the types of routes cannot say."""
    if len({member.kind for member in members}) > 1:
        raise CatalogError(f"routes.{name}: all of its models must make pictures, or all clips")
    for detour in routes.to:
        if detour.when.inputs and detour.when.inputs[0] > detour.when.inputs[1]:
            raise CatalogError(f"routes.{name}: the first number of inputs may not exceed the second")


def _check_table(base: str, table: Table) -> None:
    """What the types of a table cannot say."""
    for name, fixed in table.names.items():
        if fixed.upscale and fixed.upscale not in table.upscales:
            raise CatalogError(f"models.{base}.names.{name}: the model has no such upscale")
        if fixed.seconds and fixed.seconds not in table.seconds:
            raise CatalogError(f"models.{base}.names.{name}: the model has no such length")
        shape = table.shape_of(fixed)
        if shape and shape.upscale and not table.upscales[shape.upscale].fits(shape.seconds):
            raise CatalogError(f"models.{base}.names.{name}: the model has no such upscale for this length")
    if (table.kind == "image") is not (table.way == "image"):
        raise CatalogError(f"models.{base}: mode {table.way} does not go with kind {table.kind}")
    if both := set(table.drops) & set(table.options):
        raise CatalogError(f"models.{base}: {min(both)} is both an option and dropped")
    for name, option in table.options.items():
        if wrong := asking.nonsense(option):
            raise CatalogError(f"models.{base}.options.{name}: {wrong}")
    if table.inputs[0] > table.inputs[1] or table.seeds[0] > table.seeds[1]:
        raise CatalogError(f"models.{base}: the first number of inputs and seeds may not exceed the second")

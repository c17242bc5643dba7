"""The words in which a provider is told of a model: `how` of its table in the catalogue, read as the provider's own record.

A catalogue is checked when it is loaded, so that a slip of the pen is told to the operator who made it and not to the callers.
Knows no service.
"""

from collections.abc import Mapping
from typing import TypeVar

import msgspec

from flow2api.domain.failure import FailureKind, UpstreamFailure
from flow2api.domain.job import Generation, OptionValue
from flow2api.domain.model import Table
from flow2api.domain.reading import Misfit, listed, read, shortly

T = TypeVar("T", bound=msgspec.Struct)


class _NoWords(msgspec.Struct, frozen=True):
    """`how` where a provider needs to be told nothing."""


def read_how(how: Mapping[str, object], kind: type[T]) -> T:
    """`how` of a model as `kind`.

    Raises:
        Misfit: it is something else."""
    return read(how, kind, "how")


def how_of(generation: Generation, kind: type[T]) -> T:
    """The words of the generation's model, also of one that was ordered before the catalogue had changed.

    Raises:
        UpstreamFailure: `REQUEST_REJECTED`, the catalogue holds something else; nothing was sent."""
    try:
        return read_how(generation.how, kind)
    except Misfit as misfit:
        message = f"The catalogue's table of {generation.model} cannot be used: {misfit}."
    raise UpstreamFailure(FailureKind.REQUEST_REJECTED, message)


def worded(generation: Generation) -> dict[str, OptionValue]:
    """The further parameters of a generation, by the names that its service has for them."""
    return {generation.option_names.get(name, name): value for name, value in generation.options.items()}


def check_no_how(table: Table) -> None:
    """For services that need to be told nothing.

    Raises:
        Misfit: they are told something."""
    read_how(table.how, _NoWords)


def read_plainly(table: Table, kind: type[T], *, goes_on: bool = False) -> T:
    """`how` of a model as `kind`, for services without second steps; `goes_on`: they can go on with a clip.

    Raises:
        Misfit: it is something else, or the model would take what such a service does not do."""
    how = read_how(table.how, kind)
    if table.upscales and not table.at_once:
        raise Misfit(f"upscales needs at_once = true, since {table.provider} makes nothing larger in a second step")
    if table.kind == "video" and not table.seconds:
        raise Misfit("seconds is missing; it must name the lengths of clips")
    if table.way == "extend" and not goes_on:
        raise Misfit(f'mode must not be "extend", since {table.provider} goes on with no clip')
    return how


def check_names(field: str, given: Mapping[str, object], allowed: list[str]) -> None:
    """Whether each key of a table in `how` is one that can be asked for.

    Raises:
        Misfit: one is not, so it would never be looked at."""
    for name in given:
        if name not in allowed:
            told = f"allowed are {listed(allowed, 'and')}" if allowed else "there are no such choices"
            raise Misfit(f"{field} has {shortly(name)}, which is never asked for; {told}")


def sizes_of(table: Table) -> list[str]:
    """The classes of size that can be asked for."""
    return [*dict.fromkeys((*((table.plain,) if table.plain else ()), *table.upscales))]

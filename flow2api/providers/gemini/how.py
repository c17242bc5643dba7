"""How one model of the Gemini API is ordered, as `how` in the catalogue."""

from typing import Literal

import msgspec

from flow2api.domain.model import Table
from flow2api.domain.reading import Misfit
from flow2api.providers.words import read_plainly

Method = Literal["content", "predict", "clip"]


class How(msgspec.Struct, frozen=True):
    """The words of one model."""

    call: Method
    """`content`: `generateContent`; `predict`: `predict`; `clip`: `predictLongRunning`."""


def check_model(table: Table) -> None:
    """Refuse a model of the catalogue that could not be ordered.

    Raises:
        Misfit: so it is."""
    how = read_plainly(table, How, goes_on=True)
    if (how.call == "clip") is not (table.kind == "video"):
        raise Misfit(f'how.call must not be "{how.call}" for a model of kind "{table.kind}"')
    if how.call == "predict" and table.inputs[1]:
        raise Misfit('inputs must be [0, 0] with call "predict", which takes no pictures')
    if table.masks:
        raise Misfit("masks must not be true, since the Gemini API takes none")

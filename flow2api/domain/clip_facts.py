"""What a look into a clip gives: its facts, or the word that it cannot be shown."""

from typing import NamedTuple


class ClipFacts(NamedTuple):
    """What a clip says of itself."""

    width: int
    height: int
    seconds: float


class Unshowable(Exception):
    """The file is no clip that can be shown: broken, cut short, or beyond the limits."""

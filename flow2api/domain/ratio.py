"""Aspect ratios: their public spelling (`16:9`), their names, and which of those on offer suits a request best.

A ratio is a string of two small whole numbers. Nothing here knows a model or a wire format.
"""

import math
import re
from collections.abc import Sequence

WORDS = {"16:9": "landscape", "9:16": "portrait", "1:1": "square", "4:3": "four-three", "3:4": "three-four"}
"""The word that stands for a ratio in model ids."""

_BY_WORD = {word: ratio for ratio, word in WORDS.items()}
_PAIR = re.compile(r"([1-9][0-9]{0,4})\s*[:/x×*]\s*([1-9][0-9]{0,4})", re.ASCII)


def pair(text: str) -> tuple[int, int] | None:
    """Two positive numbers such as `16:9`, `16/9` or `1024x1792`; None for anything else."""
    found = _PAIR.fullmatch(text.strip().lower())
    return (int(found[1]), int(found[2])) if found else None


def spelled(text: str) -> tuple[int, int] | None:
    """What a caller wrote for a ratio, as numbers or as a word; None when it is neither."""
    word = text.strip().lower().replace("_", "-")
    return pair(_BY_WORD.get(word, text))


def exactly(sides: tuple[int, int], offered: Sequence[str]) -> str | None:
    """The offered ratio that is the same shape, None when there is none."""
    width, height = sides
    for ratio in offered:
        across, down = _sides(ratio)
        if width * down == height * across:
            return ratio
    return None


def nearest(sides: tuple[int, int], offered: Sequence[str]) -> str:
    """The offered ratio that is closest in shape; of two that are equally close, the first.

    Closeness is the ratio of ratios, so that portrait and landscape are treated alike.
    """
    wanted = math.log(sides[0] / sides[1])
    return min(offered, key=lambda ratio: round(abs(_log(ratio) - wanted), 9))


def _log(ratio: str) -> float:
    across, down = _sides(ratio)
    return math.log(across / down)


def _sides(ratio: str) -> tuple[int, int]:
    across, down = ratio.split(":")
    return int(across), int(down)

"""Backgrounds for drawn pictures: landscapes, orbits, dunes of light and cut gems, each from a seed.

All drawing here takes a random generator and a palette and gives back a picture of the wanted size. Shapes are drawn twice as
large and reduced, which is how Pillow gets smooth edges.
"""

import math
from collections.abc import Callable
from itertools import pairwise
from random import Random

from PIL import Image, ImageChops, ImageDraw, ImageFilter

Colour = tuple[int, int, int]
Palette = tuple[Colour, ...]
Size = tuple[int, int]

OVERSIZE = 2


def _hex(text: str) -> Palette:
    return tuple((int(word[0:2], 16), int(word[2:4], 16), int(word[4:6], 16)) for word in text.split())


# Each from dark to light.
PALETTES: tuple[Palette, ...] = tuple(
    _hex(text)
    for text in (
        "12122b 3b1f5b 8a2f6b e0605f ffb56b ffe7b3",
        "041c2c 0b3c5d 1d6a86 3fa7a3 9ad9b8 f3f7d4",
        "1b0f1f 4a1942 893168 c75b7a f0a6a0 fde6d2",
        "0a1a14 123f33 1f6f54 5fa777 b7d68a f8f1c0",
        "10132f 27307a 4a56c4 7d8df0 b9c6ff f4f0ff",
        "1f140d 5a2d16 a4502a dd8546 f4bd74 fff0cf",
        "0d1b2a 1b3a4b 3e5c76 748cab c9ada7 f2e9e4",
        "190b28 4b1d52 7d2e68 c44569 f8a978 ffe3a3",
    )
)


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """A colour between two, `share` of the way to the second."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


def mesh(rng: Random, palette: Palette, size: Size) -> Image.Image:
    """A soft gradient of several colours, dark towards the bottom."""
    columns, rows = 4, 5
    small = Image.new("RGB", (columns, rows))
    for row in range(rows):
        for column in range(columns):
            place = (len(palette) - 1) * (1 - row / (rows - 1)) * 0.72 + rng.uniform(-0.8, 0.9)
            small.putpixel((column, row), _along(palette, place))
    return small.resize(size, Image.Resampling.BICUBIC)


def glow(picture: Image.Image, centre: tuple[float, float], radius: float, colour: Colour) -> Image.Image:
    """Light added around a point."""
    width, height = picture.size
    # The light is soft, so a small picture of it will do.
    scale = 8
    light = Image.new("RGB", (width // scale, height // scale))
    x, y, r = centre[0] / scale, centre[1] / scale, radius / scale
    ImageDraw.Draw(light).ellipse((x - r * 0.5, y - r * 0.5, x + r * 0.5, y + r * 0.5), fill=colour)
    light = light.filter(ImageFilter.GaussianBlur(r * 0.45)).resize(picture.size, Image.Resampling.BICUBIC)
    return ImageChops.screen(picture, light)


def ridges(rng: Random, palette: Palette, size: Size) -> Image.Image:
    """Mountain ranges before a low sun."""
    width, height = size
    picture = mesh(rng, palette, size)
    sun = (rng.uniform(0.2, 0.8) * width, rng.uniform(0.22, 0.4) * height)
    picture = glow(picture, sun, 0.5 * max(size), mix(palette[-2], palette[-3], 0.3))
    radius = rng.uniform(0.06, 0.1) * min(size)
    picture = _stamp(picture, lambda pen: pen.ellipse(_box(sun, radius), fill=palette[-1]))
    layers = 6
    for layer in range(layers):
        depth = layer / (layers - 1)
        colour = mix(_along(palette, 3.4 - 3.2 * depth), palette[0], 0.1 + 0.35 * depth)
        base = height * (0.42 + 0.11 * layer)
        line = _ridge(rng, width, base, height * (0.15 - 0.012 * layer))
        picture = _stamp(picture, _polygon([*line, (width, height), (0, height)], colour))
        if layer < layers - 1:
            picture = _mist(picture, base, height * 0.16, mix(palette[-2], palette[-1], 0.4), 0.16 * (1 - depth))
    return picture


def orbits(rng: Random, palette: Palette, size: Size) -> Image.Image:
    """Rings and small planets around a shining disc, over stars."""
    width, height = size
    picture = mesh(rng, tuple(mix(colour, palette[0], 0.45) for colour in palette), size)
    centre = (rng.uniform(0.35, 0.65) * width, rng.uniform(0.34, 0.46) * height)
    picture = glow(picture, centre, 0.75 * min(size), palette[3])
    core = rng.uniform(0.11, 0.15) * min(size)
    tilt = rng.uniform(0.28, 0.5)
    accents = (*palette[2:], *rng.choice(PALETTES)[3:5])

    def draw(pen: "Pen") -> None:
        for _ in range(150):
            spot = (rng.uniform(0, width), rng.uniform(0, height))
            pen.ellipse(_box(spot, rng.uniform(0.5, 1.7)), fill=mix(palette[-1], palette[3], rng.random()))
        for ring in range(5, 0, -1):
            _orbit(pen, rng, centre, (core * (1.1 + 0.95 * ring), tilt), accents)
        for shell in range(6):
            pen.ellipse(_box(centre, core * (1 - 0.09 * shell)), fill=_along(palette, 3.6 + 0.28 * shell))

    return _stamp(picture, draw)


def dunes(rng: Random, palette: Palette, size: Size) -> Image.Image:
    """Folded bands of light, like silk or dunes from above."""
    width, height = size
    picture = mesh(rng, palette, size)
    bands = 9
    swing = rng.uniform(0.04, 0.075) * min(size)
    lean = rng.uniform(-0.35, 0.35)
    for band in range(bands):
        share = band / (bands - 1)
        line = _waves(rng, width, (-0.02 + 0.115 * band) * height, swing, lean)
        upper = _along(palette, 4.6 - 4.2 * share)
        picture = _shaded(picture, [*line, (width, height), (0, height)], upper, mix(upper, palette[1], 0.7))
    return picture


def gems(rng: Random, palette: Palette, size: Size) -> Image.Image:
    """A surface of cut facets, lit from one corner."""
    width, height = size
    picture = mesh(rng, palette, size)
    step = max(size) / rng.randint(8, 11)
    columns, rows = int(width / step) + 3, int(height / step) + 3
    points = {
        (column, row): (
            (column - 1 + rng.uniform(-0.36, 0.36)) * step,
            (row - 1 + rng.uniform(-0.36, 0.36)) * step,
        )
        for column in range(columns + 1)
        for row in range(rows + 1)
    }

    def draw(pen: "Pen") -> None:
        for column in range(columns):
            for row in range(rows):
                corners = [
                    points[column, row],
                    points[column + 1, row],
                    points[column + 1, row + 1],
                    points[column, row + 1],
                ]
                for facet in (corners[:3], [corners[0], corners[2], corners[3]]):
                    x, y = (sum(point[axis] for point in facet) / 3 for axis in (0, 1))
                    place = 4.7 - 3.4 * (0.75 * y / height + 0.25 * x / width) + rng.uniform(-0.75, 0.75)
                    pen.polygon(facet, fill=_along(palette, place))

    return Image.blend(picture, _stamp(picture, draw), 0.86)


SCENES: tuple[Callable[[Random, Palette, Size], Image.Image], ...] = (ridges, orbits, dunes, gems)


class Pen:
    """Draws in the picture's own coordinates on a larger canvas."""

    def __init__(self, canvas: Image.Image) -> None:
        self._draw = ImageDraw.Draw(canvas)

    def ellipse(
        self, box: tuple[float, ...], fill: Colour | None = None, outline: Colour | None = None, line: int = 1
    ) -> None:
        self._draw.ellipse(tuple(value * OVERSIZE for value in box), fill, outline, line * OVERSIZE)

    def polygon(self, points: list[tuple[float, float]], fill: Colour) -> None:
        self._draw.polygon([(x * OVERSIZE, y * OVERSIZE) for x, y in points], fill)


def _stamp(picture: Image.Image, draw: Callable[[Pen], None]) -> Image.Image:
    canvas = picture.resize((picture.width * OVERSIZE, picture.height * OVERSIZE), Image.Resampling.BILINEAR)
    draw(Pen(canvas))
    return canvas.resize(picture.size, Image.Resampling.BOX)


def _polygon(points: list[tuple[float, float]], colour: Colour) -> Callable[[Pen], None]:
    return lambda pen: pen.polygon(points, colour)


def _shaded(picture: Image.Image, points: list[tuple[float, float]], upper: Colour, lower: Colour) -> Image.Image:
    """A polygon that is filled with a gradient from its top to a third of the picture below it."""
    mask = Image.new("L", (picture.width * OVERSIZE, picture.height * OVERSIZE))
    ImageDraw.Draw(mask).polygon([(x * OVERSIZE, y * OVERSIZE) for x, y in points], 255)
    top = min(y for _, y in points)
    span = picture.height * 0.34
    column = Image.new("RGB", (1, picture.height))
    for y in range(picture.height):
        column.putpixel((0, y), mix(upper, lower, min(1.0, max(0.0, (y - top) / span))))
    filled = picture.copy()
    filled.paste(column.resize(picture.size), mask=mask.resize(picture.size, Image.Resampling.BOX))
    return filled


def _mist(picture: Image.Image, base: float, span: float, colour: Colour, strength: float) -> Image.Image:
    column = Image.new("L", (1, picture.height))
    for y in range(picture.height):
        column.putpixel((0, y), round(255 * strength * max(0.0, 1 - abs(y - base) / span)))
    misty = picture.copy()
    misty.paste(colour, (0, 0), column.resize(picture.size))
    return misty


def _ridge(rng: Random, width: int, base: float, rise: float) -> list[tuple[float, float]]:
    """A jagged line by repeated halving."""
    heights = [rng.uniform(-1, 1) * rise for _ in range(4)]
    rough = rise * 0.42
    while len(heights) < 400:
        halves: list[float] = []
        for left, right in pairwise(heights):
            halves += [left, (left + right) / 2 + rng.uniform(-rough, rough)]
        heights = [*halves, heights[-1]]
        rough *= 0.5
    step = width / (len(heights) - 1)
    return [(index * step, base + height) for index, height in enumerate(heights)]


def _waves(rng: Random, width: int, base: float, swing: float, lean: float) -> list[tuple[float, float]]:
    parts = [(rng.uniform(0.6, 1.8), rng.uniform(0, math.tau), rng.uniform(0.4, 1)) for _ in range(3)]
    line = []
    for x in range(0, width + 8, 8):
        wave = sum(size * math.sin(math.tau * turns * x / width + start) for turns, start, size in parts)
        line.append((float(x), base + swing * wave + lean * swing * 4 * (x / width - 0.5)))
    return line


def _orbit(pen: Pen, rng: Random, centre: tuple[float, float], ring: tuple[float, float], accents: Palette) -> None:
    """An ellipse with a planet on it, lit from the centre."""
    radius, tilt = ring
    x, y = centre
    pen.ellipse(
        (x - radius, y - radius * tilt, x + radius, y + radius * tilt), outline=mix(accents[1], accents[2], 0.5), line=2
    )
    angle = rng.uniform(0, math.tau)
    away = (math.cos(angle), tilt * math.sin(angle))
    planet = (x + radius * away[0], y + radius * away[1])
    size = rng.uniform(0.05, 0.1) * radius + 5
    colour = rng.choice(accents[1:])
    for shell in range(5):
        shift = 0.13 * shell * size
        lit = (planet[0] - away[0] * shift, planet[1] - away[1] * shift)
        pen.ellipse(_box(lit, size * (1 - 0.15 * shell)), fill=mix(mix(colour, (10, 10, 30), 0.55), colour, shell / 4))


def _box(centre: tuple[float, float], radius: float) -> tuple[float, float, float, float]:
    return centre[0] - radius, centre[1] - radius, centre[0] + radius, centre[1] + radius


def _along(palette: Palette, place: float) -> Colour:
    """The colour at a place between 0 and the palette's last index."""
    place = min(max(place, 0.0), len(palette) - 1.001)
    index = int(place)
    return mix(palette[index], palette[index + 1], place - index)

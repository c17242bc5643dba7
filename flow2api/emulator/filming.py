"""Draws a clip that says what was asked for: a scene or the first frame with the camera moving over it, the prompt, a running clock.

Synchronous, half a second of work for eight seconds of 720p: it runs in a worker thread. What stands still is
drawn once; each frame is put together from it in the encoder's own colour planes, where that is cheap.
"""

from collections.abc import Iterator, Mapping
from random import Random
from typing import NamedTuple

import av
from PIL import Image, ImageDraw, ImageFilter

from flow2api.emulator.clips import ClipSpec
from flow2api.emulator.drawing import scenery
from flow2api.emulator.lettering import font_of, margin_of, write_facts, write_prompt
from flow2api.emulator.mp4 import Film, encode
from flow2api.emulator.scenes import Palette
from flow2api.emulator.tiles import fitted, round_mask, show_inputs

# Enough to see a movement as one; very large frames cost too much for that.
FRAMES_PER_SECOND = 8
FRAMES_PER_SECOND_LARGE = 4
LARGE_SIDE = 1080

# How much wider than the clip the background is, over which the camera travels.
TRAVEL = 0.12
# A clip that goes on from another begins with that one's last second.
OVERLAP_SECONDS = 1.0
LIGHTS = 7
WHITE, MIDDLE = 235, 128


class Canvas(NamedTuple):
    """A picture as brightness and two colour planes of half its size."""

    planes: tuple[Image.Image, Image.Image, Image.Image]


class Backdrop(NamedTuple):
    """What is behind everything: `first`, and `last` into which it turns between two points of time."""

    first: Canvas
    last: Canvas
    turns_at: float
    turned_at: float


class Layer(NamedTuple):
    """A part of what stands still in front, with its mask; `corner` in pixels."""

    canvas: Canvas
    mask: Canvas
    corner: tuple[int, int]


class Light(NamedTuple):
    """A soft disc that rises; position and speed as shares of the picture and of the clip."""

    mask: Image.Image
    x: float
    y: float
    rise: float


def film(spec: ClipSpec, pictures: Mapping[str, bytes]) -> bytes:
    """The clip as MP4. `pictures` are the bytes of `spec.pictures`, as far as they still exist."""
    large = min(spec.width, spec.height) > LARGE_SIDE
    rate = FRAMES_PER_SECOND_LARGE if large else FRAMES_PER_SECOND
    frames = spec.seconds * rate
    return encode(Film(spec.width, spec.height, rate, frames), _frames(spec, pictures, frames))


def _frames(spec: ClipSpec, pictures: Mapping[str, bytes], count: int) -> Iterator[av.VideoFrame]:
    scene, palette = _scene(spec)
    backdrop = _backdrop(spec, pictures, scene)
    layers = _layers(spec, pictures, palette)
    lights = _lights(spec)
    for number in range(count):
        share = number / count
        frame = av.VideoFrame(spec.width, spec.height, "yuv420p")
        lines = [plane.line_size for plane in frame.planes]
        planes = _behind(backdrop, share, spec, lines)
        _shine(planes[0], lights, share, spec)
        for layer in layers:
            _lay(planes, layer)
        _tell_time(planes[0], share, spec)
        for plane, image in zip(frame.planes, planes, strict=True):
            plane.update(image.tobytes())
        yield frame


def _scene(spec: ClipSpec) -> tuple[Image.Image, Palette]:
    # Drawn at one size for all resolutions, so that an enlarged clip shows the same; gradients do not mind.
    width, height = _wide((640, 360) if spec.width > spec.height else (360, 640))
    picture, palette = scenery(spec.model, spec.seed, spec.prompt, (width, height))
    return picture.resize(_wide((spec.width, spec.height)), Image.Resampling.BICUBIC), palette


def _wide(size: tuple[int, int]) -> tuple[int, int]:
    # Colour planes have half the size, so every measure is even.
    return round(size[0] * (1 + TRAVEL) / 2) * 2, size[1]


def _backdrop(spec: ClipSpec, pictures: Mapping[str, bytes], scene: Image.Image) -> Backdrop:
    own = [pictures[name] for name in (spec.first, spec.last) if name in pictures]
    wide = _wide((spec.width, spec.height))
    stills = [_canvas(fitted(data, wide)) for data in own] or [_canvas(scene)]
    if spec.before is not None:
        return Backdrop(_ending(spec.before, pictures), stills[0], OVERLAP_SECONDS / spec.seconds, 2 / spec.seconds)
    return Backdrop(stills[0], stills[-1], 0.2, 0.8)


def _ending(spec: ClipSpec, pictures: Mapping[str, bytes]) -> Canvas:
    """What a clip shows at its end."""
    for name in (spec.last, spec.first):
        if name in pictures:
            return _canvas(fitted(pictures[name], _wide((spec.width, spec.height))))
    return _canvas(_scene(spec)[0])


def _layers(spec: ClipSpec, pictures: Mapping[str, bytes], palette: Palette) -> list[Layer]:
    """Prompt and facts below, clock and reference pictures above."""
    front = Image.new("RGBA", (spec.width, spec.height))
    write_prompt(front, spec.prompt, palette)
    write_facts(front, f"{spec.model}   {spec.aspect}   {spec.width}×{spec.height}   seed {spec.seed}", palette)
    show_inputs(front, [pictures[name] for name in spec.references if name in pictures])
    _clock_plate(front, spec)
    middle = spec.height // 4 * 2
    halves = [front.crop((0, 0, spec.width, middle)), front.crop((0, middle, spec.width, spec.height))]
    return [_layer(half, top) for half, top in zip(halves, (0, middle), strict=True)]


def _layer(picture: Image.Image, top: int) -> Layer:
    """The part of a transparent picture that holds anything, on even measures."""
    left, upper, right, lower = picture.getchannel("A").getbbox() or (0, 0, 2, 2)
    box = (left // 2 * 2, upper // 2 * 2, -(-right // 2) * 2, -(-lower // 2) * 2)
    part = picture.crop(box)
    alpha = part.getchannel("A")
    half = alpha.resize((alpha.width // 2, alpha.height // 2), Image.Resampling.BOX)
    return Layer(_canvas(part.convert("RGB")), Canvas((alpha, half, half)), (box[0], box[1] + top))


def _canvas(picture: Image.Image) -> Canvas:
    opened: av.VideoFrame = av.VideoFrame.from_image(picture)  # type: ignore[no-untyped-call]
    frame = opened.reformat(format="yuv420p")
    first, second, third = (
        Image.frombytes("L", (plane.line_size, plane.height), bytes(plane)).crop((0, 0, plane.width, plane.height))
        for plane in frame.planes
    )
    return Canvas((first, second, third))


def _behind(backdrop: Backdrop, share: float, spec: ClipSpec, lines: list[int]) -> list[Image.Image]:
    """The part of the background that the camera sees, as planes of the width at which the encoder keeps its lines."""
    offset = round(spec.width * TRAVEL * share / 2)
    turned = (share - backdrop.turns_at) / (backdrop.turned_at - backdrop.turns_at)
    planes = []
    for index, line in enumerate(lines):
        left = offset * 2 if index == 0 else offset
        box = (left, 0, left + line, spec.height if index == 0 else spec.height // 2)
        first, last = backdrop.first.planes[index], backdrop.last.planes[index]
        if turned <= 0 or first is last:
            planes.append(first.crop(box))
        elif turned >= 1:
            planes.append(last.crop(box))
        else:
            planes.append(Image.blend(first.crop(box), last.crop(box), turned))
    return planes


def _lay(planes: list[Image.Image], layer: Layer) -> None:
    x, y = layer.corner
    for index, plane in enumerate(planes):
        corner = (x, y) if index == 0 else (x // 2, y // 2)
        plane.paste(layer.canvas.planes[index], corner, layer.mask.planes[index])


def _lights(spec: ClipSpec) -> list[Light]:
    rng = Random(spec.seed)
    lights = []
    for _ in range(LIGHTS):
        radius = round(min(spec.width, spec.height) * rng.uniform(0.02, 0.06))
        disc = Image.new("L", (radius * 4, radius * 4))
        ImageDraw.Draw(disc).ellipse((radius, radius, radius * 3, radius * 3), fill=round(rng.uniform(40, 90)))
        mask = disc.filter(ImageFilter.GaussianBlur(radius * rng.uniform(0.1, 0.35)))
        lights.append(Light(mask, rng.random(), rng.random(), rng.uniform(0.25, 0.7)))
    return lights


def _shine(brightness: Image.Image, lights: list[Light], share: float, spec: ClipSpec) -> None:
    for light in lights:
        x = light.x * spec.width - light.mask.width // 2
        # From below the lower edge to above the upper one and round again.
        y = (light.y - light.rise * share) % 1.2 * spec.height - light.mask.height
        brightness.paste(WHITE, (round(x), round(y)), light.mask)


def _clock_plate(front: Image.Image, spec: ClipSpec) -> None:
    """A dark plate for the clock in the upper left corner."""
    margin, size = margin_of(front), _clock_size(spec)
    width = round(font_of(size).getlength(_clock(spec, spec.seconds))) + size * 2
    mask = round_mask((width, size * 2), size)
    front.paste((12, 12, 20, 150), (margin, margin), mask)


def _tell_time(brightness: Image.Image, share: float, spec: ClipSpec) -> None:
    """The clock's text, and a line at the lower edge that grows with the time."""
    size = _clock_size(spec)
    margin = round(min(spec.width, spec.height) * 0.06)
    pen = ImageDraw.Draw(brightness)
    pen.text((margin + size, margin + size), _clock(spec, share * spec.seconds), WHITE, font_of(size), anchor="lm")
    pen.rectangle((0, spec.height - max(4, size // 4), round(spec.width * share), spec.height), WHITE)


def _clock(spec: ClipSpec, seconds: float) -> str:
    return f"{seconds:.1f} / {spec.seconds} s"


def _clock_size(spec: ClipSpec) -> int:
    return round(min(spec.width, spec.height) * 0.028)

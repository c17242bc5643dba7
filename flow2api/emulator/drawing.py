"""Draws a picture that says what was asked for: a scene from the seed, the prompt on it, the facts in small print.

Synchronous and slow (a few tenths of a second): it runs in a worker thread. Needs Pillow. Fonts are those of the machine, else
Pillow's own; nothing is ever fetched, and a sign that no font has is drawn as a box.
"""

import hashlib
import io
import re
from functools import lru_cache
from random import Random

from PIL import Image, ImageDraw, ImageFilter, ImageFont, ImageOps, UnidentifiedImageError

from flow2api.emulator.pictures import PictureSpec
from flow2api.emulator.scenes import PALETTES, SCENES, Palette, mix

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

FONTS = ("Inter-SemiBold.ttf", "LiberationSans-Bold.ttf", "DejaVuSans-Bold.ttf", "Arial Bold.ttf", "arialbd.ttf")
EAST_ASIAN_FONTS = (
    "NotoSansCJK-Bold.ttc",
    "NotoSansCJK-Regular.ttc",
    "NotoSansSC-Regular.otf",
    "SourceHanSansSC-Regular.otf",
    "wqy-microhei.ttc",
    "wqy-zenhei.ttc",
    "DroidSansFallbackFull.ttf",
    "PingFang.ttc",
    "Hiragino Sans GB.ttc",
    "msyh.ttc",
    "simhei.ttf",
)
# Ideographs, kana, hangul and their punctuation: such text may be broken between any two signs.
EAST_ASIAN = "\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef"
WORDS = re.compile(rf"[{EAST_ASIAN}]|[^\s{EAST_ASIAN}]+\s*|\s+")

SHOWN_PROMPT = 600
TEXT_SIZES = (0.072, 0.06, 0.05, 0.042, 0.035, 0.029, 0.024)
MAX_THUMBNAILS = 5
JPEG_QUALITY = 88
# Scenes go by model, so that one sees which one was used; a model that is not listed gets one by its name.
SCENE_OF = {"GEM_PIX_2": 0, "NARWHAL": 1, "IMAGEN_3_5": 2, "HARBOR_SEAL": 3}


def draw(spec: PictureSpec, inputs: tuple[bytes, ...], factor: int) -> bytes:
    """The picture as JPEG, `factor` times as large as asked for. `inputs` are shown as thumbnails."""
    digest = hashlib.sha256(f"{spec.model}|{spec.seed}|{spec.prompt}".encode(errors="replace")).digest()
    rng = Random(digest)
    palette = PALETTES[rng.randrange(len(PALETTES))]
    scene = SCENES[SCENE_OF.get(spec.model, digest[0]) % len(SCENES)]
    picture = _grain(scene(rng, palette, (spec.width, spec.height)))
    _write_prompt(picture, spec, palette)
    _write_facts(picture, spec, palette)
    _show_inputs(picture, inputs)
    if factor > 1:
        picture = picture.resize((spec.width * factor, spec.height * factor), Image.Resampling.BICUBIC)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=JPEG_QUALITY)
    return out.getvalue()


def _grain(picture: Image.Image) -> Image.Image:
    """A breath of noise, without which wide gradients show bands."""
    noise = Image.effect_noise(picture.size, 26).convert("RGB")
    return Image.blend(picture, noise, 0.045)


def _write_prompt(picture: Image.Image, spec: PictureSpec, palette: Palette) -> None:
    margin = _margin(picture)
    text = _printable(spec.prompt)
    box_width = picture.width - 2 * margin
    font, lines, size = _fit(text, box_width, picture)
    step = round(size * 1.28)
    top = picture.height - round(margin * 1.75) - step * len(lines)
    _darken_below(picture, top - size, mix(palette[0], (0, 0, 0), 0.5))
    _shadowed(picture, [(margin, top + step * row, line) for row, line in enumerate(lines)], font)


def _fit(text: str, width: int, picture: Image.Image) -> tuple[Font, list[str], int]:
    """The largest type in which the prompt fills no more than the lower part of the picture."""
    room = picture.height * 0.31
    short_side = min(picture.size)
    for share in TEXT_SIZES:
        size = round(short_side * share)
        font = _font(_is_east_asian(text), size)
        lines = _wrap(text, font, width)
        if len(lines) * size * 1.28 <= room:
            return font, lines, size
    rows = int(room / (size * 1.28))
    return font, [*lines[: rows - 1], lines[rows - 1][:-1] + "…"], size


def _wrap(text: str, font: Font, width: int) -> list[str]:
    lines, line = [], ""
    for word in WORDS.findall(text):
        for piece in _pieces(word, font, width):
            if line and font.getlength((line + piece).rstrip()) > width:
                lines.append(line.rstrip())
                line = ""
            line += piece if line or piece.strip() else ""
    return [*lines, line.rstrip()]


def _pieces(word: str, font: Font, width: int) -> list[str]:
    """The word itself, or parts of it when it is longer than a line."""
    if font.getlength(word.rstrip()) <= width:
        return [word]
    signs = max(1, int(len(word) * width / font.getlength(word)) - 1)
    return [word[start : start + signs] for start in range(0, len(word), signs)]


def _write_facts(picture: Image.Image, spec: PictureSpec, palette: Palette) -> None:
    margin = _margin(picture)
    size = max(13, round(min(picture.size) * 0.0195))
    font = _font(False, size)
    y = picture.height - round(margin * 0.98)
    pen = ImageDraw.Draw(picture)
    colour = mix(palette[-1], palette[2], 0.22)
    facts = f"{spec.model}   {spec.aspect}   {spec.width}×{spec.height}   seed {spec.seed}"
    pen.text((margin, y), facts, colour, font)
    mark = "emulated"
    pen.text((picture.width - margin - font.getlength(mark), y), mark, colour, font)


def _show_inputs(picture: Image.Image, inputs: tuple[bytes, ...]) -> None:
    margin = _margin(picture)
    side = round(min(picture.size) * 0.15)
    x = picture.width - margin - side
    for data in reversed(inputs[:MAX_THUMBNAILS]):
        _tile(picture, _thumbnail(data, side), (x, margin))
        x -= side + margin // 3


def _thumbnail(data: bytes, side: int) -> Image.Image:
    try:
        with Image.open(io.BytesIO(data)) as opened:
            return ImageOps.fit(opened.convert("RGB"), (side, side))
    except (UnidentifiedImageError, OSError, SyntaxError):
        # The service takes pictures by their head alone; what is broken further in is shown as a grey tile.
        return Image.new("RGB", (side, side), (90, 90, 96))


def _tile(picture: Image.Image, tile: Image.Image, corner: tuple[int, int]) -> None:
    """A thumbnail with round corners, a light rim and a shadow."""
    side, rim = tile.width, max(2, tile.width // 40)
    radius = side // 8
    frame = (corner[0] - rim, corner[1] - rim, corner[0] + side + rim, corner[1] + side + rim)
    shadow = Image.new("L", picture.size)
    ImageDraw.Draw(shadow).rounded_rectangle((frame[0], frame[1] + rim * 2, frame[2], frame[3] + rim * 3), radius, 150)
    picture.paste((0, 0, 0), (0, 0), shadow.filter(ImageFilter.GaussianBlur(rim * 3)))
    picture.paste((250, 248, 244), frame[:2], _round_mask(side + 2 * rim, radius + rim))
    picture.paste(tile, corner, _round_mask(side, radius))


def _round_mask(side: int, radius: int) -> Image.Image:
    large = Image.new("L", (side * 3, side * 3))
    ImageDraw.Draw(large).rounded_rectangle((0, 0, side * 3 - 1, side * 3 - 1), radius * 3, 255)
    return large.resize((side, side), Image.Resampling.BOX)


def _darken_below(picture: Image.Image, start: int, colour: tuple[int, int, int]) -> None:
    """A shade that grows towards the lower edge, so that light type can be read on anything."""
    start = max(0, start)
    column = Image.new("L", (1, picture.height))
    for y in range(start, picture.height):
        share = (y - start) / (picture.height - start)
        column.putpixel((0, y), round(225 * min(1.0, share * 1.7) ** 1.1 * 0.86))
    picture.paste(colour, (0, 0), column.resize(picture.size))


def _shadowed(picture: Image.Image, lines: list[tuple[int, int, str]], font: Font) -> None:
    shadow = Image.new("L", picture.size)
    pen = ImageDraw.Draw(shadow)
    for x, y, line in lines:
        pen.text((x, y + 2), line, 170, font)
    picture.paste((0, 0, 0), (0, 0), shadow.filter(ImageFilter.GaussianBlur(5)))
    pen = ImageDraw.Draw(picture)
    for x, y, line in lines:
        pen.text((x, y), line, (255, 253, 248), font)


def _margin(picture: Image.Image) -> int:
    return round(min(picture.size) * 0.06)


def _printable(text: str) -> str:
    flat = " ".join(text.split())[:SHOWN_PROMPT]
    return "".join(sign for sign in flat if sign.isprintable())


def _is_east_asian(text: str) -> bool:
    return re.search(f"[{EAST_ASIAN}]", text) is not None


@lru_cache(maxsize=64)
def _font(east_asian: bool, size: int) -> Font:
    for name in (*EAST_ASIAN_FONTS, *FONTS) if east_asian else FONTS:
        try:
            return ImageFont.truetype(name, size)
        except OSError:
            continue
    return ImageFont.load_default(size)

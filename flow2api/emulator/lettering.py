"""Writing on drawn pictures and clips: the prompt as large as it fits, the facts in small print.

Works on opaque pictures and on transparent ones that are laid over something later. Fonts are those of the machine,
else Pillow's own; nothing is ever fetched, and a sign that no font has is drawn as a box.
"""

import re
from functools import lru_cache

from PIL import Image, ImageDraw, ImageFilter, ImageFont

from flow2api.emulator.scenes import Palette, mix

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
MARK = "emulated"


def margin_of(picture: Image.Image) -> int:
    """The room that is left free at the edges."""
    return round(min(picture.size) * 0.06)


def write_prompt(picture: Image.Image, prompt: str, palette: Palette) -> None:
    """The prompt over a shade in the lower part of the picture."""
    margin = margin_of(picture)
    font, lines, size = _fit(_printable(prompt), picture.width - 2 * margin, picture)
    step = round(size * 1.28)
    top = picture.height - round(margin * 1.75) - step * len(lines)
    _darken_below(picture, top - size, mix(palette[0], (0, 0, 0), 0.5))
    _shadowed(picture, [(margin, top + step * row, line) for row, line in enumerate(lines)], font)


def write_facts(picture: Image.Image, facts: str, palette: Palette) -> None:
    """A line of small print at the lower edge, with the mark of the emulator at its end."""
    margin = margin_of(picture)
    font = font_of(max(13, round(min(picture.size) * 0.0195)))
    y = picture.height - round(margin * 0.98)
    pen = ImageDraw.Draw(picture)
    colour = mix(palette[-1], palette[2], 0.22)
    pen.text((margin, y), facts, colour, font)
    pen.text((picture.width - margin - font.getlength(MARK), y), MARK, colour, font)


@lru_cache(maxsize=64)
def font_of(size: int, *, east_asian: bool = False) -> Font:
    """A bold font of the machine, `size` pixels high."""
    for name in (*EAST_ASIAN_FONTS, *FONTS) if east_asian else FONTS:
        try:
            return ImageFont.truetype(name, size)
        except OSError:
            continue
    return ImageFont.load_default(size)


def _fit(text: str, width: int, picture: Image.Image) -> tuple[Font, list[str], int]:
    """The largest type in which the prompt fills no more than the lower part of the picture."""
    room = picture.height * 0.31
    short_side = min(picture.size)
    for share in TEXT_SIZES:
        size = round(short_side * share)
        font = font_of(size, east_asian=_is_east_asian(text))
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


def _printable(text: str) -> str:
    flat = " ".join(text.split())[:SHOWN_PROMPT]
    return "".join(sign for sign in flat if sign.isprintable())


def _is_east_asian(text: str) -> bool:
    return re.search(f"[{EAST_ASIAN}]", text) is not None

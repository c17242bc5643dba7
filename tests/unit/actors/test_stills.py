"""Pictures of clips, and what comes of files that are none. Reads real files: the library behind it is what is tested."""

import io
import itertools
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from flow2api.actors import stills
from flow2api.domain.clip_facts import ClipFacts, Unshowable
from tests.doubles.clips import brightening, damaged, drawn, plain


def written(folder: Path, data: bytes) -> Path:
    path = folder / "clip.mp4"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("width", "height", "thumb", "tile"), [(1280, 720, (640, 360), (256, 144)), (180, 320, (180, 320), (144, 256))]
)
def test_a_clip_is_measured_and_shown_in_its_own_shape(
    tmp_path: Path, width: int, height: int, thumb: tuple[int, int], tile: tuple[int, int]
) -> None:
    path = written(tmp_path, plain(4, width, height))
    assert stills.measure(path) == ClipFacts(width, height, 4.0)
    still, sheet = Image.open(io.BytesIO(stills.thumbnail(path))), Image.open(io.BytesIO(stills.spritesheet(path)))
    assert (still.format, still.size) == ("JPEG", thumb)
    assert (sheet.format, sheet.size) == ("WEBP", (tile[0] * stills.COLUMNS, tile[1] * stills.ROWS))


def test_a_sheet_shows_how_a_clip_goes_on(tmp_path: Path) -> None:
    sheet = Image.open(io.BytesIO(stills.spritesheet(written(tmp_path, brightening(50))))).convert("L")
    width, height = sheet.width // stills.COLUMNS, sheet.height // stills.ROWS
    levels = [
        sheet.getpixel((column * width + width // 2, row * height + height // 2))
        for row in range(stills.ROWS)
        for column in range(stills.COLUMNS)
    ]
    # Steps of about seven, up to what compression makes of them.
    steps = [int(str(after)) - int(str(before)) for before, after in itertools.pairwise(levels)]
    assert all(2 <= step <= 15 for step in steps), steps


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 5000,
        b"\0\0\0\x18ftypisom" + b"\0" * 12,
        struct.pack(">I4s", 0xFFFFFFFF, b"ftyp") + b"mp42" * 100,
        b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n",
        b"ffconcat version 1.0\nfile '/etc/passwd'\n",
        plain()[:400],
    ],
)
def test_what_is_no_clip_is_said_to_be_none(tmp_path: Path, data: bytes) -> None:
    path = written(tmp_path, data)
    for look in (stills.measure, stills.thumbnail, stills.spritesheet):
        with pytest.raises(Unshowable):
            look(path)


def test_very_large_frames_are_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, plain())
    monkeypatch.setattr(stills, "MAX_PIXELS", 1280 * 720 - 1)
    with pytest.raises(Unshowable, match="1280x720"):
        stills.thumbnail(path)


def test_frames_that_are_larger_than_the_index_says_are_not_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = plain().replace(struct.pack(">HH", 1280, 720), struct.pack(">HH", 16, 16))
    assert small != plain()
    monkeypatch.setattr(stills, "MAX_PIXELS", 1000)
    with pytest.raises(Unshowable):
        stills.thumbnail(written(tmp_path, small))


def test_looking_ends_when_it_takes_too_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for limit in ("MEASURE_SECONDS", "STILL_SECONDS", "SHEET_SECONDS"):
        monkeypatch.setattr(stills, limit, -1.0)
    path = written(tmp_path, plain())
    for look in (stills.measure, stills.thumbnail, stills.spritesheet):
        with pytest.raises(Unshowable, match="too long"):
            look(path)


_TRY = """
import sys
from pathlib import Path
from flow2api.actors import stills
from flow2api.domain.clip_facts import Unshowable
from tests.doubles.clips import damaged, drawn
path, shown = Path(sys.argv[1]), 0
for seed in range(48):
    path.write_bytes(damaged(drawn(), seed))
    for look in (stills.measure, stills.thumbnail, stills.spritesheet):
        try:
            look(path)
            shown += 1
        except Unshowable:
            pass
print(shown)
"""


def test_damaged_clips_come_to_an_end_of_their_own_and_take_no_process_along(tmp_path: Path) -> None:
    """In a process of its own, since a crash of the library would take the tests along."""
    command = [sys.executable, "-c", _TRY, str(tmp_path / "clip.mp4")]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stderr
    # Some damage does no harm, most does.
    assert 10 < int(ended.stdout) < 130


def test_damage_is_damage() -> None:
    assert damaged(drawn(), 1) != drawn()

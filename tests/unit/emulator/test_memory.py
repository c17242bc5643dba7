"""What an emulated service remembers across its lives."""

from pathlib import Path

import msgspec
import pytest

from flow2api.emulator.memory import Memory


class Clip(msgspec.Struct):
    name: str
    done: bool = False


def live(path: Path) -> dict[str, Clip]:
    """What a life that begins now finds."""
    with Memory(path) as memory:
        return dict(memory.table("clips", Clip))


def test_what_was_put_changed_and_taken_away_is_so_in_the_next_life(tmp_path: Path) -> None:
    path = tmp_path / "new" / "service.jsonl"
    with Memory(path) as memory:
        clips = memory.table("clips", Clip)
        clips["a"], clips["b"] = Clip("a"), Clip("b")
        clips["a"].done = True
        clips.touch("a")
        del clips["b"]
    assert live(path) == {"a": Clip("a", done=True)}


def test_a_line_that_a_kill_has_cut_off_is_left_out_and_the_rest_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "service.jsonl"
    with Memory(path) as memory:
        memory.table("clips", Clip)["a"] = Clip("a")
    with path.open("ab") as file:
        file.write(b'["clips","b",{"na')
    with Memory(path) as memory:
        memory.table("clips", Clip)["c"] = Clip("c")
    assert live(path) == {"a": Clip("a"), "c": Clip("c")}


def test_a_record_that_is_of_no_use_is_gone_for_good(tmp_path: Path) -> None:
    path = tmp_path / "service.jsonl"
    with Memory(path) as memory:
        clips = memory.table("clips", Clip)
        clips["a"], clips["b"] = Clip("a", done=True), Clip("b")
    with Memory(path) as memory:
        assert list(memory.table("clips", Clip, lambda clip: not clip.done)) == ["b"]
    assert list(live(path)) == ["b"]


def test_lives_on_end_do_not_make_the_file_grow(tmp_path: Path) -> None:
    path = tmp_path / "service.jsonl"
    sizes = []
    for turn in range(4):
        with Memory(path) as memory:
            sizes.append(path.stat().st_size)
            clips = memory.table("clips", Clip)
            clips["a"] = Clip("a", done=bool(turn % 2))
    assert sizes[1] == sizes[3]
    assert len(set(sizes[1:])) <= 2


def test_a_record_that_has_not_changed_is_not_written_again(tmp_path: Path) -> None:
    path = tmp_path / "service.jsonl"
    with Memory(path) as memory:
        clips = memory.table("clips", Clip)
        clips["a"] = Clip("a")
        before = path.stat().st_size
        clips.touch_all()
        assert path.stat().st_size == before


def test_a_reset_forgets_what_was_written_too(tmp_path: Path) -> None:
    path = tmp_path / "service.jsonl"
    with Memory(path) as memory:
        memory.table("clips", Clip)["a"] = Clip("a")
        memory.clear()
        assert dict(memory.table("clips", Clip)) == {}
    assert live(path) == {}


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "service.jsonl"
    path.write_text("not a journal\n")
    with pytest.raises(msgspec.DecodeError):
        Memory(path)

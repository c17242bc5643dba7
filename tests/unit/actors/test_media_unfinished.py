"""What a kill has cut off in the media folder goes at the next start, and nothing else."""

from pathlib import Path

from flow2api.actors.media_sweep import remove_unfinished


def test_only_unfinished_files_are_removed(tmp_path: Path) -> None:
    inner = tmp_path / "a"
    inner.mkdir()
    for name in ("abc.mp4", ".abc.mp4.12ab34cd.part"):
        (inner / name).write_bytes(b"x")
    remove_unfinished(tmp_path)
    assert [path.name for path in inner.iterdir()] == ["abc.mp4"]


def test_a_folder_that_is_not_there_yet_is_no_obstacle(tmp_path: Path) -> None:
    remove_unfinished(tmp_path / "media")
    assert not any(tmp_path.iterdir())

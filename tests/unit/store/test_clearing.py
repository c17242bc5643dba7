"""What is forgotten, in what order and how much of it at a time; and what unfinished jobs need stays."""

from collections.abc import Iterator

import msgspec
import pytest

from flow2api.domain.job import JobState
from flow2api.domain.media import MediaFile
from flow2api.errors import Failure
from flow2api.store import clearing, jobs, media
from flow2api.store.database import Database
from flow2api.store.opening import open_memory
from flow2api.store.seal import Seal
from tests.doubles.records import GENERATION, job, media_file


@pytest.fixture
def db() -> Iterator[Database]:
    db = open_memory(Seal(bytes(32)))
    yield db
    db.close()


def names(files: list[MediaFile]) -> list[str]:
    return [file.name for file in files]


def test_expired_files_go_in_portions_and_those_that_ended_first_go_first(db: Database) -> None:
    for name, expires_at in (("b", 20.0), ("a", 10.0), ("c", 30.0), ("later", 99.0), ("never", None)):
        media.insert(db, media_file(name, expires_at=expires_at))
    assert names(clearing.take_expired(db, 50.0, 2)) == ["a", "b"]
    assert names(clearing.take_expired(db, 50.0, 2)) == ["c"]
    assert clearing.take_expired(db, 50.0, 2) == []
    assert media.names(db) == {"later", "never"}


def test_an_input_stays_as_long_as_its_job_is_not_over(db: Database) -> None:
    generation = msgspec.structs.replace(GENERATION, inputs=("needed",))
    waiting = msgspec.structs.replace(job("j2"), generation=generation)
    jobs.insert(db, waiting)
    for name in ("needed", "free"):
        media.insert(db, media_file(name, role="input", expires_at=10.0))
    assert names(clearing.take_expired(db, 50.0, 1)) == ["free"]
    jobs.save(db, msgspec.structs.replace(waiting, state=JobState.FAILED, finished_at=20.0))
    assert names(clearing.take_expired(db, 50.0, 1)) == ["needed"]


def test_what_an_unfinished_job_has_made_so_far_stays(db: Database) -> None:
    jobs.insert(db, job("j1", state=JobState.FETCHING))  # the files of these tests belong to j1
    media.insert(db, media_file("made", expires_at=10.0))
    assert clearing.take_expired(db, 50.0, 5) == []
    assert clearing.take_old_results(db, 1000.0, 5) == []
    assert clearing.take_results_over(db, 5, 5) == []
    assert media.names(db) == {"made"}


def test_old_results_go_oldest_first_and_inputs_stay(db: Database) -> None:
    media.insert(db, media_file("input", role="input", created_at=1.0))
    for number in (3, 1, 2, 9):
        media.insert(db, media_file(f"r{number}", created_at=float(number)))
    assert names(clearing.take_old_results(db, 5.0, 2)) == ["r1", "r2"]
    assert names(clearing.take_old_results(db, 5.0, 2)) == ["r3"]
    assert media.names(db) == {"input", "r9"}


def test_just_as_many_results_go_as_take_up_too_much(db: Database) -> None:
    media.insert(db, media_file("input", role="input", created_at=0.0, size_bytes=500))
    for number in range(10):
        media.insert(db, media_file(f"r{number}", created_at=float(number), size_bytes=100))
    assert names(clearing.take_results_over(db, 250, 99)) == ["r0", "r1", "r2"]
    assert names(clearing.take_results_over(db, 250, 1)) == ["r3"]
    assert clearing.take_results_over(db, 0, 99) == []
    assert media.total_bytes(db) == 500 + 600


def test_more_results_than_are_read_at_a_time_are_all_seen(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clearing, "_PIECE", 2)
    for number in range(7):  # all of one moment: the name decides the order
        media.insert(db, media_file(f"r{number}"))
    assert names(clearing.take_old_results(db, 1000.0, 5)) == ["r0", "r1", "r2", "r3", "r4"]


def test_names_without_a_record_are_told_from_those_with_one(db: Database) -> None:
    media.insert(db, media_file("ours"))
    assert media.known(db, ["ours", "stray"]) == {"ours"}
    assert media.known(db, []) == set()


def test_a_job_that_is_over_is_forgotten_with_its_files_and_no_others(db: Database) -> None:
    jobs.insert(db, job("j1", state=JobState.FAILED))
    for name, of in (("ours", "j1"), ("kept-original", "j1"), ("other", "j2"), ("input", None)):
        media.insert(db, msgspec.structs.replace(media_file(name), job_id=of))
    assert sorted(names(clearing.take_job(db, "j1"))) == ["kept-original", "ours"]
    assert jobs.get(db, "j1") is None
    assert media.names(db) == {"other", "input"}
    with pytest.raises(Failure, match="no such generation"):
        clearing.take_job(db, "j1")


def test_a_job_that_is_not_over_is_not_forgotten(db: Database) -> None:
    jobs.insert(db, job("j1", state=JobState.FETCHING))
    media.insert(db, media_file("made"))
    with pytest.raises(Failure, match="not over yet"):
        clearing.take_job(db, "j1")
    assert media.names(db) == {"made"}

"""Kept profiles: one folder for each account, used by one process at a time, and forgotten when it is wanted to be."""

import logging
from pathlib import Path

import pytest

from flow2api.browser.errors import BrowserUnavailable
from flow2api.browser.logins import Logins, held


@pytest.fixture
def logins(tmp_path: Path) -> Logins:
    return Logins(tmp_path)


def with_a_cookie(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "Cookies").write_text(text)
    return folder


@pytest.mark.parametrize("account_id", ["", "..", "a/b", "../acc_1", "new-1", "old-1", "-x", "x" * 101])
def test_only_an_account_id_becomes_a_folder(logins: Logins, account_id: str) -> None:
    with pytest.raises(ValueError):
        logins.folder(account_id)


def test_a_new_folder_can_be_read_by_its_owner_alone_and_belongs_to_nobody(logins: Logins, tmp_path: Path) -> None:
    folder = logins.make()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert folder.parent.stat().st_mode & 0o777 == 0o700
    assert not logins.kept("acc_1")


async def test_a_folder_becomes_the_accounts_in_place_of_its_former_one(logins: Logins) -> None:
    with_a_cookie(logins.folder("acc_1"), "old")
    fresh = with_a_cookie(logins.make(), "new")
    with held(fresh):
        kept = await logins.keep(fresh, "acc_1")
    assert logins.kept("acc_1")
    assert (kept / "Cookies").read_text() == "new"
    assert [folder.name for folder in kept.parent.iterdir()] == ["acc_1"]
    with held(kept):
        assert await logins.keep(kept, "acc_1") == kept


async def test_a_folder_that_is_in_use_is_not_replaced(logins: Logins) -> None:
    former = with_a_cookie(logins.folder("acc_1"), "old")
    fresh = logins.make()
    with held(former), pytest.raises(BrowserUnavailable, match="in use"):
        await logins.keep(fresh, "acc_1")
    assert (former / "Cookies").read_text() == "old"
    assert fresh.is_dir()


def test_a_folder_is_used_by_one_at_a_time_and_free_again_afterwards(logins: Logins) -> None:
    folder = logins.make()
    with held(folder), pytest.raises(BrowserUnavailable, match="in use"), held(folder):
        pytest.fail("held twice")
    with held(folder):
        pass


def test_a_folder_that_is_gone_cannot_be_held(logins: Logins, tmp_path: Path) -> None:
    with pytest.raises(BrowserUnavailable, match="cannot be used"), held(tmp_path / "none"):
        pytest.fail("held nothing")


async def test_a_removed_profile_is_gone(logins: Logins) -> None:
    with_a_cookie(logins.folder("acc_1"), "secret")
    await logins.remove("acc_1")
    assert not logins.kept("acc_1")
    await logins.remove("acc_1")


async def test_a_profile_in_use_is_not_removed_and_the_log_says_so(
    logins: Logins, caplog: pytest.LogCaptureFixture
) -> None:
    folder = with_a_cookie(logins.folder("acc_1"), "secret")
    with held(folder), caplog.at_level(logging.WARNING):
        await logins.remove("acc_1")
    assert logins.kept("acc_1")
    assert "could not be removed" in caplog.text


async def test_a_sweep_takes_folders_that_nobody_kept_and_nobody_uses(logins: Logins) -> None:
    await logins.sweep()
    kept, left, used = with_a_cookie(logins.folder("acc_1"), "x"), logins.make(), logins.make()
    with held(used):
        await logins.sweep()
    assert {folder.name for folder in kept.parent.iterdir()} == {"acc_1", used.name}
    assert not left.exists()

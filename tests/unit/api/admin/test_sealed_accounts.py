"""Files of sealed accounts that are damaged, cut short, or made to cost much."""

from typing import Any

import msgspec
import pytest
from argon2.exceptions import HashingError

from flow2api.actors.accounts_messages import AccountExport
from flow2api.api.admin import sealed_accounts
from flow2api.api.admin.sealed_accounts import SealedAccounts, SealedImport, seal, unseal
from flow2api.errors import Failure

PASSPHRASE = "correct horse battery"
ONE = [AccountExport(provider="flow", credential="ST-secret", label="first")]


@pytest.fixture(scope="module")
def file() -> SealedAccounts:
    return seal(ONE, PASSPHRASE)


def test_what_was_sealed_comes_back(file: SealedAccounts) -> None:
    assert unseal(file, PASSPHRASE) == ONE
    assert "ST-secret" not in str(file)


@pytest.mark.parametrize(
    "changes",
    [
        {"sealed": ""},
        {"sealed": "AAAA"},
        {"sealed": "not base64"},
        {"salt": ""},
        {"salt": "AAAA"},
        {"salt": "ünicode"},
        {"nonce": ""},
        {"nonce": "AAAA"},
        {"nonce": "A" * 4000},
        {"passes": 4},
        {"memory_kib": 8192},
        {"lanes": 1},
    ],
    ids=str,
)
def test_a_file_that_was_changed_does_not_open_and_does_not_say_where(
    file: SealedAccounts, changes: dict[str, Any]
) -> None:
    with pytest.raises(Failure, match="passphrase is wrong, or the file is damaged"):
        unseal(msgspec.structs.replace(file, **changes), PASSPHRASE)


@pytest.mark.parametrize("cut", [0.1, 0.5, 0.99])
def test_a_file_that_was_cut_short_does_not_open(file: SealedAccounts, cut: float) -> None:
    short = file.sealed[: int(len(file.sealed) * cut) // 4 * 4]
    with pytest.raises(Failure, match="the file is damaged"):
        unseal(msgspec.structs.replace(file, sealed=short), PASSPHRASE)
    whole = msgspec.json.encode({"passphrase": PASSPHRASE, "file": file})
    with pytest.raises(msgspec.DecodeError):
        msgspec.json.decode(whole[: int(len(whole) * cut)], type=SealedImport)


@pytest.mark.parametrize(
    "changes",
    [
        {"memory_kib": 2**31},
        {"memory_kib": 262_145},
        {"memory_kib": 0},
        {"passes": 11},
        {"passes": 2**40},
        {"passes": 0},
        {"lanes": 9},
        {"lanes": 0},
        {"format": "flow2api-accounts-2"},
    ],
    ids=str,
)
def test_whoever_makes_a_file_cannot_have_it_cost_more_than_is_bearable(
    file: SealedAccounts, changes: dict[str, Any]
) -> None:
    told = msgspec.structs.asdict(file) | changes
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(msgspec.json.encode({"passphrase": PASSPHRASE, "file": told}), type=SealedImport)


def test_a_machine_that_has_not_the_memory_says_so(file: SealedAccounts, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*arguments: object) -> bytes:
        raise HashingError("Memory allocation error")

    monkeypatch.setattr(sealed_accounts, "hash_secret_raw", fails)
    with pytest.raises(Failure, match="64 MiB of memory"):
        unseal(file, PASSPHRASE)

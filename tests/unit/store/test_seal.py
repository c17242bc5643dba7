"""Sealing: what opens, what does not, and which texts make a key."""

import pytest

from flow2api.store.errors import SealBroken, StoreRefused
from flow2api.store.seal import Seal, load_master_key
from tests.unit.store import NO_FOLDER

SEAL = Seal(b"k" * 32)


def test_what_was_closed_opens_with_the_same_purpose() -> None:
    assert SEAL.open(SEAL.close(b"secret", "account:a1"), "account:a1") == b"secret"


def test_an_empty_secret_can_be_sealed() -> None:
    assert SEAL.open(SEAL.close(b"", "p"), "p") == b""


def test_a_secret_is_sealed_differently_each_time_and_never_shows() -> None:
    first, second = SEAL.close(b"secret", "p"), SEAL.close(b"secret", "p")
    assert first != second
    assert b"secret" not in first


def test_a_sealed_value_cannot_serve_another_purpose() -> None:
    with pytest.raises(SealBroken, match="account:a2"):
        SEAL.open(SEAL.close(b"secret", "account:a1"), "account:a2")


def test_another_key_does_not_open() -> None:
    with pytest.raises(SealBroken):
        Seal(b"x" * 32).open(SEAL.close(b"secret", "p"), "p")


@pytest.mark.parametrize("position", [0, 1, 13, -1])
def test_no_byte_can_be_changed(position: int) -> None:
    sealed = bytearray(SEAL.close(b"secret", "p"))
    sealed[position] ^= 1
    with pytest.raises(SealBroken):
        SEAL.open(bytes(sealed), "p")


@pytest.mark.parametrize("size", [0, 1, 12, 13, 20])
def test_a_value_cut_short_is_broken_and_nothing_worse(size: int) -> None:
    with pytest.raises(SealBroken):
        SEAL.open(SEAL.close(b"secret", "p")[:size], "p")


def test_neither_the_seal_nor_its_errors_show_key_or_secret() -> None:
    with pytest.raises(SealBroken) as caught:
        Seal(b"x" * 32).open(SEAL.close(b"secret", "p"), "p")
    assert repr(SEAL) == "Seal(***)"
    assert "secret" not in str(caught.value)


def test_a_key_of_another_length_is_a_bug() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Seal(b"short")


def test_the_variable_makes_a_key_of_the_right_size_without_any_file() -> None:
    key = load_master_key(NO_FOLDER, {"STORAGE_MASTER_KEY": "sixteen letters!"})
    assert len(key) == 32
    assert load_master_key(NO_FOLDER, {"STORAGE_MASTER_KEY": "  sixteen letters!\n"}) == key
    assert load_master_key(NO_FOLDER, {"STORAGE_MASTER_KEY": "sixteen letters?"}) != key


@pytest.mark.parametrize("text", ["", "fifteen letters", " " * 20])
def test_a_short_key_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(StoreRefused, match="STORAGE_MASTER_KEY has only") as caught:
        load_master_key(NO_FOLDER, {"STORAGE_MASTER_KEY": text})
    assert "fifteen" not in str(caught.value)

from argon2 import PasswordHasher

from flow2api.api.passwords import hash_password, verify_password


async def test_a_password_matches_its_hash_and_no_other_does() -> None:
    encoded = await hash_password("correct horse battery")
    assert encoded.startswith("$argon2id$")
    assert await verify_password(encoded, "correct horse battery") == (True, False)
    assert await verify_password(encoded, "correct horse batter") == (False, False)


async def test_a_hash_with_weaker_parameters_is_to_be_made_anew() -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("correct horse battery")
    assert await verify_password(weak, "correct horse battery") == (True, True)


async def test_an_unreadable_hash_matches_nothing() -> None:
    assert await verify_password("what is this", "anything") == (False, False)

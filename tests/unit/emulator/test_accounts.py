"""Accounts and their credentials."""

import pytest

from flow2api.emulator.accounts import Accounts, AccountSetup, numbered_accounts, session_token_for
from flow2api.emulator.exchange import Refused


def test_session_tokens_follow_from_the_email_so_a_new_process_knows_them() -> None:
    first, second = Accounts(), Accounts()
    tokens = [accounts.add(AccountSetup(email="ada@example.org")).session_token for accounts in (first, second)]
    assert tokens[0] == tokens[1] == session_token_for("ada@example.org")
    assert session_token_for("bob@example.org") != tokens[0]


def test_a_session_token_looks_like_an_encrypted_one() -> None:
    parts = session_token_for("ada@example.org").split(".")
    assert len(parts) == 5
    assert parts[1] == ""


def test_an_account_that_is_added_again_starts_anew() -> None:
    accounts = Accounts()
    former = accounts.add(AccountSetup(email="ada@example.org", credits=5))
    token = accounts.access(former, now=0)
    again = accounts.add(AccountSetup(email="ada@example.org"))
    assert accounts.by_access(token, now=0) is None
    assert accounts.by_session(again.session_token) is again
    assert len(accounts) == 1


def test_changing_an_account_checks_names_and_values() -> None:
    accounts = Accounts()
    account = accounts.add(AccountSetup(email="ada@example.org"))
    accounts.change("ada@example.org", {"credits": 7, "alive": False})
    assert (account.credits, account.alive) == (7, False)
    for email, changes, status in [
        ("ada@example.org", {"tier": "GOLD"}, 400),
        ("ada@example.org", {"session_token": "x"}, 400),
        ("nobody@example.org", {}, 404),
    ]:
        with pytest.raises(Refused) as refused:
            accounts.change(email, changes)
        assert refused.value.status == status


def test_numbered_accounts_have_speaking_names() -> None:
    assert [setup.email for setup in numbered_accounts(2)] == ["account-1@example.org", "account-2@example.org"]

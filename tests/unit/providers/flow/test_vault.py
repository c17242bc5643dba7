"""What is kept across restarts survives the trip, and shows nothing."""

import pytest

from flow2api.domain.failure import FailureKind, UpstreamFailure
from flow2api.providers.flow.vault import Upload, Vault, dump, load, renewed
from tests.unit.providers.flow.fake import SECRETS, signed_in


def test_a_vault_survives_storing() -> None:
    vault = signed_in(email="ada@example.org", projects=["p1"], uploads={"p1": {"d": Upload("m", 1.0)}})
    assert load(dump(vault)) == vault


def test_vaults_do_not_share_their_lists() -> None:
    first, second = Vault(session_token="a"), Vault(session_token="b")
    first.projects.append("p")
    assert second.projects == []


@pytest.mark.parametrize("stored", [b"", b"{}", b"[]", b'{"session_token":7}', b'{"session_token":"SECRET\xff"}'])
def test_a_vault_that_cannot_be_read_asks_for_a_new_login_and_shows_nothing(stored: bytes) -> None:
    with pytest.raises(UpstreamFailure) as caught:
        load(stored)
    assert caught.value.kind is FailureKind.NEEDS_LOGIN
    assert caught.value.__context__ is None
    assert "SECRET" not in repr(caught.value)


def test_a_vault_does_not_show_its_secrets() -> None:
    assert not [secret for secret in SECRETS if secret in repr(signed_in())]


OLD = signed_in(
    email="ada@example.org",
    name="Ada",
    projects=["p1", "p2"],
    uploads={"p1": {"d": Upload("m", 1.0)}},
    access_token="old",
)


def test_a_renewed_vault_has_the_new_login_and_all_that_was_made_before() -> None:
    new = Vault(
        session_token="new", access_token="ya29.new", access_until=5.0, email="Ada@Example.org", projects=["p2", "p3"]
    )
    merged = renewed(dump(OLD), new)
    assert (merged.session_token, merged.access_token, merged.access_until) == ("new", "ya29.new", 5.0)
    assert (merged.email, merged.name) == ("Ada@Example.org", "Ada")
    assert merged.projects == ["p1", "p2", "p3"]
    assert merged.uploads == OLD.uploads


def test_a_cookie_that_was_never_used_keeps_the_known_owner() -> None:
    merged = renewed(dump(OLD), Vault(session_token="new"))
    assert (merged.email, merged.access_token, merged.projects) == ("ada@example.org", "", ["p1", "p2"])


@pytest.mark.parametrize("old", [b"", b"{}", dump(signed_in(email="bob@example.org", projects=["p9"]))])
def test_another_person_s_vault_or_an_unreadable_one_gives_nothing_away(old: bytes) -> None:
    new = Vault(session_token="new", email="ada@example.org")
    assert renewed(old, new) == new

"""What is kept across restarts survives the trip, and shows nothing."""

import pytest

from flow2api.domain.failure import FailureKind, UpstreamFailure
from flow2api.providers.flow.vault import Upload, Vault, dump, load
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

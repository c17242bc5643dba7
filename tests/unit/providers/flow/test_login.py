"""The answers for a session cookie, told apart."""

import pytest

from flow2api.domain.failure import FailureKind, UpstreamFailure
from flow2api.providers.flow import login, wire
from tests.unit.providers.flow.fake import NOW

USER = {"name": "Ada Example", "email": "ada@example.org"}


def read(**fields: object) -> login.Login:
    return login.read_login(wire.SessionAnswer(**({"access_token": "ya29.x", "user": USER} | fields)), NOW)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("expires", "until"),
    [
        ("2025-06-15T16:06:41.000Z", NOW + 3601),
        ("2025-06-15T18:06:41+02:00", NOW + 3601),
        ("2025-06-15T16:06:41", NOW + 3601),
        ("2025-06-15T15:06:39.000Z", NOW + 3600),
        ("tomorrow", NOW + 3600),
        ("", NOW + 3600),
        (1_750_003_600, NOW + 3600),
        ({}, NOW + 3600),
        (None, NOW + 3600),
    ],
)
def test_an_end_is_read_or_else_taken_to_be_an_hour_away(expires: object, until: float) -> None:
    assert read(expires=expires).access_until == until


def test_a_dead_cookie_is_told_with_the_next_step_and_the_other_cause() -> None:
    with pytest.raises(UpstreamFailure, match=r"paste the new cookie.*moved") as caught:
        read(access_token=None, user=None)
    assert caught.value.kind is FailureKind.NEEDS_LOGIN


@pytest.mark.parametrize("error", ["ACCESS_TOKEN_REFRESH_NEEDED", "SomethingElse", {"code": 1}])
def test_a_token_beside_an_error_is_not_trusted(error: object) -> None:
    with pytest.raises(UpstreamFailure, match="no longer renews") as caught:
        read(error=error)
    assert caught.value.kind is FailureKind.NEEDS_LOGIN
    assert caught.value.reason == (error if isinstance(error, str) else None)


@pytest.mark.parametrize(
    ("user", "email", "name"),
    [
        (USER, "ada@example.org", "Ada Example"),
        ({"email": "ada@example.org"}, "ada@example.org", "ada"),
        ({"name": "Ada"}, None, "Ada"),
        ({"email": 7}, None, None),
        (None, None, None),
    ],
)
def test_the_owner_is_read_as_far_as_known(user: object, email: str | None, name: str | None) -> None:
    found = read(user=user)
    assert (found.email, found.name) == (email, name)


@pytest.mark.parametrize("token", ["a\r\nX-Injected: 1", "ключ"])
def test_a_token_that_no_header_can_carry_is_unreadable(token: str) -> None:
    with pytest.raises(UpstreamFailure) as caught:
        read(access_token=token)
    assert caught.value.kind is FailureKind.UNREADABLE


def test_a_login_does_not_show_its_token() -> None:
    assert "ya29" not in repr(read())

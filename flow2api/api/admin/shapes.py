"""What the routes of set-up, sign-in, second factor and audit log take and give. What holds a secret does not show it."""

import msgspec

from flow2api.domain.admin import AuditEntry, SessionView


class SessionState(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks: the answer to `GET /api/session`, to a sign-in and to the set-up. Always 200, so that a page begins with it."""

    signed_in: bool
    setup_needed: bool = False
    """No administrator has a password yet: `POST /api/setup` sets it."""
    setup_token_needed: bool = False
    """That must come with the token which the program printed at its start, since the page is not opened on the same machine."""
    second_factor: bool = False
    """Whether the second factor is on; told only to who is signed in."""
    session: SessionView | None = None
    csrf: str = ""
    """To be sent as `X-CSRF-Token` with every change; belongs to this sign-in."""


class SetUp(msgspec.Struct, kw_only=True):
    """The body of `POST /api/setup`: the administrator's first password."""

    password: str
    token: str | None = None

    def __repr__(self) -> str:
        return "SetUp()"


class SignIn(msgspec.Struct, kw_only=True):
    """The body of `POST /api/session`. `code` is of the second factor or one of the recovery codes; without one, where it is
    needed, the answer is 401 `second_factor_required`."""

    password: str
    code: str | None = None

    def __repr__(self) -> str:
        return "SignIn()"


class NewPassword(msgspec.Struct, kw_only=True):
    """The body of `PUT /api/password`; `current` is needed by who is signed in, not by who has the instance's token. Ends all
    other sign-ins."""

    password: str
    current: str | None = None

    def __repr__(self) -> str:
        return "NewPassword()"


class PasswordChanged(msgspec.Struct, frozen=True):
    """The password is another one; `ended` sign-ins went with the old one."""

    ended: int
    changed: bool = True


class SessionEnded(msgspec.Struct, frozen=True):
    """A sign-in that is over."""

    id: str
    deleted: bool = True


class SessionsEnded(msgspec.Struct, frozen=True):
    """How many sign-ins were ended."""

    ended: int


class SessionList(msgspec.Struct, frozen=True):
    """The answer to `GET /api/sessions`: every sign-in that is good, newest first."""

    sessions: list[SessionView]


class SecondFactorView(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to `GET /api/second-factor`."""

    on: bool
    since: float | None = None
    recovery_codes_left: int = 0


class Proof(msgspec.Struct):
    """The body of what needs the password once more: `POST /api/second-factor` (offer), `DELETE /api/second-factor`, and
    `POST /api/second-factor/recovery-codes`."""

    password: str

    def __repr__(self) -> str:
        return "Proof()"


class SecondFactorOffer(msgspec.Struct, frozen=True, kw_only=True):
    """A secret for an authenticator; in force only once a code made with it has come back to `…/second-factor/confirm`."""

    secret: str
    uri: str
    qr_svg: str
    """The same as a picture: an `<svg>` element."""

    def __repr__(self) -> str:
        return "SecondFactorOffer()"


class Confirmation(msgspec.Struct):
    """The body of `POST /api/second-factor/confirm`."""

    code: str

    def __repr__(self) -> str:
        return "Confirmation()"


class RecoveryCodes(msgspec.Struct, frozen=True):
    """Codes that stand in for the second factor, each once; told here and never again."""

    codes: list[str]

    def __repr__(self) -> str:
        return f"RecoveryCodes(<{len(self.codes)}>)"


class AuditPage(msgspec.Struct, frozen=True):
    """The answer to `GET /api/audit?limit=&before=&act=`: newest first; `before` is the id of the last entry of the page before."""

    entries: list[AuditEntry]
    has_more: bool

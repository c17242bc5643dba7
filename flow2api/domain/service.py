"""A service that generates, as those see it who work with all of them alike: plain data, given by its provider."""

import msgspec


class CaptchaPage(msgspec.Struct, frozen=True, kw_only=True):
    """The page on which a service's captcha tokens are made."""

    url: str
    site_key: str


class Traits(msgspec.Struct, frozen=True, kw_only=True):
    """What a service is like, for those who work with all of them alike."""

    title: str
    credential: str
    """What people call that which they paste: API key, session token."""
    base_url: str
    """Where it is reached, as far as one address says that. Empty where each account names its own."""
    signs_in: bool = False
    """The credential is good for access tokens, which end and are renewed. Else it is what every call carries."""
    own_base_url: bool = False
    """An account may name its own address of the service."""
    login_page: str | None = None
    """The page on which a browser that is signed in holds the credential, None where there is no such thing."""
    captcha: CaptchaPage | None = None
    trusted_links: bool = False
    """Its links to results are taken as they come: it is its vendor's own service, and no account names another address of it. Else a
    link leads to the public internet, to where the service itself is, or nowhere."""
    joins: bool = False
    """A continuation of a clip comes alone and has to be joined with what it continues."""
    poll_seconds: float = 5.0
    """Between two looks at what an account has under way."""
    image_seconds: float = 300.0
    """After this time a picture that is not done has failed."""
    video_seconds: float = 1500.0

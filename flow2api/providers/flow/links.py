"""Links to finished media: which redirects lead to one, and what a link tells about the medium.

Pure functions. A redirect may also lead to a login page or to another front end; such a target is never taken for a medium.
"""

import re
from urllib.parse import urljoin, urlsplit

# Where Google sends people, never where media lie.
_PAGES = frozenset({"accounts.google.com", "flow.google.com"})
_MEDIUM = re.compile(r"/(?:video|image)/([A-Za-z0-9_.~-]{1,200})")


def media_link(location: str | None, asked_url: str) -> str | None:
    """The absolute link of a redirect of `asked_url` to a medium, None for any other target."""
    if not location:
        return None
    try:
        link = urljoin(asked_url, location)
        there, here = urlsplit(link), urlsplit(asked_url)
        host = there.hostname
    except ValueError:
        return None
    if there.scheme not in ("https", "http") or not host or host in _PAGES:
        return None
    if there.netloc == here.netloc and not _MEDIUM.search(there.path):
        return None
    return link


def clip_id(link: str) -> str | None:
    """The id that a link to a clip holds, None where it holds none."""
    found = _MEDIUM.search(urlsplit(link).path)
    return found[1] if found and found[0].startswith("/video/") else None

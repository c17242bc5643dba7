"""Which web pages may read our answers, as ready-made header lists.

The answer to a preflight repeats the asked header names, because a bare `*` would not cover `Authorization`. Cookies play no
part, so credentials are never allowed. The admin interface is left out: no other origin has business there.
"""

from collections.abc import Iterable

Headers = list[tuple[bytes, bytes]]

EXPOSED = (
    b"x-request-id, retry-after, retry-after-ms, content-disposition, openai-poll-after-ms, x-goog-upload-url, x-goog-upload-status, "
    b"x-flow2api-route, x-flow2api-warning"
)
_METHODS = b"GET, POST, DELETE, OPTIONS, HEAD"
_PREFLIGHT_SECONDS = b"7200"
_PRIVATE = b"/api/"


class Cors:
    """The rule of one gateway."""

    def __init__(self, origins: Iterable[str]) -> None:
        allowed = {origin.encode() for origin in origins}
        self._anyone = b"*" in allowed
        self._answers = {origin: _answer(origin) for origin in allowed}
        # Whoever caches an answer must know that it depends on the origin, also where there was none.
        self._nobody: Headers = [(b"vary", b"Origin")] if allowed and not self._anyone else []

    def headers(self, raw_path: bytes, origin: bytes | None) -> Headers:
        """What every answer carries, errors included. Not to be changed by the caller."""
        if raw_path.startswith(_PRIVATE):
            return []
        if self._anyone:
            return self._answers[b"*"]
        return self._answers.get(origin or b"", self._nobody)

    def preflight(self, raw_path: bytes, origin: bytes | None, wanted: bytes | None) -> Headers:
        """What an answer to `OPTIONS` carries; `wanted` is what the browser asks to send."""
        granted = self.headers(raw_path, origin)
        if not granted or granted is self._nobody:
            return granted
        asked = [(b"access-control-allow-headers", wanted)] if wanted else []
        return [
            *granted,
            (b"access-control-allow-methods", _METHODS),
            *asked,
            (b"access-control-max-age", _PREFLIGHT_SECONDS),
        ]


def _answer(origin: bytes) -> Headers:
    headers = [(b"access-control-allow-origin", origin), (b"access-control-expose-headers", EXPOSED)]
    return headers if origin == b"*" else [*headers, (b"vary", b"Origin")]

"""The error family: everything that may go wrong on purpose, as a closed list.

`Failure` is what a caller of the API (or of an actor) is told; its `Code` fixes HTTP status, OpenAI error type and whether
repeating the same request can help. `NetworkFault` is what `net/` raises; it says whether the request may have reached the
other side, because that decides if it may be repeated. Nothing here knows a provider, an actor or HTTP framework.
"""

from enum import StrEnum
from typing import NamedTuple


class Code(StrEnum):
    """Every error code that a caller can meet. Adding one means adding its row to `KINDS`."""

    INVALID_JSON = "invalid_json"
    MISSING_REQUIRED_PARAMETER = "missing_required_parameter"
    INVALID_TYPE = "invalid_type"
    INVALID_VALUE = "invalid_value"
    INVALID_IMAGE = "invalid_image"
    UNSUPPORTED_OPERATION = "unsupported_operation"
    CONTENT_POLICY_VIOLATION = "content_policy_violation"
    UPSTREAM_REJECTED = "upstream_rejected"
    INVALID_API_KEY = "invalid_api_key"
    ADMIN_REQUIRED = "admin_required"
    SECOND_FACTOR_REQUIRED = "second_factor_required"
    FORBIDDEN = "forbidden"
    MODEL_NOT_ALLOWED = "model_not_allowed"
    ROUTE_NOT_ALLOWED = "route_not_allowed"
    MODEL_NOT_FOUND = "model_not_found"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    REQUEST_TIMEOUT = "request_timeout"
    CONFLICT = "conflict"
    VIDEO_NOT_READY = "video_not_ready"
    VIDEO_FAILED = "video_failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    REQUEST_TOO_LARGE = "request_too_large"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    RATE_LIMIT_EXCEEDED = "rate_limit_exceeded"
    QUEUE_FULL = "queue_full"
    INSUFFICIENT_QUOTA = "insufficient_quota"
    INTERNAL_ERROR = "internal_error"
    UPSTREAM_ERROR = "upstream_error"
    OUTCOME_UNKNOWN = "outcome_unknown"
    UPSCALE_FAILED = "upscale_failed"
    JOIN_FAILED = "join_failed"
    RESULT_LOST = "result_lost"
    NO_ACCOUNT_AVAILABLE = "no_account_available"
    CAPTCHA_UNAVAILABLE = "captcha_unavailable"
    CAPTCHA_REFUSED = "captcha_refused"
    UPSTREAM_UNREACHABLE = "upstream_unreachable"
    DRAINING = "draining"
    QUEUE_TIMEOUT = "queue_timeout"
    GENERATION_TIMEOUT = "generation_timeout"


class Kind(NamedTuple):
    """What a code means on the wire. `retry`: the same request, sent again later, can succeed without being paid twice."""

    status: int
    type: str
    retry: bool


_BAD = "invalid_request_error"
_SERVER = "server_error"

KINDS: dict[Code, Kind] = {
    Code.INVALID_JSON: Kind(400, _BAD, False),
    Code.MISSING_REQUIRED_PARAMETER: Kind(400, _BAD, False),
    Code.INVALID_TYPE: Kind(400, _BAD, False),
    Code.INVALID_VALUE: Kind(400, _BAD, False),
    Code.INVALID_IMAGE: Kind(400, _BAD, False),
    Code.UNSUPPORTED_OPERATION: Kind(400, _BAD, False),
    Code.CONTENT_POLICY_VIOLATION: Kind(400, _BAD, False),
    Code.UPSTREAM_REJECTED: Kind(400, _BAD, False),
    Code.INVALID_API_KEY: Kind(401, _BAD, False),
    Code.ADMIN_REQUIRED: Kind(401, _BAD, False),
    Code.SECOND_FACTOR_REQUIRED: Kind(401, _BAD, False),
    Code.FORBIDDEN: Kind(403, "permission_error", False),
    Code.MODEL_NOT_ALLOWED: Kind(403, "permission_error", False),
    Code.ROUTE_NOT_ALLOWED: Kind(403, "permission_error", False),
    Code.MODEL_NOT_FOUND: Kind(404, _BAD, False),
    Code.NOT_FOUND: Kind(404, _BAD, False),
    Code.METHOD_NOT_ALLOWED: Kind(405, _BAD, False),
    Code.REQUEST_TIMEOUT: Kind(408, "timeout_error", True),
    Code.CONFLICT: Kind(409, _BAD, False),
    Code.VIDEO_NOT_READY: Kind(409, _BAD, False),
    Code.VIDEO_FAILED: Kind(400, _BAD, False),
    Code.CANCELLED: Kind(409, _BAD, False),
    Code.EXPIRED: Kind(410, _BAD, False),
    Code.REQUEST_TOO_LARGE: Kind(413, _BAD, False),
    Code.UNSUPPORTED_MEDIA_TYPE: Kind(415, _BAD, False),
    Code.RATE_LIMIT_EXCEEDED: Kind(429, "rate_limit_error", True),
    Code.QUEUE_FULL: Kind(429, "rate_limit_error", True),
    Code.INSUFFICIENT_QUOTA: Kind(429, "insufficient_quota", False),
    Code.INTERNAL_ERROR: Kind(500, _SERVER, False),
    Code.UPSTREAM_ERROR: Kind(502, _SERVER, False),
    Code.OUTCOME_UNKNOWN: Kind(502, _SERVER, False),
    Code.UPSCALE_FAILED: Kind(502, _SERVER, False),
    Code.JOIN_FAILED: Kind(502, _SERVER, False),
    Code.RESULT_LOST: Kind(502, _SERVER, False),
    Code.NO_ACCOUNT_AVAILABLE: Kind(503, _SERVER, False),
    Code.CAPTCHA_UNAVAILABLE: Kind(503, _SERVER, False),
    Code.CAPTCHA_REFUSED: Kind(503, _SERVER, False),
    Code.UPSTREAM_UNREACHABLE: Kind(503, _SERVER, True),
    Code.DRAINING: Kind(503, _SERVER, True),
    Code.QUEUE_TIMEOUT: Kind(504, _SERVER, True),
    Code.GENERATION_TIMEOUT: Kind(504, _SERVER, False),
}


class Failure(Exception):
    """An expected failure with a code of the closed list.

    `message` says what happened, why, and what to do, in words for the caller; it never holds a secret. `param` names the
    field at fault. `retry_after_seconds` is the true wait where one is known. `reason` is the upstream's own word.
    """

    def __init__(
        self,
        code: Code,
        message: str,
        *,
        param: str | None = None,
        retry_after_seconds: float | None = None,
        reason: str | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.param = param
        self.retry_after_seconds = retry_after_seconds
        self.reason = reason

    @property
    def kind(self) -> Kind:
        return KINDS[self.code]

    def __repr__(self) -> str:
        return f"Failure({self.code.value}: {self.message})"


class NetworkFault(Exception):
    """Something between us and another server failed. The message names host and cause, never a credential.

    `maybe_sent` is False only when it is certain that the other side cannot have acted on the request.
    """

    maybe_sent = True


class Unreachable(NetworkFault):
    """No connection: name not found, refused, no route, or the connect limit ran out. Nothing was sent."""

    maybe_sent = False


class TlsRefused(NetworkFault):
    """The TLS handshake or the certificate check failed. Nothing was sent."""

    maybe_sent = False


class ProxyRefused(NetworkFault):
    """The proxy could not be reached, refused our credentials or could not reach the target. Nothing was sent."""

    maybe_sent = False


class AddressForbidden(NetworkFault):
    """A URL given by a caller leads where callers may not send us. Nothing was sent."""

    maybe_sent = False


class ConnectionBroken(NetworkFault):
    """The connection ended before a complete answer was read."""


class TimedOut(NetworkFault):
    """No complete answer within the total limit."""


class ResponseTooLarge(NetworkFault):
    """The answer exceeds the size limit of the call."""


class ResponseUnreadable(NetworkFault):
    """What came back is not HTTP, or its content encoding is broken."""

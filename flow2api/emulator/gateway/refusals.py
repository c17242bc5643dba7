"""The error object of OpenAI, in which every shape of the gateway says no."""

from flow2api.emulator.accounts import new_id
from flow2api.emulator.exchange import Answer, Refused, json_answer

_TYPES = {
    401: "invalid_request_error",
    403: "permission_error",
    404: "invalid_request_error",
    429: "rate_limit_error",
}


class Invalid(Refused):
    """A field of the request does not do."""

    def __init__(self, param: str, message: str, *, code: str = "invalid_value", status: int = 400) -> None:
        super().__init__(status, message, reason=code)
        self.param = param


def refusal(refused: Refused) -> Answer:
    """The answer in which the gateway says no."""
    usual = "invalid_request_error" if refused.status < 500 else "server_error"
    error = {
        "message": refused.message,
        "type": refused.reason if refused.reason == "insufficient_quota" else _TYPES.get(refused.status, usual),
        "param": refused.param if isinstance(refused, Invalid) else None,
        "code": refused.reason,
    }
    headers = (("x-request-id", f"req_{new_id()}"), *refused.headers)
    return json_answer({"error": error}, status=refused.status, headers=headers)

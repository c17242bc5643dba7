"""The form in which the service says no: Google's error object, with quotas and waits in its details."""

from typing import Any

from flow2api.emulator.exchange import GOOGLE_STATUS, Answer, Refused, json_answer

_TYPE = "type.googleapis.com/google.rpc."
_METRIC = "generativelanguage.googleapis.com/generate_requests_per_model"


class Unmet(Refused):
    """Something about the account is missing, which has a status word of its own."""

    def __init__(self, message: str) -> None:
        super().__init__(400, message)


class NoQuota(Refused):
    """The account has no quota at all, which is how a key without billing is told."""

    def __init__(self) -> None:
        super().__init__(429, "You exceeded your current quota, please check your plan and billing details.")


def refusal(refused: Refused) -> Answer:
    """The answer in which the service says no. With a 429 the reason is the id of a quota."""
    word = "FAILED_PRECONDITION" if isinstance(refused, Unmet) else GOOGLE_STATUS.get(refused.status, "UNKNOWN")
    error: dict[str, Any] = {"code": refused.status, "message": refused.message, "status": word}
    if details := _details(refused):
        error["details"] = details
    # The wait stands in the details alone.
    headers = tuple(pair for pair in refused.headers if pair[0].lower() != "retry-after")
    return json_answer({"error": error}, status=refused.status, headers=headers)


def _details(refused: Refused) -> list[dict[str, Any]]:
    if isinstance(refused, NoQuota):
        ids = (
            "GenerateRequestsPerMinutePerProjectPerModel-FreeTier",
            "GenerateRequestsPerDayPerProjectPerModel-FreeTier",
        )
        # A quota of nothing is told without a value.
        return [_quota(*({"quotaId": one, "quotaMetric": _METRIC} for one in ids)), _wait("34.07s")]
    details = []
    if refused.status == 429 and refused.reason:
        details.append(_quota({"quotaId": refused.reason, "quotaMetric": _METRIC, "quotaValue": "10"}))
    elif refused.reason:
        details.append({"@type": f"{_TYPE}ErrorInfo", "reason": refused.reason, "domain": "googleapis.com"})
    waits = [value for name, value in refused.headers if name.lower() == "retry-after"]
    return details + [_wait(f"{wait}s") for wait in waits]


def _quota(*violations: dict[str, str]) -> dict[str, Any]:
    return {"@type": f"{_TYPE}QuotaFailure", "violations": list(violations)}


def _wait(delay: str) -> dict[str, Any]:
    return {"@type": f"{_TYPE}RetryInfo", "retryDelay": delay}

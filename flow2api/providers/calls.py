"""The way to a service that is called with a key: its address, the header with the key, exits, time and size limits.

Promises that a call is made once, that only `UpstreamFailure` comes out of what never became an answer, that the key goes to the
service's own origin alone, and that a link or a redirect of the service leads there or to where the guard lets it. What an answer means
is the service's own affair.
"""

from pathlib import Path
from urllib.parse import urljoin, urlsplit

import msgspec

from flow2api.domain.failure import FailureKind, UpstreamFailure
from flow2api.errors import AddressForbidden, NetworkFault, ResponseTooLarge, ResponseUnreadable
from flow2api.net.detour import with_detours
from flow2api.net.exits import ExitChoice
from flow2api.net.guard import Guard, Target
from flow2api.net.http import Http
from flow2api.net.message import Downloaded, Limits, Response

_JSON = ("Content-Type", "application/json")
_REDIRECTS = 3
_LONGEST_MESSAGE = 500
_MIB = 1024 * 1024
CLIP_BYTES = 4096 * _MIB
"""As much as the largest clip may have."""


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """What the calls of one account have in common."""

    title: str
    """What the service is called in messages."""
    base_url: str
    """Without a slash at its end; paths are appended as they are."""
    headers: tuple[tuple[str, str], ...]
    """Those that carry the key."""
    secret: str
    """What must not come back in a message."""

    def __repr__(self) -> str:
        return f"Way({self.base_url})"


class Calls:
    """Asks one service for one account."""

    def __init__(self, http: Http, way: Way, exit_for: ExitChoice, guard: Guard) -> None:
        self._http = http
        self._way = way
        self._exit_for = exit_for
        self._guard = guard

    def __repr__(self) -> str:
        return f"Calls({self._way.base_url})"

    async def send(
        self,
        what: str,
        method: str,
        path: str,
        body: object = None,
        *,
        paid: bool = False,
        seconds: float = 60.0,
        max_mib: int = 4,
        form: tuple[str, bytes] | None = None,
    ) -> Response:
        """The answer to one call, whatever its status. `what` names it in messages; `path` may be a whole address.

        `body` goes as JSON; a `form` is a content type and a body that goes as it is. A `paid` call that may have arrived is never
        made again."""
        mime, data = form or (_JSON[1], b"" if body is None else msgspec.json.encode(body))
        url = self._url(path)
        headers = self._headers(url)

        async def over(exit_url: str | None) -> Response:
            target = await self._checked(url, exit_url)
            return await self._http.request(
                method,
                target.url,
                addresses=target.addresses,
                headers=(*headers, ("Content-Type", mime)) if data else headers,
                body=data,
                exit_url=exit_url,
                # What proxies keep open dies often, and often in silence; a paid call that is lost in it must not be repeated.
                fresh=exit_url is not None and paid,
                limits=Limits(total_seconds=seconds, max_bytes=max_mib * _MIB),
            )

        try:
            return await with_detours(self._exit_for, over)
        except NetworkFault as fault:
            raise self.of_fault(fault, what, paid=paid) from fault

    async def download(self, what: str, url: str, path: Path, *, seconds: float) -> Downloaded:
        """The answer to a download into the file `path`, over the redirects that the service chooses; written only if it is a 200.

        Raises:
            OSError: the file cannot be written."""
        url = self._url(url)
        for _ in range(_REDIRECTS):
            answer = await self._download(what, url, path, seconds)
            target = answer.headers.get("location")
            if not 300 <= answer.status < 400 or not target:
                return answer
            url = self._joined(url, target, what)
        message = f"{self._way.title} redirects {what} again and again."
        raise UpstreamFailure(FailureKind.UPSTREAM_FAULT, message, status=answer.status)

    def masked(self, text: str) -> str:
        """What the service says, fit to be shown. Give it all of it: of a key that was cut the rest could not be found."""
        return text.replace(self._way.secret, "***")[:300]

    def cleaned(self, failure: UpstreamFailure) -> UpstreamFailure:
        """A failure in the service's words, fit to be shown."""
        message = failure.message.replace(self._way.secret, "***")
        return UpstreamFailure(
            failure.kind,
            message if len(message) <= _LONGEST_MESSAGE else f"{message[:_LONGEST_MESSAGE]}…",
            status=failure.status,
            reason=self.masked(failure.reason) if failure.reason else None,
            retry_after_seconds=failure.retry_after_seconds,
        )

    def of_fault(self, fault: NetworkFault, what: str, *, paid: bool) -> UpstreamFailure:
        """The failure for a call that got no complete answer."""
        title = self._way.title
        if isinstance(fault, AddressForbidden):
            message = (
                f"{title} sends us to an address that may not be asked ({what}: {fault}). An operator allows private ones by "
                "media.allow_private."
            )
            return UpstreamFailure(FailureKind.UPSTREAM_FAULT, message)
        if not fault.maybe_sent:
            return UpstreamFailure(FailureKind.UNREACHABLE, f"{title} cannot be reached ({what}: {fault}).")
        if paid:
            message = f"No readable answer came back, so {title} may have accepted the request ({what}: {fault})."
            return UpstreamFailure(FailureKind.OUTCOME_UNKNOWN, message)
        unreadable = isinstance(fault, ResponseTooLarge | ResponseUnreadable)
        kind = FailureKind.UNREADABLE if unreadable else FailureKind.UPSTREAM_FAULT
        return UpstreamFailure(kind, f"{title} gave no complete answer ({what}: {fault}).")

    async def _download(self, what: str, url: str, path: Path, seconds: float) -> Downloaded:
        headers = self._headers(url)

        async def over(exit_url: str | None) -> Downloaded:
            target = await self._checked(url, exit_url)
            return await self._http.download(
                target.url,
                path,
                headers=headers,
                exit_url=exit_url,
                limits=Limits(total_seconds=seconds, max_bytes=CLIP_BYTES),
                durable=True,
                addresses=target.addresses,
            )

        try:
            return await with_detours(self._exit_for, over)
        except NetworkFault as fault:
            raise self.of_fault(fault, what, paid=False) from fault

    async def _checked(self, url: str, exit_url: str | None) -> Target:
        return await self._guard.check(url, own=(self._way.base_url,), exit_url=exit_url)

    def _joined(self, url: str, target: str, what: str) -> str:
        try:
            return urljoin(url, target)
        except ValueError:
            message = f"{self._way.title} redirects {what} to something that is no address."
        raise UpstreamFailure(FailureKind.UPSTREAM_FAULT, message)

    def _url(self, path: str) -> str:
        return path if path.startswith(("http://", "https://")) else self._way.base_url + path

    def _headers(self, url: str) -> tuple[tuple[str, str], ...]:
        """Those of the account, for the service's own origin only."""
        return self._way.headers if is_at(url, self._way.base_url) else ()


def is_at(url: str, base_url: str) -> bool:
    """Whether an address that a service told is at the very origin of a known one."""
    here = urlsplit(base_url)
    try:
        there = urlsplit(url)
    except ValueError:
        return False
    return (here.scheme, here.netloc) == (there.scheme, there.netloc)

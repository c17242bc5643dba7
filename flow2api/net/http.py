"""One HTTP request with limits: over a kept or a new connection, direct or through an exit, its failures as our typed faults.

asks builds the request and reads the answer, over connections that we dial and keep; it never gets to its own networking
(anyio), its redirects, cookies or guesses at texts. The only user of asks. Knows nothing of what the bytes mean.
"""

import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import h11
import msgspec
import trio
from asks.request_object import RequestProcessor
from asks.sessions import BaseSession

from flow2api.errors import (
    AddressForbidden,
    ConnectionBroken,
    NetworkFault,
    ResponseUnreadable,
    TimedOut,
    Unreachable,
)
from flow2api.net.body import FileIntake, Intake
from flow2api.net.dial import exit_for, open_stream
from flow2api.net.exits import Exit, ExitUse
from flow2api.net.files import SideFile
from flow2api.net.message import Downloaded, Head, Headers, Limits, Response, request_headers
from flow2api.net.pool import WHOLE_WRITE_BYTES, Connection, Key, Pool, PoolLimits, PoolStatistics
from flow2api.net.url import Url, parse_url

_DEFAULT_LIMITS = Limits()
_DEFAULT_POOL = PoolLimits()
_REPEATABLE = frozenset(("GET", "HEAD"))
_BODILESS = frozenset((204, 304))
# Writing files is bounded by the disk, not by threads.
_FILE_THREADS = 4

OnExit = Callable[[ExitUse], object]


class _Call(msgspec.Struct):
    """One request, and how far it got."""

    method: str
    url: Url
    headers: dict[str, str]
    body: bytes
    key: Key
    limits: Limits
    repeatable: bool
    fresh: bool = False
    exit: Exit | None = None
    begun_at: float | None = None
    """When its turn came."""
    connection: Connection | None = None
    sent_before: bool = False
    """Whether an earlier try may have been processed."""

    def dial_only(self, addresses: Sequence[str] | None) -> None:
        if addresses:
            self.key = self.key._replace(addresses=tuple(addresses))


class _Exchange(RequestProcessor):  # type: ignore[misc]  # asks has no types
    """asks' way through one request, without what we do not want: rewriting the URL, cookies, redirects, guessing encodings.

    `intake` takes the body of the answer."""

    intake: Intake
    target: str

    def _build_path(self) -> None:
        self.path = self.target

    async def _request_io(
        self, h11_request: h11.Request, h11_body: h11.Data | None, h11_connection: h11.Connection
    ) -> Head:
        try:
            await self._send(h11_request, h11_body, h11_connection)
        except trio.BrokenResourceError:
            # Who refuses a large body may answer and hang up while it is being sent; that answer says more than the break.
            if not self.sock.touched:
                raise
        return await self._catch_response(h11_connection)

    async def _send(self, h11_request: h11.Request, h11_body: h11.Data | None, h11_connection: h11.Connection) -> None:
        """Write a small request in one piece, so that it is one packet and one system call."""
        head = h11_connection.send(h11_request) or b""
        body = (h11_connection.send(h11_body) or b"") if h11_body is not None else b""
        h11_connection.send(h11.EndOfMessage())
        if len(head) + len(body) <= WHOLE_WRITE_BYTES:
            await self.sock.send(head + body)
        else:
            await self.sock.send(head)
            await self.sock.send(body)

    async def _catch_response(self, h11_connection: h11.Connection) -> Head:
        event = await self._recv_event(h11_connection)
        while isinstance(event, h11.InformationalResponse):
            event = await self._recv_event(h11_connection)
        if not isinstance(event, h11.Response):
            raise ResponseUnreadable("the answer does not begin like one")
        bodiless = self.method == "HEAD" or event.status_code in _BODILESS
        head = Head(event.status_code, Headers.from_wire(event.headers), bodiless)
        self.intake.begin(head)
        self.callback = self.intake.write
        await self._body_callback(h11_connection)
        self.intake.end()
        self.sock._active = _is_reusable(h11_connection)
        return head


class _Session(BaseSession):  # type: ignore[misc]  # asks has no types
    """asks' session over our own connections, limits and repeats."""

    def __init__(self, tls: bool | ssl.SSLContext, limits: PoolLimits, on_exit: OnExit | None) -> None:
        super().__init__()
        self.pool = Pool(limits)
        self._on_exit = on_exit
        self.dialled = self.requests = self.repeated = self.failed = 0
        self._tls = tls
        self._sema = trio.Semaphore(limits.connections)

    @property
    def sema(self) -> trio.Semaphore:
        return self._sema

    def _make_url(self, path: str) -> str:
        return path

    async def request(self, call: _Call, intake: Intake) -> Head:
        """Run `call` within its total limit; the body of the answer goes to `intake`."""
        self.requests += 1
        try:
            with trio.move_on_after(call.limits.total_seconds):
                async with self.sema:
                    call.begun_at = trio.current_time()
                    head = await self._attempt(call, intake)
                    self._note_exit(call, None)
                    return head
            raise _timed_out(call)
        except NetworkFault as fault:
            self.failed += 1
            fault.maybe_sent = fault.maybe_sent or call.sent_before
            self._note_exit(call, fault)
            raise

    def _note_exit(self, call: _Call, fault: NetworkFault | None) -> None:
        """Tell of a use; a call whose turn never came says nothing about its exit."""
        if self._on_exit is not None and call.exit is not None and call.begun_at is not None:
            self._on_exit(ExitUse(call.exit, trio.current_time() - call.begun_at, fault))

    async def _attempt(self, call: _Call, intake: Intake) -> Head:
        """Try once, and once more if a kept connection turned out dead and nothing is lost or done twice by it."""
        connection = await self._grab_connection(call)
        try:
            return await self._exchange(call, connection, intake)
        except ConnectionBroken as fault:
            safe = call.repeatable or not fault.maybe_sent
            if not (safe and connection.reused and not connection.answered):
                raise
            call.sent_before = fault.maybe_sent
        self.repeated += 1
        return await self._exchange(call, await self._dial(call), intake)

    async def _exchange(self, call: _Call, connection: Connection, intake: Intake) -> Head:
        call.connection = connection
        try:
            head = await self._ask(call, connection, intake)
        except (trio.BrokenResourceError, trio.ClosedResourceError, h11.RemoteProtocolError) as exc:
            connection.close()
            raise _fault(exc, call, connection) from exc
        except BaseException:
            connection.close()
            raise
        await self.return_to_pool(connection)
        return head

    async def _ask(self, call: _Call, connection: Connection, intake: Intake) -> Head:
        exchange = _Exchange(
            self,
            call.method,
            call.url.text,
            connection.port,
            headers=call.headers,
            data=call.body,
            mimetype="application/octet-stream",
            sock=connection,
            intake=intake,
            target=call.url.target,
        )
        try:
            _, head = await exchange.make_request()
        except (h11.LocalProtocolError, UnicodeEncodeError):
            # Their messages quote the value, which may be a token.
            raise ValueError("a header of the request holds characters that HTTP does not allow") from None
        return head  # type: ignore[no-any-return]

    async def _grab_connection(self, call: _Call) -> Connection:
        kept = None if call.fresh else self.pool.take(call.key)
        return kept or await self._dial(call)

    async def _dial(self, call: _Call) -> Connection:
        key = call.key
        call.connection = None
        with trio.move_on_after(call.limits.connect_seconds):
            stream = await open_stream(
                key.host,
                key.port,
                tls=self._tls if key.scheme == "https" else False,
                exit_url=key.exit_url,
                addresses=key.addresses,
            )
            self.dialled += 1
            return Connection(stream, key)
        raise Unreachable(f"no connection to {call.url.place} within {call.limits.connect_seconds:g} s")

    async def return_to_pool(self, sock: Connection) -> None:
        """Keep the connection if it can serve again. Never waits, so that it cannot be cancelled half-way."""
        if sock._active:
            self.pool.put(sock)
        else:
            sock.close()


class HttpStatistics(msgspec.Struct, frozen=True):
    requests: int
    repeated: int
    failed: int
    dialled: int
    in_use: int
    """Calls that have a connection, or are getting one."""
    waiting: int
    """Calls that wait because too many are in use."""
    pool: PoolStatistics


class Http:
    """Asks other servers. Made by `open_http`; may be used by any number of tasks."""

    def __init__(
        self,
        *,
        tls: bool | ssl.SSLContext,
        pool: PoolLimits,
        on_exit: OnExit | None = None,
        loopback_direct: bool = True,
    ) -> None:
        self._session = _Session(tls, pool, on_exit)
        self._loopback_direct = loopback_direct
        self._connections = pool.connections
        self._file_threads = trio.CapacityLimiter(_FILE_THREADS)

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Sequence[tuple[str, str]] = (),
        body: bytes = b"",
        exit_url: str | None = None,
        limits: Limits = _DEFAULT_LIMITS,
        idempotent: bool | None = None,
        fresh: bool = False,
        addresses: Sequence[str] | None = None,
    ) -> Response:
        """Ask once. Redirects are answers like others.

        A request is repeated, once, when a kept connection turned out dead: always if nothing of it can have been processed, else
        only if it is `idempotent` (by default GET and HEAD are). A `fresh` one goes over a new connection, so that none which died
        unnoticed can swallow it. With `addresses` these are dialled instead of what the name
        means. Cancelling closes the connection.

        Raises:
            NetworkFault: there is no complete answer within the limits; the kind and `maybe_sent` say what that means.
            ValueError: a header cannot be sent."""
        call = self._call(method, url, headers, exit_url, limits)
        call.body, call.fresh = body, fresh
        if idempotent is not None:
            call.repeatable = idempotent
        call.dial_only(addresses)
        intake = Intake(limits.max_bytes)
        head = await self._session.request(call, intake)
        return Response(status=head.status, headers=head.headers, body=intake.body, url=url)

    async def download(
        self,
        url: str,
        path: Path,
        *,
        headers: Sequence[tuple[str, str]] = (),
        exit_url: str | None = None,
        limits: Limits = _DEFAULT_LIMITS,
        durable: bool = False,
        addresses: Sequence[str] | None = None,
    ) -> Downloaded:
        """GET `url` into the file `path`, which appears only when complete; `durable` makes it survive a power cut.

        Only a 200 is written; of other answers the first 64 KiB come back as `body`.

        Raises:
            NetworkFault: as for `request`.
            OSError: the file cannot be written."""
        call = self._call("GET", url, [("Accept-Encoding", "identity"), *headers], exit_url, limits)
        call.dial_only(addresses)
        with SideFile(path, self._file_threads) as file:
            intake = FileIntake(limits.max_bytes, file)
            head = await self._session.request(call, intake)
            if head.status == 200:
                await file.commit(durable=durable)
        mime = (head.headers.get("content-type") or "").partition(";")[0].strip().lower()
        answer = Downloaded(
            status=head.status, mime=mime, size_bytes=intake.size_bytes, headers=head.headers, head=intake.body
        )
        if head.status == 200:
            return answer
        return msgspec.structs.replace(answer, size_bytes=0, head=b"", body=intake.body)

    def statistics(self) -> HttpStatistics:
        session = self._session
        waiting = session.sema.statistics().tasks_waiting
        return HttpStatistics(
            requests=session.requests,
            repeated=session.repeated,
            failed=session.failed,
            dialled=session.dialled,
            in_use=self._connections - session.sema.value,
            waiting=waiting,
            pool=session.pool.statistics(),
        )

    def close(self) -> None:
        """Close what is idle; connections still in use are closed when they come back."""
        self._session.pool.close()

    def _call(
        self, method: str, url: str, headers: Sequence[tuple[str, str]], exit_url: str | None, limits: Limits
    ) -> _Call:
        try:
            parsed = parse_url(url)
        except ValueError as exc:
            raise AddressForbidden(str(exc)) from None
        exit_ = exit_for(parsed.host, exit_url, loopback_direct=self._loopback_direct)
        return _Call(
            method=method,
            url=parsed,
            headers=request_headers(parsed, headers),
            body=b"",
            key=Key(parsed.scheme, parsed.host, parsed.port, exit_.url if exit_ else None, None),
            limits=limits,
            repeatable=method in _REPEATABLE,
            exit=exit_,
        )


@asynccontextmanager
async def open_http(
    *,
    tls: ssl.SSLContext | None = None,
    pool: PoolLimits = _DEFAULT_POOL,
    on_exit: OnExit | None = None,
    loopback_direct: bool = True,
) -> AsyncIterator[Http]:
    """An `Http` with its own pool, closed at the end. `tls` replaces the default context, which verifies.

    `on_exit` is called, synchronously, with every use of an exit and how it ended; a cancelled call is none. Without
    `loopback_direct` this machine is reached through exits like any other."""
    http = Http(tls=tls or True, pool=pool, on_exit=on_exit, loopback_direct=loopback_direct)
    try:
        yield http
    finally:
        http.close()


def _is_reusable(connection: h11.Connection) -> bool:
    """Both sides are done, neither wants to close, and nothing came after the end."""
    done = connection.our_state is h11.DONE and connection.their_state is h11.DONE
    return done and connection.trailing_data == (b"", False)


def _fault(exc: Exception, call: _Call, connection: Connection) -> NetworkFault:
    """What a broken exchange means. A reset or an end in the middle is a broken connection, anything else was no HTTP."""
    if isinstance(exc, h11.RemoteProtocolError) and not connection.ended:
        return ResponseUnreadable(f"what {call.url.place} answered is not HTTP")
    begun = "in the middle of" if connection.answered else "before"
    fault = ConnectionBroken(f"the connection to {call.url.place} ended {begun} the answer")
    fault.maybe_sent = connection.touched
    return fault


def _timed_out(call: _Call) -> NetworkFault:
    if call.connection is None:
        return Unreachable(f"no connection to {call.url.place} within {call.limits.total_seconds:g} s")
    fault = TimedOut(f"no complete answer from {call.url.place} within {call.limits.total_seconds:g} s")
    fault.maybe_sent = call.connection.touched
    return fault

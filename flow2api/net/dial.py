"""Streams to other machines: direct, through an HTTP proxy or through SOCKS5, with TLS on top where wanted.

Every failure here is one before the request: it is raised as a fault that says so. Cancelling at any point closes the socket.
No time limits: the caller sets them.
"""

import functools
import socket
import ssl
from collections.abc import Sequence

import trio

from flow2api.errors import ProxyRefused, TlsRefused, Unreachable
from flow2api.net.exits import Exit, is_loopback, parse_exit
from flow2api.net.tunnel import open_tunnel

# An address that does not answer at all must not use up the whole time when another one would.
_SECONDS_PER_ADDRESS = 3.0


@functools.cache
def verifying_context() -> ssl.SSLContext:
    """The context of all calls: certificates and names are checked against the system's authorities. Costs some 30 ms once."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


def exit_for(host: str, exit_url: str | None, *, loopback_direct: bool = True) -> Exit | None:
    """The exit through which `host` is reached: None for direct, as for this machine itself if `loopback_direct`.

    Raises:
        ProxyRefused: the exit cannot be understood."""
    if not exit_url or (loopback_direct and is_loopback(host)):
        return None
    try:
        return parse_exit(exit_url)
    except ValueError as exc:
        raise ProxyRefused(str(exc)) from None


async def open_stream(
    host: str,
    port: int,
    *,
    tls: bool | ssl.SSLContext,
    exit_url: str | None = None,
    addresses: Sequence[str] | None = None,
) -> trio.abc.Stream:
    """A stream to `host`. `tls` True verifies with the default context, another context is used as it is.

    Through the exit whatever `host` is: see `exit_for` for what goes directly. With `addresses` these are dialled, in order,
    instead of what the name means; TLS still checks for `host`.

    Raises:
        Unreachable, ProxyRefused, TlsRefused: it cannot be had; nothing was sent."""
    exit_ = exit_for(host, exit_url, loopback_direct=False)
    if exit_ is None:
        stream = await _open_direct(host, port, addresses)
    else:
        stream = await _open_through(exit_, host, port, addresses)
    if tls is False:
        return stream
    return await _secured(stream, host, port, verifying_context() if tls is True else tls)


def close_now(stream: trio.abc.Stream) -> None:
    """Close the socket under `stream` without waiting, so that it can be done while being cancelled."""
    socket_under(stream).close()


def socket_under(stream: trio.abc.Stream) -> trio.socket.SocketType:
    """The socket of a stream made here."""
    while isinstance(stream, trio.SSLStream):
        stream = stream.transport_stream
    if not isinstance(stream, trio.SocketStream):
        raise TypeError(f"{type(stream).__name__} is not a stream over a socket")
    return stream.socket


async def _open_direct(host: str, port: int, addresses: Sequence[str] | None) -> trio.SocketStream:
    if not addresses:
        return await _open_tcp(host, port)
    for address in addresses[:-1]:
        with trio.move_on_after(_SECONDS_PER_ADDRESS):
            try:
                return await _open_tcp(address, port)
            except Unreachable:
                continue
    return await _open_tcp(addresses[-1], port)


async def _open_tcp(host: str, port: int) -> trio.SocketStream:
    try:
        return await trio.open_tcp_stream(host, port)
    except OSError as exc:
        raise Unreachable(f"{host}:{port} cannot be reached: {_reason(exc)}") from exc


async def _open_through(exit_: Exit, host: str, port: int, addresses: Sequence[str] | None) -> trio.SocketStream:
    # IPv4 first: many proxies have nothing else.
    targets = sorted(addresses, key=lambda address: ":" in address) if addresses else [host]
    for target in targets[:-1]:
        with trio.move_on_after(_SECONDS_PER_ADDRESS):
            try:
                return await _open_exit(exit_, target, port)
            except ProxyRefused:
                continue
    return await _open_exit(exit_, targets[-1], port)


async def _open_exit(exit_: Exit, host: str, port: int) -> trio.SocketStream:
    try:
        stream = await _open_tcp(exit_.host, exit_.port)
    except Unreachable as exc:
        raise ProxyRefused(f"the proxy {exc}") from exc
    try:
        return await open_tunnel(stream, exit_, host, port)
    except BaseException:
        close_now(stream)
        raise


async def _secured(
    stream: trio.SocketStream, host: str, port: int, context: ssl.SSLContext
) -> trio.SSLStream[trio.SocketStream]:
    secured = trio.SSLStream(stream, context, server_hostname=host, https_compatible=True)
    try:
        await secured.do_handshake()
    except trio.BrokenResourceError as exc:
        close_now(stream)
        raise TlsRefused(f"TLS with {host}:{port} failed: {_tls_reason(exc.__cause__)}") from exc
    except BaseException:
        close_now(stream)
        raise
    return secured


def _reason(exc: OSError) -> str:
    """The cause in the system's words; the first one where several addresses failed."""
    if isinstance(exc, socket.gaierror):
        return "the name cannot be resolved"
    group = exc.__cause__
    first = group.exceptions[0] if isinstance(group, BaseExceptionGroup) else exc
    return (isinstance(first, OSError) and first.strerror) or "no connection"


def _tls_reason(cause: BaseException | None) -> str:
    if isinstance(cause, ssl.SSLCertVerificationError):
        return cause.verify_message
    if isinstance(cause, ssl.SSLError) and cause.reason:
        return cause.reason.replace("_", " ").lower()
    return "the connection ended"

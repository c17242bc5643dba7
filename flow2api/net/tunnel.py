"""The talk with a proxy, over a connection that is already open: HTTP CONNECT and SOCKS5, by python-socks.

Ends with the same connection, now leading to the target, or with a fault whose message shows no credential. Closing the
connection on failure is the caller's part. The only user of python-socks.
"""

import math
import ssl
from typing import NoReturn, cast

import trio
from python_socks import ProxyError, ProxyType
from python_socks.async_.trio.v2 import Proxy

from flow2api.errors import ProxyRefused, Unreachable
from flow2api.net.exits import Exit

# A proxy's answer to CONNECT is a few lines; more than this is not one.
_MAX_REPLY_BYTES = 16 * 1024
_MAX_REASON_CHARACTERS = 100


class _OpenConnection:
    """Our open connection in the place where python-socks expects a proxy in front of the proxy, and then a stream.

    So we dial ourselves, with our own errors; and the whole head of an HTTP proxy's answer is read, which python-socks by itself
    takes to come in one piece."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self.trio_stream = stream

    async def connect(self, dest_host: str, dest_port: int) -> "_OpenConnection":
        return self

    async def write(self, data: bytes) -> None:
        await self.trio_stream.send_all(data)

    async def read(self, max_bytes: int = _MAX_REPLY_BYTES) -> bytes:
        reply = bytearray()
        while b"\r\n\r\n" not in reply and len(reply) < max_bytes:
            reply += await self._some(max_bytes - len(reply))
        return bytes(reply)

    async def read_exactly(self, n: int) -> bytes:
        reply = bytearray()
        while len(reply) < n:
            reply += await self._some(n - len(reply))
        return bytes(reply)

    async def start_tls(self, hostname: str, ssl_context: ssl.SSLContext) -> NoReturn:
        raise NotImplementedError("TLS is put on top by the caller")

    async def close(self) -> None:
        """Left open: whoever dialled closes."""

    async def _some(self, max_bytes: int) -> bytes:
        data = await self.trio_stream.receive_some(max_bytes)
        if not data:
            raise ProxyError("it closed the connection")
        return data


async def open_tunnel(stream: trio.SocketStream, exit_: Exit, host: str, port: int) -> trio.SocketStream:
    """Ask the proxy at the other end of `stream` for `host`.

    Raises:
        ProxyRefused: the proxy refuses us or the target, or does not speak its protocol.
        Unreachable: the name of the target cannot be resolved (`socks5` alone resolves here)."""
    connection = _OpenConnection(stream)
    proxy = Proxy(
        ProxyType.HTTP if exit_.scheme == "http" else ProxyType.SOCKS5,
        exit_.host,
        exit_.port,
        exit_.username or None,
        exit_.password or None,
        rdns=exit_.scheme != "socks5",
        forward=cast("Proxy", connection),
    )
    try:
        await proxy.connect(host, port, timeout=math.inf)
    except (ProxyError, ValueError) as exc:
        raise ProxyRefused(f"the proxy {exit_.place} refused {host}:{port}: {_shortened(str(exc))}") from exc
    except trio.BrokenResourceError as exc:
        raise ProxyRefused(f"the proxy {exit_.place} broke the connection") from exc
    except OSError as exc:
        raise Unreachable(f"{host}:{port} cannot be reached: the name cannot be resolved") from exc
    return stream


def _shortened(reason: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in reason[:_MAX_REASON_CHARACTERS])

"""The emulator on a small HTTP/1.1 server of its own: h11 on a Trio stream.

For benchmarks and for tests in which the connection itself is at stake. A generation and its download cost it 0.5 ms of
processor time, a third of what the framework takes, which matters where the emulator shares two cores with the program under
test. It can also break a connection with a true TCP reset.
"""

import socket
import struct
from functools import partial
from urllib.parse import parse_qsl, unquote

import h11
import trio

from flow2api.emulator.exchange import WHOLE, Answer, Asked
from flow2api.emulator.serving import BACKLOG, MAX_REQUEST_BYTES, Service, Urls, pieces, urls_under

READ_BYTES = 64 * 1024
# Sent with close, this makes the kernel reset the connection instead of ending it in order.
NO_LINGER = struct.pack("ii", 1, 0)


async def serve_fast(
    emulator: Service,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    task_status: trio.TaskStatus[Urls] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve `emulator` until cancelled, and hand out its addresses when it can be reached."""
    listeners = await trio.open_tcp_listeners(port, host=host, backlog=BACKLOG)
    bound_host, bound_port = listeners[0].socket.getsockname()[:2]
    shown_host = f"[{bound_host}]" if ":" in bound_host else bound_host
    async with trio.open_nursery() as nursery:
        await nursery.start(trio.serve_listeners, partial(_converse, emulator), listeners)
        task_status.started(urls_under(f"http://{shown_host}:{bound_port}"))


async def _converse(emulator: Service, stream: trio.SocketStream) -> None:
    """Answer the requests of one connection, one after the other."""
    connection = h11.Connection(h11.SERVER)
    peer = stream.socket.getpeername()[0]
    try:
        while asked := await _read(connection, stream, peer):
            answer = await _answer_while_there(emulator, asked, stream)
            if answer is None:
                return
            await _send(connection, stream, answer)
            if connection.states != {h11.CLIENT: h11.DONE, h11.SERVER: h11.DONE}:
                break
            connection.start_next_cycle()
        await stream.send_eof()
    except (trio.BrokenResourceError, trio.ClosedResourceError, h11.RemoteProtocolError):
        return


async def _read(connection: h11.Connection, stream: trio.SocketStream, peer: str) -> Asked | None:
    """The next request with its body; None when the client has no more."""
    head: h11.Request | None = None
    body = bytearray()
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            if connection.they_are_waiting_for_100_continue:
                await stream.send_all(connection.send(h11.InformationalResponse(status_code=100, headers=[])) or b"")
            connection.receive_data(await stream.receive_some(READ_BYTES))
        elif isinstance(event, h11.Request):
            head = event
        elif isinstance(event, h11.Data):
            body += event.data
            if len(body) > MAX_REQUEST_BYTES:
                return None
        elif isinstance(event, h11.EndOfMessage) and head is not None:
            return _asked(head, bytes(body), peer)
        else:
            return None


def _asked(head: h11.Request, body: bytes, peer: str) -> Asked:
    path, _, query = head.target.decode("ascii").partition("?")
    headers = {name.decode("ascii"): value.decode("latin1") for name, value in head.headers}
    return Asked(
        method=head.method.decode("ascii"),
        path=unquote(path) if "%" in path else path,
        query=dict(parse_qsl(query)) if query else {},
        headers=headers,
        body=body,
        base=f"http://{headers.get('host', '')}",
        peer=peer,
    )


async def _answer_while_there(emulator: Service, asked: Asked, stream: trio.SocketStream) -> Answer | None:
    """The answer, or None when the client left before it was made: then the work is cancelled."""
    answer: Answer | None = None
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_cancel_when_gone, stream, nursery.cancel_scope)
        answer = await emulator.answer(asked)
        nursery.cancel_scope.cancel()
    return answer


async def _cancel_when_gone(stream: trio.SocketStream, scope: trio.CancelScope) -> None:
    await trio.lowlevel.wait_readable(stream.socket)
    try:
        ahead = await stream.socket.recv(1, socket.MSG_PEEK)
    except OSError:
        ahead = b""
    if not ahead:
        scope.cancel()


async def _send(connection: h11.Connection, stream: trio.SocketStream, answer: Answer) -> None:
    """Send the answer in the way it is meant to travel; a broken one leaves the connection in no state to go on."""
    delivery = answer.delivery
    if delivery.reset:
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
        await trio.aclose_forcefully(stream)
        return
    head = connection.send(h11.Response(status_code=answer.status, headers=_headers(answer))) or b""
    if delivery is WHOLE:
        body = connection.send(h11.Data(data=answer.body)) or b""
        await stream.send_all(head + body + (connection.send(h11.EndOfMessage()) or b""))
        return
    await stream.send_all(head)
    for piece, pause in pieces(answer.body, delivery):
        await stream.send_all(connection.send(h11.Data(data=piece)) or b"")
        await trio.sleep(pause)
    if delivery.body_bytes is None:
        await stream.send_all(connection.send(h11.EndOfMessage()) or b"")


def _headers(answer: Answer) -> list[tuple[str, str]]:
    return [("Content-Type", answer.mime), ("Content-Length", str(len(answer.body))), *answer.headers]

"""Messages of the websocket protocol (RFC 6455) as bytes, from the server's side: unmasked, uncompressed.

A message may go out in two fragments, so that a beginning that each connection has of its own stands before an end that is encoded
once and shared by all.
"""

_FINAL = 0x80
_CONTINUATION = 0x0
_TEXT = 0x1


def text(payload: bytes) -> bytes:
    """A whole text message."""
    return _frame(_FINAL | _TEXT, payload)


def beginning(payload: bytes) -> bytes:
    """The first fragment of a text message."""
    return _frame(_TEXT, payload)


def end(payload: bytes) -> bytes:
    """The second and last fragment of a message."""
    return _frame(_FINAL | _CONTINUATION, payload)


def _frame(kind: int, payload: bytes) -> bytes:
    size = len(payload)
    if size < 126:
        return bytes((kind, size)) + payload
    if size < 2**16:
        return bytes((kind, 126)) + size.to_bytes(2) + payload
    return bytes((kind, 127)) + size.to_bytes(8) + payload

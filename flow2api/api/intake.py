"""What of a request is taken apart at all. The parser's work grows with the number of lines and pieces, not with their bytes, and is done
before anybody has shown a key: a few kilobytes made of nothing but beginnings would hold up everybody.

Stands in for the buffer of h11, out of which its parser takes lines and pieces.
"""

import h11
from h11._receivebuffer import ReceiveBuffer

# Far more than any client or proxy sends.
MAX_HEAD_LINES = 256
# The longest addresses hold a link inside a path.
MAX_TARGET_BYTES = 16 * 1024
# Clients that stream a body send kilobytes at a time; some write a small one value by value.
FREE_PIECES = 4096
PIECE_BYTES = 256


class Intake(ReceiveBuffer):
    """The bytes of one connection that are not taken apart yet."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces = 0
        self._taken = 0

    def maybe_extract_lines(self) -> list[bytearray] | None:
        """A head, or the lines at the end of a body.

        Raises:
            h11.RemoteProtocolError: it has too many lines, or the first is too long; with the status that says so."""
        lines = super().maybe_extract_lines()
        if lines is None:
            return None
        self._pieces = self._taken = 0
        if len(lines) > MAX_HEAD_LINES:
            raise h11.RemoteProtocolError("too many header lines", error_status_hint=431)
        if lines and len(lines[0]) > MAX_TARGET_BYTES:
            raise h11.RemoteProtocolError("the address is too long", error_status_hint=414)
        return lines

    def maybe_extract_next_line(self) -> bytearray | None:
        """The line before a piece of a body.

        Raises:
            h11.RemoteProtocolError: there are too many for what they bring."""
        line = super().maybe_extract_next_line()
        if line is not None:
            self._pieces += 1
            if self._pieces > FREE_PIECES + self._taken // PIECE_BYTES:
                raise h11.RemoteProtocolError("the body comes in too many small pieces", error_status_hint=400)
        return line

    def maybe_extract_at_most(self, count: int) -> bytearray | None:
        data = super().maybe_extract_at_most(count)
        self._taken += len(data) if data else 0
        return data

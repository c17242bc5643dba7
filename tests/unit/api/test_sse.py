import msgspec
import pytest
import trio
import trio.testing

from flow2api.api.sse import DONE, Line, error_frame, frame
from flow2api.errors import Code, Failure


class Paper:
    """Remembers what was written, and when."""

    def __init__(self) -> None:
        self.written: list[tuple[float, bytes]] = []

    async def write(self, data: bytes) -> None:
        await trio.lowlevel.checkpoint()
        self.written.append((round(trio.current_time()), data))


def test_a_frame_is_one_data_line_and_an_empty_one() -> None:
    assert frame({"text": "line\nbreak"}) == b'data: {"text":"line\\nbreak"}\n\n'


def test_a_failed_stream_ends_with_an_error_object_and_the_end_mark() -> None:
    first, second, rest = error_frame(Failure(Code.CONTENT_POLICY_VIOLATION, "refused")).split(b"\n\n")
    assert msgspec.json.decode(first.removeprefix(b"data: "))["error"]["code"] == "content_policy_violation"
    assert second + b"\n\n" == DONE
    assert rest == b""


async def test_a_silent_line_gives_a_sign_of_life_in_time(autojump_clock: trio.testing.MockClock) -> None:
    paper = Paper()
    start = round(trio.current_time())

    async def fill(line: Line) -> None:
        await line.send(b"begin")
        await trio.sleep(25)
        await line.send(b"end")

    await Line(paper.write, lambda: b"beat", 10).run(fill)
    assert paper.written == [(start, b"begin"), (start + 10, b"beat"), (start + 20, b"beat"), (start + 25, b"end")]


async def test_a_line_that_speaks_needs_no_sign_of_life(autojump_clock: trio.testing.MockClock) -> None:
    paper = Paper()

    async def fill(line: Line) -> None:
        for _ in range(5):
            await line.send(b"word")
            await trio.sleep(9)

    await Line(paper.write, lambda: b"beat", 10).run(fill)
    assert {data for _, data in paper.written} == {b"word"}


async def test_a_failure_comes_out_as_it_is_and_not_in_a_group(autojump_clock: trio.testing.MockClock) -> None:
    async def fill(line: Line) -> None:
        raise Failure(Code.UPSTREAM_ERROR, "broken")

    with pytest.raises(Failure, match="broken"):
        await Line(Paper().write, lambda: b"beat", 10).run(fill)


async def test_a_beat_that_is_being_written_is_not_cut_by_the_end(autojump_clock: trio.testing.MockClock) -> None:
    whole: list[bytes] = []

    async def slow(data: bytes) -> None:
        await trio.sleep(5)
        whole.append(data)

    async def fill(line: Line) -> None:
        await trio.sleep(12)

    await Line(slow, lambda: b"beat", 10).run(fill)
    assert whole == [b"beat"]

"""The log on standard error: one line for each fact, as key=value text or JSON, with no secret in it.

Facts go through the standard library's loggers; what is given as `extra` becomes fields. Everything that is written passes
through `mask`: values that were registered as secrets, then patterns of what looks like one. Knows nothing of this program.
"""

import hmac
import itertools
import json
import logging
import re
import sys
import traceback
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Literal, NamedTuple, TextIO

MASK = "***"
# Shorter values would also be masked where they are ordinary words.
_MIN_SECRET = 6
# Tokens are renewed again and again, so the oldest are forgotten; the patterns still catch them.
_MAX_SECRETS = 2000

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""The request that is being served, put on every line that is logged meanwhile."""


class Secret:
    """A text that shows itself only when asked to. Not a `str`, so that joining or formatting cannot leak it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __str__(self) -> str:
        return MASK

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        """In constant time, so that a comparison with a guess tells nothing by how long it took."""
        return isinstance(other, Secret) and hmac.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> str:
        raise TypeError("a Secret is not pickled")


_secrets: dict[str, None] = {}


def register_secret(secret: str | Secret) -> None:
    """Mask this value wherever it would be logged. Values of less than six characters are not taken."""
    value = secret.reveal() if isinstance(secret, Secret) else secret
    if len(value) < _MIN_SECRET:
        return
    _secrets.pop(value, None)
    _secrets[value] = None
    while len(_secrets) > _MAX_SECRETS:
        del _secrets[next(iter(_secrets))]


# What is called so is a secret, whatever it looks like.
_NAMES = r"(?:session|access|admin|refresh)[-_.]?token|api[-_]?key|password|passwd|secret|credential"
_SECRET_NAME = re.compile(rf"{_NAMES}|cookie|authorization", re.IGNORECASE)
_URL_USER = re.compile(r"(?<=://)[^\s/@'\"]+(?=@)")
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    (_URL_USER, MASK),
    (re.compile(r"(?i)\b((?:set-)?cookie['\"]?\s*[:=]\s*['\"]?)[^\r\n'\"]+"), rf"\1{MASK}"),
    (re.compile(r"(?i)\b(authorization['\"]?\s*[:=]\s*['\"]?(?:\w+\s+)?)[\w.~+/=:-]{8,}"), rf"\1{MASK}"),
    (re.compile(r"(?i)\b(bearer\s+)[\w.~+/=:-]{8,}"), rf"\1{MASK}"),
    (re.compile(rf"({_NAMES})(['\"]?\s*[:=]\s*['\"]?)[^\s'\"&,;]+", re.IGNORECASE), rf"\1\2{MASK}"),
    (re.compile(r"\bya29\.[\w-]+"), MASK),
    (re.compile(r"\bAIza[\w-]{20,}"), MASK),
    (re.compile(r"\b(?:sk|f2a)[-_][\w-]{16,}"), MASK),
    (re.compile(r"\beyJ[\w-]{8,}\.[\w.-]+"), MASK),
)


def mask_urls(text: str) -> str:
    """`text` with user and password of every URL masked."""
    return _URL_USER.sub(MASK, text)


def mask(text: str) -> str:
    """`text` without registered secrets, and without what looks like a token, a cookie, a key or a password."""
    for secret in _secrets:
        if secret in text:
            text = text.replace(secret, MASK)
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


Level = Literal["debug", "info", "warning", "error"]
Format = Literal["text", "json"]


class _Formatter(logging.Formatter):
    """What both formats share: the fields of a record, and whether an exception is worth a traceback."""

    def __init__(self, expected: tuple[type[BaseException], ...]) -> None:
        super().__init__()
        self.expected = expected

    def fields(self, record: logging.LogRecord) -> dict[str, object]:
        given = {name: value for name, value in vars(record).items() if name not in _STANDARD}
        if request := request_id.get():
            given.setdefault("request_id", request)
        return {name: _plain(value, name) for name, value in given.items()}

    def failure(self, record: logging.LogRecord) -> tuple[str, str]:
        """Text and traceback of the record's exception; an expected one has no traceback."""
        error = record.exc_info[1] if record.exc_info else None
        if error is None or record.exc_info is None:
            return "", ""
        text = mask("; ".join(_leaves(error)))
        return text, "" if self._is_expected(error) else mask(self.formatException(record.exc_info))

    def _is_expected(self, error: BaseException) -> bool:
        if isinstance(error, BaseExceptionGroup):
            return all(self._is_expected(inner) for inner in error.exceptions)
        return isinstance(error, self.expected)


class TextFormatter(_Formatter):
    """`<time> <level> <logger> <what happened> key=value …`; a traceback follows in indented lines."""

    def format(self, record: logging.LogRecord) -> str:
        error, traceback = self.failure(record)
        fields = self.fields(record) | ({"error": error} if error else {})
        message = _one_line(mask(record.getMessage()))
        words = [_time(record), f"{record.levelname.lower():<7}", record.name, message]
        # A fact that the message tells already is not told twice.
        told = (f"{name}={_quoted(value)}" for name, value in fields.items() if f"{name}=" not in message)
        line = " ".join([*words, *told])
        # A name and its value come together only here, so the whole line is looked at once more.
        return "\n    ".join([mask(line), *traceback.splitlines()])


class JsonFormatter(_Formatter):
    """One object for each fact."""

    def format(self, record: logging.LogRecord) -> str:
        error, traceback = self.failure(record)
        line: dict[str, object] = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": mask(record.getMessage()),
        }
        line |= {name: value for name, value in self.fields(record).items() if name not in line}
        line |= {"error": error} if error else {}
        line |= {"traceback": traceback} if traceback else {}
        return json.dumps(line, ensure_ascii=False)


class Heard(NamedTuple):
    """One fact as the tail keeps it; masked when it is read."""

    number: int
    at: float
    level: str
    logger: str
    message: str
    request_id: str
    given: Mapping[str, str]
    error: str
    traceback: str

    def masked(self) -> "Heard":
        given = {name: str(_plain(value, name)) for name, value in self.given.items()}
        message, error, trace = mask(self.message), mask(self.error), mask(self.traceback)
        return self._replace(message=message, given=given, error=error, traceback=trace)


class Tail(logging.Handler):
    """Keeps the newest facts for whoever wants to see them live. Cheap while nobody does: nothing is masked before it is read.

    Handlers run on any thread; one append to a bounded queue is all that they share.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self._kept: deque[Heard] = deque(maxlen=size)
        self._numbers = itertools.count(1)

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        # What belongs to the record alone is taken over as text: keeping an exception would keep all that its frames hold.
        trace = "" if error is None else "".join(traceback.format_exception(error))
        given = {name: value for name, value in vars(record).items() if name not in _STANDARD}
        self._kept.append(
            Heard(
                next(self._numbers),
                record.created,
                record.levelname.lower(),
                record.name,
                record.getMessage(),
                request_id.get(),
                {name: str(value) for name, value in given.items()},
                "" if error is None else "; ".join(_leaves(error)),
                trace,
            )
        )

    def after(self, number: int) -> list[Heard]:
        """The kept facts with a higher number, oldest first and masked."""
        kept = list(self._kept)
        return [fact.masked() for fact in kept if fact.number > number]


@contextmanager
def keeping_tail(size: int = 500) -> Iterator[Tail]:
    """Keep the newest facts of everything that is logged during the block."""
    tail = Tail(size)
    root = logging.getLogger()
    root.addHandler(tail)
    try:
        yield tail
    finally:
        root.removeHandler(tail)


def setup_logging(
    *,
    level: Level = "info",
    format: Format = "text",
    expected: Iterable[type[BaseException]] = (),
    stream: TextIO | None = None,
    shown: Level = "debug",
) -> None:
    """Send everything that is logged, from `shown` on, to `stream` (standard error), once; a second call replaces the first.

    Exceptions of the types `expected` are logged without a traceback. Other libraries are heard from `warning` on.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_formatter(format, tuple(expected)))
    handler.setLevel(shown.upper())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("flow2api").setLevel(level.upper())
    logging.captureWarnings(True)


def change_logging(*, level: Level, format: Format) -> None:
    """Another level and form for the log that `setup_logging` set up; where nobody did there is no form to change."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler.formatter, _Formatter):
            handler.setFormatter(_formatter(format, handler.formatter.expected))
    logging.getLogger("flow2api").setLevel(level.upper())


def _formatter(format: Format, expected: tuple[type[BaseException], ...]) -> logging.Formatter:
    return (JsonFormatter if format == "json" else TextFormatter)(expected)


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _leaves(error: BaseException) -> Iterator[str]:
    """Each single error in words; a group is the errors in it."""
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield f"{type(error).__name__}: {error}"


def _plain(value: object, name: str) -> object:
    """The value called `name` as JSON can hold it, without secrets."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(item, str(key)) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item, name) for item in value]
    return MASK if _SECRET_NAME.search(name) else mask(str(value))


def _quoted(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return json.dumps(text, ensure_ascii=False) if not text or re.search(r"[\s\"=\x00-\x1f\x7f]", text) else text


def _one_line(text: str) -> str:
    """Line breaks and control characters escaped, so that nothing from outside can pass for a line of its own."""
    return re.sub(r"[\x00-\x1f\x7f\x85\u2028\u2029]", lambda found: repr(found[0])[1:-1], text)

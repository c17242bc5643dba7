"""The log: one line a fact, fields, request id, and no secret in any of its ways out."""

import io
import json
import logging
import pickle
import weakref
from collections.abc import Iterator

import pytest

from flow2api import log
from flow2api.log import Secret, keeping_tail, mask, mask_urls, register_secret, request_id, setup_logging


class Expected(Exception):
    """What the program knows how to meet."""


@pytest.fixture(autouse=True)
def logging_as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The process's logging and the known secrets, put back after each test."""
    root, ours = logging.getLogger(), logging.getLogger("flow2api")
    handlers, levels = list(root.handlers), (root.level, ours.level)
    monkeypatch.setattr(log, "_secrets", {})
    # What is removed by force is also closed; handlers of pytest must stay open.
    root.handlers.clear()
    yield
    root.handlers[:] = handlers
    root.setLevel(levels[0])
    ours.setLevel(levels[1])
    logging.captureWarnings(False)


def stream(format: str = "text", level: str = "info") -> io.StringIO:
    out = io.StringIO()
    setup_logging(format=format, level=level, stream=out, expected=[Expected])  # type: ignore[arg-type]
    return out


LOGGER = logging.getLogger("flow2api.test")


def test_a_fact_is_one_line_of_time_level_logger_words_and_fields() -> None:
    out = stream()
    LOGGER.info("job done", extra={"job": "j1", "seconds": 1.5, "note": 'two "words"', "none": None})
    time, rest = out.getvalue().split(" ", 1)
    assert time.endswith("Z")
    assert rest == 'info    flow2api.test job done job=j1 seconds=1.5 note="two \\"words\\"" none=null\n'


def test_a_field_that_the_message_tells_already_is_not_repeated() -> None:
    out = stream()
    LOGGER.info("started actor=%s", "jobs", extra={"actor": "jobs", "what": "started"})
    assert out.getvalue().endswith("started actor=jobs what=started\n")


def test_json_is_one_object_with_the_same_facts() -> None:
    out = stream("json")
    LOGGER.warning("job done", extra={"job": "j1", "counts": {"a": [1, 2]}})
    line = json.loads(out.getvalue())
    assert line.pop("time").endswith("Z")
    assert line == {
        "level": "warning",
        "logger": "flow2api.test",
        "message": "job done",
        "job": "j1",
        "counts": {"a": [1, 2]},
    }


@pytest.mark.parametrize("format", ["text", "json"])
def test_the_request_id_is_on_every_line_while_a_request_is_served(format: str) -> None:
    out = stream(format)
    token = request_id.set("req-7")
    LOGGER.info("inside")
    request_id.reset(token)
    LOGGER.info("outside")
    inside, outside = out.getvalue().splitlines()
    assert "req-7" in inside
    assert "request_id" not in outside


def test_the_level_is_ours_and_other_libraries_are_heard_from_warning_on() -> None:
    out = stream(level="debug")
    LOGGER.debug("ours")
    logging.getLogger("elsewhere").info("theirs")
    logging.getLogger("elsewhere").warning("their warning")
    assert [line.split(" ", 3)[-1].split()[-1] for line in out.getvalue().splitlines()] == ["ours", "warning"]
    quiet = stream(level="error")
    LOGGER.warning("ours")
    assert quiet.getvalue() == ""


def test_a_second_setup_replaces_the_first() -> None:
    first, second = stream(), stream()
    LOGGER.info("once")
    assert first.getvalue() == ""
    assert second.getvalue().count("once") == 1


def test_text_from_outside_cannot_begin_a_line_of_its_own() -> None:
    out = stream()
    LOGGER.info("said %s", "a\n2026 info fake\r\x1b[31m\u2028", extra={"who": "b\nc"})
    assert len(out.getvalue().splitlines()) == 1
    assert "\x1b" not in out.getvalue()


def test_an_expected_exception_has_no_traceback_and_an_unexpected_one_has() -> None:
    out = stream()
    for error in (Expected("no account"), ExceptionGroup("group", [Expected("one"), Expected("two")])):
        LOGGER.error("refused", exc_info=error)
    assert "Traceback" not in out.getvalue()
    assert 'error="Expected: no account"' in out.getvalue()
    assert 'error="Expected: one; Expected: two"' in out.getvalue()
    try:
        raise ValueError("broken")
    except ValueError:
        LOGGER.exception("crashed")
    lines = out.getvalue().splitlines()
    assert 'error="ValueError: broken"' in lines[2]
    assert lines[3] == "    Traceback (most recent call last):"
    assert all(line.startswith("    ") for line in lines[3:])


def test_a_group_with_something_unexpected_in_it_has_a_traceback() -> None:
    out = stream("json")
    LOGGER.error("crashed", exc_info=ExceptionGroup("group", [Expected("one"), ValueError("two")]))
    line = json.loads(out.getvalue())
    assert line["error"] == "Expected: one; ValueError: two"
    assert "ValueError: two" in line["traceback"]


def test_a_secret_shows_itself_only_when_asked_to() -> None:
    secret = Secret("hunter22")
    assert secret.reveal() == "hunter22"
    assert "hunter22" not in f"{secret} {secret!r} {secret:} {[secret]} {{'a': {secret}}}"
    assert secret == Secret("hunter22")
    assert secret != Secret("hunter23")
    assert secret != "hunter22"
    assert len({secret, Secret("hunter22")}) == 1
    assert secret
    assert not Secret("")


def test_a_secret_is_not_pickled() -> None:
    with pytest.raises(TypeError):
        pickle.dumps(Secret("hunter22"))


@pytest.mark.parametrize("format", ["text", "json"])
def test_a_registered_secret_appears_in_no_part_of_a_line(format: str) -> None:
    out = stream(format)
    register_secret(Secret('wei"rd va\nlue'))
    register_secret("plainvalue")
    for value in ('wei"rd va\nlue', "plainvalue"):
        try:
            raise ValueError(f"it is {value}")
        except ValueError:
            LOGGER.exception("text %s", value, extra={"field": f"x{value}y", "many": [value], "deep": {"a": value}})
    assert "rd va" not in out.getvalue()
    assert "plainvalue" not in out.getvalue()
    assert out.getvalue().count("***") >= 10


def test_short_values_are_not_taken_as_secrets() -> None:
    register_secret("info")
    assert mask("info") == "info"


def test_the_oldest_registered_secrets_are_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "_MAX_SECRETS", 2)
    for value in ("secret-one", "secret-two", "secret-one", "secret-three"):
        register_secret(value)
    assert mask("secret-one secret-two secret-three") == "*** secret-two ***"


@pytest.mark.parametrize(
    ("text", "hidden", "kept"),
    [
        ("Authorization: Bearer abc.def-123", "abc.def-123", "Authorization: "),
        ("refused bearer abcdefgh12", "abcdefgh12", "refused"),
        ("authorization='Basic dXNlcjpwdw=='", "dXNlcjpwdw", "authorization"),
        ("Cookie: a=b; __Secure-next-auth.session-token=eyXYZ; c=d", "eyXYZ", "Cookie"),
        ("got Set-Cookie: x=secretvalue; Path=/", "secretvalue", "got"),
        ("__Secure-next-auth.session-token=eyXYZ.1 sent", "eyXYZ", "sent"),
        ('{"access_token": "abc123", "expires": 5}', "abc123", '"expires": 5'),
        ('{"session-token":"abc123","n":1}', "abc123", '"n":1'),
        ("api_key=abc123&n=1", "abc123", "n=1"),
        ("x-goog-api-key: abc123", "abc123", "x-goog"),
        ("password=hunter22, next", "hunter22", "next"),
        ("token ya29.a0AfH6SMB-x used", "a0AfH6SMB", "used"),
        ("key AIzaSyA1234567890abcdefghijklmnopq used", "SyA1234567890", "used"),
        ("key sk-abcdefghijklmnop12 used", "abcdefghijklmnop12", "used"),
        ("key f2a_abcdefghijklmnop12 used", "abcdefghijklmnop12", "used"),
        ("jwt eyJhbGciOiJI.eyJzdWIi.sig used", "eyJzdWIi", "used"),
        ("via http://ada:hunter22@proxy:8080/x", "hunter22", "proxy:8080/x"),
    ],
)
def test_what_looks_like_a_secret_is_masked(text: str, hidden: str, kept: str) -> None:
    assert hidden not in mask(text)
    assert kept in mask(text)
    assert "***" in mask(text)


@pytest.mark.parametrize(
    "text",
    [
        "account parked account=a1 until=2026-01-01T00:00:00Z images=2",
        "GET http://127.0.0.1:8000/v1/models 200",
        "model gemini-3.0-pro-image-landscape-2k took 12.5 seconds",
        "tokens=12 credits=980 ada@example.org",
        "send it as the header 'Authorization: Bearer <key>'",
    ],
)
def test_ordinary_lines_are_left_alone(text: str) -> None:
    assert mask(text) == text


@pytest.mark.parametrize("format", ["text", "json"])
def test_a_field_named_like_a_secret_is_masked_whatever_it_holds(format: str) -> None:
    out = stream(format)
    LOGGER.info("hello", extra={"admin_token": "abc", "headers": {"Cookie": "def", "accept": "ok"}})
    assert "abc" not in out.getvalue()
    assert "def" not in out.getvalue()
    if format == "json":
        assert json.loads(out.getvalue())["headers"] == {"Cookie": "***", "accept": "ok"}


def test_mask_urls_takes_user_and_password_and_nothing_else() -> None:
    assert mask_urls("see http://a:b@h:1/x?y=z, mail to a@b") == "see http://***@h:1/x?y=z, mail to a@b"


def test_the_tail_keeps_the_newest_facts_and_masks_them_when_they_are_read() -> None:
    setup_logging(stream=io.StringIO())
    with keeping_tail(3) as tail:
        register_secret("zanzibar-77")
        for number in range(5):
            LOGGER.info("fact %d of zanzibar-77", number, extra={"job": f"job_{number}", "password": "open sesame"})
        kept = tail.after(0)
        assert [(fact.number, fact.message) for fact in kept] == [(n + 1, f"fact {n} of ***") for n in (2, 3, 4)]
        assert kept[0].given == {"job": "job_2", "password": "***"}
        assert [fact.number for fact in tail.after(4)] == [5]
    LOGGER.info("after the end")
    assert len(tail.after(4)) == 1


def test_the_tail_holds_no_exception_alive() -> None:
    setup_logging(stream=io.StringIO())

    class Held(Exception):
        pass

    with keeping_tail() as tail:
        try:
            raise Held("it broke")
        except Held as error:
            gone = weakref.ref(error)
            LOGGER.exception("failed")
        assert gone() is None
        [fact] = tail.after(0)
        assert fact.error == "Held: it broke"
        assert "Traceback" in fact.traceback

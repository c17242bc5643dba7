"""Carries faults out: turns a planned fault and the way to the true answer into what the client gets to see."""

import math
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

import msgspec
import trio

from flow2api.emulator.exchange import NO_ANSWER, Answer, Delivery, Refused, text_answer
from flow2api.emulator.faults import (
    AnyFault,
    CloseAfter,
    Delay,
    EmptyList,
    InPlace,
    LoginExpired,
    NotJson,
    Reset,
    SlowBody,
    Stall,
    Status,
    StatusWord,
    Truncated,
)

JSON = "application/json"
HTML = "<!doctype html><html><head><title>Sorry</title></head><body><h1>Something went wrong</h1></body></html>"

CarryOut = Callable[[], Awaitable[Answer]]


class Voice(NamedTuple):
    """The words of one service: the form in which it refuses, and its JSON with every status changed to a word, or left out."""

    refuse: Callable[[Refused], Answer]
    reword: Callable[[Any, str | None], Any]


async def strike(fault: AnyFault, voice: Voice, carry_out: CarryOut, log_out: Callable[[], None]) -> Answer:
    """What is answered under `fault`. `carry_out` does what was asked; `log_out` makes the caller's credential useless."""
    if isinstance(fault, InPlace):
        if fault.carried_out:
            await carry_out()
        return await _in_place(fault, voice)
    if isinstance(fault, LoginExpired):
        log_out()
        return await carry_out()
    if isinstance(fault, Delay):
        await trio.sleep(fault.seconds)
    return _upon(fault, voice, await carry_out())


async def _in_place(fault: InPlace, voice: Voice) -> Answer:
    match fault:
        case Status():
            # The header takes whole seconds; a shorter wait than the one meant would be a lie.
            wait = None if fault.retry_after is None else str(math.ceil(fault.retry_after))
            headers = () if wait is None else (("Retry-After", wait),)
            return voice.refuse(Refused(fault.status, fault.message, reason=fault.reason, headers=headers))
        case NotJson():
            return text_answer(fault.status, HTML, mime="text/html; charset=utf-8")
        case Stall():
            await trio.sleep(fault.seconds)
            return NO_ANSWER
        case Reset():
            return NO_ANSWER
    raise TypeError(f"no such fault: {fault!r}")


def _upon(fault: AnyFault, voice: Voice, answer: Answer) -> Answer:
    match fault:
        case Truncated():
            return _delivered(answer, Delivery(body_bytes=len(answer.body) // 2))
        case CloseAfter():
            return _delivered(answer, Delivery(body_bytes=fault.body_bytes))
        case SlowBody():
            return _delivered(answer, Delivery(bytes_per_second=fault.bytes_per_second))
        case EmptyList() if answer.mime.startswith(JSON):
            return _changed(answer, _emptied)
        case StatusWord() if answer.mime.startswith(JSON):
            return _changed(answer, lambda value: voice.reword(value, fault.word))
        case _:
            return answer


def _delivered(answer: Answer, delivery: Delivery) -> Answer:
    return msgspec.structs.replace(answer, delivery=delivery)


def _changed(answer: Answer, change: Callable[[Any], Any]) -> Answer:
    return msgspec.structs.replace(answer, body=msgspec.json.encode(change(msgspec.json.decode(answer.body))))


def _emptied(value: Any) -> Any:
    if isinstance(value, list):
        return []
    return {key: _emptied(one) for key, one in value.items()} if isinstance(value, dict) else value

"""Side requests of chat front ends: a title, tags, follow-up questions, a search query or a summary of the conversation, sent to
the chat's own model. They are answered from the conversation's text; generating a picture for each would be paid for.

They are told by how they begin. The openings are data: a front end's new one is a new row.
"""

import re
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

from flow2api.api.openai.chat_request import Message
from flow2api.api.wire import encode

TITLE_LENGTH = 40
SUMMARY_LENGTH = 600

_SYSTEM = ("system", "developer")

Form = Callable[["Talk"], str]


class Talk(NamedTuple):
    """The conversation that a side request is about."""

    said: Sequence[str]
    """What the user said, oldest first, cleaned of pictures and links."""

    @property
    def first(self) -> str:
        return self.said[0] if self.said else ""

    @property
    def last(self) -> str:
        return self.said[-1] if self.said else ""


class Opening(NamedTuple):
    """How one kind of side request begins, and how it is answered; no form: it is a real request all the same."""

    role: Literal["user", "system"]
    begins: str
    holds: str
    """Must occur in the instruction too, which tells apart requests that begin alike."""
    form: Form | None


def title(talk: Talk) -> str:
    return shorten(talk.first, TITLE_LENGTH) or "New chat"


def summary(talk: Talk) -> str:
    return shorten("; ".join(talk.said), SUMMARY_LENGTH) or "Nothing was said yet."


def _as_json(field: str, value: Callable[[Talk], object]) -> Form:
    return lambda talk: encode({field: value(talk)}).decode()


def _nothing(talk: Talk) -> list[str]:
    return []


_TITLE_JSON = _as_json("title", title)

OPENINGS: tuple[Opening, ...] = (
    # Open WebUI. With documents attached, the user's own question begins like a task.
    Opening("user", "### Task:\nRespond to the user query", "", None),
    Opening("user", "### Task:", '"title"', _TITLE_JSON),
    Opening("user", "### Task:", '"tags"', _as_json("tags", lambda _: ["Images"])),
    Opening("user", "### Task:", '"follow_ups"', _as_json("follow_ups", _nothing)),
    Opening("user", "### Task:", '"queries"', _as_json("queries", _nothing)),
    Opening("user", "### Task:", '"prompt"', _as_json("prompt", lambda talk: talk.last)),
    Opening("user", "### Task:", "autocompletion", _as_json("text", lambda _: "")),
    Opening("user", "### Task:", "emoji", lambda _: "🎨"),
    Opening("user", "### Task:", "", title),
    Opening("system", "Available Tools:", "tool_calls", _as_json("tool_calls", _nothing)),
    # NextChat
    Opening("user", "Please generate a four to five word title", "", title),
    Opening("user", "使用四到五个字直接返回这句话的简要主题", "", title),
    Opening("system", "Summarize the discussion briefly in 200 words", "", summary),
    Opening("system", "简要总结一下对话内容", "", summary),
    Opening("user", "Summarize the discussion briefly in 200 words", "", summary),
    Opening("user", "简要总结一下对话内容", "", summary),
    # LibreChat
    Opening("user", "Provide a concise, 5-word-or-less title", "", title),
    Opening("user", "Please generate a concise, 5-word-or-less title", "", title),
    Opening("user", "Please generate a concise title", "", title),
    Opening("user", "Analyze this conversation and provide:", "title", title),
    # LobeChat, Cherry Studio
    Opening("system", "你是一名擅长会话的助理", "标题", title),
    Opening("system", "You are an assistant who is good at conversation", "title", title),
    Opening("system", "You are an assistant skilled in conversation", "title", title),
    Opening("system", "You are a professional conversation summarizer", "title", title),
    Opening("system", "Summarize the conversation into a title", "", title),
)

# Enough of any text for a title; bounds what the patterns below can cost.
_READ_CHARACTERS = 8000
_READ_MESSAGES = 50
_HISTORY = re.compile(r"<chat_history>(.*?)(?:</chat_history>|\Z)", re.DOTALL)
_SPEAKER = r"^[ \t]*(?:{})[ \t]*[:：]"
_SPOKEN = re.compile(
    f"{_SPEAKER.format('user|human')}(.*?)(?={_SPEAKER.format('user|human|assistant|ai')}|\\Z)", re.M | re.S | re.I
)
_PICTURE = re.compile(r"!?\[[^\[\]]*\]\([^()]*\)|<video[^<]*</video>|https?://\S+|data:\S+", re.DOTALL)
_AFTER = re.compile(r"(?:Conversation|starts with):[ \t]*\n(.*)", re.DOTALL)


def answer(messages: Sequence[Message], openings: Sequence[Opening] = OPENINGS) -> str | None:
    """The answer to a side request; None when this is a real one."""
    last = messages[-1]
    system = next((message for message in messages if message.role in _SYSTEM), None)
    for message in (last, system):
        if message is None or message.role not in ("user", *_SYSTEM):
            continue
        role = "user" if message.role == "user" else "system"
        opening = _find(openings, role, message.text()[:_READ_CHARACTERS].lstrip())
        if opening is not None:
            return opening.form(_talk(messages, message)) if opening.form else None
    return None


def with_further(begins: Sequence[str]) -> tuple[Opening, ...]:
    """All openings, with those that an operator added, of requests for a title in either place."""
    roles: tuple[Literal["user", "system"], ...] = ("user", "system")
    return (*OPENINGS, *(Opening(role, text.strip(), "", title) for text in begins for role in roles))


def shorten(text: str, limit: int) -> str:
    """The beginning of a text in one line, cut between words where there are any."""
    line = " ".join(text.split()).strip("\"'“”`# ")
    if len(line) <= limit:
        return line
    cut = line[:limit]
    return cut.rsplit(" ", 1)[0] if " " in cut else cut


def _find(openings: Sequence[Opening], role: str, text: str) -> Opening | None:
    instruction = text.partition("<chat_history>")[0].lower()
    for opening in openings:
        if opening.role == role and instruction.startswith(opening.begins.lower()) and opening.holds in instruction:
            return opening
    return None


def _talk(messages: Sequence[Message], instruction: Message) -> Talk:
    """What the user said, wherever the front end put it: in messages of their own, or quoted in the request."""
    asked = _text(instruction)
    users = [message for message in messages if message.role == "user" and message is not instruction]
    own = [_text(message) for message in (*users[:1], *users[1:][-_READ_MESSAGES:])]
    quoted = [said for text in ([asked] if instruction.role == "user" else own) for said in _quoted(text)]
    said = quoted or own or _AFTER.findall(asked)
    return Talk([clean for text in said if (clean := _PICTURE.sub(" ", text).strip())])


def _quoted(text: str) -> list[str]:
    block = _HISTORY.search(text)
    return _SPOKEN.findall(block[1] if block else text)


def _text(message: Message) -> str:
    return message.text()[:_READ_CHARACTERS]

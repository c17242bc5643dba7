import json
import time

import pytest

from flow2api.api.openai.chat_request import Message
from flow2api.api.openai.sidework import OPENINGS, Talk, answer, shorten, title, with_further


def user(text: str) -> Message:
    return Message("user", text)


def system(text: str) -> Message:
    return Message("system", text)


TALK = [user("a red fox in fresh snow at dawn"), Message("assistant", "![image](http://gw/media/x.png)")]

TASK = """### Task:
{instruction}
### Output:
JSON format: {{ {output} }}
### Chat History:
<chat_history>
USER: a red fox in fresh snow at dawn
ASSISTANT: ![image](http://gw/media/x.png) "tags"
</chat_history>"""


@pytest.mark.parametrize(
    ("instruction", "output", "expected"),
    [
        ("Generate a concise, 3-5 word title.", '"title": "your title"', {"title": "a red fox in fresh snow at dawn"}),
        ("Generate 1-3 broad tags.", '"tags": ["tag1"]', {"tags": ["Images"]}),
        ("Suggest 3-5 relevant follow-up questions.", '"follow_ups": ["Question 1?"]', {"follow_ups": []}),
        ("Analyze the chat history for search queries.", '"queries": ["query1"]', {"queries": []}),
        ("Generate a detailed prompt.", '"prompt": "Your prompt"', {"prompt": "a red fox in fresh snow at dawn"}),
    ],
)
def test_a_task_is_answered_in_the_json_that_it_asks_for(instruction: str, output: str, expected: object) -> None:
    said = answer([user(TASK.format(instruction=instruction, output=output))])
    assert said is not None
    assert json.loads(said) == expected


@pytest.mark.parametrize(
    "messages",
    [
        [*TALK, user("Please generate a four to five word title summarizing our conversation without any lead-in.")],
        [*TALK, user("使用四到五个字直接返回这句话的简要主题，不要解释")],
        [
            user(
                "Provide a concise, 5-word-or-less title for the conversation.\n\nConversation:\na red fox in fresh snow at dawn"
            )
        ],
        [
            system("You are an assistant who is good at conversation. Summarize it into a title."),
            user("user: a red fox in fresh snow at dawn\nassistant: ![image](http://gw/media/x.png)"),
        ],
        [
            system("你是一名擅长会话的助理，你需要将用户的会话总结为 10 个字以内的标题"),
            user("a red fox in fresh snow at dawn"),
        ],
    ],
)
def test_a_title_is_made_of_what_the_user_said(messages: list[Message]) -> None:
    assert answer(messages) == "a red fox in fresh snow at dawn"


def test_a_summary_holds_what_was_said_and_no_links() -> None:
    messages = [*TALK, user("now blue"), system("Summarize the discussion briefly in 200 words or less")]
    assert answer(messages) == "a red fox in fresh snow at dawn; now blue"


def test_a_title_for_an_empty_conversation_is_not_empty() -> None:
    assert answer([user("Please generate a four to five word title summarizing our conversation")])


@pytest.mark.parametrize(
    "messages",
    [
        [user("a red fox")],
        [user("draw the words ### Task: on a wall")],
        [user("a title page, please generate a four to five word title in gold letters")],
        [system("You are a painter."), user("a red fox")],
        [user("### Task:\nRespond to the user query using the provided context.\n<context>c</context>\na red fox")],
        [Message("user", None)],
        [system('Answer with "title".'), user("a red fox")],
    ],
)
def test_a_real_request_is_none_of_them(messages: list[Message]) -> None:
    assert answer(messages) is None


def test_words_inside_the_quoted_conversation_do_not_choose_the_form() -> None:
    quoted = (
        '### Task:\nGenerate tags.\nJSON format: { "tags": [] }\n<chat_history>\nUSER: say "title"\n</chat_history>'
    )
    said = answer([user(quoted)])
    assert said is not None
    assert "tags" in json.loads(said)


def test_every_opening_leads_to_an_answer_or_is_a_real_request() -> None:
    for opening in OPENINGS:
        message = Message(opening.role, f"{opening.begins} … {opening.holds}")
        said = answer([*TALK, message] if opening.role == "user" else [message, user("a red fox")])
        assert said is None or isinstance(said, str)


def test_trap_11_an_operator_can_add_openings() -> None:
    asked = [*TALK, user("Name this conversation, please: short")]
    assert answer(asked) is None
    assert answer(asked, with_further(["Name this conversation"])) == title(Talk([TALK[0].text()]))


def test_a_long_text_is_cut_between_words() -> None:
    assert shorten("one two  three\nfour", 12) == "one two"
    assert shorten("一二三四五六七八九十", 4) == "一二三四"
    assert shorten('"quoted"', 40) == "quoted"


@pytest.mark.parametrize(
    "piece", ["\n", " ", "[", "user:", "\nuser:", "<chat_history>", "<video", "<video ", "</video>", "![](", "data:"]
)
def test_a_hostile_task_costs_little(piece: str) -> None:
    start = time.process_time()
    assert answer([user("### Task:\n" + piece * 500_000)]) is not None
    assert time.process_time() - start < 0.2

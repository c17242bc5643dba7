import time
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flow2api.api.openai import sidework
from flow2api.api.openai.answer import links_text
from flow2api.api.openai.chat_request import ChatRequest, Message
from flow2api.api.openai.conversation import Asked, read
from flow2api.api.wire import decode, decoder, encode
from flow2api.api.wishes import MAX_PROMPT
from flow2api.errors import Code, Failure

OWN = "http://gw/media/own.png"
PIXEL = "data:image/png;base64,AAAA"
_decoder = decoder(ChatRequest)
FIELDS = st.sampled_from(
    ["messages", "content", "role", "type", "text", "image_url", "url", "size", "n", "extra_body", "images"]
)


def messages(*given: object) -> list[Message]:
    return decode(encode({"model": "m", "messages": given}), _decoder).messages


def asked(*given: object) -> Asked:
    return read(messages(*given), lambda url: url == OWN)


def user(content: object) -> object:
    return {"role": "user", "content": content}


def assistant(content: object, **more: object) -> object:
    return {"role": "assistant", "content": content, **more}


def test_the_prompt_is_the_text_of_the_last_user_message() -> None:
    system = {"role": "system", "content": "be nice"}
    assert asked(system, user("first"), assistant("done"), user("  second ")).prompt == "second"


def test_text_parts_are_joined_by_line_breaks() -> None:
    content = [{"type": "text", "text": "a fox"}, "in snow", {"type": "image_url", "image_url": PIXEL}]
    assert asked(user(content)).prompt == "a fox\nin snow"


def test_a_message_after_the_users_does_not_hide_the_prompt() -> None:
    assert asked(user("a fox"), assistant("")).prompt == "a fox"


def test_pictures_come_in_order_in_both_spellings_with_their_place() -> None:
    content = [
        {"type": "text", "text": "mix"},
        {"type": "image_url", "image_url": {"url": "https://a/1.png", "detail": "auto"}},
        {"type": "image_url", "image_url": PIXEL},
        {"type": "file", "file": {"file_data": PIXEL, "filename": "../../x.png"}},
        {"type": "input_audio", "input_audio": {"data": "", "format": "wav"}},
    ]
    pictures = asked(user("earlier"), user(content)).pictures
    assert [picture.url for picture in pictures] == ["https://a/1.png", PIXEL, PIXEL]
    assert [picture.param for picture in pictures] == [
        "messages[1].content[1].image_url",
        "messages[1].content[2].image_url",
        "messages[1].content[3].file.file_data",
    ]


@pytest.mark.parametrize(
    "answer",
    [
        assistant(f"![image]({OWN})"),
        assistant(f"Here:\n\n![any alt](<{OWN}> 'title')\nbye"),
        assistant(None, images=[{"type": "image_url", "image_url": {"url": OWN}}]),
        assistant("", images=[OWN]),
        assistant([{"type": "image_url", "image_url": {"url": OWN}}]),
    ],
)
def test_the_picture_of_an_earlier_answer_is_found_in_each_form(answer: object) -> None:
    earlier = asked(user("a fox"), answer, user("now blue")).earlier
    assert earlier is not None
    assert earlier.url == OWN


def test_the_newest_usable_picture_counts_and_foreign_links_do_not() -> None:
    talk = asked(
        user("a"),
        assistant(f"![image]({PIXEL})"),
        user("b"),
        assistant(f"![image](https://other/x.png) ![image]({OWN}) ![image](https://other/y.png)"),
        user("c"),
        assistant("no picture here"),
        user("d"),
    )
    assert talk.earlier is not None
    assert talk.earlier.url == OWN


def test_pictures_that_users_sent_earlier_are_not_taken_up_again() -> None:
    assert asked(user(f"![image]({OWN})"), assistant("?"), user("b")).earlier is None


@pytest.mark.parametrize(
    "content", ["", "   ", None, [], [{"type": "text", "text": ""}], [{"type": "image_url", "image_url": PIXEL}]]
)
def test_a_message_without_text_is_refused_with_its_place(content: object) -> None:
    with pytest.raises(Failure) as caught:
        asked(user("before"), user(content))
    assert caught.value.code is Code.INVALID_VALUE
    assert caught.value.param == "messages[1].content"


def test_a_prompt_that_no_upstream_would_take_is_refused_with_its_length() -> None:
    assert len(asked(user("x" * MAX_PROMPT)).prompt) == MAX_PROMPT
    with pytest.raises(Failure, match="has 100001 characters; at most 100000") as caught:
        asked(user("x" * (MAX_PROMPT + 1)))
    assert (caught.value.code, caught.value.param) == (Code.INVALID_VALUE, "messages[0].content")


def test_a_picture_of_megabytes_in_an_earlier_answer_is_found_in_a_moment() -> None:
    picture = "data:image/png;base64," + "iVBORw0KGgo+/" * 800_000
    talk = messages(user("a"), assistant(f"Here: ![image]({picture}) as you wished."), user("b"))
    start = time.process_time()
    earlier = read(talk, lambda url: False).earlier
    assert time.process_time() - start < 0.1
    assert earlier is not None
    assert earlier.url == picture


def test_a_conversation_without_a_user_is_refused() -> None:
    with pytest.raises(Failure) as caught:
        asked({"role": "system", "content": "x"})
    assert caught.value.param == "messages"


def test_the_clip_that_a_message_names_is_told_with_its_place() -> None:
    for address in ({"url": "https://a/v.mp4"}, "https://a/v.mp4"):
        clip = asked(user([{"type": "text", "text": "x"}, {"type": "video_url", "video_url": address}])).clip
        assert clip == ("https://a/v.mp4", "messages[0].content[1].video_url")


def test_the_newest_clip_of_ours_in_an_earlier_answer_is_found() -> None:
    first, newest = "http://gw/media/aaa.mp4", "http://gw/media/bbb.mp4"
    talk = read(
        messages(
            user("a"),
            assistant(links_text([first])),
            user("b"),
            assistant(links_text([newest]) + "http://other/media/ccc.mp4"),
            user("c"),
            assistant("no clip here"),
            user("d"),
        ),
        lambda url: url in (first, newest),
    )
    assert talk.earlier_clip == (newest, "messages[3]")
    assert talk.earlier is None
    assert talk.clip is None


@pytest.mark.parametrize("piece", ["https://", "/media/a", "http://a/media/" + "b" * 64])
def test_an_answer_that_is_made_to_be_slow_to_search_for_clips_is_not(piece: str) -> None:
    talk = messages(user("a"), assistant(piece * 300_000), user("b"))
    start = time.process_time()
    assert read(talk, lambda url: True).earlier_clip is None
    assert time.process_time() - start < 0.1


@pytest.mark.parametrize(
    ("message", "param"),
    [
        ({"role": "user", "content": 5}, "messages[0].content"),
        ({"role": "user", "content": [{"type": "image_url", "image_url": 5}]}, "messages[0].content[0].image_url"),
        ({"role": "user", "content": [{"type": "image_url", "image_url": {}}]}, "messages[0].content[0].image_url.url"),
        ({"content": "x"}, "messages[0].role"),
    ],
)
def test_a_wrong_type_is_named_with_its_path(message: object, param: str) -> None:
    with pytest.raises(Failure) as caught:
        asked(message)
    assert caught.value.param == param


def test_what_front_ends_send_besides_is_ignored() -> None:
    body = {
        "model": "m",
        "messages": [{"role": "user", "content": "x", "name": 5, "tool_calls": [{}], "extra": {"a": 1}}],
        "temperature": "hot",
        "tools": 5,
        "stop": None,
        "metadata": [],
        "stream": None,
        "n": None,
        "chat_id": "abc",
    }
    read_body = decode(encode(body), _decoder)
    assert read_body.n is None
    assert not read_body.stream


@pytest.mark.parametrize("piece", ["![", "![]", "![](a", "![](a b", "![a](<x>", "![](", "["])
def test_a_hostile_answer_costs_one_pass(piece: str) -> None:
    start = time.process_time()
    asked(user("a"), assistant(piece * 200_000 + "x" * 1_000_000), user("b"))
    assert time.process_time() - start < 3


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(FIELDS, inner),
    )
)
@settings(max_examples=200)
def test_arbitrary_json_is_read_or_refused_but_nothing_else(value: object) -> None:
    body = {"model": "m", "messages": [{"role": "user", "content": "x"}]}
    if isinstance(value, dict):
        body |= value
    for given_body in (value, body):
        with suppress(Failure):
            request = decode(encode(given_body), _decoder)
            list(request.all_places())
            if request.messages:
                sidework.answer(request.messages)
                read(request.messages, lambda url: False)


FLOODS = {
    "pictures": assistant("![a](/media/aaaa.png) " * 300),
    "images beside the text": assistant("", images=["/media/aaaa.png"] * 300),
    "clips": assistant("/media/aaaa.mp4 " * 1200),
}


@pytest.mark.parametrize("answer", FLOODS.values(), ids=FLOODS)
def test_however_long_a_conversation_is_few_of_its_links_are_looked_at(answer: object) -> None:
    looked: list[str] = []

    def is_own(url: str) -> bool:
        looked.append(url)
        return False

    found = read(messages(*[answer] * 200, user("and now?")), is_own)
    assert (found.earlier, found.earlier_clip) == (None, None)
    assert 0 < len(looked) < 10_000


def test_what_only_begins_like_a_picture_counts_as_one_that_was_looked_at() -> None:
    broken = assistant("![" * 1000)
    assert asked(assistant(f"![]({OWN})"), *[broken] * 3, user("and now?")).earlier is None
    assert asked(assistant(f"![]({OWN})"), assistant("![" * 100), user("and now?")).earlier is not None


def test_an_earlier_clip_is_found_behind_answers_that_name_none() -> None:
    link = "/media/own.mp4"
    talk = messages(assistant(link), assistant("x" * 30_000), assistant("y" * 30_000), user("go on"))
    found = read(talk, lambda url: url == link).earlier_clip
    assert found is not None
    assert (found.url, found.param) == (link, "messages[0]")

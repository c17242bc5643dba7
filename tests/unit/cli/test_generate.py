"""`flow2api generate`."""

import base64
import io
from pathlib import Path

from PIL import Image

from flow2api.cli.outcomes import FAILED, REFUSED
from tests.doubles.pictures import drawn, size_of
from tests.unit.cli.stage import Stage


def chunk(**delta: object) -> dict[str, object]:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]}


def answer(*links: str) -> list[object]:
    """A stream whose answer shows these links."""
    content = chunk(content="\n".join(f"![image]({link})" for link in links))
    return [chunk(role="assistant", content=""), chunk(reasoning_content="Waiting\n"), content, chunk(), b"[DONE]"]


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(out, "PNG")
    return out.getvalue()


def test_a_picture_is_written_to_the_file(stage: Stage, tmp_path: Path) -> None:
    stage.events = answer("https://public.example/media/k3f9.png")
    stage.answers = {"GET /media/k3f9.png": b"PNG"}
    result = stage.run("generate", "a lighthouse", "--model", "m", "--output", "out.png")
    assert result.exit_code == 0
    assert result.stdout == "out.png\n"
    assert (tmp_path / "out.png").read_bytes() == b"PNG"
    assert stage.asked[0].body == {
        "model": "m",
        "stream": True,
        "n": 1,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "a lighthouse"}]}],
    }


def test_several_pictures_get_numbers(stage: Stage, tmp_path: Path) -> None:
    stage.events = answer("http://h/media/a.png", "http://h/media/b.png")
    stage.answers = {"GET /media/a.png": b"A", "GET /media/b.png": b"B"}
    result = stage.run("generate", "x", "--count", "2", "--aspect-ratio", "1:1", "--seed", "7", "--output", "out.png")
    assert result.stdout == "out-1.png\nout-2.png\n"
    assert (tmp_path / "out-2.png").read_bytes() == b"B"
    body = stage.asked[0].body
    assert (body["n"], body["aspect_ratio"], body["seed"]) == (2, "1:1", 7)


def test_input_pictures_go_along_as_data(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "in.dat").write_bytes(picture())
    stage.events = answer("http://h/media/a.png")
    stage.answers = {"GET /media/a.png": b"A"}
    stage.run("generate", "x", "--image", "in.dat", "--output", "out.png")
    part = stage.asked[0].body["messages"][0]["content"][1]
    assert part["image_url"]["url"] == "data:image/png;base64," + base64.b64encode(picture()).decode()


def test_a_file_that_is_no_picture_is_refused_before_asking(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "in.png").write_text("text")
    result = stage.run("generate", "x", "--image", "in.png", "--output", "out.png")
    assert result.exit_code == REFUSED
    assert stage.asked == []


def test_a_missing_input_picture_is_wrong_usage(stage: Stage) -> None:
    assert stage.run("generate", "x", "--image", "none.png", "--output", "out.png").exit_code == 2


def test_a_refusal_before_the_stream_is_told(stage: Stage) -> None:
    stage.answers = {
        "POST /v1/chat/completions": (404, {"error": {"message": "No such model.", "code": "model_not_found"}})
    }
    result = stage.run("generate", "x", "--output", "out.png")
    assert result.exit_code == REFUSED
    assert result.stderr == "Error: No such model. (model_not_found)\n"


def test_a_failure_inside_the_stream_is_told_and_no_file_is_written(stage: Stage, tmp_path: Path) -> None:
    stage.events = [
        chunk(content=""),
        {"error": {"message": "Refused.", "code": "content_policy_violation"}},
        b"[DONE]",
    ]
    result = stage.run("generate", "x", "--output", "out.png")
    assert result.exit_code == REFUSED
    assert result.stderr == "Error: Refused. (content_policy_violation)\n"
    assert not (tmp_path / "out.png").exists()


def test_an_answer_without_a_picture_is_a_failure(stage: Stage) -> None:
    stage.events = [chunk(content="Hello"), b"[DONE]"]
    result = stage.run("generate", "x", "--output", "out.png")
    assert result.exit_code == FAILED
    assert "the answer holds no picture and no clip: Hello" in result.stderr


def test_a_link_to_elsewhere_is_not_followed(stage: Stage) -> None:
    stage.events = answer("http://elsewhere/picture.png")
    result = stage.run("generate", "x", "--output", "out.png")
    assert result.exit_code == FAILED
    assert len(stage.asked) == 1


def test_a_picture_that_cannot_be_fetched_is_told(stage: Stage) -> None:
    stage.events = answer("http://h/media/a.png")
    stage.answers = {"GET /media/a.png": (410, {"error": {"message": "It is gone.", "code": "expired"}})}
    assert stage.run("generate", "x", "--output", "out.png").stderr == "Error: It is gone. (expired)\n"


def test_a_picture_is_written_in_the_format_that_the_name_of_its_file_says(stage: Stage, tmp_path: Path) -> None:
    made = drawn(form="JPEG")
    for name, form in (("out.png", "PNG"), ("out.webp", "WEBP"), ("out.jpg", "JPEG")):
        stage.events = answer("https://public.example/media/k3f9.jpg")
        stage.answers = {"GET /media/k3f9.jpg": made}
        assert stage.run("generate", "a lighthouse", "--output", name).exit_code == 0
        assert size_of((tmp_path / name).read_bytes(), form) == (64, 48)
    assert (tmp_path / "out.jpg").read_bytes() == made

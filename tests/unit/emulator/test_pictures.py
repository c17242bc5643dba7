"""What happens where pictures cannot be drawn, and the command line's words about it."""

import importlib.util

import msgspec
import pytest

from flow2api.emulator.__main__ import main
from flow2api.emulator.pictures import PillowMissing, require_pillow
from tests.unit.emulator.caller import new_caller


@pytest.fixture
def no_pillow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)


@pytest.mark.usefixtures("no_pillow")
def test_without_pillow_the_message_names_the_extra() -> None:
    with pytest.raises(PillowMissing, match=r"flow2api\[demo\]"):
        require_pillow()


@pytest.mark.usefixtures("no_pillow")
def test_the_command_says_what_is_missing_and_ends(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--pictures", "drawn"]) == 2
    assert "Pillow" in capsys.readouterr().err


@pytest.mark.usefixtures("no_pillow")
async def test_the_knob_cannot_be_turned_to_drawn_pictures() -> None:
    caller = await new_caller()
    answer = await caller.ask("PATCH", "/_emulator/knobs", {"pictures": "drawn"})
    assert answer.status == 400
    assert "Pillow" in msgspec.json.decode(answer.body)["error"]["message"]
    assert caller.emulator.knobs.pictures == "plain"

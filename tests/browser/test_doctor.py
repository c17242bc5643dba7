"""`flow2api doctor` as a person runs it, with a real Chromium, beside a running gateway and its emulated service."""

from pathlib import Path

import msgspec
import pytest

from tests.browser import running
from tests.e2e.site import open_site


@pytest.mark.slow
async def test_a_healthy_installation_is_found_healthy_and_left_as_it_was(
    program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHROME_BIN", program)
    async with open_site(tmp_path) as site, site.gateway() as gateway:
        await site.add_accounts(gateway)
        ended = await site.run("doctor", "--online", "--json")
        assert ended.code == 0, ended
        told = msgspec.json.decode(ended.out)
        found = {one["check"]: one for one in told["findings"]}
        assert told["ok"]
        assert "is whole" in found["database"]["found"]
        assert f"process {gateway.program.pid}" in found["instance"]["found"]
        assert found["accounts"]["found"] == "1 in all: 1 active"
        assert found["browser start"]["result"] == "good"
        assert found["service online"]["result"] == "good"
        assert "Traceback" not in ended.err
    assert not running.mentioning("flow2api-doctor-")

"""The emulated Gemini API under Google's own package, unmodified: what is proven here is what our provider is tested against."""

import json
import os
import sys
from functools import partial
from pathlib import Path

import pytest
import trio
from google import genai
from google.genai import types

from flow2api.emulator.app import serve_emulator
from flow2api.emulator.gemini.core import GeminiEmulator
from flow2api.emulator.gemini.models import MODELS
from flow2api.emulator.gemini.operations import FILTERED
from flow2api.emulator.keyed.keys import ApiKey
from flow2api.emulator.plain import plain_jpeg
from tests.clients.test_genai_majors import installed

SCRIPT = Path(__file__).with_name("gemini_service_script.py")
KEY = "AIza-emulated-key"
PATIENCE_SECONDS = 90.0


@pytest.mark.slow
@pytest.mark.parametrize("requirement", ["google-genai>=1.75,<2", "google-genai>=2.34,<3"])
async def test_googles_own_client_gets_all_that_the_service_makes(
    requirement: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    folder, picture = installed(request.config.cache, requirement), tmp_path / "picture.jpg"
    picture.write_bytes(plain_jpeg(64, 48, 1, "x"))
    emulator = GeminiEmulator([ApiKey(key=KEY, label="ada")])
    with trio.fail_after(PATIENCE_SECONDS):
        async with trio.open_nursery() as nursery:
            urls = await nursery.start(serve_emulator, emulator)
            command = [sys.executable, str(SCRIPT), urls.base, KEY, str(picture)]
            environ = {**os.environ, "PYTHONPATH": str(folder)}
            done = await trio.run_process(command, env=environ, capture_stdout=True, capture_stderr=True, check=False)
            assert done.returncode == 0, done.stderr.decode()[-3000:]
            nursery.cancel_scope.cancel()
    told = json.loads(done.stdout)
    assert told["models"] == [f"models/{name}" for name in MODELS]
    assert [len(told[name]) for name in ("changed", "streamed")] == [1, 1]
    assert (told["blocked"], told["finished"]) == ("PROHIBITED_CONTENT", "IMAGE_SAFETY")
    assert [told[name] for name in ("text", "frames", "references", "extended")] == ["ftyp"] * 4
    assert told["refused"] == [FILTERED]
    assert told["failed"]["code"] == 13
    assert told["gone"] == [404, "NOT_FOUND"]
    assert told["stranger"] == [400, "INVALID_ARGUMENT"]
    first = told["version"].startswith("1.")
    assert len(told.get("images", [])) == (2 if first else 0)
    assert emulator.ledger.counts["download"] == emulator.ledger.counts["file"] == 4
    extended = emulator.ledger.calls("clip")[3].json
    assert extended["instances"][0]["video"]["uri"].startswith(
        "https://generativelanguage.googleapis.com/v1beta/files/"
    )


async def test_the_newest_client_changes_a_picture() -> None:
    emulator = GeminiEmulator([ApiKey(key=KEY, label="ada")])
    config = types.GenerateContentConfig(image_config=types.ImageConfig(aspect_ratio="21:9"))
    part = types.Part.from_bytes(data=plain_jpeg(64, 48, 1, "x"), mime_type="image/jpeg")
    with trio.fail_after(PATIENCE_SECONDS):
        async with trio.open_nursery() as nursery:
            urls = await nursery.start(serve_emulator, emulator)
            client = genai.Client(api_key=KEY, http_options=types.HttpOptions(base_url=urls.base))
            ask = partial(client.models.generate_content, model="gemini-3-pro-image-preview", config=config)
            answer = await trio.to_thread.run_sync(
                partial(ask, contents=types.Content(parts=[types.Part(text="bluer"), part]))
            )
            nursery.cancel_scope.cancel()
    assert [part.inline_data.mime_type for part in answer.parts or () if part.inline_data] == ["image/jpeg"]

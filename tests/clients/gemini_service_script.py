"""What a user of Google's package asks of Google itself, for major versions that make pictures and clips with a plain key: run as a
program against the emulated service, prints what came of it as JSON.

Arguments: the service's address, an API key, and a file with an input picture.
"""

import json
import sys
import time
from typing import Any

from google import genai
from google.genai import types

FLASH, PRO, IMAGEN = "gemini-2.5-flash-image", "gemini-3-pro-image-preview", "imagen-4.0-generate-001"
VEO, LITE = "veo-3.1-fast-generate-preview", "veo-3.1-lite-generate-preview"


def main(url: str, key: str, picture: str) -> None:
    client = genai.Client(api_key=key, http_options=types.HttpOptions(base_url=url))
    told: dict[str, object] = {"version": genai.__version__}
    told["models"] = [model.name for model in client.models.list(config={"page_size": 4})]
    given = types.Image.from_file(location=picture)
    told |= pictures(client, given) | clips(client, given) | refusals(client, key, url)
    json.dump(told, sys.stdout)


def pictures(client: genai.Client, given: types.Image) -> dict[str, object]:
    part = types.Part.from_bytes(data=given.image_bytes or b"", mime_type="image/jpeg")
    config = types.GenerateContentConfig(
        response_modalities=["TEXT", "IMAGE"], image_config=types.ImageConfig(aspect_ratio="16:9", image_size="2K")
    )
    changed = client.models.generate_content(
        model=PRO, contents=types.Content(parts=[types.Part(text="make it blue"), part]), config=config
    )
    streamed = client.models.generate_content_stream(model=FLASH, contents="a red apple")
    blocked = client.models.generate_content(model=FLASH, contents="[unsafe]")
    told: dict[str, object] = {
        "changed": sizes(changed),
        "streamed": [size for chunk in streamed for size in sizes(chunk)],
        "blocked": blocked.prompt_feedback and blocked.prompt_feedback.block_reason,
        "finished": (client.models.generate_content(model=FLASH, contents="[image-safety]").candidates or [])[
            0
        ].finish_reason,
    }
    if genai.__version__.startswith("1."):
        made = client.models.generate_images(
            model=IMAGEN, prompt="a cat", config={"number_of_images": 2, "aspect_ratio": "3:4"}
        )
        told["images"] = [len(one.image.image_bytes or b"") for one in made.generated_images or () if one.image]
        none = client.models.generate_images(model=IMAGEN, prompt="[unsafe]", config={"include_rai_reason": True})
        told["filtered"] = [one.rai_filtered_reason for one in none.generated_images or ()]
    return told


def clips(client: genai.Client, given: types.Image) -> dict[str, object]:
    told: dict[str, object] = {}

    def film(name: str, model: str = VEO, **asked: Any) -> types.Video | None:
        operation = client.models.generate_videos(model=model, prompt=asked.pop("prompt", "a ball"), **asked)
        while not operation.done:
            time.sleep(0.01)
            operation = client.operations.get(operation)
        if operation.error:
            told[name] = operation.error
            return None
        made = operation.response or types.GenerateVideosResponse()
        if not made.generated_videos:
            told[name] = made.rai_media_filtered_reasons
            return None
        video = made.generated_videos[0].video
        assert video is not None
        told[name] = client.files.download(file=video)[4:8].decode()
        return video

    plain = film("text", config={"aspect_ratio": "9:16", "negative_prompt": "rain", "duration_seconds": 8})
    film("frames", LITE, image=given, config={"last_frame": given, "resolution": "1080p"})
    reference = types.VideoGenerationReferenceImage(
        image=given, reference_type=types.VideoGenerationReferenceType.ASSET
    )
    film("references", config={"reference_images": [reference, reference]})
    if plain is not None:
        film("extended", video=types.Video(uri=plain.uri), config={"aspect_ratio": "9:16"})
    film("refused", prompt="[refuse-later]")
    film("failed", prompt="[fault-later]")
    return told


def refusals(client: genai.Client, key: str, url: str) -> dict[str, object]:
    told: dict[str, object] = {}
    stranger = genai.Client(api_key="wrong", http_options=types.HttpOptions(base_url=url))
    for name, asker, model in (("gone", client, "nope"), ("stranger", stranger, FLASH)):
        try:
            asker.models.generate_content(model=model, contents="x")
        except genai.errors.ClientError as error:
            told[name] = [error.code, error.status]
    return told


def sizes(answer: types.GenerateContentResponse) -> list[int]:
    """The number of bytes of each picture."""
    parts = [part for one in answer.candidates or [] if one.content for part in one.content.parts or ()]
    return [len(part.inline_data.data or b"") for part in parts if part.inline_data]


if __name__ == "__main__":
    main(*sys.argv[1:])

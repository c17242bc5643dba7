"""What a user of Google's package does, for any of its major versions: run as a program, prints what came of it as JSON.

Arguments: the gateway's address, an API key, a model for pictures, a model for clips.
"""

import json
import sys
import time

from google import genai
from google.genai import types


def main(url: str, key: str, model: str, clip_model: str) -> None:
    client = genai.Client(api_key=key, http_options=types.HttpOptions(base_url=url))
    major = int(genai.__version__.partition(".")[0])
    told: dict[str, object] = {"version": genai.__version__}
    told["models"] = sum(1 for _ in client.models.list(config={"page_size": 100}))
    told["model"] = client.models.get(model=model).name
    answer = client.models.generate_content(model=model, contents="a red apple")
    told["picture"] = sizes(answer)
    chunks = client.models.generate_content_stream(model=model, contents="a red apple")
    told["streamed"] = [size for chunk in chunks for size in sizes(chunk)]
    chat = client.chats.create(model=model)
    chat.send_message("a red apple")
    told["changed"] = sizes(chat.send_message("make it green"))
    if major == 1:
        made = client.models.generate_images(model=model, prompt="a red apple", config={"number_of_images": 2})
        told["images"] = [len(one.image.image_bytes or b"") for one in made.generated_images or () if one.image]
    operation = client.models.generate_videos(model=clip_model, prompt="a ball", config={"aspect_ratio": "9:16"})
    while not operation.done:
        time.sleep(0.1)
        operation = client.operations.get(operation)
    assert operation.response is not None
    clips = [one.video for one in operation.response.generated_videos or () if one.video]
    told["clips"] = [client.files.download(file=clip)[4:8].decode() for clip in clips]
    try:
        client.models.generate_content(model="nope", contents="x")
    except genai.errors.ClientError as error:
        told["error"] = [error.code, error.status]
    json.dump(told, sys.stdout)


def sizes(answer: types.GenerateContentResponse) -> list[int]:
    """The number of bytes of each picture."""
    candidates = answer.candidates or []
    parts = [part for one in candidates if one.content for part in one.content.parts or ()]
    return [len(part.inline_data.data or b"") for part in parts if part.inline_data]


if __name__ == "__main__":
    main(*sys.argv[1:])

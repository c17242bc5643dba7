"""Draws a picture that says what was asked for: a scene from the seed, the prompt on it, the facts in small print.

Synchronous and slow (a few tenths of a second): it runs in a worker thread.
"""

import hashlib
import io
from random import Random

from PIL import Image

from flow2api.emulator.lettering import write_facts, write_prompt
from flow2api.emulator.pictures import PictureSpec
from flow2api.emulator.scenes import PALETTES, SCENES, Palette
from flow2api.emulator.tiles import show_inputs

JPEG_QUALITY = 88
# Scenes go by model, so that one sees which one was used; a model that is not listed gets one by its name.
SCENE_OF = {"GEM_PIX_2": 0, "NARWHAL": 1, "IMAGEN_3_5": 2, "HARBOR_SEAL": 3}


def draw(spec: PictureSpec, inputs: tuple[bytes, ...], factor: int) -> bytes:
    """The picture as JPEG, `factor` times as large as asked for. `inputs` are shown as thumbnails."""
    scene, palette = scenery(spec.model, spec.seed, spec.prompt, (spec.width, spec.height))
    picture = _grain(scene)
    write_prompt(picture, spec.prompt, palette)
    write_facts(picture, f"{spec.model}   {spec.aspect}   {spec.width}×{spec.height}   seed {spec.seed}", palette)
    show_inputs(picture, inputs)
    if factor > 1:
        picture = picture.resize((spec.width * factor, spec.height * factor), Image.Resampling.BICUBIC)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=JPEG_QUALITY)
    return out.getvalue()


def scenery(model: str, seed: int, prompt: str, size: tuple[int, int]) -> tuple[Image.Image, Palette]:
    """The background that belongs to model, seed and prompt, and the colours it is made of."""
    digest = hashlib.sha256(f"{model}|{seed}|{prompt}".encode(errors="replace")).digest()
    rng = Random(digest)
    palette = PALETTES[rng.randrange(len(PALETTES))]
    scene = SCENES[SCENE_OF.get(model, digest[0]) % len(SCENES)]
    return scene(rng, palette, size), palette


def _grain(picture: Image.Image) -> Image.Image:
    """A breath of noise, without which wide gradients show bands."""
    noise = Image.effect_noise(picture.size, 26).convert("RGB")
    return Image.blend(picture, noise, 0.045)

"""The settings of the emulated service that hold until they are changed (faults, which pass, are in `faults`)."""

from typing import Literal

import msgspec

from flow2api.emulator.captcha import Policy
from flow2api.emulator.exchange import Refused


class Knobs(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the emulated service behaves. The defaults suit tests and benchmarks: fast, plain, no captcha."""

    captcha: Policy = "off"
    """`off`: an empty or missing token will do, a wrong one is refused all the same."""
    pictures: Literal["plain", "drawn"] = "plain"
    """`plain` pictures are grey JPEGs of the right size that cost nothing; `drawn` ones need Pillow."""
    image_latency_seconds: float = 0.0
    upscale_latency_seconds: float = 0.0
    image_credits: int = 0
    """What a picture costs; the real service is said to make them for nothing."""
    link_seconds: float = 6 * 3600.0
    """How long a signed link works; 0 signs links that are expired already."""
    upload_form: Literal["object", "list", "old"] = "object"
    upload_seconds: float = 3600.0
    """How long an uploaded picture can be used."""
    upload_max_bytes: int = 20 * 1024 * 1024
    upload_min_side: int = 4
    redirect: Literal["media", "missing", "fault", "login"] = "media"
    """Where the media redirect leads."""
    upscale_empty: bool = False
    """True: an enlargement is answered with an empty string."""

    def changed(self, changes: dict[str, object]) -> "Knobs":
        """With some of them set anew; `Refused` for an unknown name or a wrong value."""
        try:
            return msgspec.convert(msgspec.to_builtins(self) | changes, Knobs)
        except msgspec.ValidationError as error:
            raise Refused(400, str(error)) from error

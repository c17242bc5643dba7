"""The settings of the emulated service that hold until they are changed (faults, which pass, are in `faults`)."""

from typing import Literal

import msgspec

from flow2api.emulator.captcha import LIFETIME_SECONDS, Policy
from flow2api.emulator.exchange import Refused
from flow2api.emulator.progress import Pace


class Knobs(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the emulated service behaves. The defaults suit tests and benchmarks: fast, plain, no captcha."""

    captcha: Policy = "off"
    """`off`: an empty or missing token will do, a wrong one is refused all the same. `page`: only a page's tokens will do, not
    those that somebody wrote in the form `tok:<ACTION>:<nonce>`."""
    token_seconds: float = LIFETIME_SECONDS
    """How long a captcha token can be used."""
    token_score: Literal["good", "low"] = "good"
    """`low`: every token is refused, as happens to a browser that the service mistrusts."""
    page_script: bool = True
    """False: the page comes without the captcha script, which can still be added to it."""
    page_script_seconds: float = 0.0
    """How long the captcha script takes to load."""
    page_execute: Literal["answers", "hangs"] = "answers"
    """`hangs`: the page's captcha never comes to an end."""
    pictures: Literal["plain", "drawn"] = "plain"
    """What is made, clips too. `plain` pictures are grey JPEGs of the right size that cost nothing; `drawn` ones
    take a few tenths of a second. Plain clips are grey and cost little."""
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

    video_submit_seconds: float = 0.0
    """How long it takes to take an order for a clip."""
    video_pace: Literal["polls", "seconds"] = "polls"
    """What moves a clip on: each time that its status is asked for, or the clock."""
    video_queued: float = 1.0
    """For how many polls or seconds a clip waits."""
    video_active: float = 1.0
    """For how many polls or seconds it is then made."""
    video_queued_as: Literal["auto", "PENDING", "SCHEDULED"] = "auto"
    """What a waiting clip is called; `auto`: SCHEDULED where pictures were given."""
    video_form: Literal["media", "operations", "both"] = "media"
    """In which form an order for a clip is answered."""
    video_credits: int | None = None
    """What a clip costs; None: what people report, by model and tier."""
    upsample_name: Literal["suffix", "fresh"] = "suffix"
    """What an enlarged clip is called: the name of its source and `_upsampled`, or something new."""
    concatenation_form: Literal["encoded", "uri"] = "encoded"
    """How a joined clip is handed out."""

    @property
    def pace(self) -> Pace:
        return Pace(self.video_pace, self.video_queued, self.video_active)

    def changed(self, changes: dict[str, object]) -> "Knobs":
        """With some of them set anew; `Refused` for an unknown name or a wrong value."""
        try:
            return msgspec.convert(msgspec.to_builtins(self) | changes, Knobs)
        except msgspec.ValidationError as error:
            raise Refused(400, str(error)) from error

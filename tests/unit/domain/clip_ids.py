"""What each public id of a clip means, written down apart from the catalogue; the tests compare the two."""

from typing import NamedTuple


class Fact(NamedTuple):
    """One id. `keys` are those for the fewest pictures and for more; each is the usual one and the top tier's."""

    name: str
    mode: str
    ratio: str
    seconds: int
    inputs: tuple[int, int]
    tier: str
    upscale: str | None
    keys: tuple[tuple[str, str], ...]


# mode, ratio, seconds, pictures, tier, enlargement, key[/key of the top tier] [key for more pictures]; below it the ids.
_FACTS = """
t2v 9:16 8 0-0 free - veo_3_1_t2v_fast_portrait/veo_3_1_t2v_fast_portrait_ultra
    veo_3_1_t2v_fast_portrait veo_3_1_t2v_fast_portrait_8s
t2v 16:9 8 0-0 free - veo_3_1_t2v_fast/veo_3_1_t2v_fast_ultra
    veo_3_1_t2v_fast_landscape veo_3_1_t2v_fast_landscape_8s veo_3_1_t2v_fast_8s
t2v 9:16 8 0-0 free - veo_3_1_t2v_portrait
    veo_3_1_t2v_portrait veo_3_1_t2v_portrait_8s
t2v 16:9 8 0-0 free - veo_3_1_t2v
    veo_3_1_t2v_landscape veo_3_1_t2v_landscape_8s veo_3_1_t2v_8s
t2v 9:16 8 0-0 free - veo_3_1_t2v_lite
    veo_3_1_t2v_lite_portrait veo_3_1_t2v_lite_8s_portrait veo_3_1_t2v_lite_portrait_8s
t2v 16:9 8 0-0 free - veo_3_1_t2v_lite
    veo_3_1_t2v_lite_landscape veo_3_1_t2v_lite_8s_landscape veo_3_1_t2v_lite_landscape_8s
t2v 9:16 8 0-0 ultra - veo_3_1_t2v_fast_portrait_ultra
    veo_3_1_t2v_fast_portrait_ultra
t2v 16:9 8 0-0 ultra - veo_3_1_t2v_fast_ultra
    veo_3_1_t2v_fast_ultra
t2v 9:16 8 0-0 ultra - veo_3_1_t2v_fast_portrait_ultra_relaxed
    veo_3_1_t2v_fast_portrait_ultra_relaxed
t2v 16:9 8 0-0 ultra - veo_3_1_t2v_fast_ultra_relaxed
    veo_3_1_t2v_fast_ultra_relaxed
t2v 16:9 4 0-0 free - veo_3_1_t2v_fast_4s
    veo_3_1_t2v_fast_landscape_4s veo_3_1_t2v_fast_4s
t2v 9:16 4 0-0 free - veo_3_1_t2v_fast_4s
    veo_3_1_t2v_fast_portrait_4s
t2v 16:9 4 0-0 free - veo_3_1_t2v_lite_4s
    veo_3_1_t2v_lite_4s_landscape veo_3_1_t2v_lite_landscape_4s
t2v 9:16 4 0-0 free - veo_3_1_t2v_lite_4s
    veo_3_1_t2v_lite_4s_portrait veo_3_1_t2v_lite_portrait_4s
t2v 16:9 4 0-0 free - veo_3_1_t2v_quality_4s
    veo_3_1_t2v_landscape_4s veo_3_1_t2v_4s
t2v 9:16 4 0-0 free - veo_3_1_t2v_quality_4s
    veo_3_1_t2v_portrait_4s
t2v 16:9 6 0-0 free - veo_3_1_t2v_fast_6s
    veo_3_1_t2v_fast_landscape_6s veo_3_1_t2v_fast_6s
t2v 9:16 6 0-0 free - veo_3_1_t2v_fast_6s
    veo_3_1_t2v_fast_portrait_6s
t2v 16:9 6 0-0 free - veo_3_1_t2v_lite_6s
    veo_3_1_t2v_lite_6s_landscape veo_3_1_t2v_lite_landscape_6s
t2v 9:16 6 0-0 free - veo_3_1_t2v_lite_6s
    veo_3_1_t2v_lite_6s_portrait veo_3_1_t2v_lite_portrait_6s
t2v 16:9 6 0-0 free - veo_3_1_t2v_quality_6s
    veo_3_1_t2v_landscape_6s veo_3_1_t2v_6s
t2v 9:16 6 0-0 free - veo_3_1_t2v_quality_6s
    veo_3_1_t2v_portrait_6s
t2v 9:16 8 0-0 pro 1080p veo_3_1_t2v_fast_portrait/veo_3_1_t2v_fast_portrait_ultra
    veo_3_1_t2v_fast_portrait_1080p
t2v 16:9 8 0-0 pro 1080p veo_3_1_t2v_fast/veo_3_1_t2v_fast_ultra
    veo_3_1_t2v_fast_1080p
t2v 16:9 8 0-0 pro 1080p veo_3_1_t2v
    veo_3_1_t2v_landscape_1080p veo_3_1_t2v_1080p veo_3_1_t2v_landscape_8s_1080p veo_3_1_t2v_8s_1080p
t2v 9:16 8 0-0 pro 1080p veo_3_1_t2v_portrait
    veo_3_1_t2v_portrait_1080p veo_3_1_t2v_portrait_8s_1080p
t2v 9:16 8 0-0 ultra 1080p veo_3_1_t2v_fast_portrait_ultra
    veo_3_1_t2v_fast_portrait_ultra_1080p
t2v 16:9 8 0-0 ultra 1080p veo_3_1_t2v_fast_ultra
    veo_3_1_t2v_fast_ultra_1080p
t2v 16:9 4 0-0 pro 1080p veo_3_1_t2v_quality_4s
    veo_3_1_t2v_landscape_4s_1080p veo_3_1_t2v_4s_1080p
t2v 9:16 4 0-0 pro 1080p veo_3_1_t2v_quality_4s
    veo_3_1_t2v_portrait_4s_1080p
t2v 16:9 6 0-0 pro 1080p veo_3_1_t2v_quality_6s
    veo_3_1_t2v_landscape_6s_1080p veo_3_1_t2v_6s_1080p
t2v 9:16 6 0-0 pro 1080p veo_3_1_t2v_quality_6s
    veo_3_1_t2v_portrait_6s_1080p
t2v 9:16 8 0-0 ultra 4k veo_3_1_t2v_fast_portrait/veo_3_1_t2v_fast_portrait_ultra
    veo_3_1_t2v_fast_portrait_4k
t2v 16:9 8 0-0 ultra 4k veo_3_1_t2v_fast/veo_3_1_t2v_fast_ultra
    veo_3_1_t2v_fast_4k
t2v 9:16 8 0-0 ultra 4k veo_3_1_t2v_fast_portrait_ultra
    veo_3_1_t2v_fast_portrait_ultra_4k
t2v 16:9 8 0-0 ultra 4k veo_3_1_t2v_fast_ultra
    veo_3_1_t2v_fast_ultra_4k
t2v 16:9 8 0-0 ultra 4k veo_3_1_t2v
    veo_3_1_t2v_landscape_4k veo_3_1_t2v_4k veo_3_1_t2v_landscape_8s_4k veo_3_1_t2v_8s_4k
t2v 9:16 8 0-0 ultra 4k veo_3_1_t2v_portrait
    veo_3_1_t2v_portrait_4k veo_3_1_t2v_portrait_8s_4k
t2v 16:9 4 0-0 ultra 4k veo_3_1_t2v_quality_4s
    veo_3_1_t2v_landscape_4s_4k veo_3_1_t2v_4s_4k
t2v 9:16 4 0-0 ultra 4k veo_3_1_t2v_quality_4s
    veo_3_1_t2v_portrait_4s_4k
t2v 16:9 6 0-0 ultra 4k veo_3_1_t2v_quality_6s
    veo_3_1_t2v_landscape_6s_4k veo_3_1_t2v_6s_4k
t2v 9:16 6 0-0 ultra 4k veo_3_1_t2v_quality_6s
    veo_3_1_t2v_portrait_6s_4k
i2v 9:16 8 1-1 free - veo_3_1_i2v_lite
    veo_3_1_i2v_lite_portrait veo_3_1_i2v_lite_8s_portrait veo_3_1_i2v_lite_portrait_8s
i2v 16:9 8 1-1 free - veo_3_1_i2v_lite
    veo_3_1_i2v_lite_landscape veo_3_1_i2v_lite_8s_landscape veo_3_1_i2v_lite_landscape_8s
i2v 9:16 8 1-2 free - veo_3_1_i2v_s_fast_portrait/veo_3_1_i2v_s_fast_portrait_ultra veo_3_1_i2v_s_fast_portrait_fl/veo_3_1_i2v_s_fast_portrait_ultra_fl
    veo_3_1_i2v_s_fast_portrait_fl veo_3_1_i2v_s_fast_portrait_8s_fl
i2v 16:9 8 1-2 free - veo_3_1_i2v_s_fast/veo_3_1_i2v_s_fast_ultra veo_3_1_i2v_s_fast_fl/veo_3_1_i2v_s_fast_ultra_fl
    veo_3_1_i2v_s_fast_fl veo_3_1_i2v_s_fast_landscape_8s_fl veo_3_1_i2v_s_fast_8s_fl
i2v 9:16 8 1-2 free - veo_3_1_i2v_s_portrait veo_3_1_i2v_s_portrait_fl
    veo_3_1_i2v_s_portrait veo_3_1_i2v_s_portrait_8s
i2v 16:9 8 1-2 free - veo_3_1_i2v_s veo_3_1_i2v_s_fl
    veo_3_1_i2v_s_landscape veo_3_1_i2v_s_landscape_8s veo_3_1_i2v_s_8s
i2v 9:16 8 2-2 free - veo_3_1_interpolation_lite
    veo_3_1_interpolation_lite_portrait veo_3_1_interpolation_lite_8s_portrait veo_3_1_interpolation_lite_portrait_8s
i2v 16:9 8 2-2 free - veo_3_1_interpolation_lite
    veo_3_1_interpolation_lite_landscape veo_3_1_interpolation_lite_8s_landscape
    veo_3_1_interpolation_lite_landscape_8s
i2v 9:16 8 1-2 ultra - veo_3_1_i2v_s_fast_portrait_ultra veo_3_1_i2v_s_fast_portrait_ultra_fl
    veo_3_1_i2v_s_fast_portrait_ultra_fl
i2v 16:9 8 1-2 ultra - veo_3_1_i2v_s_fast_ultra veo_3_1_i2v_s_fast_ultra_fl
    veo_3_1_i2v_s_fast_ultra_fl
i2v 9:16 8 1-2 ultra - veo_3_1_i2v_s_fast_portrait_ultra_relaxed
    veo_3_1_i2v_s_fast_portrait_ultra_relaxed
i2v 16:9 8 1-2 ultra - veo_3_1_i2v_s_fast_ultra_relaxed
    veo_3_1_i2v_s_fast_ultra_relaxed
i2v 16:9 4 1-1 free - veo_3_1_i2v_s_lite_4s
    veo_3_1_i2v_lite_4s_landscape veo_3_1_i2v_lite_landscape_4s
i2v 9:16 4 1-1 free - veo_3_1_i2v_s_lite_4s
    veo_3_1_i2v_lite_4s_portrait veo_3_1_i2v_lite_portrait_4s
i2v 16:9 4 1-2 free - veo_3_1_i2v_s_fast_4s veo_3_1_i2v_s_fast_4s_fl
    veo_3_1_i2v_s_fast_landscape_4s_fl veo_3_1_i2v_s_fast_4s_fl
i2v 9:16 4 1-2 free - veo_3_1_i2v_s_fast_4s veo_3_1_i2v_s_fast_4s_fl
    veo_3_1_i2v_s_fast_portrait_4s_fl
i2v 16:9 4 1-2 free - veo_3_1_i2v_s_quality_4s veo_3_1_i2v_s_quality_4s_fl
    veo_3_1_i2v_s_landscape_4s veo_3_1_i2v_s_4s
i2v 9:16 4 1-2 free - veo_3_1_i2v_s_quality_4s veo_3_1_i2v_s_quality_4s_fl
    veo_3_1_i2v_s_portrait_4s
i2v 16:9 4 2-2 free - veo_3_1_i2v_s_lite_4s_fl
    veo_3_1_interpolation_lite_4s_landscape veo_3_1_interpolation_lite_landscape_4s
i2v 9:16 4 2-2 free - veo_3_1_i2v_s_lite_4s_fl
    veo_3_1_interpolation_lite_4s_portrait veo_3_1_interpolation_lite_portrait_4s
i2v 16:9 6 1-1 free - veo_3_1_i2v_s_lite_6s
    veo_3_1_i2v_lite_6s_landscape veo_3_1_i2v_lite_landscape_6s
i2v 9:16 6 1-1 free - veo_3_1_i2v_s_lite_6s
    veo_3_1_i2v_lite_6s_portrait veo_3_1_i2v_lite_portrait_6s
i2v 16:9 6 1-2 free - veo_3_1_i2v_s_fast_6s veo_3_1_i2v_s_fast_6s_fl
    veo_3_1_i2v_s_fast_landscape_6s_fl veo_3_1_i2v_s_fast_6s_fl
i2v 9:16 6 1-2 free - veo_3_1_i2v_s_fast_6s veo_3_1_i2v_s_fast_6s_fl
    veo_3_1_i2v_s_fast_portrait_6s_fl
i2v 16:9 6 1-2 free - veo_3_1_i2v_s_quality_6s veo_3_1_i2v_s_quality_6s_fl
    veo_3_1_i2v_s_landscape_6s veo_3_1_i2v_s_6s
i2v 9:16 6 1-2 free - veo_3_1_i2v_s_quality_6s veo_3_1_i2v_s_quality_6s_fl
    veo_3_1_i2v_s_portrait_6s
i2v 16:9 6 2-2 free - veo_3_1_i2v_s_lite_6s_fl
    veo_3_1_interpolation_lite_6s_landscape veo_3_1_interpolation_lite_landscape_6s
i2v 9:16 6 2-2 free - veo_3_1_i2v_s_lite_6s_fl
    veo_3_1_interpolation_lite_6s_portrait veo_3_1_interpolation_lite_portrait_6s
i2v 16:9 8 1-2 pro 1080p veo_3_1_i2v_s veo_3_1_i2v_s_fl
    veo_3_1_i2v_s_landscape_1080p veo_3_1_i2v_s_1080p veo_3_1_i2v_s_landscape_8s_1080p veo_3_1_i2v_s_8s_1080p
i2v 9:16 8 1-2 pro 1080p veo_3_1_i2v_s_portrait veo_3_1_i2v_s_portrait_fl
    veo_3_1_i2v_s_portrait_1080p veo_3_1_i2v_s_portrait_8s_1080p
i2v 9:16 8 1-2 ultra 1080p veo_3_1_i2v_s_fast_portrait_ultra veo_3_1_i2v_s_fast_portrait_ultra_fl
    veo_3_1_i2v_s_fast_portrait_ultra_fl_1080p
i2v 16:9 8 1-2 ultra 1080p veo_3_1_i2v_s_fast_ultra veo_3_1_i2v_s_fast_ultra_fl
    veo_3_1_i2v_s_fast_ultra_fl_1080p
i2v 16:9 4 1-2 pro 1080p veo_3_1_i2v_s_quality_4s veo_3_1_i2v_s_quality_4s_fl
    veo_3_1_i2v_s_landscape_4s_1080p veo_3_1_i2v_s_4s_1080p
i2v 9:16 4 1-2 pro 1080p veo_3_1_i2v_s_quality_4s veo_3_1_i2v_s_quality_4s_fl
    veo_3_1_i2v_s_portrait_4s_1080p
i2v 16:9 6 1-2 pro 1080p veo_3_1_i2v_s_quality_6s veo_3_1_i2v_s_quality_6s_fl
    veo_3_1_i2v_s_landscape_6s_1080p veo_3_1_i2v_s_6s_1080p
i2v 9:16 6 1-2 pro 1080p veo_3_1_i2v_s_quality_6s veo_3_1_i2v_s_quality_6s_fl
    veo_3_1_i2v_s_portrait_6s_1080p
i2v 9:16 8 1-2 ultra 4k veo_3_1_i2v_s_fast_portrait_ultra veo_3_1_i2v_s_fast_portrait_ultra_fl
    veo_3_1_i2v_s_fast_portrait_ultra_fl_4k
i2v 16:9 8 1-2 ultra 4k veo_3_1_i2v_s_fast_ultra veo_3_1_i2v_s_fast_ultra_fl
    veo_3_1_i2v_s_fast_ultra_fl_4k
i2v 16:9 8 1-2 ultra 4k veo_3_1_i2v_s veo_3_1_i2v_s_fl
    veo_3_1_i2v_s_landscape_4k veo_3_1_i2v_s_4k veo_3_1_i2v_s_landscape_8s_4k veo_3_1_i2v_s_8s_4k
i2v 9:16 8 1-2 ultra 4k veo_3_1_i2v_s_portrait veo_3_1_i2v_s_portrait_fl
    veo_3_1_i2v_s_portrait_4k veo_3_1_i2v_s_portrait_8s_4k
i2v 16:9 4 1-2 ultra 4k veo_3_1_i2v_s_quality_4s veo_3_1_i2v_s_quality_4s_fl
    veo_3_1_i2v_s_landscape_4s_4k veo_3_1_i2v_s_4s_4k
i2v 9:16 4 1-2 ultra 4k veo_3_1_i2v_s_quality_4s veo_3_1_i2v_s_quality_4s_fl
    veo_3_1_i2v_s_portrait_4s_4k
i2v 16:9 6 1-2 ultra 4k veo_3_1_i2v_s_quality_6s veo_3_1_i2v_s_quality_6s_fl
    veo_3_1_i2v_s_landscape_6s_4k veo_3_1_i2v_s_6s_4k
i2v 9:16 6 1-2 ultra 4k veo_3_1_i2v_s_quality_6s veo_3_1_i2v_s_quality_6s_fl
    veo_3_1_i2v_s_portrait_6s_4k
r2v 9:16 8 0-3 free - veo_3_1_r2v_fast_portrait/veo_3_1_r2v_fast_portrait_ultra
    veo_3_1_r2v_fast_portrait veo_3_1_r2v_fast_portrait_8s
r2v 16:9 8 0-3 free - veo_3_1_r2v_fast_landscape/veo_3_1_r2v_fast_landscape_ultra
    veo_3_1_r2v_fast_landscape veo_3_1_r2v_fast veo_3_1_r2v_fast_landscape_8s veo_3_1_r2v_fast_8s
r2v 9:16 8 0-3 ultra - veo_3_1_r2v_fast_portrait_ultra
    veo_3_1_r2v_fast_portrait_ultra veo_3_1_r2v_fast_portrait_ultra_8s
r2v 16:9 8 0-3 ultra - veo_3_1_r2v_fast_landscape_ultra
    veo_3_1_r2v_fast_landscape_ultra veo_3_1_r2v_fast_ultra veo_3_1_r2v_fast_landscape_ultra_8s
    veo_3_1_r2v_fast_ultra_8s
r2v 9:16 8 0-3 ultra - veo_3_1_r2v_fast_portrait_ultra_relaxed
    veo_3_1_r2v_fast_portrait_ultra_relaxed veo_3_1_r2v_fast_portrait_ultra_relaxed_8s
r2v 16:9 8 0-3 ultra - veo_3_1_r2v_fast_landscape_ultra_relaxed
    veo_3_1_r2v_fast_landscape_ultra_relaxed veo_3_1_r2v_fast_ultra_relaxed
    veo_3_1_r2v_fast_landscape_ultra_relaxed_8s veo_3_1_r2v_fast_ultra_relaxed_8s
r2v 9:16 8 0-3 ultra 1080p veo_3_1_r2v_fast_portrait_ultra
    veo_3_1_r2v_fast_portrait_ultra_1080p
r2v 16:9 8 0-3 ultra 1080p veo_3_1_r2v_fast_landscape_ultra
    veo_3_1_r2v_fast_landscape_ultra_1080p veo_3_1_r2v_fast_ultra_1080p
r2v 9:16 8 0-3 ultra 4k veo_3_1_r2v_fast_portrait_ultra
    veo_3_1_r2v_fast_portrait_ultra_4k
r2v 16:9 8 0-3 ultra 4k veo_3_1_r2v_fast_landscape_ultra
    veo_3_1_r2v_fast_landscape_ultra_4k veo_3_1_r2v_fast_ultra_4k
omni 16:9 8 0-3 free - abra_t2v_8s abra_r2v_8s
    omni
omni 9:16 8 0-3 free - abra_t2v_8s abra_r2v_8s
    omni_portrait
extend 9:16 7 0-0 free - veo_3_1_extend_portrait
    veo_3_1_extend_portrait
extend 16:9 7 0-0 free - veo_3_1_extend_landscape
    veo_3_1_extend
"""

# An id that leaves the ratio open: itself, its landscape id, its portrait id, and the ids that stand for it with a resolution.
_OPEN = """
veo_3_1_t2v_fast veo_3_1_t2v_fast_landscape veo_3_1_t2v_fast_portrait
veo_3_1_t2v_fast_4s veo_3_1_t2v_fast_4s veo_3_1_t2v_fast_portrait_4s
veo_3_1_t2v_fast_6s veo_3_1_t2v_fast_6s veo_3_1_t2v_fast_portrait_6s
veo_3_1_t2v_fast_8s veo_3_1_t2v_fast_8s veo_3_1_t2v_fast_portrait_8s
veo_3_1_t2v_fast_ultra veo_3_1_t2v_fast_ultra veo_3_1_t2v_fast_portrait_ultra
veo_3_1_t2v_fast_ultra_relaxed veo_3_1_t2v_fast_ultra_relaxed veo_3_1_t2v_fast_portrait_ultra_relaxed
veo_3_1_t2v veo_3_1_t2v_landscape veo_3_1_t2v_portrait 1080p=veo_3_1_t2v_1080p 4k=veo_3_1_t2v_4k
veo_3_1_t2v_4s veo_3_1_t2v_4s veo_3_1_t2v_portrait_4s 1080p=veo_3_1_t2v_4s_1080p 4k=veo_3_1_t2v_4s_4k
veo_3_1_t2v_6s veo_3_1_t2v_6s veo_3_1_t2v_portrait_6s 1080p=veo_3_1_t2v_6s_1080p 4k=veo_3_1_t2v_6s_4k
veo_3_1_t2v_8s veo_3_1_t2v_8s veo_3_1_t2v_portrait_8s 1080p=veo_3_1_t2v_8s_1080p 4k=veo_3_1_t2v_8s_4k
veo_3_1_t2v_4s_4k veo_3_1_t2v_4s_4k veo_3_1_t2v_portrait_4s_4k
veo_3_1_t2v_4s_1080p veo_3_1_t2v_4s_1080p veo_3_1_t2v_portrait_4s_1080p
veo_3_1_t2v_6s_4k veo_3_1_t2v_6s_4k veo_3_1_t2v_portrait_6s_4k
veo_3_1_t2v_6s_1080p veo_3_1_t2v_6s_1080p veo_3_1_t2v_portrait_6s_1080p
veo_3_1_t2v_8s_4k veo_3_1_t2v_8s_4k veo_3_1_t2v_portrait_8s_4k
veo_3_1_t2v_8s_1080p veo_3_1_t2v_8s_1080p veo_3_1_t2v_portrait_8s_1080p
veo_3_1_t2v_4k veo_3_1_t2v_4k veo_3_1_t2v_portrait_4k
veo_3_1_t2v_1080p veo_3_1_t2v_1080p veo_3_1_t2v_portrait_1080p
veo_3_1_t2v_lite veo_3_1_t2v_lite_landscape veo_3_1_t2v_lite_portrait
veo_3_1_t2v_lite_4s veo_3_1_t2v_lite_4s_landscape veo_3_1_t2v_lite_4s_portrait
veo_3_1_t2v_lite_6s veo_3_1_t2v_lite_6s_landscape veo_3_1_t2v_lite_6s_portrait
veo_3_1_t2v_lite_8s veo_3_1_t2v_lite_8s_landscape veo_3_1_t2v_lite_8s_portrait
omni omni omni_portrait
veo_3_1_i2v_s_fast_fl veo_3_1_i2v_s_fast_fl veo_3_1_i2v_s_fast_portrait_fl
veo_3_1_i2v_s_fast_4s_fl veo_3_1_i2v_s_fast_4s_fl veo_3_1_i2v_s_fast_portrait_4s_fl
veo_3_1_i2v_s_fast_6s_fl veo_3_1_i2v_s_fast_6s_fl veo_3_1_i2v_s_fast_portrait_6s_fl
veo_3_1_i2v_s_fast_8s_fl veo_3_1_i2v_s_fast_8s_fl veo_3_1_i2v_s_fast_portrait_8s_fl
veo_3_1_i2v_s_fast_ultra_fl veo_3_1_i2v_s_fast_ultra_fl veo_3_1_i2v_s_fast_portrait_ultra_fl
veo_3_1_i2v_s_fast_ultra_relaxed veo_3_1_i2v_s_fast_ultra_relaxed veo_3_1_i2v_s_fast_portrait_ultra_relaxed
veo_3_1_i2v_s veo_3_1_i2v_s_landscape veo_3_1_i2v_s_portrait 1080p=veo_3_1_i2v_s_1080p 4k=veo_3_1_i2v_s_4k
veo_3_1_i2v_s_4s veo_3_1_i2v_s_4s veo_3_1_i2v_s_portrait_4s 1080p=veo_3_1_i2v_s_4s_1080p 4k=veo_3_1_i2v_s_4s_4k
veo_3_1_i2v_s_6s veo_3_1_i2v_s_6s veo_3_1_i2v_s_portrait_6s 1080p=veo_3_1_i2v_s_6s_1080p 4k=veo_3_1_i2v_s_6s_4k
veo_3_1_i2v_s_8s veo_3_1_i2v_s_8s veo_3_1_i2v_s_portrait_8s 1080p=veo_3_1_i2v_s_8s_1080p 4k=veo_3_1_i2v_s_8s_4k
veo_3_1_i2v_s_4s_4k veo_3_1_i2v_s_4s_4k veo_3_1_i2v_s_portrait_4s_4k
veo_3_1_i2v_s_4s_1080p veo_3_1_i2v_s_4s_1080p veo_3_1_i2v_s_portrait_4s_1080p
veo_3_1_i2v_s_6s_4k veo_3_1_i2v_s_6s_4k veo_3_1_i2v_s_portrait_6s_4k
veo_3_1_i2v_s_6s_1080p veo_3_1_i2v_s_6s_1080p veo_3_1_i2v_s_portrait_6s_1080p
veo_3_1_i2v_s_8s_4k veo_3_1_i2v_s_8s_4k veo_3_1_i2v_s_portrait_8s_4k
veo_3_1_i2v_s_8s_1080p veo_3_1_i2v_s_8s_1080p veo_3_1_i2v_s_portrait_8s_1080p
veo_3_1_i2v_s_4k veo_3_1_i2v_s_4k veo_3_1_i2v_s_portrait_4k
veo_3_1_i2v_s_1080p veo_3_1_i2v_s_1080p veo_3_1_i2v_s_portrait_1080p
veo_3_1_i2v_lite veo_3_1_i2v_lite_landscape veo_3_1_i2v_lite_portrait
veo_3_1_i2v_lite_4s veo_3_1_i2v_lite_4s_landscape veo_3_1_i2v_lite_4s_portrait
veo_3_1_i2v_lite_6s veo_3_1_i2v_lite_6s_landscape veo_3_1_i2v_lite_6s_portrait
veo_3_1_i2v_lite_8s veo_3_1_i2v_lite_8s_landscape veo_3_1_i2v_lite_8s_portrait
veo_3_1_interpolation_lite veo_3_1_interpolation_lite_landscape veo_3_1_interpolation_lite_portrait
veo_3_1_interpolation_lite_4s veo_3_1_interpolation_lite_4s_landscape veo_3_1_interpolation_lite_4s_portrait
veo_3_1_interpolation_lite_6s veo_3_1_interpolation_lite_6s_landscape veo_3_1_interpolation_lite_6s_portrait
veo_3_1_interpolation_lite_8s veo_3_1_interpolation_lite_8s_landscape veo_3_1_interpolation_lite_8s_portrait
veo_3_1_r2v_fast veo_3_1_r2v_fast veo_3_1_r2v_fast_portrait
veo_3_1_r2v_fast_8s veo_3_1_r2v_fast_8s veo_3_1_r2v_fast_portrait_8s
veo_3_1_r2v_fast_ultra veo_3_1_r2v_fast_ultra veo_3_1_r2v_fast_portrait_ultra
veo_3_1_r2v_fast_ultra_8s veo_3_1_r2v_fast_ultra_8s veo_3_1_r2v_fast_portrait_ultra_8s
veo_3_1_r2v_fast_ultra_relaxed veo_3_1_r2v_fast_ultra_relaxed veo_3_1_r2v_fast_portrait_ultra_relaxed
veo_3_1_r2v_fast_ultra_relaxed_8s veo_3_1_r2v_fast_ultra_relaxed_8s veo_3_1_r2v_fast_portrait_ultra_relaxed_8s
veo_3_1_extend veo_3_1_extend veo_3_1_extend_portrait
"""


def _facts() -> list[Fact]:
    found: list[Fact] = []
    head: list[str] = []
    for line in _FACTS.strip().splitlines():
        if not line.startswith(" "):
            head = line.split()
            continue
        mode, ratio, seconds, inputs, tier, upscale, *keys = head
        least, most = inputs.split("-")
        pairs = tuple((key.partition("/")[0], key.rpartition("/")[2]) for key in keys)
        rest = (mode, ratio, int(seconds), (int(least), int(most)), tier, None if upscale == "-" else upscale, pairs)
        found += [Fact(name, *rest) for name in line.split()]
    return found


FACTS = _facts()


class Open(NamedTuple):
    """An id that follows a ratio and a resolution of the request."""

    name: str
    landscape: str
    portrait: str
    sizes: dict[str, str]


OPEN = [
    Open(name, landscape, portrait, dict(pair.split("=") for pair in sizes))
    for name, landscape, portrait, *sizes in map(str.split, _OPEN.strip().splitlines())
]

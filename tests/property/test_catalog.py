"""Whatever a caller writes, the catalogue answers with a generation that its model can make, or with a failure that names a field."""

from hypothesis import given
from hypothesis import strategies as st

from flow2api.domain.catalog import Catalog, Wish
from flow2api.domain.job import Generation, Source
from flow2api.errors import Code, Failure

CATALOG = Catalog.load(None)
NAMES = [model.id for model in CATALOG.models()]
SIDES = st.integers(1, 20_000)
WORDS = st.none() | st.text(max_size=20) | st.sampled_from(["auto", "2K", "4k", "16:9", "3/4", "square", "512x512"])
WISHES = st.builds(
    Wish,
    model=st.sampled_from(NAMES) | st.text(),
    prompt=st.text(),
    pictures=st.lists(st.just("a.png"), max_size=12).map(tuple),
    picture_sizes=st.lists(st.tuples(SIDES, SIDES), max_size=3).map(tuple),
    aspect_ratio=WORDS,
    size=WORDS | st.builds(lambda width, height: f"{width}x{height}", SIDES, SIDES),
    resolution=WORDS,
    quality=WORDS,
    seconds=st.none() | st.integers() | st.sampled_from([4, 6, 7, 8]),
    n=st.none() | st.integers(),
    seed=st.none() | st.integers(),
    source=st.none() | st.builds(Source, media_id=st.text(), aspect_ratio=st.none() | st.sampled_from(["9:16", "x"])),
)


def outcome(wish: Wish) -> Generation | Failure:
    try:
        return CATALOG.resolve(wish)
    except Failure as failure:
        return failure


@given(WISHES)
def test_a_wish_is_resolved_or_refused_with_the_field_at_fault(wish: Wish) -> None:
    generation = outcome(wish)
    if isinstance(generation, Failure):
        assert generation.code in (Code.MODEL_NOT_FOUND, Code.INVALID_VALUE, Code.MISSING_REQUIRED_PARAMETER)
        fields = {"model", "aspect_ratio", "size", "resolution", "seconds", "n", "seed", "image", "video"}
        assert generation.param in fields
        return
    model = CATALOG.get(wish.model)
    assert model is not None
    assert generation.aspect_ratio in model.ratios
    assert generation.upscale is None or generation.upscale in model.upscales
    assert generation.seconds is None or generation.seconds in model.seconds
    assert 1 <= generation.count <= model.max_count


@given(WISHES)
def test_what_was_resolved_resolves_to_itself_by_its_exact_id(wish: Wish) -> None:
    generation = outcome(wish)
    if isinstance(generation, Failure):
        return
    again = Wish(
        model=generation.model,
        prompt=wish.prompt,
        pictures=wish.pictures,
        n=wish.n,
        seed=wish.seed,
        source=wish.source,
    )
    assert CATALOG.resolve(again) == generation


@given(SIDES, SIDES)
def test_turning_a_size_turns_the_ratio(width: int, height: int) -> None:
    def ratio(size: str) -> str:
        return CATALOG.resolve(Wish(model="gemini-3.1-flash-image", prompt="x", size=size)).aspect_ratio

    turned = ":".join(reversed(ratio(f"{height}x{width}").split(":")))
    assert ratio(f"{width}x{height}") == turned

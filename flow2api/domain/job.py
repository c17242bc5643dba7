"""A job: one generation from request to stored result, and the table of moves it may make.

Pure data and pure functions. Times are Unix seconds (UTC) as floats. A job outlives the request that made it and the process.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Literal

import msgspec

from flow2api.domain.tier import Tier
from flow2api.errors import Code, Failure


class JobState(StrEnum):
    """Where a job stands. Only `QUEUED`, `SUBMITTING`, `RUNNING`, `FETCHING` and the final three are written to disk."""

    QUEUED = "queued"
    STARTING = "starting"
    SUBMITTING = "submitting"
    RUNNING = "running"
    FETCHING = "fetching"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


_S = JobState

# queued      waits for an account
# starting    has an account: login, uploads, captcha; still free of charge
# submitting  the paid call is out; until it answers nobody knows whether it was accepted
# running     the upstream works on it and gave us a handle
# fetching    the upstream is done; results are being enlarged and brought to disk
TRANSITIONS: dict[JobState, frozenset[JobState]] = {
    _S.QUEUED: frozenset({_S.STARTING, _S.FAILED, _S.CANCELLED}),
    _S.STARTING: frozenset({_S.SUBMITTING, _S.QUEUED, _S.FAILED, _S.CANCELLED}),
    _S.SUBMITTING: frozenset({_S.RUNNING, _S.FETCHING, _S.QUEUED, _S.FAILED}),
    # A clip's enlargement is a second paid call.
    _S.RUNNING: frozenset({_S.SUBMITTING, _S.FETCHING, _S.FAILED, _S.CANCELLED}),
    _S.FETCHING: frozenset({_S.SUCCEEDED, _S.FAILED}),
    _S.SUCCEEDED: frozenset(),
    _S.FAILED: frozenset(),
    _S.CANCELLED: frozenset(),
}

_ID = re.compile(r"job_([0-9a-f]{12})[0-9a-f]{20}")

FINAL = frozenset(state for state, moves in TRANSITIONS.items() if not moves)


Size = Literal["480p", "580p", "720p", "768p", "1080p", "1k", "2k", "4k"]
"""A class of size. Some providers make it at once, with others it is a second step after the generation."""
OptionValue = str | bool | int | float
Mode = Literal["image", "t2v", "i2v", "r2v", "extend"]
"""What a result is made from: a picture, or a clip from text, from its first (and last) frame, from reference pictures, or from
the clip that it continues."""


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A clip that a generation continues. Only the account that made it can do that."""

    media_id: str
    """The provider's id of the clip, as in `Made`."""
    account_id: str | None = None
    """The account that owns it, None where that is not known."""
    aspect_ratio: str | None = None
    seconds: int | None = None
    whole_seconds: float | None = None
    """How long the file is that goes on, with all that came before; None where that is not known."""
    context: str = ""
    """`Made.context` of the clip."""
    before: "Source | None" = None
    """What this clip continues itself, if what is to go on are both in one."""


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """One way to make something: at which provider, with which of its models, in what shape and at what price."""

    provider: str
    upstream_model: str
    """The provider's own model key; ask `upstream_key` for the one that an account needs."""
    aspect_ratio: str
    """Public ratio such as `16:9`; the provider maps it to its wire form."""
    count: int = 1
    seed: int | None = None
    upscale: Size | None = None
    """A size class that takes a second step after the generation."""
    resolution: Size | None = None
    """A size class that the provider makes at once; None for its usual one."""
    min_tier: Tier = Tier.FREE
    credits: int = 0
    """What it costs on the account with all its steps, as far as known; ask `price` for what it costs a certain one."""
    mode: Mode = "image"
    seconds: int | None = None
    """Length of a clip, None for pictures."""
    upscale_credits: int = 0
    """The share of `credits` that the enlargement costs."""
    tier_models: Mapping[Tier, str] = {}
    """Keys that accounts of these tiers need in place of `upstream_model`."""
    tier_credits: Mapping[Tier, int] = {}
    """Prices for accounts of these tiers, where they differ from `credits`."""
    warnings: tuple[str, ...] = ()
    """What was asked for and left out, since the model does not take it; for the caller to read."""
    options: Mapping[str, OptionValue] = {}
    """Further parameters, by the names that callers have for them, checked against the model's table."""
    option_names: Mapping[str, str] = {}
    """The provider's own names for some of them, by those of callers."""
    how: Mapping[str, Any] = {}
    """What the provider must know of its model, as the catalogue has it; nobody else reads it."""
    group: str = ""
    """The group of accounts that may serve it; empty for all of the provider."""
    order: int = 1
    """Ways of a lower order come first; the next order is for when none of them can serve."""
    weight: int = 1
    """The share of this way among those of the same order."""

    @property
    def route(self) -> str:
        """What the way is called where people read of it."""
        group = f"@{self.group}" if self.group else ""
        return f"{self.provider}{group}/{self.upstream_model}"


class Generation(Way, frozen=True, kw_only=True):
    """What a caller asked for, resolved by the catalogue into what to ask which provider for."""

    model: str
    """Public model id, as the catalogue lists it."""
    kind: Literal["image", "video"]
    prompt: str
    inputs: tuple[str, ...] = ()
    """Names of stored media files that serve as input pictures, in the caller's order."""
    mask: str | None = None
    """Name of the stored mask for the first of `inputs`: what can be seen through in it is to change."""
    source: Source | None = None
    """The clip to continue, for the mode `extend`."""
    ways: tuple[Way, ...] = ()
    """All ways that it may go, where there are several. Its own fields are those of the one that it went, or else may go first."""


def ways_of(generation: Generation) -> tuple[Generation, ...]:
    """The generation on each of its ways, in the order in which they are to be tried."""
    return tuple(taken(generation, way) for way in generation.ways) or (generation,)


def taken(generation: Generation, way: Way) -> Generation:
    """The generation on one of its ways."""
    return msgspec.structs.replace(generation, **{name: getattr(way, name) for name in Way.__struct_fields__})


def upstream_key(generation: Generation, tier: Tier) -> str:
    """The provider's model key for an account of this tier."""
    return generation.tier_models.get(tier, generation.upstream_model)


def price(generation: Generation, tier: Tier) -> int:
    """The credits that an account of this tier pays, as far as known."""
    return generation.tier_credits.get(tier, generation.credits)


def enlargement(generation: Generation) -> Generation:
    """What the second step alone asks of an account: the same, at the price of the enlargement."""
    return msgspec.structs.replace(generation, credits=generation.upscale_credits, tier_credits={}, ways=())


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that the upstream made: enough to fetch it again after a restart."""

    media_id: str
    """The provider's id, needed for follow-up work on the account that owns it."""
    url: str | None = None
    """A link that can be fetched without credentials, for a limited time."""
    width: int = 0
    height: int = 0
    context: str = ""
    """Provider-private rest (project, session), opaque to everyone else."""
    file: str | None = None
    """The stored file of a result that came as bytes."""


class JobError(msgspec.Struct, frozen=True, kw_only=True):
    """Why a job failed: the fields of a `Failure`, and what could be saved of the result all the same."""

    code: Code
    message: str
    param: str | None = None
    retry_after_seconds: float | None = None
    reason: str | None = None
    originals: tuple[str, ...] = ()
    """Stored files that exist although the job failed, e.g. the picture whose enlargement was not delivered."""
    stopped: bool | None = None
    """Of a job that was cancelled while the provider worked on it: whether the provider took the order to stop."""

    @classmethod
    def of(cls, failure: Failure, originals: tuple[str, ...] = ()) -> "JobError":
        return cls(
            code=failure.code,
            message=failure.message,
            param=failure.param,
            retry_after_seconds=failure.retry_after_seconds,
            reason=failure.reason,
            originals=originals,
        )

    def failure(self) -> Failure:
        return Failure(
            self.code,
            self.message,
            param=self.param,
            retry_after_seconds=self.retry_after_seconds,
            reason=self.reason,
        )


class Hook(msgspec.Struct, frozen=True):
    """Whom to tell of the end of a job."""

    url: str
    """May hold a token of its owner."""
    base: str
    """Under which address of ours the caller knows us, for links."""

    def __repr__(self) -> str:
        return f"Hook(base={self.base!r})"


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller lays down for its job beyond the generation."""

    start_seconds: float | None = None
    """The paid call must go out within this time, or never."""
    total_seconds: float | None = None
    """The generation must be done within this time."""
    metadata: Mapping[str, str] = {}
    shown: Mapping[str, OptionValue] = {}
    """As `Job.shown`."""
    remix_of: str | None = None
    """The job of which this is a variation."""
    hook: Hook | None = None


NO_TERMS = Terms()


class Idempotency(msgspec.Struct, frozen=True):
    """A caller's own key for a request, and a digest of the request's body, so that a changed body is noticed."""

    key: str
    digest: str


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One job as it is stored. Changed only through `move`."""

    id: str
    state: JobState
    generation: Generation
    caller: str
    """Id of the API key that asked."""
    origin: str = "chat"
    asked: str = ""
    """The name by which the caller asked for the model: an id, an alias, or that of which the model is a form. Empty in old records."""
    request_id: str = ""
    created_at: float
    updated_at: float
    queue_deadline: float
    deadline: float
    """When the generation must be done, fixed at submit; restarts and retries do not extend it."""
    remix_of: str | None = None
    """The job of which this is a variation."""
    detached: bool = False
    """A detached job runs on when its caller leaves; any other is cancelled if it was not submitted yet."""
    idempotency: Idempotency | None = None
    digest: str = ""
    """Of the request that asked for it, so that a repeat of an SDK is known; empty where there was none."""
    metadata: Mapping[str, str] = {}
    """The caller's own notes."""
    shown: Mapping[str, OptionValue] = {}
    """How the caller wants to see what comes of it, in words of the dialect by which it came; nobody else reads them."""
    start_by: float | None = None
    """The caller's own limit for the time until the paid call goes out; then `queue_deadline` is no later than this."""
    crashes: int = 0
    """How many crashes of other parts it was involved in."""
    account_id: str | None = None
    submits: int = 0
    """How many times the paid call went out (after a definite refusal it may go out again)."""
    price: int | None = None
    """The credits that the account pays for the call that went out; None while none is out."""
    made: tuple[Made, ...] = ()
    originals: tuple[Made, ...] = ()
    """What the first paid step made, once a second one has gone out; `made` is then the second's."""
    results: tuple[str, ...] = ()
    """Names of the stored result files."""
    error: JobError | None = None
    submitted_at: float | None = None
    finished_at: float | None = None

    @property
    def final(self) -> bool:
        return self.state in FINAL

    @property
    def name(self) -> str:
        """What the caller calls the model."""
        return self.asked or self.generation.model


def born_at(job_id: str) -> float | None:
    """When a job of this id was made, to the millisecond: ids begin with it. None for what no job is called."""
    found = _ID.fullmatch(job_id)
    return int(found[1], 16) / 1000 if found else None


def move(job: Job, state: JobState, now: float, **changes: object) -> Job:
    """The job in its new state.

    Raises:
        ValueError: the table does not allow the move; that is a bug of the caller, never of the outside world.
    """
    if state not in TRANSITIONS[job.state]:
        raise ValueError(f"job {job.id} cannot go from {job.state} to {state}")
    if state in FINAL:
        changes["finished_at"] = now
    return msgspec.structs.replace(job, state=state, updated_at=now, **changes)


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """What a watcher of a job sees: the job and what is happening to it right now."""

    job: Job
    position: int | None = None
    """Place in the queue, 1 is next; None when not queued."""
    stage: str = ""
    """Machine word for the step inside a state: waiting, signing_in, uploading, captcha, generating, upscaling, saving."""
    account: str | None = None
    """Label of the account that serves it."""
    percent: int | None = None
    """How much of the provider's work is done, where it says so."""
    note: str = ""
    """What the provider tells of its work: its queue, or the last line of its log."""

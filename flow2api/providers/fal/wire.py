"""What fal.ai's queue and storage answer, as far as it is read. Everything that is not read may change without notice."""

import msgspec

WAITING, RUNNING, COMPLETED = "IN_QUEUE", "IN_PROGRESS", "COMPLETED"


class Submitted(msgspec.Struct, frozen=True):
    """A request was taken in. Its links are used as they come: they do not follow from the endpoint."""

    request_id: str
    status_url: str
    response_url: str
    cancel_url: str


class Line(msgspec.Struct, frozen=True):
    """One line of a runner's log."""

    message: str | None = None


class Status(msgspec.Struct, frozen=True):
    """How a request stands."""

    status: str
    queue_position: int | None = None
    """How many stand before it."""
    logs: list[Line] | None = None
    error: str | None = None
    error_type: str | None = None


class File(msgspec.Struct, frozen=True):
    """A result, under a link that needs no key."""

    url: str
    width: int | None = None
    height: int | None = None


class Result(msgspec.Struct, frozen=True):
    """What a request made: pictures, a single one, or a clip."""

    images: list[File] = []
    image: File | None = None
    video: File | None = None
    has_nsfw_concepts: list[bool] | None = None


class Upload(msgspec.Struct, frozen=True):
    """Where to bring a file, and where it will then be found."""

    upload_url: str
    file_url: str


class Credits(msgspec.Struct, frozen=True):
    current_balance: float


class Billing(msgspec.Struct, frozen=True):
    """What is left, in dollars."""

    credits: Credits | None = None

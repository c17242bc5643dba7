"""What a request for pictures holds, whether it came as JSON or as a form: fields, pictures, and how the answer is to look.

Lenient about what is not understood and strict about what is: a value that cannot be meant is refused with its field. Pure data
but for the reading of forms.
"""

from collections.abc import Sequence
from typing import NamedTuple, cast, get_args

from flow2api.api import forms
from flow2api.api.exchange import GatewayRequest
from flow2api.api.inputs import Given, Reference, Upload
from flow2api.api.openai.picture_fields import Named, Pictures, references
from flow2api.api.wire import convert, decode, decoder, weigh
from flow2api.api.wishes import Request
from flow2api.domain.job import OptionValue
from flow2api.domain.model import Model
from flow2api.domain.rendition import Format, Rendition
from flow2api.errors import Code, Failure

MAX_PARTIALS = 3
# What older programs call it.
_SPELLED = {"jpg": "jpeg"}
# These two names came with links when they were new, and programs that ask for them by name still read nothing else.
LINKS_BY_DEFAULT = frozenset({"dall-e-2", "dall-e-3"})


class ImagesRequest(Request, kw_only=True):
    """The body of all routes for pictures."""

    model: str | None = None  # type: ignore[assignment]
    prompt: str | None = None
    image: Pictures | None = None
    images: Pictures | None = None
    mask: Named | str | None = None
    markup: Named | str | None = None
    response_format: str | None = None
    output_format: str | None = None
    output_compression: int | None = None
    background: str | None = None
    stream: bool | None = None
    partial_images: int | None = None


class Sheet(NamedTuple):
    """A request, taken apart."""

    asked: ImagesRequest
    pictures: Sequence[Given]
    mask: Given | None
    markup: Given | None


class Delivery(NamedTuple):
    """How the caller wants to have pictures."""

    links: bool
    """As links, else as base64."""
    rendition: Rendition | None
    """None: as they were made."""

    @classmethod
    def of(cls, asked: ImagesRequest) -> "Delivery":
        """What the request says.

        Raises:
            Failure: one of its fields holds nothing that is known."""
        usual = "url" if asked.model in LINKS_BY_DEFAULT and not asked.stream else "b64_json"
        form = _one_of("response_format", asked.response_format or usual, ("b64_json", "url"))
        return cls(form == "url", rendition(asked.output_format, asked.output_compression))


def rendition(format: str | None, compression: int | None) -> Rendition | None:
    """The form of the file that a request names.

    Raises:
        Failure: there is no such form."""
    quality = 100 if compression is None else compression
    if not 0 <= quality <= 100:
        message = f"output_compression must be a number from 0 to 100; {str(compression)[:20]} was given."
        raise Failure(Code.INVALID_VALUE, message, param="output_compression")
    if not format:
        return None
    word = _one_of("output_format", _SPELLED.get(format.lower(), format.lower()), get_args(Format))
    return Rendition(cast("Format", word), quality)


def check_partials(wanted: int | None, param: str = "partial_images") -> None:
    """Refuse a number of partial pictures that cannot be meant.

    Raises:
        Failure: so it is."""
    if not 0 <= (wanted or 0) <= MAX_PARTIALS:
        raise Failure(Code.INVALID_VALUE, f"{param} must be a number from 0 to {MAX_PARTIALS}.", param=param)


def ground(model: Model, background: str | None) -> dict[str, OptionValue]:
    """The background as an option of a model that has a choice of it.

    Raises:
        Failure: the model cannot make it; a picture without it would be of no use."""
    word = _one_of("background", background or "auto", ("auto", "opaque", "transparent"))
    if "background" in model.options:
        return {} if word == "auto" else {"background": word}
    if word == "transparent":
        message = f"{model.id} makes no transparent backgrounds; leave background out, or ask for `opaque`."
        raise Failure(Code.UNSUPPORTED_OPERATION, message, param="background")
    return {}


async def read(request: GatewayRequest, body: bytes | bytearray) -> Sheet:
    """The request in a body of either form.

    Raises:
        Failure: it cannot be read, or a field is of the wrong type."""
    if forms.is_form(request):
        return _of_form(await forms.read(request, body))
    await weigh(body)
    asked = decode(body, _decoder)
    pictures = [*references("image", asked.image), *references("images", asked.images)]
    mask, markup = (next(references(param, getattr(asked, param)), None) for param in ("mask", "markup"))
    return Sheet(asked, pictures, mask, markup)


def _of_form(form: forms.Form) -> Sheet:
    """Pictures may stand in a form as files and as links."""
    files = [Upload(file.data, "image") for name in ("image", "images") for file in form.files_of(name)]
    links = [Reference(url, "image") for name in ("image", "images") for url in form.all(name)]
    fields = {name: value for name, value in form.values().items() if name not in ("image", "images")}
    asked = convert(fields, ImagesRequest)
    mask, markup = (_layer(form, param, getattr(asked, param)) for param in ("mask", "markup"))
    return Sheet(asked, [*files, *links], mask, markup)


def _layer(form: forms.Form, param: str, named: Pictures | None) -> Given | None:
    """What lies over the first picture: a file, or a picture by its address."""
    given: list[Given] = [Upload(file.data, param) for file in form.files_of(param)]
    given += references(param, named)
    return given[0] if given else None


def _one_of(param: str, value: str, words: Sequence[str]) -> str:
    if value not in words:
        message = f"{param} must be one of {', '.join(words)}; {value[:80]!r} was given."
        raise Failure(Code.INVALID_VALUE, message, param=param)
    return value


_decoder = decoder(ImagesRequest)

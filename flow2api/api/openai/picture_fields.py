"""Pictures as the fields of OpenAI's requests name them: an address, an object that holds one in any of several ways, or a list of both.

Pure data.
"""

import re
from collections.abc import Iterator

import msgspec

from flow2api.api.inputs import Reference
from flow2api.errors import Code, Failure

# Our own files go by the last part of their link.
_OWN_FILE = re.compile(r"[a-z2-7]{26}\.[a-z0-9]{3,4}")


class Address(msgspec.Struct):
    """The inner object of a picture."""

    url: str | None = None


class Named(msgspec.Struct):
    """A picture as an object."""

    image_url: Address | str | None = None
    url: str | None = None
    b64_json: str | None = None
    file_id: str | None = None

    def address(self, param: str) -> str:
        """Where the picture is found.

        Raises:
            Failure: nowhere."""
        inner = self.image_url.url if isinstance(self.image_url, Address) else self.image_url
        found = inner or self.url or (f"data:image/png;base64,{self.b64_json}" if self.b64_json else "")
        if found:
            return found
        if not self.file_id:
            raise Failure(Code.MISSING_REQUIRED_PARAMETER, f"{param} names no picture.", param=param)
        if not _OWN_FILE.fullmatch(self.file_id):
            message = f"{param}.file_id can only be the last part of a link under /media/; send the picture itself or its link."
            raise Failure(Code.UNSUPPORTED_OPERATION, message, param=param)
        return f"/media/{self.file_id}"


Pictures = Named | str | list[Named | str]


def references(param: str, pictures: Pictures | None) -> Iterator[Reference]:
    """The pictures that a field names, in order.

    Raises:
        Failure: one of them cannot be found."""
    for picture in pictures if isinstance(pictures, list) else [pictures]:
        if picture is not None and picture != "":
            yield Reference(picture.address(param) if isinstance(picture, Named) else picture, param)

"""Finding and fetching media: the redirect, the media call with the bytes inside, and the signed links themselves."""

import base64

from flow2api.emulator.exchange import Answer, Refused, json_answer, text_answer
from flow2api.emulator.media import Media
from flow2api.emulator.routing import Call, Route
from flow2api.emulator.state import State
from flow2api.emulator.video_models import VIDEO_ASPECTS

THUMBNAIL = "MEDIA_URL_TYPE_THUMBNAIL"
URL_TYPES = {"MEDIA_URL_TYPE_FULL_MEDIA", THUMBNAIL, "MEDIA_URL_TYPE_UNSPECIFIED"}


class Links:
    """Answers where media are, and serves them."""

    def __init__(self, state: State) -> None:
        self._state = state

    def routes(self) -> list[Route]:
        redirect = "/fx/api/trpc/media.getMediaUrlRedirect"
        return [
            Route(name="redirect", method="GET", path=redirect, side="labs", handle=self.redirect, open_to_all=True),
            Route(name="media", method="GET", path="/v1/media/*", side="api", handle=self.media),
            Route(name="download", method="GET", path="/image/*", side="cdn", handle=self.download, open_to_all=True),
            Route(name="download", method="GET", path="/video/*", side="cdn", handle=self.download, open_to_all=True),
        ]

    async def redirect(self, call: Call) -> Answer:
        """Lead to a signed link, for the owner's session only."""
        if call.account is None:
            return text_answer(401, "No session found")
        state, query = self._state, call.asked.query
        if query.get("mediaUrlType") not in URL_TYPES or not query.get("name"):
            raise Refused(400, "name and mediaUrlType are required")
        if state.knobs.redirect == "fault":
            raise Refused(500, "The link could not be made")
        if state.knobs.redirect == "login":
            return _lead_to(f"{call.asked.base}/fx/login")
        if state.knobs.redirect == "missing":
            raise Refused(404, "Media not found")
        media = state.finished_media(query["name"], call.account)
        until = state.now() + state.knobs.link_seconds
        thumbnail = query["mediaUrlType"] == THUMBNAIL
        return _lead_to(state.media.link(media, call.asked.base, until, thumbnail=thumbnail))

    async def media(self, call: Call) -> Answer:
        """A finished medium of the caller with its bytes inside the JSON."""
        media = self._state.finished_media(call.part, call.caller)
        encoded = base64.b64encode(await self._state.content(media)).decode()
        if media.kind == "video":
            return json_answer({"name": media.name, "video": {"encodedVideo": encoded} | _told_of(media)})
        image: dict[str, object] = {"encodedImage": encoded}
        if media.picture is not None:
            image |= {
                "seed": media.picture.seed,
                "prompt": media.picture.prompt,
                "modelNameType": media.picture.model,
            }
        return json_answer({"name": media.name, "image": image})

    async def download(self, call: Call) -> Answer:
        """What a signed link leads to; no credential is asked for."""
        path = call.asked.path
        media = self._state.media.by_link(path, call.asked.query, self._state.now())
        if media.kind == "video" and path.startswith("/image/"):
            return Answer(body=await self._state.thumbnail(media), mime="image/jpeg")
        return Answer(body=await self._state.content(media), mime=media.mime)


def _told_of(media: Media) -> dict[str, object]:
    clip = media.clip
    if clip is None:
        return {}
    told = {"seed": clip.seed, "prompt": clip.prompt, "model": clip.model}
    return told | {"aspectRatio": VIDEO_ASPECTS[clip.aspect]}


def _lead_to(url: str) -> Answer:
    return Answer(status=307, mime="text/plain", headers=(("Location", url),))

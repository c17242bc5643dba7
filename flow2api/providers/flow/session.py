"""One account's session at Flow: the way of an order from its pictures' upload to the paid call.

Owns the account's vault. Login and level lie in `access`, what follows an order in `followups`, what is particular to pictures and
to clips in `pictures` and `clips`. Decides nothing about rests, retries or other accounts.
"""

import math
import uuid
from collections.abc import Callable, Sequence

import trio
from msgspec.structs import replace

from flow2api.domain.failure import FailureKind, UpstreamFailure
from flow2api.domain.job import Generation, Made, upstream_key
from flow2api.providers.base import Balance, Begun, Identity, Order, Picture, Prepared
from flow2api.providers.flow import clip_answers, clips, pictures
from flow2api.providers.flow.access import Access
from flow2api.providers.flow.client import Client
from flow2api.providers.flow.followups import LOOKUP_SECONDS, FollowUps
from flow2api.providers.flow.place import Place, context_of, place_of
from flow2api.providers.flow.projects import ProjectPool
from flow2api.providers.flow.uploads import Uploads
from flow2api.providers.flow.vault import Vault, dump


class FlowSession(FollowUps):
    """The `Session` of one Flow account."""

    def __init__(self, client: Client, vault: Vault, projects: Callable[[], int], clock: Callable[[], float]) -> None:
        super().__init__(client, Access(client, vault, clock))
        self._vault = vault
        self._clock = clock
        self._projects = ProjectPool(client, vault, projects, clock)
        self._uploads = Uploads(client, vault, clock)
        # Models that an order without pictures found missing, and since when: a project made later is proof that it is the model.
        self._doubted: dict[str, float] = {}

    def __repr__(self) -> str:
        return f"FlowSession({self._vault!r})"

    @property
    def identity(self) -> Identity:
        return Identity(email=self._vault.email, name=self._vault.name)

    @property
    def vault(self) -> bytes:
        self._uploads.prune()
        return dump(self._vault)

    @property
    def signed_in_until(self) -> float | None:
        return self._vault.access_until if self._vault.access_token else None

    async def sign_in(self) -> None:
        await self._access.sign_in()

    async def balance(self) -> Balance:
        return await self._access.balance()

    def bear(self, user_agent: str) -> None:
        self._client.bear(user_agent)

    async def prepare(self, order: Order) -> Prepared:
        """Choose a project and bring the pictures there. What was uploaded before a failure is kept for the next time."""
        generation = order.generation
        (pictures if generation.kind == "image" else clips).check(generation)
        session_id = f";{int(self._clock() * 1000)}"
        with self._access.calling():
            if generation.kind == "video":
                # The call names the account's level, and the level chooses the key.
                await self._access.tier()
            project_id, inputs = await self._placed(order, session_id)
        place = Place(project_id=project_id, session_id=session_id, batch_id=str(uuid.uuid4()), inputs=inputs)
        return Prepared(order=order, context=context_of(place))

    async def begin(self, prepared: Prepared, captcha_token: str) -> Begun:
        generation, place = prepared.order.generation, place_of(prepared.context)
        if generation.kind == "video" or generation.tier_models:
            generation = replace(generation, upstream_model=upstream_key(generation, await self._access.tier()))
        try:
            if generation.kind == "image":
                begun = await self._begin_pictures(generation, place, captcha_token)
            else:
                begun = await self._begin_clips(generation, place, captcha_token)
        except UpstreamFailure as failure:
            if failure.kind is FailureKind.MEDIA_GONE:
                raise self._missing(failure, generation, place) from failure
            raise
        self._doubted.pop(generation.upstream_model, None)
        return await self._with_links(begun) if begun.finished else begun

    async def enlarge(self, made: Made, upscale: str, captcha_token: str) -> bytes:
        request = pictures.enlargement(made, upscale, await self._access.marks(captcha_token))
        with self._access.calling() as token:
            return await self._client.upsample_image(token, request)

    async def _begin_pictures(self, generation: Generation, place: Place, captcha_token: str) -> Begun:
        with self._access.calling() as token:
            answer = await self._client.generate_images(token, pictures.order(generation, place, captcha_token))
        return pictures.read(answer, generation, place)

    async def _begin_clips(self, generation: Generation, place: Place, captcha_token: str) -> Begun:
        way, request = clips.order(generation, place, await self._access.marks(captcha_token))
        with self._access.calling() as token:
            answer = await self._client.clips.begin(token, way, request)
        return clip_answers.begun(answer, generation.count, place)

    async def _with_links(self, begun: Begun) -> Begun:
        """The pictures with their links looked up where the answer left one out."""
        made = list(begun.made)
        with trio.move_on_after(LOOKUP_SECONDS):
            for index, each in enumerate(made):
                made[index] = await self._with_link(each)
        return replace(begun, made=tuple(made))

    async def _placed(self, order: Order, session_id: str) -> tuple[str, tuple[str, ...]]:
        """A project and the media ids of the order's pictures in it; a project that turns out to have vanished is replaced once."""
        inputs: Sequence[Picture] = order.pictures
        project_id = clips.home_of(order.generation) or self._uploads.home_of(inputs) or await self._projects.take()
        try:
            return project_id, await self._uploads.put(project_id, inputs, session_id)
        except UpstreamFailure as failure:
            if failure.kind is not FailureKind.MEDIA_GONE:
                raise
        self._projects.drop(project_id)
        project_id = await self._projects.create()
        return project_id, await self._uploads.put(project_id, inputs, session_id)

    def _missing(self, failure: UpstreamFailure, generation: Generation, place: Place) -> UpstreamFailure:
        """What "not found" to an order means, and what is forgotten for it.

        With input pictures it is taken for an upload that ended, with a clip to extend for that clip. Without, either the project
        vanished or the model is not known. The answer does not tell, so the next try goes to a new project; what is missing there
        as well is the model."""
        model = generation.upstream_model
        if generation.source is not None:
            return _refused(
                failure, "Flow no longer knows the clip that was to be extended, or another account made it."
            )
        if place.inputs:
            self._uploads.forget(place.project_id, place.inputs)
            return failure
        since = self._doubted.setdefault(model, math.inf)
        if self._projects.made_at(place.project_id) >= since:
            self._doubted[model] = -math.inf
            return _refused(failure, f"Flow does not know the model {model}, or this account may not see it.")
        self._doubted[model] = min(since, self._clock())
        self._projects.drop(place.project_id)
        return failure


def _refused(failure: UpstreamFailure, message: str) -> UpstreamFailure:
    """The failure in the light of what else is known: asking again does not help."""
    return UpstreamFailure(FailureKind.REQUEST_REJECTED, message, status=failure.status, reason=failure.reason)

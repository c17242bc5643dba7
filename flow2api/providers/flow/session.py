"""One account's session at Flow: login, credits, and the way of an order from upload to enlargement.

Owns the account's vault and keeps it free of another person's login. Decides nothing about rests, retries or other accounts. What
is particular to pictures lies in `pictures`; clips take the same way with their own module.
"""

import math
import uuid
from collections.abc import Callable, Sequence

from flow2api.domain.failure import FailureKind, UpstreamFailure
from flow2api.domain.job import Generation, Made
from flow2api.domain.tier import Tier
from flow2api.providers.base import Balance, Begun, Identity, Order, Picture, Prepared
from flow2api.providers.flow import cookies, pictures, wire
from flow2api.providers.flow.client import Client
from flow2api.providers.flow.login import read_login
from flow2api.providers.flow.pictures import Marks, Place
from flow2api.providers.flow.projects import ProjectPool
from flow2api.providers.flow.uploads import Uploads
from flow2api.providers.flow.vault import Vault, dump

TIERS = {
    "PAYGATE_TIER_NOT_PAID": Tier.FREE,
    "PAYGATE_TIER_ONE": Tier.PRO,
    "PAYGATE_TIER_TWO": Tier.ULTRA,
}


class FlowSession:
    """The `Session` of one Flow account."""

    def __init__(self, client: Client, vault: Vault, projects: int, clock: Callable[[], float]) -> None:
        self._client = client
        self._vault = vault
        self._clock = clock
        self._projects = ProjectPool(client, vault, projects, clock)
        self._uploads = Uploads(client, vault, clock)
        self._paygate_tier: str | None = None
        self._balance_known = False
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
        """Get a new access token; a failure leaves everything as it was."""
        vault = self._vault
        reply = await self._client.session(vault.session_token)
        login = read_login(reply.answer, self._clock())
        if vault.email and login.email and vault.email.casefold() != login.email.casefold():
            raise UpstreamFailure(
                FailureKind.WRONG_ACCOUNT,
                f"The session cookie belongs to {login.email}, but this account is {vault.email}; paste its own cookie.",
                status=200,
            )
        vault.session_token = cookies.renewed_token(reply.set_cookies) or vault.session_token
        vault.access_token, vault.access_until = login.access_token, login.access_until
        vault.email, vault.name = login.email or vault.email, login.name or vault.name

    async def balance(self) -> Balance:
        token = self._token()
        try:
            answer = await self._client.credits(token)
        except UpstreamFailure as failure:
            self._note(failure, token)
            raise
        self._paygate_tier = wire.text(answer.user_paygate_tier)
        self._balance_known = True
        return Balance(credits=wire.whole(answer.credits), tier=TIERS.get(self._paygate_tier or "", Tier.UNKNOWN))

    async def prepare(self, order: Order) -> Prepared:
        """Choose a project and bring the pictures there. What was uploaded before a failure is kept for the next time."""
        pictures.check(order.generation)
        token = self._token()
        session_id = f";{int(self._clock() * 1000)}"
        try:
            project_id, inputs = await self._placed(order.pictures, session_id)
        except UpstreamFailure as failure:
            self._note(failure, token)
            raise
        place = Place(project_id=project_id, session_id=session_id, batch_id=str(uuid.uuid4()), inputs=inputs)
        return Prepared(order=order, context=wire.encode(place).decode())

    async def begin(self, prepared: Prepared, captcha_token: str) -> Begun:
        generation, place = prepared.order.generation, pictures.place_of(prepared.context)
        token = self._token()
        try:
            answer = await self._client.generate_images(token, pictures.order(generation, place, captcha_token))
        except UpstreamFailure as failure:
            self._note(failure, token)
            if failure.kind is FailureKind.MEDIA_GONE:
                raise self._missing(failure, generation, place) from failure
            raise
        self._doubted.pop(generation.upstream_model, None)
        return pictures.read(answer, generation, place)

    async def enlarge(self, made: Made, upscale: str, captcha_token: str) -> bytes:
        if not self._balance_known:
            # The account's level must stand in the call, and after a restart nobody may have asked for it yet.
            await self.balance()
        token = self._token()
        marks = Marks(captcha_token=captcha_token, paygate_tier=self._paygate_tier)
        try:
            return await self._client.upsample_image(token, pictures.enlargement(made, upscale, marks))
        except UpstreamFailure as failure:
            self._note(failure, token)
            raise

    async def _placed(self, inputs: Sequence[Picture], session_id: str) -> tuple[str, tuple[str, ...]]:
        """A project and the media ids of `inputs` in it; a project that turns out to have vanished is replaced once."""
        project_id = self._uploads.home_of(inputs) or await self._projects.take()
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

        With input pictures it is taken for an upload that ended. Without, either the project vanished or the model is not known.
        The answer does not tell, so the next try goes to a new project; what is missing there as well is the model."""
        model = generation.upstream_model
        if place.inputs:
            self._uploads.forget(place.project_id, place.inputs)
            return failure
        since = self._doubted.setdefault(model, math.inf)
        if self._projects.made_at(place.project_id) >= since:
            self._doubted[model] = -math.inf
            message = f"Flow does not know the model {model}, or this account may not see it."
            return UpstreamFailure(FailureKind.REQUEST_REJECTED, message, status=failure.status, reason=failure.reason)
        self._doubted[model] = min(since, self._clock())
        self._projects.drop(place.project_id)
        return failure

    def _token(self) -> str:
        if not self._vault.access_token:
            raise UpstreamFailure(FailureKind.LOGIN_EXPIRED, "There is no access token; sign in first.")
        return self._vault.access_token

    def _note(self, failure: UpstreamFailure, token: str) -> None:
        """Forget an access token that was refused, unless a newer one has come meanwhile."""
        if failure.kind is FailureKind.LOGIN_EXPIRED and self._vault.access_token == token:
            self._vault.access_token, self._vault.access_until = "", None

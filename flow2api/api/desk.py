"""The desk where every dialect hands in its requests: finds the job of a repeat, takes in pictures and clips, and submits. What is allowed is the catalogue's, what happens to the job is the jobs actor's."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack

from msgspec.structs import replace

from flow2api.actors.job_rules import new_job_id
from flow2api.actors.jobs import Submit
from flow2api.actors.watch import Watch
from flow2api.api.auth import model_for, models_for
from flow2api.api.batch import Batch, Parts
from flow2api.api.exchange import GatewayRequest
from flow2api.api.inputs import Given, Inputs, Reference
from flow2api.api.repeats import Claim, Repeats, claim_of
from flow2api.api.services import Services
from flow2api.api.sources import Sources
from flow2api.domain.catalog import Wish
from flow2api.domain.job import NO_TERMS, Generation, Terms
from flow2api.domain.key import ApiKey
from flow2api.domain.media import MediaFile
from flow2api.domain.model import Kind, Model
from flow2api.errors import Code, Failure


class Desk:
    """One for all dialects."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._repeats = Repeats(services)
        self.inputs = Inputs(services)
        self.sources = Sources(services, self.inputs.own_name)

    def model(self, name: str, key: ApiKey) -> Model:
        """The model of this public name, for the caller with this key.

        Raises:
            Failure: `model_not_found`, with names that are near; `model_not_allowed`, the key may not use it."""
        return model_for(self._services.catalog, key.limits, name)

    def usual_model(self, kind: Kind, key: ApiKey) -> Model:
        """The model for a request that names none, for the caller with this key: the one that is set, else the first that there is.

        Raises:
            Failure: `model_not_found`, the key may use no model of this kind."""
        allowed = [model for model in models_for(self._services.catalog, key.limits) if model.kind == kind]
        if not allowed:
            things = "pictures" if kind == "image" else "clips"
            raise Failure(Code.MODEL_NOT_FOUND, f"There is no model for {things} that this key may use.", param="model")
        settings = self._services.config.models
        wanted = settings.image if kind == "image" else settings.video
        return next((model for model in allowed if model.id == wanted), allowed[0])

    async def claim(self, request: GatewayRequest, caller: str, body: bytes | bytearray) -> Claim:
        """By what the request may be recognised. `caller` is the id of its key.

        Raises:
            Failure: its Idempotency-Key is unusable."""
        return await claim_of(request, caller, body)

    async def repeated(self, claim: Claim) -> Watch | None:
        """A watch on the job of the request's first try; None when it is a new one.

        Raises:
            Failure: `conflict`, the Idempotency-Key was used with another body."""
        return await self._repeats.find(claim)

    def check_open(self) -> None:
        """Refuse work that would be in vain, before any picture is fetched.

        Raises:
            Failure: `draining`."""
        if self._services.draining.is_set():
            raise Failure(Code.DRAINING, "The gateway is being stopped.", retry_after_seconds=10.0)

    async def pictures(self, given: Sequence[Given], model: Model, earlier: Reference | None = None) -> list[MediaFile]:
        """The stored input pictures of a request; see `Inputs.take`."""
        return await self.inputs.take(given, model, earlier) if given or earlier else []

    async def submit(
        self,
        request: GatewayRequest,
        claim: Claim,
        wish: Wish,
        origin: str,
        *,
        detached: bool = False,
        terms: Terms = NO_TERMS,
        asked: str | None = None,
    ) -> Watch:
        """A watch on a new job, which is stored when this returns. `origin` names the dialect; a `detached` job runs on when its
        caller leaves; `asked` is what the caller calls the model, where the wish calls it otherwise.

        Raises:
            Failure: the catalogue, the key's limits or the jobs actor refuse it."""
        generation = self._resolve(claim, wish)
        named = asked or wish.model
        return await self._submit(request, claim, generation, origin, named, detached=detached, terms=terms)

    async def batch(
        self,
        request: GatewayRequest,
        claim: Claim,
        parts: Parts,
        origin: str,
        make: Callable[[], Awaitable[Wish]],
        *,
        detached: bool = False,
        terms: Terms = NO_TERMS,
    ) -> Batch:
        """The jobs of a request, one for each of `parts`: those of its first try where it is a repeat, and new ones for what
        `make` comes to. Each is recognised by itself, so that whatever cut the first try short, nothing is made twice. `detached`
        and `terms` are those of each job.

        Raises:
            Failure: as `repeated`, `make` and `submit`; then the caller has left what was submitted."""
        with ExitStack() as stack:
            found: dict[int, Watch] = {}
            for part in range(parts.jobs):
                if watch := await self._repeats.find(claim.of_part(part)):
                    found[part] = stack.enter_context(watch)
            if found:
                known, watch = next(iter(found.items()))
                pattern, named = watch.progress.job.generation, watch.progress.job.name
            else:
                wish = await make()
                known, pattern, named = 0, self._resolve(claim, replace(wish, n=parts.each)), wish.model
            for part in range(parts.jobs):
                if part not in found:
                    generation = parts.another(pattern, part - known)
                    this = claim.of_part(part)
                    watch = await self._submit(request, this, generation, origin, named, detached=detached, terms=terms)
                    found[part] = stack.enter_context(watch)
            stack.pop_all()
            return Batch([found[part] for part in range(parts.jobs)])

    def _resolve(self, claim: Claim, wish: Wish) -> Generation:
        # Once more, for the dialects whose model comes from elsewhere than the request.
        model_for(self._services.catalog, self._services.keys.limits(claim.caller), wish.model)
        return self._services.catalog.resolve(wish)

    async def _submit(
        self,
        request: GatewayRequest,
        claim: Claim,
        generation: Generation,
        origin: str,
        asked: str,
        *,
        detached: bool = False,
        terms: Terms = NO_TERMS,
    ) -> Watch:
        submit = Submit(
            job_id=new_job_id(),
            generation=generation,
            caller=claim.caller,
            origin=origin,
            asked=asked,
            request_id=request.request_id,
            idempotency=claim.idempotency,
            digest=claim.mark,
            detached=detached,
            terms=terms,
        )
        return await self._services.jobs.ask_again(submit)

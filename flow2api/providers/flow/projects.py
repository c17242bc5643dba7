"""The projects of one account: made when there are too few, used in turn, replaced when they vanish.

Owns the order of use and the list in the vault. Knows nothing of what goes on inside a project.
"""

import logging
import math
from collections.abc import Callable
from datetime import UTC, datetime

import trio

from flow2api.domain.failure import UpstreamFailure
from flow2api.providers.flow.client import Client
from flow2api.providers.flow.vault import Vault

logger = logging.getLogger(__name__)

# After a failed creation the account goes on with the projects that it has; asking again each time would slow every order.
CREATION_PAUSE_SECONDS = 300.0


class ProjectPool:
    """Up to `size` projects of one account."""

    def __init__(self, client: Client, vault: Vault, size: Callable[[], int], clock: Callable[[], float]) -> None:
        self._client = client
        self._vault = vault
        self._size = size
        self._clock = clock
        self._creating = trio.Lock()
        self._made_at: dict[str, float] = {}
        self._turn = 0
        self._no_creation_before = 0.0

    async def take(self) -> str:
        """The project for the next order; a new one as long as there are too few."""
        if self._short() and (project_id := await self._grow()):
            return project_id
        projects = self._vault.projects
        project_id = projects[self._turn % len(projects)]
        self._turn = (self._turn + 1) % len(projects)
        return project_id

    async def create(self) -> str:
        """A new project, whatever there is already; it joins the pool."""
        project_id = await self._client.create_project(self._vault.session_token, self._title())
        self._vault.projects.append(project_id)
        self._made_at[project_id] = self._clock()
        return project_id

    def made_at(self, project_id: str) -> float:
        """When the project was made, as far as this session saw it; minus infinity for an older one."""
        return self._made_at.get(project_id, -math.inf)

    def drop(self, project_id: str) -> None:
        """Forget a project that vanished, and what was uploaded into it."""
        if project_id in self._vault.projects:
            self._vault.projects.remove(project_id)
        self._vault.uploads.pop(project_id, None)
        self._made_at.pop(project_id, None)
        self._no_creation_before = 0.0

    def _short(self) -> bool:
        """Whether to create one now: only an order that has nothing else waits for somebody else's creation."""
        have = len(self._vault.projects)
        return have == 0 or (
            have < self._size() and not self._creating.locked() and self._clock() >= self._no_creation_before
        )

    async def _grow(self) -> str | None:
        async with self._creating:
            if len(self._vault.projects) >= self._size():
                return None
            try:
                return await self.create()
            except UpstreamFailure as failure:
                if not self._vault.projects:
                    raise
                self._no_creation_before = self._clock() + CREATION_PAUSE_SECONDS
                logger.warning("no new project, going on with %d: %s", len(self._vault.projects), failure.message)
                return None

    def _title(self) -> str:
        now = datetime.fromtimestamp(self._clock(), UTC)
        return f"{now:%b %d - %H:%M} P{len(self._vault.projects) + 1}"

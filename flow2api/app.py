"""The composition root: opens what outlives the tree, starts the tree, and owns drain, signals and the exit code.

Nothing imports this module but the command line.
"""

import errno
import logging
import secrets
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path

import trio

from flow2api import process
from flow2api.actors.accounts_messages import AddAccount
from flow2api.actors.media_sweep import remove_unfinished
from flow2api.actors.proxies import Proxies
from flow2api.actors.proxy_messages import ProxiesMessage, reporting_to
from flow2api.api.admin.password import PASSWORD_SETTING
from flow2api.api.server import open_listeners
from flow2api.browser.logins import Logins
from flow2api.browser.profile import captcha_profile, end_left
from flow2api.config import Config, ConfigError, ProxyConfig, Resolved
from flow2api.domain.catalog import Catalog
from flow2api.instance import DEMO_NOTES, InstanceLock
from flow2api.kit.mailbox import Mailbox
from flow2api.kit.stall import watching_stalls
from flow2api.log import Secret, change_logging, keeping_tail
from flow2api.net.exits import parse_exit
from flow2api.net.guard import Guard
from flow2api.net.http import open_http
from flow2api.net.url import parse_url
from flow2api.providers.registry import check_model
from flow2api.store import settings
from flow2api.store.door import open_store
from flow2api.store.seal import Seal, load_master_key
from flow2api.tree import MEDIA_FOLDER, Ground, Tree

log = logging.getLogger("flow2api.app")

# An operator's own models, beside the settings file.
OWN_MODELS = Path("config/models.toml")
DATABASE = "flow2api.db"
# Short enough to type, and the door slows guessing down.
SETUP_TOKEN_BYTES = 12


@dataclass(frozen=True)
class Gateway:
    """A running gateway."""

    config: Config
    url: str
    admin_token: Secret
    first_key: Secret | None
    """The API key that was made because there was none; to be shown this once."""
    setup_token: Secret | None
    """Lets whoever holds it set the administrator's password from another machine; None when there is one."""
    drain: Callable[[], None] = field(repr=False)
    """Begin to stop: what waits is told; what is paid for is waited for. A plain call."""
    wait_draining: Callable[[], Awaitable[None]] = field(repr=False)
    cut_short: Sequence[str] = ()
    """Ids of jobs that the drain could not wait for, once it is over."""
    notes: tuple[str, ...] = ()
    """What whoever started it should know besides."""


@asynccontextmanager
async def open_gateway(
    resolved: Resolved,
    environ: Mapping[str, str],
    *,
    api_key: str | None = None,
    accounts: Sequence[AddAccount] = (),
    first_key: bool = False,
    take_up: bool = True,
    emulated: bool = False,
) -> AsyncIterator[Gateway]:
    """The whole gateway, serving until the block is left, which drains it. Holds the data folder's lock meanwhile.

    `api_key` is made valid if it is not yet. Without it a key is made when there is none, if `first_key` says so: whoever asks for
    it must show it, since it can be read only then. `accounts` are added, or renewed where they are known. `take_up`: stored
    generations go on and the regular work is done. `emulated`: the services are the demo's own; only then its folder is taken.

    Raises:
        AlreadyRunning: another process holds the data folder.
        ConfigError: a proxy in the settings cannot be used.
        OSError: the address cannot be bound, or the data folder is one of the demo.
        StoreRefused: the database cannot be used; the message says why and what to do.
        TooManyRestarts: a part of the tree kept failing, at the start or later.
    """
    _check(resolved.config)
    data_dir = _folder(resolved.config, emulated)
    with InstanceLock(data_dir) as lock, watching_stalls(resolved.config.log.stall_seconds), keeping_tail() as tail:
        await _clear_after_a_kill(data_dir)
        seal = Seal(load_master_key(data_dir, environ))
        proxies: Mailbox[ProxiesMessage] = Mailbox("proxies", Proxies.mailbox_size)
        async with (
            open_listeners(resolved.config.server) as listeners,
            open_store(data_dir / DATABASE, seal) as store,
            open_http(on_exit=reporting_to(proxies.ref)) as http,
        ):
            resolved = _with_stored(resolved, stored := await store.read(settings.all_settings))
            catalog = await trio.to_thread.run_sync(_load_catalog)
            admin_token, setup_token = _tokens(stored)
            ground = Ground(
                resolved,
                _check,
                _apply,
                store,
                http,
                proxies,
                catalog,
                listeners,
                admin_token,
                setup_token,
                tail,
                take_up,
            )
            tree = Tree(ground)
            await tree.offer.load()
            made = await _keys(tree, api_key, first_key)
            async with _running(tree):
                for account in accounts:
                    await tree.accounts.ask(account)
                tree.doors.set()
                lock.publish(listeners.urls[0], admin_token)
                yield _shown(tree, ground, Secret(made) if made else None)


def _tokens(stored: Mapping[str, object]) -> tuple[Secret, Secret]:
    """The administrator's of this life, and the one for the set-up: empty once that is done."""
    setup = "" if PASSWORD_SETTING in stored else secrets.token_urlsafe(SETUP_TOKEN_BYTES)
    return Secret(secrets.token_urlsafe(32)), Secret(setup)


def _folder(config: Config, emulated: bool) -> Path:
    data_dir = Path(config.storage.data_dir)
    if emulated or not (data_dir / DEMO_NOTES).exists():
        return data_dir
    message = (
        f"The data folder {data_dir} is one of flow2api demo: its accounts exist in the emulated services alone, and the real ones would be "
        "asked with them. Run the demo on it, or choose another folder with --data-dir."
    )
    raise OSError(errno.EEXIST, message)


async def _clear_after_a_kill(data_dir: Path) -> None:
    """End browsers of an instance that was killed, which mostly end with it, and remove the files that it was writing."""
    await end_left(captcha_profile(data_dir))
    await Logins(data_dir).end_left()
    await trio.to_thread.run_sync(remove_unfinished, data_dir / MEDIA_FOLDER)


def _shown(tree: Tree, ground: Ground, first_key: Secret | None) -> Gateway:
    """What whoever started it gets of it."""
    return Gateway(
        config=ground.resolved.config,
        url=ground.listeners.urls[0],
        admin_token=ground.admin_token,
        setup_token=ground.setup_token or None,
        first_key=first_key,
        drain=tree.start_drain,
        wait_draining=tree.draining.wait,
        cut_short=tree.cut_short,
    )


def _with_stored(resolved: Resolved, stored: Mapping[str, object]) -> Resolved:
    """The settings with what was changed at run time. What cannot be gone by is left out: nobody could mend it before the start."""
    before = resolved.config
    resolved = resolved.with_overrides(stored)
    ignored = list(resolved.ignored)
    try:
        _check(resolved.config)
    except ConfigError as error:
        sections = {problem.partition(".")[0] for problem in error.problems}
        resolved = resolved.with_overrides(
            {name: value for name, value in stored.items() if name.partition(".")[0] not in sections}
        )
        ignored.extend(error.problems)
    for problem in ignored:
        log.warning("a stored setting is ignored: %s", problem)
    _apply(before, resolved.config)
    return resolved


def _apply(before: Config, after: Config) -> None:
    """The log stands outside the tree."""
    if (before.log.level, before.log.format) != (after.log.level, after.log.format):
        change_logging(level=after.log.level, format=after.log.format)


def _check(config: Config) -> None:
    """Refuse what the types of the settings let through but nothing could be done with.

    Without its proxies, say, the program would go out directly."""
    problems = [*_bad_proxies(config.proxy), *_bad_places(config)]
    if problems:
        raise ConfigError(problems)


def _bad_places(config: Config) -> Iterator[str]:
    for name, places in (
        ("media.allow_private", config.media.allow_private),
        ("webhooks.allow_private", config.webhooks.allow_private),
    ):
        try:
            Guard(places)
        except ValueError as error:
            yield f"{name}: {error}"
    for network in config.server.trusted_proxies:
        try:
            ip_network(network, strict=False)
        except ValueError as error:
            yield f"server.trusted_proxies: {error}"


def _bad_proxies(proxy: ProxyConfig) -> Iterator[str]:
    for name, urls in (("proxy.urls", proxy.urls), ("proxy.media_urls", proxy.media_urls)):
        for place, url in enumerate(urls, start=1):
            try:
                parse_exit(url)
            except ValueError as error:
                yield f"{name}, number {place}: {error}"
    try:
        parse_url(proxy.check_url or "http://localhost")
    except ValueError as error:
        yield f"proxy.check_url: {error}"


def _load_catalog() -> Catalog:
    return Catalog.load(OWN_MODELS if OWN_MODELS.exists() else None, check_model)


async def _keys(tree: Tree, api_key: str | None, first_key: bool) -> str | None:
    """Load the keys; the plain text of one that was made because there was none."""
    await tree.keys.load()
    if api_key is not None:
        await tree.keys.ensure(api_key, "given at start")
        return None
    return await tree.keys.ensure_first_key() if first_key else None


@asynccontextmanager
async def _running(tree: Tree) -> AsyncIterator[None]:
    """The tree, started; drained when the block is left, however that is."""
    async with trio.open_nursery() as nursery:
        await nursery.start(tree.root.run)
        try:
            yield
        finally:
            tree.start_drain()
            # Not shielded: whoever cancels this wants the end at once. Each part's drain is bounded by the tree.
            await tree.root.stop()


async def run_gateway(
    resolved: Resolved,
    environ: Mapping[str, str],
    *,
    api_key: str | None = None,
    accounts: Sequence[AddAccount] = (),
    emulated: bool = False,
    on_ready: Callable[[Gateway], None],
) -> int:
    """Serve until SIGTERM or SIGINT, then drain; a second signal ends at once.

    Returns the exit code: 0 after a clean drain, 1 after one that was cut short.
    """
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals, trio.CancelScope() as scope:
        async with trio.open_nursery() as nursery:
            opening = open_gateway(
                resolved, environ, api_key=api_key, accounts=accounts, first_key=True, emulated=emulated
            )
            async with opening as gateway:
                nursery.start_soon(_obey, signals, gateway, scope)
                process.prepare()
                on_ready(gateway)
                await gateway.wait_draining()
                log.info("draining")
            nursery.cancel_scope.cancel()
        log.info("stopped")
        return 1 if gateway.cut_short else 0
    log.warning("stopped at once, the drain was cut short")
    return 1


async def _obey(signals: AsyncIterator[int], gateway: Gateway, scope: trio.CancelScope) -> None:
    """The first signal drains, the second cancels."""
    await anext(signals)
    gateway.drain()
    await anext(signals)
    scope.cancel()

"""A change of a setting is seen by whom it concerns, without a restart: looked at in a tree that is built and not started."""

import inspect
import logging
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple, cast

import pytest
import trio

from flow2api import app
from flow2api.api.server import make_app
from flow2api.app import _apply, _check  # the composition root's own rules are what is tried
from flow2api.config import KEYS, Config, ConfigError, load_config
from flow2api.domain.catalog import Catalog
from flow2api.domain.events import SettingChanged
from flow2api.errors import AddressForbidden
from flow2api.kit.mailbox import Mailbox
from flow2api.log import Secret, Tail
from flow2api.store import settings
from flow2api.store.door import open_inline_store
from flow2api.tree import Ground, Tree

Look = Callable[[], object]


class Case(NamedTuple):
    """A setting, another value, and where its consumer sees it: `watch` is called before the change, what it gives after it."""

    name: str
    value: object
    watch: Callable[[Tree], Look]
    seen: object


def _same(name: str, value: object, watch: Callable[[Tree], Look]) -> Case:
    return Case(name, value, watch, value)


def _chore(name: str) -> Callable[[Tree], Look]:
    def watch(tree: Tree) -> Look:
        chore = next(chore for chore in tree._schedules._chores if chore.name == name)
        return lambda: chore.interval_seconds

    return watch


def _worker(name: str) -> Callable[[Tree], Any]:
    """Who does a piece of regular work."""

    def find(tree: Tree) -> Any:
        chore = next(chore for chore in tree._regular_work()._chores if chore.name == name)
        return cast("Any", chore.work).__self__

    return find


def _child(name: str) -> Callable[[Tree], Any]:
    """A new life of an actor."""
    return lambda tree: next(spec for spec in tree._children() if spec.name == name).make()


def _accounts(tree: Tree) -> Any:
    made = [child.spec.make() for child in cast("Any", _child("accounts")(tree)).children()]
    return next(one for one in made if hasattr(one, "_defaults"))


def _of(part: Callable[[Tree], Any], path: str) -> Callable[[Tree], Look]:
    """A field of something that the tree makes."""

    def watch(tree: Tree) -> Look:
        made = part(tree)

        def look() -> object:
            found = made
            for name in path.split("."):
                found = getattr(found, name)
            return found

        return look

    return watch


def _traits(provider: str, path: str) -> Callable[[Tree], Look]:
    return _of(lambda tree: tree._traits[provider], path)


def _session(provider: str, path: str) -> Callable[[Tree], Look]:
    """Of a session that was opened before the change."""

    def opened(tree: Tree) -> object:
        made = tree._providers[provider]
        address = "https://own.test/v1" if provider == "gateway" else None
        return made.open("acc", made.vault_for("k" * 40, address), lambda avoid=(): None)

    return _of(opened, path)


def _called(watch: Callable[[Tree], Look]) -> Callable[[Tree], Look]:
    def calling(tree: Tree) -> Look:
        look = watch(tree)
        return lambda: cast("Callable[[], object]", look())()

    return calling


def _first_pause(part: Callable[[Tree], Any]) -> Callable[[Tree], Look]:
    def watch(tree: Tree) -> Look:
        pauses = part(tree)
        return lambda: pauses().first

    return watch


def _webhook_parts(tree: Tree) -> Any:
    sender = tree._webhook_sender()
    return cast("Any", sender.children()[0].spec.make())._parts


def _captcha(tree: Tree) -> Any:
    return tree._captcha()._parts


def _origins(tree: Tree) -> Look:
    """What a page of an origin that is to be allowed is told, by the application itself."""
    cors = cast("Any", make_app(tree._services()).asgi_http_class).cors
    return lambda: dict(cors.headers(b"/v1/models", b"https://chat.example")).get(b"access-control-allow-origin")


def _limit(tree: Tree) -> Look:
    server = cast("Any", make_app(tree._services()).asgi_http_class).server
    return lambda: server.max_body_bytes


def _check_target(tree: Tree) -> Look:
    target = inspect.getclosurevars(tree._proxy_parts().probe).nonlocals["target"]
    return lambda: target().place


def _level(tree: Tree) -> Look:
    return lambda: logging.getLogger("flow2api").level


CASES = [
    _same("server.public_url", "https://img.example", _of(lambda tree: tree._services(), "config.server.public_url")),
    _same("server.blank_after_seconds", 7.0, _of(lambda tree: tree._services().pace, "blank_after_seconds")),
    _same("server.beat_seconds", 3.0, _of(lambda tree: tree._services().pace, "beat_seconds")),
    Case("flow.api_base_url", "https://a.test/v1", _traits("flow", "base_url"), "https://a.test/v1"),
    _same("flow.poll_interval", 9.0, _traits("flow", "poll_seconds")),
    Case("flow.request_timeout", 200.0, _of(lambda tree: tree._providers["flow"], "_times.generate"), 200.0),
    _same("flow.recaptcha_site_key", "another", _of(_captcha, "site.site_key")),
    _same("gemini.base_url", "https://g.test", _session("gemini", "_calls._way.base_url")),
    _same("gemini.request_timeout", 11.0, _called(_session("gemini", "_seconds"))),
    _same("fal.storage_base_url", "https://s.test", _session("fal", "_hosts.storage._way.base_url")),
    _same("fal.request_timeout", 12.0, _session("fal", "_hosts.seconds")),
    _same("gateway.request_timeout", 13.0, _called(_session("gateway", "_seconds"))),
    _same("gateway.video_timeout", 99.0, _traits("gateway", "video_seconds")),
    Case("captcha.method", "none", lambda tree: cast("Any", tree._captcha_source())._wanted, False),
    _same("captcha.max_tabs", 9, _of(_captcha, "rules.max_tabs")),
    _same("captcha.script_url", "https://c.test/x.js", _of(_captcha, "site.script_url")),
    _same("proxy.rest_seconds", 5.0, _of(lambda tree: tree._proxy_parts().config, "rest_seconds")),
    _same("accounts.error_threshold", 8, _of(lambda tree: tree._account_parts().policy, "error_threshold")),
    _same("accounts.rest_seconds", 60.0, _of(lambda tree: tree._account_parts().policy, "throttled_seconds")),
    _same("models.image", "imagen-4.0", _of(lambda tree: tree._services(), "config.models.image")),
    _same("chat.inline_models", ("x",), _of(lambda tree: tree._services(), "config.chat.inline_models")),
    _same("jobs.max_submits", 9, _called(_of(lambda tree: tree._job_parts(), "max_submits"))),
    _same("jobs.pause_seconds", 2.0, _first_pause(lambda tree: tree._job_parts().pauses)),
    _same(
        "media.max_bytes",
        2**30,
        _of(lambda tree: tree._regular_work()._chores[7].work, "__self__.config.media.max_bytes"),
    ),
    _same("webhooks.tries", 4, _of(_webhook_parts, "config.tries")),
    _same("webhooks.pause_seconds", 1.0, _of(_webhook_parts, "pauses.first")),
    _same("schedules.sweep_seconds", 77.0, _chore("media_sweep")),
    _same("backup.interval_seconds", 7200.0, _chore("backup")),
    _same("backup.keep", 3, _of(lambda tree: tree._services(), "config.backup.keep")),
    _same(
        "dashboard.session_idle_seconds",
        90.0,
        _of(lambda tree: tree._services(), "config.dashboard.session_idle_seconds"),
    ),
    Case("log.level", "error", _level, logging.ERROR),
    Case("server.cors_origins", ("https://chat.example",), _origins, b"https://chat.example"),
    _same("server.max_body_bytes", 2048, _limit),
    _same("flow.page_url", "https://p.test/flow", _traits("flow", "captcha.url")),
    _same("flow.image_timeout", 77.0, _traits("flow", "image_seconds")),
    _same("flow.video_timeout", 777.0, _traits("flow", "video_seconds")),
    _same("flow.projects_per_account", 3, _of(lambda tree: tree._providers["flow"], "_settings.projects_per_account")),
    _same("flow.labs_base_url", "https://l.test", _of(lambda tree: tree._providers["flow"], "_settings.labs_base_url")),
    *(
        _same(f"{provider}.{name}", value, _traits(provider, field))
        for provider in ("gemini", "fal", "gateway")
        for name, field, value in (
            ("poll_interval", "poll_seconds", 8.0),
            ("image_timeout", "image_seconds", 78.0),
            ("video_timeout", "video_seconds", 778.0),
        )
        if (provider, name) != ("gateway", "video_timeout")
    ),
    _same("fal.queue_base_url", "https://q.test", _session("fal", "_hosts.queue._way.base_url")),
    _same("fal.billing_base_url", "https://b.test", _session("fal", "_hosts.billing._way.base_url")),
    _same("captcha.idle_seconds", 33.0, _of(_captcha, "rules.idle_seconds")),
    _same("captcha.tokens_per_tab", 3, _of(_captcha, "rules.max_tokens")),
    _same("captcha.tab_seconds", 333.0, _of(_captcha, "rules.max_age_seconds")),
    *(
        _same(f"proxy.{name}", value, _of(lambda tree: tree._proxy_parts().config, name))
        for name, value in (
            ("urls", ("http://one.test:80",)),
            ("media_urls", ("http://two.test:80",)),
            ("rotation", "round_robin"),
            ("check_seconds", 44.0),
        )
    ),
    *(
        _same(f"schedules.{name}", 4321.0, _chore(chore))
        for name, chore in (
            ("login_seconds", "login_renewal"),
            ("session_seconds", "session_renewal"),
            ("credits_seconds", "credits"),
            ("unrest_seconds", "rests"),
            ("proxies_seconds", "proxy_checks"),
            ("tabs_seconds", "idle_tabs"),
            ("prune_seconds", "old_generations"),
            ("maintenance_seconds", "database_maintenance"),
        )
    ),
    _same("schedules.login_ahead_seconds", 4321.0, _of(_worker("login_renewal"), "_config.login_ahead_seconds")),
    _same("schedules.spread_seconds", 4.0, _of(_worker("login_renewal"), "_config.spread_seconds")),
    _same("jobs.retention_seconds", 9e6, _of(_worker("old_generations"), "config.jobs.retention_seconds")),
    _same("jobs.log_retention_seconds", 9e6, _of(_worker("request_log"), "config.jobs.log_retention_seconds")),
    _same("log.retention_seconds", 9e6, _of(_worker("debug_log"), "config.log.retention_seconds")),
    _same("media.retention_seconds", 9e6, _of(_worker("media_sweep"), "config.media.retention_seconds")),
    *(
        _same(f"webhooks.{name}", value, _of(_webhook_parts, f"config.{name}"))
        for name, value in (("concurrency", 3), ("timeout_seconds", 3.0), ("longest_pause_seconds", 7777.0))
    ),
    _same("models.video", "veo-3.1", _of(lambda tree: tree._services(), "config.models.video")),
    _same("chat.side_requests", ("Name this chat",), _of(lambda tree: tree._services(), "config.chat.side_requests")),
    _same("accounts.default_image_concurrency", 7, _of(_accounts, "_defaults.default_image_concurrency")),
    _same("accounts.default_video_concurrency", 7, _of(_accounts, "_defaults.default_video_concurrency")),
    _same("jobs.queue_limit", 7, _of(_child("jobs"), "_rules.jobs.queue_limit")),
    _same("jobs.queue_timeout", 77.0, _of(_child("jobs"), "_rules.jobs.queue_timeout")),
    _same("log.max_lines", 7777, _of(_worker("debug_log"), "config.log.max_lines")),
    _same(
        "server.trusted_proxies", ("10.0.0.0/8",), _of(lambda tree: tree._services(), "config.server.trusted_proxies")
    ),
    Case("proxy.check_url", "https://x.test/a", _check_target, "x.test:443"),
    _same("chat.video_form", "link", _of(lambda tree: tree._services(), "config.chat.video_form")),
    _same("dashboard.session_seconds", 99.0, _of(lambda tree: tree._services(), "config.dashboard.session_seconds")),
]
# Tried where they have their effect.
ELSEWHERE = {
    "media.allow_private": "test_a_private_address_may_be_allowed_and_forbidden_again_while_it_runs",
    "webhooks.allow_private": "test_a_webhook_may_go_to_a_private_address_as_soon_as_it_is_allowed",
    "log.format": "test_the_log_is_written_in_another_form_at_once",
}


@asynccontextmanager
async def open_tree(**flags: object) -> AsyncIterator[Tree]:
    given = {name.replace("__", "."): value for name, value in flags.items()}
    resolved = load_config(Path(os.devnull), {}, {}, flags=given)
    async with open_inline_store() as store:
        ground = Ground(
            resolved=resolved,
            check=_check,
            apply=_apply,
            store=store,
            http=cast("Any", None),
            proxies=Mailbox("proxies", 1),
            catalog=Catalog.load(None),
            listeners=cast("Any", None),
            admin_token=Secret("a" * 20),
            setup_token=Secret(""),
            tail=Tail(1),
            take_up=True,
        )
        yield Tree(ground)


def test_each_setting_that_may_change_at_run_time_is_tried_here_or_named_with_where_it_is() -> None:
    changing = {key.name for key in KEYS.values() if key.run_time}
    assert {case.name for case in CASES} | ELSEWHERE.keys() == changing
    assert not {case.name for case in CASES} & ELSEWHERE.keys()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_a_change_is_seen_by_its_consumer(case: Case) -> None:
    level = logging.getLogger("flow2api").level
    try:
        async with open_tree() as tree:
            look = case.watch(tree)
            assert look() != case.seen
            await tree.settings.change({case.name: case.value})
            assert look() == case.seen
            await tree.settings.change({case.name: None})
            assert look() != case.seen
    finally:
        logging.getLogger("flow2api").setLevel(level)


async def test_every_setting_that_may_change_takes_another_value_that_is_allowed() -> None:
    async with open_tree() as tree:
        for key in KEYS.values():
            if not key.run_time:
                with pytest.raises(ConfigError, match="read at start only"):
                    await tree.settings.change({key.name: key.default})
                continue
            await tree.settings.change({key.name: key.default})
            assert tree.settings.changed == {key.name}
            await tree.settings.change({key.name: None})


async def test_several_changes_hold_all_or_none_and_are_told_after_they_hold() -> None:
    async with open_tree() as tree:
        jobs, told = tree.config.jobs, []
        with tree.bus.subscribe(only=SettingChanged) as events:
            with pytest.raises(ConfigError, match=r"jobs\.queue_limit must be"):
                await tree.settings.change({"jobs.max_submits": 2, "jobs.queue_limit": 0, "jobs.nothing": 1})
            assert (jobs.max_submits, await tree._store.read(settings.all_settings)) == (Config().jobs.max_submits, {})
            await tree.settings.change({"jobs.max_submits": 2, "jobs.queue_limit": 5})
            async for event in events:
                told.append((cast("SettingChanged", event).name, jobs.max_submits, jobs.queue_limit))
                if len(told) == 2:
                    break
        assert told == [("jobs.max_submits", 2, 5), ("jobs.queue_limit", 2, 5)]
        assert await tree._store.read(settings.all_settings) == {"jobs.max_submits": 2, "jobs.queue_limit": 5}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("proxy.urls", ["ftp://x.test:1"]),
        ("media.allow_private", ["10.0.0.0/99"]),
        ("webhooks.allow_private", ["10.0.0.0/99"]),
        ("server.trusted_proxies", ["999.1.1.1"]),
    ],
)
async def test_what_nobody_could_go_by_is_refused_before_it_is_stored(name: str, value: list[str]) -> None:
    async with open_tree() as tree:
        with pytest.raises(ConfigError, match=name):
            await tree.settings.change({name: value})
        assert await tree._store.read(settings.all_settings) == {}


async def test_a_masked_password_that_comes_back_stands_for_the_one_that_was_shown() -> None:
    first, second = "http://joe:hunter2hunter2@one.test:80", "http://two.test:80"
    async with open_tree() as tree:
        await tree.settings.change({"proxy.urls": [first]})
        shown = next(value.shown for value in tree.settings.values() if value.key == "proxy.urls")
        assert "hunter2" not in str(shown)
        await tree.settings.change({"proxy.urls": [*cast("tuple[str, ...]", shown), second]})
        assert tree.config.proxy.urls == (first, second)
        with pytest.raises(ConfigError, match="masked password") as caught:
            await tree.settings.change({"proxy.urls": ["***@three.test:80"]})
        assert "hunter2" not in str(caught.value)


async def test_a_private_address_may_be_allowed_and_forbidden_again_while_it_runs() -> None:
    async with open_tree() as tree:
        guard = tree._services().guard
        with pytest.raises(AddressForbidden):
            await guard.check("http://127.0.0.1:8080/")
        await tree.settings.change({"media.allow_private": ["127.0.0.1"]})
        assert (await guard.check("http://127.0.0.1:8080/")).port == 8080


async def test_a_webhook_may_go_to_a_private_address_as_soon_as_it_is_allowed() -> None:
    async with open_tree() as tree:
        guard = _webhook_parts(tree).guard
        with pytest.raises(AddressForbidden):
            await guard.check("http://127.0.0.1:8080/")
        await tree.settings.change({"webhooks.allow_private": ["127.0.0.1"]})
        assert (await guard.check("http://127.0.0.1:8080/")).port == 8080


async def test_the_log_is_written_in_another_form_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[object] = []
    monkeypatch.setattr(app, "change_logging", lambda **form: told.append(form["format"]))
    async with open_tree() as tree:
        await tree.settings.change({"log.format": "json"})
        await tree.settings.change({"log.format": None})
        assert told == ["json", Config().log.format]


async def test_of_two_who_change_settings_at_once_each_has_its_own_and_the_later_has_the_same() -> None:
    async with open_tree() as tree:
        async with trio.open_nursery() as nursery:
            for changes in (
                {"jobs.max_submits": 2, "jobs.queue_limit": 5},
                {"jobs.max_submits": 3, "media.max_bytes": 2**30},
            ):
                nursery.start_soon(tree.settings.change, changes)
        config = tree.config
        assert (config.jobs.queue_limit, config.media.max_bytes) == (5, 2**30)
        stored = cast("dict[str, object]", await tree._store.read(settings.all_settings))
        assert stored["jobs.max_submits"] == config.jobs.max_submits


async def test_what_the_command_line_says_goes_before_a_change() -> None:
    async with open_tree(jobs__max_submits=4) as tree:
        await tree.settings.change({"jobs.max_submits": 2})
        assert (tree.config.jobs.max_submits, tree.settings.changed) == (4, {"jobs.max_submits"})

"""The commands as a person types them: beside a running instance and without one, they do the same."""

import re
import shutil
import signal
import stat
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import msgspec
import pytest
import trio

from flow2api.cli.outcomes import FAILED, NO_INSTANCE, REFUSED, USAGE
from flow2api.domain.picture import inspect
from flow2api.emulator.plain import plain_jpeg
from tests.doubles.processes import Launch, open_program, run_program
from tests.e2e.site import MODEL, Place, Site, open_site

BOTH = pytest.mark.parametrize("running", [True, False], ids=["beside an instance", "alone"])


@asynccontextmanager
async def instance(place: Place, running: bool) -> AsyncIterator[None]:
    """A running gateway, or none."""
    if not running:
        yield
        return
    async with place.gateway():
        yield


async def done(place: Place, *arguments: str, input: str = "", shows: tuple[str, ...] = (), **options: bool) -> str:
    """Run a command that must go well; what it says."""
    ended = await place.run(*arguments, input=input, shows=shows, **options)
    assert ended.code == 0, ended
    assert "Traceback" not in ended.err
    return ended.out


async def fails(place: Place, *arguments: str, code: int) -> str:
    """Run a command that must fail; its message."""
    ended = await place.run(*arguments)
    assert ended.code == code, ended
    assert "Traceback" not in ended.err
    return ended.err


async def accounts(site: Site) -> list[dict[str, object]]:
    """All accounts as `account list --json` tells them."""
    listed = msgspec.json.decode(await done(site, "account", "list", "--json"))
    return [entry["account"] for entry in listed["accounts"]]


@pytest.mark.slow
@BOTH
async def test_an_account_is_added_disabled_exported_removed_and_imported(tmp_path: Path, running: bool) -> None:
    async with open_site(tmp_path) as site, instance(site, running):
        [token] = site.emulator.session_tokens
        said = await done(site, "account", "add", "--label", "Mine", "--session-token", "-", input=f"{token}\n")
        assert said.startswith("added Mine\n")
        [account] = await accounts(site)
        assert account["email"] == "account-1@example.org"
        identity = str(account["id"])
        assert identity in await done(site, "account", "list")

        assert "disabled" in await done(site, "account", "disable", identity)
        file = tmp_path / "export.json"
        assert str(file) in await done(site, "account", "export", str(file))
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert token in file.read_text()
        assert str(file) in await fails(site, "account", "export", str(file), code=FAILED)

        await done(site, "account", "remove", identity)
        assert await done(site, "account", "list") == "There is no account yet. Add one with: flow2api account add\n"
        assert identity in await fails(site, "account", "enable", identity, code=REFUSED)

        assert await done(site, "account", "import", str(file)) == "imported 1 of 1 accounts\n"
        [again] = await accounts(site)
        assert (again["label"], again["standing"]["state"]) == ("Mine", "disabled")  # type: ignore[index]
        assert "active" in await done(site, "account", "enable", str(again["id"]))
        exported = await done(site, "account", "export", shows_all_on_output=True)
        assert msgspec.json.decode(exported)["accounts"][0]["credential"] == token


@pytest.mark.slow
async def test_a_login_that_does_not_work_is_refused_and_not_repeated(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        wrong = "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..wrong.wrong.wrong"
        site.secrets.values.add(wrong)
        message = await fails(site, "account", "add", "--session-token", wrong, code=REFUSED)
        assert message.startswith("Error: ")
        assert await accounts(site) == []


@pytest.mark.slow
@BOTH
async def test_a_key_works_until_it_is_revoked(tmp_path: Path, running: bool) -> None:
    place = Place(tmp_path)

    async def status(key: str) -> int:
        # The next instance, which has read the keys anew.
        async with place.gateway() as gateway:
            answer = await gateway.client.get("/v1/models", headers={"Authorization": f"Bearer {key}"})
            return answer.status_code

    async with instance(place, running):
        made = msgspec.json.decode(await done(place, "key", "create", "laptop", "--json", shows_all_on_output=True))
        key = made["secret"]
        place.secrets.values.add(key)
        listed = await done(place, "key", "list")
        assert "laptop" in listed
        assert key not in listed
    place.key = place.key or key
    assert await status(key) == 200
    async with instance(place, running):
        assert await done(place, "key", "revoke", made["key"]["id"]) == f"revoked {made['key']['id']}\n"
        assert "no such key" in await fails(place, "key", "revoke", made["key"]["id"], code=REFUSED)
    assert await status(key) == 401


@pytest.mark.slow
async def test_a_key_that_is_revoked_is_refused_by_the_running_instance_at_once(tmp_path: Path) -> None:
    place = Place(tmp_path)
    async with place.gateway() as gateway:
        said = await place.run("key", "create", "phone", shows_all_on_output=True)
        key = said.out.strip()
        bearer = {"Authorization": f"Bearer {key}"}
        assert said.err == "This key is shown only now:\n"
        assert (await gateway.client.get("/v1/models", headers=bearer)).status_code == 200
        [entry] = [
            entry
            for entry in msgspec.json.decode(await done(place, "key", "list", "--json"))["keys"]
            if entry["name"] == "phone"
        ]
        await done(place, "key", "revoke", entry["id"])
        refused = await gateway.client.get("/v1/models", headers=bearer)
        assert (refused.status_code, refused.json()["error"]["code"]) == (401, "invalid_api_key")


@pytest.mark.slow
@BOTH
async def test_models_are_listed(tmp_path: Path, running: bool) -> None:
    place = Place(tmp_path)
    async with instance(place, running):
        assert MODEL in await done(place, "models")
        listed = msgspec.json.decode(await done(place, "models", "--json"))
        assert MODEL in [entry["id"] for entry in listed["data"]]


@pytest.mark.slow
async def test_settings_are_shown_with_their_source_and_without_passwords(tmp_path: Path) -> None:
    place = Place(tmp_path, settings={"FLOW2API_PROXY_URLS": "http://someone:hunter22@127.0.0.1:9"})
    place.secrets.values.add("hunter22")
    shown = {
        entry["key"]: entry for entry in msgspec.json.decode(await done(place, "config", "--json", "--data-dir", "x"))
    }
    assert shown["proxy.urls"]["source"] == "environment FLOW2API_PROXY_URLS"
    assert "127.0.0.1:9" in shown["proxy.urls"]["value"][0]
    assert (shown["storage.data_dir"]["value"], shown["storage.data_dir"]["source"]) == ("x", "command line")
    assert "proxy.urls" in await done(place, "config")
    example = await done(place, "config", "--example")
    (tmp_path / "own.toml").write_text(example)
    assert "server.port" in await done(place, "config", "--config", "own.toml")
    place.settings["FLOW2API_SERVER_PORT"] = "many"
    assert "FLOW2API_SERVER_PORT" in await fails(place, "config", code=USAGE)


@pytest.mark.slow
@BOTH
async def test_pictures_are_made_into_files(tmp_path: Path, running: bool) -> None:
    async with open_site(tmp_path) as site, instance(site, running):
        assert "no_account_available" in await fails(site, "generate", "a fox", "--output", "fox.jpg", code=REFUSED)
        [token] = site.emulator.session_tokens
        await done(site, "account", "add", "--session-token", "-", input=token)
        shape = ("--aspect-ratio", "1:1", "--seed", "7")
        assert await done(site, "generate", "a fox", "--output", "fox.jpg", *shape) == "fox.jpg\n"
        picture = inspect((tmp_path / "fox.jpg").read_bytes())
        assert (picture.width, picture.height) == (1024, 1024)
        (tmp_path / "own.jpg").write_bytes(plain_jpeg(64, 64, 1, "an own picture"))
        more = ("--count", "2", "--image", "own.jpg")
        assert await done(site, "generate", "two", "--output", "two.jpg", *more) == "two-1.jpg\ntwo-2.jpg\n"
        assert (tmp_path / "two-1.jpg").read_bytes() != (tmp_path / "two-2.jpg").read_bytes()
        # Two pictures of one request are two orders.
        assert await site.emulator.accepted() == {"a fox": 1, "two": 2}
        unknown = await fails(site, "generate", "x", "--model", "no-such", "--output", "x.jpg", code=REFUSED)
        assert "no-such" in unknown


@pytest.mark.slow
async def test_commands_get_along_after_an_instance_was_killed(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        async with site.gateway() as gateway:
            await site.add_accounts(gateway)
            await gateway.program.kill()
        assert (site.data / "instance.json").exists()
        assert len(await accounts(site)) == 1
        assert not (site.data / "instance.json").exists()


@pytest.mark.slow
async def test_a_command_beside_another_one_that_has_the_data_is_told_so(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        await site.emulator.plan("session", {"type": "stall", "seconds": 60.0})
        [token] = site.emulator.session_tokens
        async with open_program(site.launch("account", "add", "--session-token", "-", input=token)):
            await site.emulator.wait_running("session")
            # The first command runs a gateway of its own meanwhile, which the second one finds and uses.
            assert await accounts(site) == []
            assert "already running" in await fails(site, "serve", "--port", "0", code=NO_INSTANCE)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("curl") is None, reason="the line is made for curl")
async def test_the_demo_prints_a_line_that_makes_a_picture_when_it_is_pasted(tmp_path: Path) -> None:
    place, key = Place(tmp_path), "f2a_key-for-'the'-demo"
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    place.settings["TMPDIR"] = str(temporary)
    launch = place.launch("demo", "--port", "0", "--api-key", key, shows=(key, "f2a_key-for-"))
    with trio.fail_after(90):
        async with open_program(launch) as program:
            line = (await program.says(r"^curl .*$"))[0]
            pasted = Launch(["/bin/sh", "-c", f"{line} --silent"], tmp_path, launch.environ, place.secrets)
            ended = await run_program(pasted)
            content = msgspec.json.decode(ended.out)["choices"][0]["message"]["content"]
            link = re.search(r"\((http://127\.0\.0\.1:\d+/media/[^)]+)\)", content)
            assert link is not None, content
            async with httpx.AsyncClient(trust_env=False) as client:
                picture = await client.get(link[1])
            assert (picture.status_code, picture.headers["content-type"]) == (200, inspect(picture.content).mime)
            program.send(signal.SIGINT)
            assert await program.wait() == 0
            assert "Traceback" not in program.err
    assert list(temporary.iterdir()) == []
    assert not place.data.exists()


@pytest.mark.slow
async def test_the_module_and_the_installed_command_are_one(tmp_path: Path) -> None:
    place = Place(tmp_path)
    script = Path(sys.executable).with_name("flow2api")
    if not script.exists():
        pytest.skip("the package is not installed here")
    installed = await run_program(Launch([str(script), "--version"], tmp_path, place.launch().environ, place.secrets))
    assert installed.out == await done(place, "--version")

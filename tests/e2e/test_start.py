"""Starting the gateway: what is made, and each thing that can be wrong as one clear message and an exit code."""

import os
import socket
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from flow2api.cli.outcomes import FAILED, NO_INSTANCE, USAGE
from tests.doubles.processes import Ended
from tests.e2e.site import Place, open_site


async def refused(place: Place, *arguments: str, code: int) -> str:
    """Try to serve; the one message with which it ends."""
    ended = await place.run("serve", *arguments)
    assert ended.code == code, ended
    assert_plain(ended)
    return ended.err


def assert_plain(ended: Ended) -> None:
    """One message for a person: no trace, no log of vain tries, no promise that the gateway runs."""
    assert ended.out == ""
    assert ended.err.startswith("Error: ")
    assert "Traceback" not in ended.err
    assert "Error:" not in ended.err.removeprefix("Error: ")


@pytest.mark.slow
async def test_the_first_start_shows_a_key_and_the_second_does_not(tmp_path: Path) -> None:
    place = Place(tmp_path)
    async with place.gateway() as gateway:
        assert gateway.program.out.count(place.key) == 1
    async with place.gateway() as gateway:
        assert "key" not in gateway.program.out
        assert (await gateway.client.get("/v1/models", headers=gateway.bearer)).status_code == 200


@pytest.mark.slow
async def test_a_command_before_the_first_start_leaves_the_key_to_it(tmp_path: Path) -> None:
    place = Place(tmp_path)
    assert (await place.run("key", "list")).out == "There is no key yet. Make one with: flow2api key create NAME\n"
    async with place.gateway() as gateway:
        assert place.key in gateway.program.out


@pytest.mark.slow
async def test_a_second_instance_on_the_same_data_is_refused_and_the_first_goes_on(tmp_path: Path) -> None:
    place = Place(tmp_path)
    async with place.gateway() as gateway:
        message = await refused(place, "--port", "0", code=NO_INSTANCE)
        assert f"already running on the data folder {place.data}" in message
        assert f"process {gateway.program.pid}" in message
        assert (await gateway.client.get("/v1/models", headers=gateway.bearer)).status_code == 200


@pytest.mark.slow
async def test_a_taken_port_is_named_before_anything_is_made(tmp_path: Path) -> None:
    place = Place(tmp_path)
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        port = other.getsockname()[1]
        message = await refused(place, "--port", str(port), code=FAILED)
    assert f"127.0.0.1 port {port}" in message
    assert "another program listens there" in message
    async with place.gateway() as gateway:
        assert place.key in gateway.program.out


@pytest.mark.slow
@pytest.mark.parametrize("host", ["203.0.113.7", "no-such-host.invalid"])
async def test_an_address_that_is_not_of_this_machine_is_named(tmp_path: Path, host: str) -> None:
    place = Place(tmp_path)
    assert host in await refused(place, "--port", "0", "--host", host, code=FAILED)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("[server]\nport = 70000", "server.port must be a whole number from 0 to 65535, not 70000"),
        ("[server]\nprot = 1", "there is no setting server.prot; did you mean server.port?"),
        ("[sever]\nport = 1", "there is no section sever; did you mean server?"),
        ("[server\nport = 1", "not valid TOML"),
        ("port = 1", "port stands outside its section; did you mean server.port?"),
    ],
)
async def test_a_mistake_in_the_settings_file_is_named_with_its_file(tmp_path: Path, content: str, words: str) -> None:
    place = Place(tmp_path)
    file = tmp_path / "own.toml"
    file.write_text(content)
    message = await refused(place, "--config", str(file), code=USAGE)
    assert str(file) in message
    assert words in message


@pytest.mark.slow
async def test_all_mistakes_in_the_settings_are_told_at_once(tmp_path: Path) -> None:
    place = Place(tmp_path)
    file = tmp_path / "own.toml"
    file.write_text("[jobs]\nmax_submits = 'many'\n[log]\nlevel = 'loud'")
    place.settings |= {"FLOW2API_CONFIG_PATH": str(file), "FLOW2API_SERVER_PROT": "1"}
    message = await refused(place, code=USAGE)
    assert f"file {file}: jobs.max_submits" in message
    assert f"file {file}: log.level" in message
    assert "FLOW2API_SERVER_PROT; did you mean FLOW2API_SERVER_PORT?" in message


@pytest.mark.slow
async def test_a_folder_in_the_place_of_the_settings_file_is_explained(tmp_path: Path) -> None:
    place = Place(tmp_path)
    (tmp_path / "config" / "setting.toml").mkdir(parents=True)
    message = await refused(place, code=USAGE)
    assert "config/setting.toml: is a folder, not a file" in message
    assert "container mount" in message


@pytest.mark.slow
async def test_a_settings_file_that_is_named_but_not_there_is_told(tmp_path: Path) -> None:
    place = Place(tmp_path)
    message = await refused(place, "--config", "nowhere.toml", code=USAGE)
    assert "nowhere.toml: there is no such file" in message


@pytest.mark.slow
async def test_a_database_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    place = Place(tmp_path)
    await place.run("models")
    database = place.data / "flow2api.db"
    with closing(sqlite3.connect(database)) as db, db:
        db.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('flow2api', '9999_later', '')"
        )
    before = database.read_bytes()
    message = await refused(place, "--port", "0", code=FAILED)
    assert str(database) in message
    assert "newer version of flow2api" in message
    assert "9999_later" in message
    assert database.read_bytes() == before


@pytest.mark.slow
async def test_a_database_that_is_none_is_told(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.data.mkdir()
    (place.data / "flow2api.db").write_bytes(b"no database at all " * 100)
    assert str(place.data / "flow2api.db") in await refused(place, "--port", "0", code=FAILED)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["data", "data/below"])
async def test_a_file_in_the_place_of_the_data_folder_is_told(tmp_path: Path, name: str) -> None:
    place = Place(tmp_path)
    place.data.write_text("a file")
    message = await refused(place, "--port", "0", "--data-dir", str(tmp_path / name), code=FAILED)
    assert f"The data folder {tmp_path / name} cannot be used" in message


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
async def test_a_data_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.data.mkdir(mode=0o500)
    message = await refused(place, "--port", "0", code=FAILED)
    assert f"The data folder {place.data} cannot be used: Permission denied" in message


@pytest.mark.slow
@pytest.mark.parametrize(
    ("key", "words"), [("another key than the right one", "does not fit"), ("k7#x2", "has only 5 characters")]
)
async def test_a_wrong_master_key_is_told_without_showing_it(tmp_path: Path, key: str, words: str) -> None:
    async with open_site(tmp_path) as site:
        async with site.gateway() as gateway:
            await site.add_accounts(gateway)
        site.secrets.values.add(key)
        site.settings["STORAGE_MASTER_KEY"] = key
        message = await refused(site, "--port", "0", code=FAILED)
        assert "STORAGE_MASTER_KEY" in message
        assert words in message
        # With the right one everything is as it was.
        del site.settings["STORAGE_MASTER_KEY"]
        async with site.gateway() as gateway:
            assert (await gateway.chat("after all")).status_code == 200

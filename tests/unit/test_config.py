"""Settings: precedence, sources, ranges, and errors that say where, which and what is allowed."""

from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest
from msgspec.inspect import FloatType, IntType, Metadata, type_info

from flow2api.config import (
    ENV_PREFIX,
    KEYS,
    Config,
    ConfigError,
    Resolved,
    Value,
    check_override,
    load_config,
    render,
)


def write(folder: Path, text: str) -> Path:
    path = folder / "setting.toml"
    path.write_text(text, encoding="utf-8")
    return path


def source(resolved: Resolved, key: str) -> str:
    return next(value.source for value in resolved.values if value.key == key)


def problems(
    path: Path | None = None, environ: Mapping[str, str] | None = None, flags: Mapping[str, object] | None = None
) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        load_config(path, environ or {}, {}, flags=flags)
    return caught.value.problems


@pytest.fixture
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, without settings."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_without_any_source_everything_is_default(empty_folder: Path) -> None:
    resolved = load_config(None, {}, {})
    assert resolved.config == Config()
    assert {value.source for value in resolved.values} == {"default"}
    assert [value.key for value in resolved.values] == list(KEYS)


def test_the_default_file_is_read_from_the_working_directory(empty_folder: Path) -> None:
    (empty_folder / "config").mkdir()
    write(empty_folder / "config", "[log]\nlevel = 'debug'\n")
    resolved = load_config(None, {}, {})
    assert resolved.config.log.level == "debug"
    assert source(resolved, "log.level") == "file config/setting.toml"


def test_flags_beat_environment_beats_admin_beats_file_beats_default(tmp_path: Path) -> None:
    path = write(tmp_path, "[jobs]\nqueue_limit = 2\nmax_submits = 2\nqueue_timeout = 2\n[server]\nport = 2\n")
    resolved = load_config(
        path,
        {"FLOW2API_JOBS_QUEUE_LIMIT": "4", "FLOW2API_SERVER_PORT": "4"},
        {"jobs.queue_limit": 3, "jobs.max_submits": 3},
        flags={"server.port": 5},
    )
    assert resolved.config.server.port == 5
    assert resolved.config.jobs.queue_limit == 4
    assert resolved.config.jobs.max_submits == 3
    assert resolved.config.jobs.queue_timeout == 2.0
    sources = [source(resolved, f"jobs.{name}") for name in ("queue_limit", "max_submits", "queue_timeout")]
    assert sources == ["environment FLOW2API_JOBS_QUEUE_LIMIT", "admin", f"file {path}"]
    assert source(resolved, "server.port") == "command line"
    assert source(resolved, "jobs.retention_seconds") == "default"


def test_other_run_time_changes_can_be_laid_over_the_same_start(tmp_path: Path) -> None:
    path = write(tmp_path, "[jobs]\nqueue_limit = 2\n")
    resolved = load_config(path, {}, {"jobs.queue_limit": 3})
    path.unlink()
    assert resolved.with_overrides({"jobs.queue_limit": 9}).config.jobs.queue_limit == 9
    assert resolved.with_overrides({}).config.jobs.queue_limit == 2


@pytest.mark.parametrize(
    ("name", "value"),
    [("server.port", 9), ("storage.data_dir", "elsewhere"), ("jobs.queue_limit", "many"), ("jobs.gone", 1)],
)
def test_a_bad_run_time_change_is_left_out_and_reported(empty_folder: Path, name: str, value: object) -> None:
    resolved = load_config(None, {}, {name: value, "log.level": "error"})
    assert resolved.config == msgspec.structs.replace(
        Config(), log=msgspec.structs.replace(Config().log, level="error")
    )
    assert len(resolved.ignored) == 1
    assert name in resolved.ignored[0]


def test_what_is_stored_beside_the_settings_is_passed_over(empty_folder: Path) -> None:
    resolved = load_config(None, {}, {"admin.password": "argon2"})
    assert (resolved.config, resolved.ignored) == (Config(), ())


def test_check_override_gives_the_value_in_its_type() -> None:
    assert check_override("proxy.urls", ["http://a:1"]) == ("http://a:1",)
    with pytest.raises(ConfigError, match="read at start only"):
        check_override("server.host", "0.0.0.0")
    with pytest.raises(ConfigError, match=r"did you mean jobs\.queue_limit"):
        check_override("jobs.queue_limits", 3)


@pytest.mark.parametrize(
    "text", ["http://a:1, socks5://b:2", '["http://a:1", "socks5://b:2"]', "http://a:1,socks5://b:2,"]
)
def test_lists_come_by_comma_or_as_json(empty_folder: Path, text: str) -> None:
    assert load_config(None, {"FLOW2API_PROXY_URLS": text}, {}).config.proxy.urls == ("http://a:1", "socks5://b:2")


def test_an_empty_variable_is_an_empty_list_or_text(empty_folder: Path) -> None:
    config = load_config(None, {"FLOW2API_SERVER_CORS_ORIGINS": "", "FLOW2API_SERVER_PUBLIC_URL": ""}, {}).config
    assert config.server.cors_origins == ()
    assert config.server.public_url == ""


def test_a_whole_number_is_fine_for_a_setting_in_seconds(tmp_path: Path) -> None:
    assert load_config(write(tmp_path, "[server]\ngrace_seconds = 5\n"), {}, {}).config.server.grace_seconds == 5.0


def test_a_byte_order_mark_is_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "setting.toml"
    path.write_bytes(b"\xef\xbb\xbf[log]\nlevel = 'error'\n")
    assert load_config(path, {}, {}).config.log.level == "error"


def test_the_environment_can_name_the_file_and_the_command_line_goes_before_it(tmp_path: Path) -> None:
    one = write(tmp_path, "[log]\nlevel = 'error'\n")
    other = tmp_path / "other.toml"
    other.write_text("[log]\nlevel = 'debug'\n")
    environ = {"FLOW2API_CONFIG_PATH": str(one)}
    assert load_config(None, environ, {}).config.log.level == "error"
    assert load_config(other, environ, {}).config.log.level == "debug"


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    missing = tmp_path / "none.toml"
    assert problems(missing) == (f"{missing}: there is no such file; name one that is with --config",)
    assert problems(None, {"FLOW2API_CONFIG_PATH": str(missing)}) == (
        f"{missing}: there is no such file; name one that is with --config",
    )


def test_a_folder_in_place_of_the_file_is_explained(tmp_path: Path) -> None:
    [problem] = problems(tmp_path)
    assert problem.startswith(f"{tmp_path}: is a folder")
    assert "mount" in problem
    assert "remove the folder" in problem


def test_a_path_through_a_file_is_an_error(tmp_path: Path) -> None:
    path = write(tmp_path, "") / "below"
    assert "cannot be read" in problems(path)[0]


def test_broken_toml_is_told_with_line_and_column(tmp_path: Path) -> None:
    [problem] = problems(write(tmp_path, "[log]\nlevel = \n"))
    assert "not valid TOML" in problem
    assert "line 2, column 9" in problem


def test_text_in_another_encoding_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "setting.toml"
    path.write_bytes(b"# caf\xe9\n")
    assert "not UTF-8" in problems(path)[0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[server]\nprot = 1", ["there is no setting server.prot", "did you mean server.port?"]),
        ("[sever]\nport = 1", ["there is no section sever", "did you mean server?"]),
        ("port = 1", ["port stands outside its section", "did you mean server.port?"]),
        ("server = 1", ["server is a section", "[server]"]),
        ("[server]\nlevel = 'info'", ["there is no setting server.level"]),
        ("[server]\nport = 'x'", ["server.port must be a whole number from 0 to 65535", 'not "x"']),
        ("[server]\nport = 70000", ["server.port must be a whole number from 0 to 65535", "not 70000"]),
        ("[server]\nport = true", ["server.port must be a whole number", "not true"]),
        ("[server]\nport = 8000.0", ["server.port must be a whole number"]),
        ("[server]\ngrace_seconds = nan", ["server.grace_seconds must be a number from 0 to 3600"]),
        ("[server]\ngrace_seconds = inf", ["server.grace_seconds must be a number from 0 to 3600"]),
        ("[log]\nformat = 'xml'", ['log.format must be one of "json", "text"', 'not "xml"']),
        ("[server]\ncors_origins = '*'", ["server.cors_origins must be a list"]),
        ("[server]\ncors_origins = [1]", ["server.cors_origins must be a list"]),
        ("[server]\ntrusted_proxies = ['proxy']", ["an IP address or a network"]),
        ("[flow]\napi_base_url = 'https://x/v1/'", ["without a slash at its end"]),
        ("[storage]\ndatabase_url = 'postgresql://u:pw@h/d'", ["PostgreSQL is planned"]),
        ("[log]\nlevel = 1979-05-27", ["log.level must be"]),
    ],
)
def test_an_error_names_file_key_and_what_is_allowed(tmp_path: Path, text: str, words: list[str]) -> None:
    path = write(tmp_path, text)
    [problem] = problems(path)
    assert str(path) in problem
    for word in words:
        assert word in problem


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("FLOW2API_LOGLEVEL", "info", ["there is no setting FLOW2API_LOGLEVEL", "did you mean FLOW2API_LOG_LEVEL?"]),
        ("FLOW2API_STORAGE_MASTER_KEY", "x", ["did you mean STORAGE_MASTER_KEY?"]),
        ("FLOW2API_PORT", "8000", ["there is no setting FLOW2API_PORT"]),
        ("FLOW2API_LOG_LEVEL", "loud", ["environment FLOW2API_LOG_LEVEL: log.level must be one of"]),
        ("FLOW2API_SERVER_PORT", "", ["server.port must be a whole number"]),
        ("FLOW2API_SERVER_PORT", "-1", ["server.port must be a whole number"]),
        ("FLOW2API_PROXY_URLS", "[1]", ["proxy.urls must be a list"]),
        ("FLOW2API_PROXY_URLS", '["unfinished', ["proxy.urls must be a list"]),
    ],
)
def test_a_wrong_environment_variable_is_an_error(empty_folder: Path, name: str, text: str, words: list[str]) -> None:
    [problem] = problems(None, {name: text})
    for word in words:
        assert word in problem


def test_variables_of_kubernetes_and_a_persons_api_key_are_no_settings(empty_folder: Path) -> None:
    environ = {
        "FLOW2API_SERVICE_HOST": "10.0.0.1",
        "FLOW2API_SERVICE_PORT": "8000",
        "FLOW2API_SERVICE_PORT_HTTP": "8000",
        "FLOW2API_PORT": "tcp://10.0.0.1:8000",
        "FLOW2API_PORT_8000_TCP_ADDR": "10.0.0.1",
        "FLOW2API_KEY": "f2a_key",
    }
    assert load_config(None, environ, {}).config == Config()


def test_everything_wrong_is_told_at_once(tmp_path: Path) -> None:
    path = write(tmp_path, "[server]\nprot = 1\nport = -1\n[sever]\n")
    found = problems(path, {"FLOW2API_X": "1"}, flags={"server.port": 99999})
    assert len(found) == 5


def test_a_password_is_shown_neither_in_values_nor_in_errors_nor_in_reprs(empty_folder: Path) -> None:
    for url in ("http://ada:hunter22@proxy:8080", "proxy:8080:ada:hunter22", "ada:hunter22@proxy:8080"):
        resolved = load_config(None, {"FLOW2API_PROXY_URLS": url}, {})
        assert resolved.config.proxy.urls == (url,)
        shown = next(value.shown for value in resolved.values if value.key == "proxy.urls")
        assert "hunter22" not in f"{shown} {resolved!r}"
    [problem] = problems(None, {"FLOW2API_PROXY_URLS": "http://ada:hunter22@ proxy"})
    assert "hunter22" not in problem


@pytest.mark.parametrize("url", ["http://proxy:8080", "socks5://[::1]:1080", "proxy:8080", "socks5h://proxy:1/"])
def test_a_proxy_without_password_is_shown_as_it_is(url: str) -> None:
    assert Value("proxy.urls", (url,), "admin").shown == (url,)


def test_a_long_wrong_value_is_cut_in_the_message(tmp_path: Path) -> None:
    [problem] = problems(write(tmp_path, f"[log]\nlevel = '{'x' * 5000}'\n"))
    assert len(problem) < 300


def test_every_number_has_both_bounds_and_every_default_is_allowed() -> None:
    for key in KEYS.values():
        info = type_info(key.type)
        assert isinstance(info, Metadata)
        if isinstance(info.type, IntType | FloatType):
            assert info.type.ge is not None, key.name
            assert info.type.le is not None, key.name
        assert msgspec.convert(key.default, key.type) == key.default


def test_every_setting_has_a_description_and_a_name_of_its_own_in_the_environment() -> None:
    assert len({key.env for key in KEYS.values()}) == len(KEYS)
    for key in KEYS.values():
        assert key.description.endswith("."), key.name
        assert key.env.startswith(ENV_PREFIX)


def test_what_may_change_at_run_time_is_known() -> None:
    fixed = {name for name, key in KEYS.items() if not key.run_time}
    bound_or_read_by_commands = {
        "server.host",
        "server.port",
        "server.grace_seconds",
        "captcha.headless",
        "log.stall_seconds",
    }
    assert fixed == bound_or_read_by_commands | {"storage.data_dir", "storage.database_url"}


def test_a_written_file_shows_defaults_as_comments_only(tmp_path: Path) -> None:
    assert load_config(write(tmp_path, render(Config())), {}, {}).config == Config()
    assert all(line.startswith(("#", "[")) or not line for line in render(Config()).splitlines())

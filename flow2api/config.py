"""Settings: TOML file, environment and run-time changes become one frozen record; each value knows where it came from."""

from typing import Literal

import msgspec


class ServerConfig(msgspec.Struct, frozen=True, kw_only=True):
    host: str = "127.0.0.1"
    port: int = 8000
    public_url: str = ""
    trusted_proxies: tuple[str, ...] = ()
    max_body_bytes: int = 64 * 1024 * 1024
    grace_seconds: float = 30.0
    cors_origins: tuple[str, ...] = ("*",)


class FlowConfig(msgspec.Struct, frozen=True, kw_only=True):
    labs_base_url: str = "https://labs.google/fx/api"
    api_base_url: str = "https://aisandbox-pa.googleapis.com/v1"
    page_url: str = "https://labs.google/fx/tools/flow"
    recaptcha_site_key: str = "6LdsFiUsAAAAAIjVDZcuLhaHiDn5nnHVXVRQGeMV"
    poll_interval: float = 3.0
    request_timeout: float = 120.0
    image_timeout: float = 300.0
    video_timeout: float = 1500.0
    projects_per_account: int = 4


class CaptchaConfig(msgspec.Struct, frozen=True, kw_only=True):
    method: Literal["browser", "none"] = "browser"


class StorageConfig(msgspec.Struct, frozen=True, kw_only=True):
    data_dir: str = "data"
    database_url: str = ""


class ProxyConfig(msgspec.Struct, frozen=True, kw_only=True):
    urls: tuple[str, ...] = ()
    rotation: Literal["sticky", "round_robin"] = "sticky"


class AccountsConfig(msgspec.Struct, frozen=True, kw_only=True):
    default_image_concurrency: int = 2
    default_video_concurrency: int = 2
    error_threshold: int = 3
    rest_seconds: float = 12 * 3600.0


class JobsConfig(msgspec.Struct, frozen=True, kw_only=True):
    queue_limit: int = 1000
    queue_timeout: float = 600.0
    max_submits: int = 3
    retention_seconds: float = 30 * 86400.0


class MediaConfig(msgspec.Struct, frozen=True, kw_only=True):
    retention_seconds: float = 7 * 86400.0
    max_bytes: int = 10 * 1024 * 1024 * 1024
    allow_private: tuple[str, ...] = ()


class LogConfig(msgspec.Struct, frozen=True, kw_only=True):
    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["text", "json"] = "text"


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that can be set, resolved."""

    server: ServerConfig = ServerConfig()
    flow: FlowConfig = FlowConfig()
    captcha: CaptchaConfig = CaptchaConfig()
    storage: StorageConfig = StorageConfig()
    proxy: ProxyConfig = ProxyConfig()
    accounts: AccountsConfig = AccountsConfig()
    jobs: JobsConfig = JobsConfig()
    media: MediaConfig = MediaConfig()
    log: LogConfig = LogConfig()

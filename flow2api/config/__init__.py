"""Settings: TOML file, environment and run-time changes become one frozen record; each value knows where it came from.

`schema` says what can be set, `keys` lists it as data, `sources` reads, `load` resolves, `render` writes a settings file.
Knows nothing of the parts that are configured.
"""

from flow2api.config.dashboard import DashboardConfig
from flow2api.config.dialects import ChatConfig, ModelsConfig, VideoForm
from flow2api.config.keys import ENV_PREFIX, KEYS, MASTER_KEY_ENV, ONLY_ENVIRONMENT, Key
from flow2api.config.load import Resolved, check_override, load_config, unknown_setting
from flow2api.config.problems import ConfigError
from flow2api.config.render import render
from flow2api.config.schema import (
    AccountsConfig,
    BackupConfig,
    CaptchaConfig,
    Config,
    JobsConfig,
    LogConfig,
    MediaConfig,
    ProxyConfig,
    SchedulesConfig,
    ServerConfig,
    StorageConfig,
)
from flow2api.config.services import FalConfig, FlowConfig, GatewayConfig, GeminiConfig
from flow2api.config.sources import DEFAULT_PATH, Value
from flow2api.config.values import LONGEST_INTERVAL, SHORTEST_INTERVAL
from flow2api.config.webhooks import WebhooksConfig

__all__ = [
    "DEFAULT_PATH",
    "ENV_PREFIX",
    "KEYS",
    "LONGEST_INTERVAL",
    "MASTER_KEY_ENV",
    "ONLY_ENVIRONMENT",
    "SHORTEST_INTERVAL",
    "AccountsConfig",
    "BackupConfig",
    "CaptchaConfig",
    "ChatConfig",
    "Config",
    "ConfigError",
    "DashboardConfig",
    "FalConfig",
    "FlowConfig",
    "GatewayConfig",
    "GeminiConfig",
    "JobsConfig",
    "Key",
    "LogConfig",
    "MediaConfig",
    "ModelsConfig",
    "ProxyConfig",
    "Resolved",
    "SchedulesConfig",
    "ServerConfig",
    "StorageConfig",
    "Value",
    "VideoForm",
    "WebhooksConfig",
    "check_override",
    "load_config",
    "render",
    "unknown_setting",
]

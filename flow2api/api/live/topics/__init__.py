"""What each topic shows: one module, one source. `sources` gives all of them."""

from collections.abc import Mapping

from flow2api.api.live.hub import Hub
from flow2api.api.live.protocol import TopicName
from flow2api.api.live.source import Source
from flow2api.api.live.topics.accounts import AccountsSource
from flow2api.api.live.topics.captcha import CaptchaSource
from flow2api.api.live.topics.jobs import JobsSource
from flow2api.api.live.topics.keys import KeysSource
from flow2api.api.live.topics.logs import LogsSource
from flow2api.api.live.topics.overview import OverviewSource
from flow2api.api.live.topics.proxies import ProxiesSource
from flow2api.api.live.topics.system import SystemSource
from flow2api.api.services import Services


def sources(services: Services, hub: Hub) -> Mapping[TopicName, Source]:
    """Every topic that can be asked for."""
    return {
        "overview": OverviewSource(services),
        "jobs": JobsSource(services),
        "accounts": AccountsSource(services),
        "captcha": CaptchaSource(services),
        "proxies": ProxiesSource(services),
        "system": SystemSource(services, hub.statistics),
        "keys": KeysSource(services),
        "logs": LogsSource(services.tail),
    }

"""What lies outside: proxies, and the addresses of the services. Nothing beyond a proxy is touched unless that is asked for."""

import time
from collections.abc import Iterator, Sequence
from email.utils import parsedate_to_datetime

import msgspec
import trio

from flow2api.cli.checks.finding import Finding, advised, broken, good
from flow2api.cli.wiring import Http
from flow2api.config import Config, ProxyConfig
from flow2api.errors import NetworkFault, ResponseTooLarge
from flow2api.net.exits import Exit, is_loopback, parse_exit
from flow2api.net.message import Limits, Response
from flow2api.net.url import parse_url
from flow2api.providers.registry import PROVIDERS

CONNECT_SECONDS = 5.0
CLOCK_SLACK_SECONDS = 60.0
# Other services matter to those alone who have accounts of them.
_USUAL = next(iter(PROVIDERS))
_LIMITS = Limits(total_seconds=20.0, max_bytes=4 * 1024 * 1024)


async def proxies(config: ProxyConfig) -> list[Finding]:
    """Whether each proxy takes a connection."""
    urls = list(dict.fromkeys((*config.urls, *config.media_urls)))
    if not urls:
        return [good("proxies", "none in the settings; accounts reach the service directly")]
    found: dict[str, Finding] = {}

    async def look(url: str) -> None:
        found[url] = await _proxy(url)

    async with trio.open_nursery() as nursery:
        for url in urls:
            nursery.start_soon(look, url)
    findings = [found[url] for url in urls]
    if all(finding.result != "good" for finding in findings):
        findings.append(broken("proxies", "none of them can be used", "No account can reach the service; see above."))
    return findings


async def _proxy(url: str) -> Finding:
    try:
        exit_ = parse_exit(url)
    except ValueError as error:
        return broken("proxies", str(error), "Write it in one of these forms.")
    began = trio.current_time()
    trouble = await _trouble(exit_)
    if trouble is not None:
        return advised(
            "proxies", f"{exit_.masked} cannot be reached: {trouble}", "Start it, or take it out of proxy.urls."
        )
    return good("proxies", f"{exit_.masked} takes connections ({(trio.current_time() - began) * 1000:.0f} ms)")


async def _trouble(exit_: Exit) -> str | None:
    try:
        with trio.fail_after(CONNECT_SECONDS):
            await (await trio.open_tcp_stream(exit_.host, exit_.port)).aclose()
    except trio.TooSlowError:
        return f"no answer within {CONNECT_SECONDS:.0f} s"
    except OSError as error:
        return error.strerror or str(error)
    return None


def addresses(config: Config) -> Iterator[Finding]:
    """The services' addresses as they are set; none is contacted."""
    for name, url in _addresses(config).items():
        yield _address(name, url)


def _addresses(config: Config) -> dict[str, str]:
    """Every address in the section of a service, by the setting's name."""
    sections = {name: msgspec.structs.asdict(getattr(config, name)) for name in PROVIDERS}
    return {
        f"{name}.{key}": url for name, found in sections.items() for key, url in found.items() if key.endswith("_url")
    }


def _address(name: str, text: str) -> Finding:
    try:
        url = parse_url(text)
    except ValueError as error:
        return broken("service", f"{name} cannot be used: {error}", "Mend it; `flow2api config` shows its default.")
    if url.scheme == "http" and not is_loopback(url.host):
        return advised("service", f"{name} is {text}", "Write https: credentials would go there in the clear.")
    return good("service", f"{name} is {text}")


async def online(config: Config, http: Http) -> list[Finding]:
    """Whether the services' addresses answer at all, by way of the first proxy if there are any; and what time it is there."""
    exit_url = next(iter(config.proxy.urls), None)
    answers: list[tuple[Finding, Response | None]] = []

    async def look(name: str, url: str) -> None:
        answers.append(await _answer(name, url, exit_url, http))

    async with trio.open_nursery() as nursery:
        for name, url in _addresses(config).items():
            nursery.start_soon(look, name, url)
    findings = sorted((finding for finding, _ in answers), key=lambda finding: finding.found)
    return [*findings, *_clocks([response for _, response in answers if response is not None])]


async def _answer(name: str, url: str, exit_url: str | None, http: Http) -> tuple[Finding, Response | None]:
    began = trio.current_time()
    try:
        response = await http.request("GET", url, limits=_LIMITS, exit_url=exit_url)
    except ResponseTooLarge:
        return good("service online", f"{name} answers"), None
    except NetworkFault as fault:
        found = f"{name} cannot be reached: {fault}"
        if name.partition(".")[0] != _USUAL:
            return advised("service online", found, "Nothing to mend if you have no account of that service."), None
        return broken("service online", found, "Check the network, the name service and a firewall in between."), None
    milliseconds = (trio.current_time() - began) * 1000
    return good("service online", f"{name} answers with status {response.status} ({milliseconds:.0f} ms)"), response


def _clocks(responses: Sequence[Response]) -> Iterator[Finding]:
    for response in responses:
        told = response.headers.get("date")
        try:
            ahead = time.time() - parsedate_to_datetime(told or "").timestamp()
        except ValueError:
            continue
        if abs(ahead) > CLOCK_SLACK_SECONDS:
            found = f"it is {abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} the service's"
            yield broken("clock online", found, "Set the clock, best by a time service such as chrony.")
        else:
            yield good("clock online", "it agrees with the service's")
        return

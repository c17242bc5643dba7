"""What values may be: the bounds and types that several sections of the settings share."""

from typing import Annotated

from msgspec import Meta

MIB = 1024 * 1024
GIB = 1024 * MIB
DAY = 86400.0
YEARS = 3650 * DAY
SHORTEST_INTERVAL = 10.0
LONGEST_INTERVAL = 31 * DAY
PORTS = 65535

Origin = Annotated[
    str, Meta(pattern=r"^(\*|https?://[^\s/]+)$", title='"*" or an origin such as "https://chat.example.org"')
]
Network = Annotated[
    str, Meta(pattern=r"^[0-9a-fA-F:.]+(/\d{1,3})?$", title='an IP address or a network such as "10.0.0.0/8"')
]
Place = Annotated[
    str, Meta(pattern=r"^[\w.:-]+(/\d{1,3})?$", title='an IP address, a network such as "10.0.0.0/8" or a host name')
]
Proxy = Annotated[
    str,
    Meta(
        pattern=r"^\S+$",
        title='an address such as "http://user:password@host:8080", "socks5://host:1080" or "host:8080"',
    ),
]
Interval = Annotated[float, Meta(ge=SHORTEST_INTERVAL, le=LONGEST_INTERVAL)]
BASE_URL = r"^https?://[^\s?#]*[^\s?#/]$"
A_BASE_URL = "an http or https address without a slash at its end"

"""Lists of IP networks, as a setting names them: the proxies that are believed when they say who calls."""

import ipaddress
import re
from collections.abc import Iterable

LOOPBACK = ("127.0.0.0/8", "::1/128")
_SITE_BITS = 64  # of an IPv6 address, the part that one home or company has


def read(text: str) -> tuple[str, ...]:
    """Read a comma list of addresses, networks and the word "loopback". Raises ValueError with what to write."""
    found: list[str] = []
    for word in (part.strip() for part in re.split(r"[,，、;；\s]", text)):
        if word == "loopback":
            found += LOOPBACK
        elif word:
            try:
                found.append(str(ipaddress.ip_network(word)))
            except ValueError:
                raise ValueError(
                    f"“{word}” is no address: list addresses or networks such as 10.0.0.7 or 172.18.0.0/16"
                ) from None
    return tuple(found)


class Networks:
    """A set of addresses, as networks name it."""

    def __init__(self, those: Iterable[str]) -> None:
        self._networks = [ipaddress.ip_network(each) for each in those]

    def __contains__(self, address: object) -> bool:
        try:
            found = ipaddress.ip_address(str(address))
        except ValueError:
            return False
        return any(found in network for network in self._networks)


def site(address: str) -> str:
    """Return what counts as one address: an IPv6 caller has a whole network of them."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((int(found), _SITE_BITS), strict=False))
    return str(found)

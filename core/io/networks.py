"""Lists of IP networks, as a setting names them: the proxies that are believed when they say who calls."""

import ipaddress
from collections.abc import Iterable

LOOPBACK = ("127.0.0.0/8", "::1/128")


def read(text: str) -> tuple[str, ...]:
    """Read a comma list of addresses, networks and the word "loopback". Raises ValueError with what to write."""
    found: list[str] = []
    for word in (part.strip() for part in text.split(",")):
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

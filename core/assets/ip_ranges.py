"""Classifies network addresses: a foreign file is fetched from the public internet only."""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str], Awaitable[list[str]]]

_UNICAST = ipaddress.ip_network("2000::/3")  # all that is given out of IPv6; the rest of it is special
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


async def resolve(host: str) -> list[str]:
    """Resolve `host` to its addresses, as the system knows them. Raises OSError."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except UnicodeError as error:  # a label that no name may have
        raise OSError(str(error)) from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def is_public(text: str) -> bool:
    """Return whether the address, and one that is wrapped in it, is reached over the public internet."""
    address = _parsed(text)
    if address is None or address.is_multicast:
        return False
    if isinstance(address, ipaddress.IPv4Address):
        return address.is_global
    wrapped = _wrapped(address)
    if wrapped is not None:
        return wrapped.is_global and not wrapped.is_multicast
    return address in _UNICAST and address.is_global


def is_loopback_address(text: str) -> bool:
    """Return whether the text is a loopback address."""
    address = _parsed(text)
    return address is not None and address.is_loopback


def _parsed(text: str) -> Address | None:
    try:
        return ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None


def _wrapped(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """Return the IPv4 address that is reached through this one: mapped, by NAT64, or by 6to4."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.sixtofour

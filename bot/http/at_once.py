"""Counts the requests under way of each address: behind a proxy all connections are the proxy's."""

from collections import Counter
from collections.abc import Container

from core.io.networks import site

MOST_AT_ONCE = 100


class AtOnce:
    """The requests that are under way. `trusted`: addresses of proxies and of this machine, which are not counted."""

    def __init__(self, *, most: int = MOST_AT_ONCE, trusted: Container[str]) -> None:
        self._most = most
        self._trusted = trusted
        self._by_site: Counter[str] = Counter()

    def enter(self, address: str) -> bool:
        """Count one more; False, and it is not counted, where it is one too many."""
        if address in self._trusted:
            return True
        key = site(address)
        if self._by_site[key] >= self._most:
            return False
        self._by_site[key] += 1
        return True

    def leave(self, address: str) -> None:
        """Count one less."""
        if address in self._trusted:
            return
        key = site(address)
        self._by_site[key] -= 1
        if self._by_site[key] <= 0:
            del self._by_site[key]

"""Trusts the usual authorities for TLS. Reading them takes a tenth of a second: once a process, not for each client."""

import ssl
from collections.abc import Callable
from functools import cache
from typing import Any

import httpx


@cache
def usual_trust() -> ssl.SSLContext:
    """Return the context that all clients share; who needs further authorities makes one of their own."""
    return httpx.create_ssl_context(trust_env=False)


def plain_client(
    *, timeout: httpx.Timeout | float, on_response: tuple[Callable[..., Any], ...] = ()
) -> httpx.AsyncClient:
    """Build a client that asks whom it is told to and nobody else: no proxy of the environment, no redirects."""
    return httpx.AsyncClient(
        timeout=timeout,
        trust_env=False,
        follow_redirects=False,
        verify=usual_trust(),
        event_hooks={"response": [*on_response]},
    )

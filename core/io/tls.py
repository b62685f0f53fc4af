"""Trusts the usual authorities for TLS. Reading them takes a tenth of a second: once a process, not for each client."""

import ssl
from functools import cache

import httpx


@cache
def usual_trust() -> ssl.SSLContext:
    """Return the context that all clients share; who needs further authorities makes one of their own."""
    return httpx.create_ssl_context(trust_env=False)

"""Names the errors of a request that was never sent: it may be repeated, whatever it would have bought."""

import httpx

# No connection, no TLS, no place in the pool, the proxy refused the tunnel: nothing of the request left.
NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)

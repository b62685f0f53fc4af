"""The headers that go with every answer: the tightest of its kind, where the route says nothing itself."""

from starlette.datastructures import MutableHeaders

_NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_POLICIES = {"image/": f"{_NOTHING}; img-src 'self'", "video/": f"{_NOTHING}; media-src 'self'"}
PAGE_POLICY = f"{_NOTHING}; style-src 'unsafe-inline'"
"""For a page of ours that holds its own style, no script and nothing foreign."""

STRICT = {
    "Content-Security-Policy": _NOTHING,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex",
}


def tighten(headers: MutableHeaders) -> None:
    """Add what is missing. A file that is the same for everybody may be kept, and is asked about each time."""
    kind = headers.get("content-type", "")
    policy = next((found for start, found in _POLICIES.items() if kind.startswith(start)), _NOTHING)
    headers.setdefault("Content-Security-Policy", policy)
    for name, value in STRICT.items():
        headers.setdefault(name, value)
    headers.setdefault("Cache-Control", "private, no-cache" if "etag" in headers else "no-store")

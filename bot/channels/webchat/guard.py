"""Guards the page: the token once, then a signed cookie; our own hosts and origins only.

A reverse proxy in front must never make the demo public, nor may another web site in the operator's browser use it.
"""

import hashlib
import hmac
import re
import secrets
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.requests import Request

from bot.channels.video_links import VideoLinks

COOKIE = "reelbot"
_COOKIE = re.compile(r"([0-9a-f]{32})\.([0-9a-f]{64})")
_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "via")
_SAFE = {"GET", "HEAD"}
_WRONG_TOKENS = 5
_WRONG_WINDOW_S = 60.0


@dataclass(frozen=True, slots=True)
class Session:
    """One browser. `user` is derived from its secret and may be shown and listed."""

    secret: str

    @property
    def user(self) -> str:
        """Return the person's id, derived from the secret."""
        return hashlib.sha256(f"reelbot-user:{self.secret}".encode()).hexdigest()[:12]


class Guard:
    """The guard of the web chat's requests."""

    def __init__(self, *, secret: bytes, token: str | None, port: int, public_url: str | None) -> None:
        self._key = hmac.new(secret, f"web:{token or 'demo'}".encode(), hashlib.sha256).digest()
        self._links = VideoLinks(secret)
        self._token = token
        self._public = urlsplit(public_url) if public_url else None
        local = {f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]")}
        if port == 80:  # noqa: PLR2004 - browsers leave out http's own port
            local |= {"127.0.0.1", "localhost", "[::1]"}
        self._origins = {f"http://{host}" for host in local}
        self._hosts = local
        if self._public is not None and token is not None:
            self._hosts = local | {self._public.netloc}
            self._origins = self._origins | {f"{self._public.scheme}://{self._public.netloc}"}
        self._wrong: list[float] = []

    def problem(self, request: Request) -> str | None:
        """Return why this request is refused, as a key of the catalogue; None when it may pass."""
        headers = request.headers
        if self._token is None and any(name in headers for name in _FORWARDED):
            return "web-not-through-proxy"
        if headers.get("host", "") not in self._hosts:
            return "web-wrong-host"
        origin = headers.get("origin")
        if origin is not None and origin not in self._origins:
            return "web-wrong-origin"
        if headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"} and not _navigates(request):
            return "web-wrong-origin"
        if request.method not in _SAFE and origin is None and headers.get("sec-fetch-site") != "same-origin":
            return "web-wrong-origin"
        return None

    def session(self, request: Request) -> Session | None:
        """Return the browser behind this request, if its cookie is ours."""
        match = _COOKIE.fullmatch(request.cookies.get(COOKIE, ""))
        if match is None or not hmac.compare_digest(match[2], self._sign(match[1])):
            return None
        return Session(match[1])

    def new_session(self) -> Session:
        """Make a new session."""
        return Session(secrets.token_hex(16))

    def cookie(self, session: Session, *, secure: bool) -> str:
        """Make a Set-Cookie value that proves the token was given; it lapses when the token changes."""
        flags = "; Secure" if secure else ""
        value = f"{session.secret}.{self._sign(session.secret)}"
        return f"{COOKIE}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age=31536000{flags}"

    @property
    def open(self) -> bool:
        """Return whether no token is needed, as in the demo."""
        return self._token is None

    def slowed(self) -> bool:
        """Return whether too many wrong tokens came lately, from anywhere."""
        now = time.monotonic()
        self._wrong = [at for at in self._wrong if now - at < _WRONG_WINDOW_S]
        return len(self._wrong) >= _WRONG_TOKENS

    def is_token(self, token: str) -> bool:
        """Compare with the token, in constant time; a wrong one is counted."""
        right = self._token is not None and hmac.compare_digest(token.encode(), self._token.encode())
        if not right:
            self._wrong.append(time.monotonic())
        return right

    def signed_link(self, name: str, *, lapses: int) -> str:
        """Sign an address of one video for people without a session, until `lapses` (Unix seconds)."""
        return self._links.path(name, lapses=lapses)

    def is_signed(self, request: Request, name: str) -> bool:
        """Return whether the request has a signed link of this video that has not lapsed."""
        return self._links.opens(name, request.query_params)

    def _sign(self, secret: str) -> str:
        return hmac.new(self._key, secret.encode(), hashlib.sha256).hexdigest()


def _navigates(request: Request) -> bool:
    """Return whether a person follows a link from elsewhere to the page itself: SameSite=Strict sends no cookie."""
    return request.method == "GET" and request.headers.get("sec-fetch-mode") == "navigate"

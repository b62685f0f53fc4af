"""Guards the page: the token or an invitation once, then a signed cookie; our own hosts and origins only.

A reverse proxy in front must never make the demo public, nor may another web site in the operator's browser use it.
"""

import hashlib
import hmac
import ipaddress
import re
import secrets
import time
from collections import deque
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.requests import Request

from bot.channels.signing_secret import SigningSecret
from bot.channels.video_links import VideoLinks
from bot.channels.web_names import DEMO, NAME, OPERATOR
from core.io.networks import LOOPBACK, Networks, site

COOKIE = "reelbot"
_LOOPBACK = Networks(LOOPBACK)
_COOKIE = re.compile(rf"({NAME.pattern})\.([0-9a-f]{{0,32}})\.([0-9a-f]{{32}})\.([0-9a-f]{{64}})")
_OLD_COOKIE = re.compile(r"([0-9a-f]{32})\.([0-9a-f]{64})")
# What proxies, tunnels and CDNs add. Of "x-…" browsers send these few, and our page sends none.
_OF_PROXIES = re.compile(
    r"x-(?!(?:requested-with|client-data|moz|purpose)$).*"
    r"|forwarded|via(?:-.*)?|(?:true-|incap-)?client-ip|front-end-https|max-forwards|remote-user|trace(?:parent|state)|b3"
    r"|(?:akamai|cdn|cf|cloudfront|fastly|fly|ngrok|proxy|rndr|ssl-client|surrogate|tailscale)-.*"
)
_OLD_HTTP = "1.0"  # what nginx speaks to those behind it, and no browser
_SAFE = {"GET", "HEAD"}
_WRONG_TRIES = 5
_WRONG_WINDOW_S = 60.0
_MOST_ADDRESSES = 1000
_OWN_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Session:
    """One browser of the person `user`. `series`: of the guest's invitation; empty for the operator and the demo."""

    user: str
    series: str
    secret: str

    @property
    def is_guest(self) -> bool:
        """Return whether it holds only as long as an invitation does."""
        return bool(self.series)


class WrongTries:
    """A count of wrong tokens by the address that they come from: who guesses must not lock the operator out."""

    def __init__(self) -> None:
        self._by_address: dict[str, deque[float]] = {}

    def note(self, address: str) -> None:
        """Count a wrong one."""
        address = site(address)
        tries = self._by_address.pop(address, deque(maxlen=_WRONG_TRIES))
        tries.append(time.monotonic())
        self._by_address[address] = tries  # the latest is last
        while len(self._by_address) > _MOST_ADDRESSES:
            del self._by_address[next(iter(self._by_address))]

    def too_many(self, address: str) -> bool:
        """Return whether this address has had its tries of the last minute."""
        tries = self._by_address.get(site(address))
        return tries is not None and len(tries) == _WRONG_TRIES and time.monotonic() - tries[0] < _WRONG_WINDOW_S


class Guard:
    """The guard of the web chat's requests. `token` None: the demo, open to this computer."""

    def __init__(self, *, secret: SigningSecret, token: str | None, port: int, public_url: str | None) -> None:
        self._secret = secret
        self._links = VideoLinks(secret)
        self._token = token
        self._port = port
        self.wrong = WrongTries()
        local = {_host("http", f"{name}:{port}") for name in ("127.0.0.1", "localhost", "[::1]")}
        self._origins = {f"http://{host}" for host in local}
        if public_url is not None and token is not None:
            public = urlsplit(public_url)
            self._origins.add(f"{public.scheme}://{_host(public.scheme, public.netloc)}")
        self._hosts = {origin.partition("://")[2] for origin in self._origins}

    def problem(self, request: Request) -> str | None:
        """Return why this request is refused, as a key of the catalogue; None when it may pass."""
        headers = request.headers
        if self._token is None and _is_proxied(request):
            return "web-not-through-proxy"
        host = headers.get("host", "").lower()
        if any(len(headers.getlist(name)) > 1 for name in ("host", "origin")):
            return "web-wrong-host"
        if not self._is_ours(host):
            return "web-wrong-host"
        origin = headers.get("origin")
        if origin is not None and origin not in self._origins and not self._is_numeric_origin(origin, host):
            return "web-wrong-origin"
        site = headers.get("sec-fetch-site")
        if site not in {None, "same-origin", "none"} and not _navigates(request):
            return "web-wrong-origin"
        if not self._is_referer_ours(headers.get("referer", ""), host) and (
            site in {"same-origin", "none"} or not _navigates(request)
        ):
            return "web-wrong-origin"  # the page stands under another address: a proxy has written ours into the Host
        if request.method not in _SAFE and origin is None and headers.get("sec-fetch-site") != "same-origin":
            return "web-wrong-origin"
        return None

    def _is_ours(self, host: str) -> bool:
        """Return whether it is an address of ours, by name; or, behind the token, any bare address at our port.

        A name of somebody else's can be made to lead here, and a page under it could then speak to us; the number of
        this machine in its own network cannot.
        """
        if any(_host(scheme, host) in self._hosts for scheme in _OWN_PORTS):
            return True
        return self._token is not None and _is_number(host, self._port)

    def _is_referer_ours(self, referer: str, host: str) -> bool:
        scheme, _, rest = referer.partition("://")
        origin = f"{scheme}://{_host(scheme, rest.partition('/')[0])}".lower()
        return not rest or origin in self._origins or self._is_numeric_origin(origin, host)

    def _is_numeric_origin(self, origin: str, host: str) -> bool:
        return self._token is not None and origin == f"http://{host}" and _is_number(host, self._port)

    def session(self, request: Request) -> Session | None:
        """Return the browser behind this request, if its cookie is ours. One of before is the operator's."""
        cookie = request.cookies.get(COOKIE, "")
        match = _COOKIE.fullmatch(cookie)
        if match is not None:
            session = Session(match[1], match[2], match[3])
            return session if hmac.compare_digest(match[4], self._sign(session)) else None
        old = _OLD_COOKIE.fullmatch(cookie)
        if old is None or not hmac.compare_digest(old[2], _mac(self._key, old[1])):
            return None
        return Session(self.host, "", old[1])

    @property
    def _key(self) -> bytes:
        return hmac.new(self._secret.value, f"web:{self._token or 'demo'}".encode(), hashlib.sha256).digest()

    @property
    def _guest_key(self) -> bytes:
        return hmac.new(self._secret.value, b"web guests", hashlib.sha256).digest()

    @property
    def host(self) -> str:
        """Return who is at home here: the operator, or whoever tries the demo."""
        return DEMO if self._token is None else OPERATOR

    def new_session(self, user: str, series: str = "") -> Session:
        """Make a new session of this person."""
        return Session(user, series, secrets.token_hex(16))

    def cookie(self, session: Session, *, secure: bool) -> str:
        """Make a Set-Cookie value; the operator's lapses when the token changes, a guest's with the invitation."""
        flags = "; Secure" if secure else ""
        value = f"{session.user}.{session.series}.{session.secret}.{self._sign(session)}"
        return f"{COOKIE}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age=31536000{flags}"

    @property
    def open(self) -> bool:
        """Return whether no token is needed, as in the demo."""
        return self._token is None

    def is_token(self, token: str) -> bool:
        """Compare with the token, in constant time; spaces around it come with copying, and are no part of it."""
        return self._token is not None and hmac.compare_digest(token.strip().encode(), self._token.strip().encode())

    def is_signed(self, request: Request, name: str) -> bool:
        """Return whether the request has a signed link of this video that has not lapsed."""
        return self._links.opens(name, request.query_params)

    def _sign(self, session: Session) -> str:
        text = f"{session.user}.{session.series}.{session.secret}"
        return _mac(self._guest_key if session.is_guest else self._key, text)


def _mac(key: bytes, text: str) -> str:
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def _host(scheme: str, netloc: str) -> str:
    """Return host and port as browsers write them: without the scheme's own port."""
    return netloc.lower().removesuffix(f":{_OWN_PORTS.get(scheme)}")


def _is_number(host: str, port: int) -> bool:
    name, _, end = host.rpartition(":") if host.endswith(f":{port}") else (host, "", "80")
    try:
        ipaddress.ip_address(name.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return end == str(port)


def _is_proxied(request: Request) -> bool:
    """Return whether a proxy has passed this on, or it comes from another computer."""
    if any(_OF_PROXIES.fullmatch(name) for name in request.headers) or request.scope["http_version"] == _OLD_HTTP:
        return True
    return request.client is not None and request.client.host not in _LOOPBACK


def _navigates(request: Request) -> bool:
    """Return whether a person follows a link from elsewhere to the page itself: SameSite=Strict sends no cookie."""
    return request.method == "GET" and request.headers.get("sec-fetch-mode") == "navigate"

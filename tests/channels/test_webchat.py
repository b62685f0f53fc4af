"""The web chat over real HTTP: who gets in, from where, what is kept, and who may see a film."""

import asyncio
import hashlib
import hmac
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from starlette.applications import Starlette

from bot.channels.services import Remember, S, Services
from bot.channels.signing_secret import SigningSecret
from bot.channels.types import (
    Action,
    Address,
    AttachmentRef,
    FileMessage,
    Incoming,
    Message,
    Reply,
    SendError,
    VideoMessage,
)
from bot.channels.video_links import VideoLinks
from bot.channels.webchat import MANIFEST
from bot.channels.webchat.channel import WebChat
from bot.channels.webchat.rates import Rates
from bot.channels.webchat.settings import WebSettings
from bot.messages.i18n import translate
from bot.messages.languages import pick
from tests.corpus import clip, jpeg, voice
from tests.fakes.memory import Counts, Keys, no_alert
from tests.serving import listener, served


class Notes:
    """A Transcript and an Inbox in memory."""

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []
        self.incoming: list[Incoming] = []
        self.priced: list[Incoming] = []
        self.broken = False
        self._change = 0

    async def ask(self, incoming: Incoming, *, store_s: float, answer_s: float) -> Reply | None:
        raise AssertionError("the web chat's answers are messages of their own")

    async def quote(self, incoming: Incoming) -> str | None:
        self.priced.append(incoming)
        return "$0.70"

    async def add(self, chat_id: str, body: Mapping[str, Any]) -> int:
        self._change += 1
        self.entries.append({"chat": chat_id, "id": len(self.entries) + 1, "change": self._change, "at": 0, **body})
        return len(self.entries)

    async def replace(self, chat_id: str, number: int, body: Mapping[str, Any]) -> None:
        self._change += 1
        self.entries[number - 1] = {"chat": chat_id, "id": number, "change": self._change, "at": 0, **body}

    async def read(self, chat_id: str, *, after_change: int = 0) -> list[Mapping[str, Any]]:
        return [entry for entry in self.entries if entry["chat"] == chat_id and entry["change"] > after_change]

    async def put(self, incoming: Sequence[Incoming], *, remember: Remember | None = None) -> frozenset[str]:
        if self.broken:
            raise OSError("disk full")
        origins = frozenset(each.origin for each in incoming)
        if remember is not None:
            await remember(origins)
        self.incoming += incoming
        return origins


class Guests:
    """Invitations in memory: each name's own is its secret, once."""

    def __init__(self) -> None:
        self.series: dict[str, str] = {}
        self.spent: set[str] = set()

    async def redeem(self, secret: str) -> tuple[str, str] | None:
        if secret in self.spent or secret not in self.series:
            return None
        self.spent.add(secret)
        return secret, self.series[secret]

    async def holds(self, name: str, series: str) -> bool:
        return self.series.get(name) == series


TOKEN = "open sesame, please"


class Opened:
    def __init__(self, channel: WebChat, notes: Notes, base: str, services: Services, guests: Guests) -> None:
        self.channel = channel
        self.notes = notes
        self.base = base
        self.services = services
        self.guests = guests

    def client(self, **headers: str) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.base, trust_env=False, headers={"Origin": self.base, **headers})

    async def operator(self, client: httpx.AsyncClient) -> None:
        """Let this browser in by the token."""
        assert (await client.post("/chat/enter", data={"token": TOKEN})).status_code == 303

    async def guest(self, client: httpx.AsyncClient, name: str) -> None:
        """Let this browser in by an invitation."""
        self.guests.series[name] = "0123456789abcdef"
        assert (await client.post("/chat/redeem", json={"invitation": name})).status_code == 200


@asynccontextmanager
async def opened(
    folder: Path, *, token: str | None = None, public_url: str | None = None, rates: Rates | None = None
) -> AsyncIterator[Opened]:
    notes, guests, sock = Notes(), Guests(), listener()
    for name in ("videos", "uploads"):
        (folder / name).mkdir()

    async def no_language(_user: str) -> str | None:
        return None

    def load(cls: type[S]) -> S:
        assert issubclass(cls, WebSettings)
        return cls.offline(token=SecretStr(token) if token else None)

    services = Services(
        inbox=notes,
        transcript=notes,
        key_values=Keys(),
        send_quota=Counts(),
        translate=translate,
        alert=no_alert,
        language_of=no_language,
        secret=SigningSecret(b"s" * 32),
        videos_dir=folder / "videos",
        uploads_dir=folder / "uploads",
        public_url=public_url,
        port=sock.getsockname()[1],
        demo=token is None,
        load=load,
        pick_language=pick,
        quote=notes.quote,
        invitations=guests,
    )
    channel = WebChat(services, token, rates) if rates is not None else MANIFEST.connect(services)
    assert isinstance(channel, WebChat)
    async with served(Starlette(routes=list(channel.routes())), sock) as base:
        yield Opened(channel, notes, base, services, guests)
        await channel.stop_intake()


def on_page(folder: Path, story: Callable[[Opened], Awaitable[None]], **more: Any) -> None:
    async def run() -> None:
        async with opened(folder, **more) as made:
            await story(made)

    asyncio.run(run())


def test_without_a_token_run_serves_no_page(tmp_path: Path) -> None:
    async def story(made: Opened) -> None:
        assert MANIFEST.connect(replace(made.services, demo=False)) is None

    on_page(tmp_path, story)


def test_what_is_said_is_kept_and_handed_on_once(tmp_path: Path) -> None:
    async def story(made: Opened) -> None:
        async with made.client(**{"Accept-Language": "zh-CN,zh;q=0.9"}) as client:
            page = await client.get("/")
            assert page.status_code == 200
            assert "default-src 'self'" in page.headers["content-security-policy"]
            assert "HttpOnly" in page.headers["set-cookie"]
            assert "SameSite=Strict" in page.headers["set-cookie"]
            for _ in range(2):
                said = await client.post("/chat/send", json={"id": "event-0001", "text": "/video a fox"})
                assert said.status_code == 202
            assert [entry["text"] for entry in made.notes.entries] == ["/video a fox"]
            assert {incoming.origin for incoming in made.notes.incoming} == {made.notes.incoming[0].origin}
            assert made.notes.incoming[0].language == "zh-CN,zh;q=0.9"
            assert (await client.get("/chat/messages")).json()["messages"][0]["text"] == "/video a fox"
        async with made.client() as other_browser:
            await other_browser.get("/")
            assert (await other_browser.get("/chat/messages")).json()["me"] == "demo"
            assert len((await other_browser.get("/chat/messages")).json()["messages"]) == 1

    on_page(tmp_path, story)


def test_the_operator_and_each_guest_are_people_of_their_own(tmp_path: Path) -> None:
    async def story(made: Opened) -> None:
        async with made.client() as desk, made.client() as phone, made.client() as anna, made.client() as ben:
            for browser in (desk, phone):
                await made.operator(browser)
            await made.guest(anna, "anna")
            await made.guest(ben, "ben")
            for number, browser in enumerate((desk, phone, anna, ben)):
                await browser.post("/chat/send", json={"id": f"event-000{number}", "text": f"{number}"})
            said = {
                name: [entry["text"] for entry in (await browser.get("/chat/messages")).json()["messages"]]
                for name, browser in {"desk": desk, "phone": phone, "anna": anna, "ben": ben}.items()
            }
            assert said == {"desk": ["0", "1"], "phone": ["0", "1"], "anna": ["2"], "ben": ["3"]}
            people = [incoming.user for incoming in made.notes.incoming]
            assert people == ["web:operator", "web:operator", "web:anna", "web:ben"]

    on_page(tmp_path, story, token=TOKEN)


def test_an_invitation_opens_once_and_ends_when_it_is_taken_back(tmp_path: Path) -> None:
    async def story(made: Opened) -> None:
        async with made.client() as anna, made.client() as thief:
            assert "guest-form" in (await anna.get("/chat/enter")).text
            await made.guest(anna, "anna")
            void = await thief.post("/chat/redeem", json={"invitation": "anna"})
            assert (void.status_code, "set-cookie" in void.headers) == (403, False)
            assert "already" in void.json()["error"]
            async with anna.stream("GET", "/chat/events") as stream:
                news = stream.aiter_text()
                assert "news" in await anext(news)
                del made.guests.series["anna"]
                await made.channel.show(Address("web", "anna"), Message("for nobody any more"))
                rest = [part async for part in news]
                assert len(rest) <= 1
            assert (await anna.get("/chat/messages")).status_code == 401
            assert 'type="password"' in (await anna.get("/")).text
            made.guests.series["anna"] = "another, of a later invitation"
            assert (await anna.get("/chat/messages")).status_code == 401

    on_page(tmp_path, story, token=TOKEN)


@pytest.mark.parametrize("change", ["anna", "operator", "demo"])
def test_no_cookie_is_anothers(tmp_path: Path, change: str) -> None:
    async def story(made: Opened) -> None:
        async with made.client() as ben, made.client() as thief:
            await made.guest(ben, "ben")
            made.guests.series["anna"] = made.guests.series["ben"]
            own = ben.cookies["reelbot"]
            for forged in (own.replace("ben", change, 1), own.replace("ben.0123456789abcdef", f"{change}.", 1)):
                thief.cookies.set("reelbot", forged, domain="127.0.0.1")
                assert (await thief.get("/chat/messages")).status_code == 401

    on_page(tmp_path, story, token=TOKEN)


def test_a_session_of_before_is_the_operators(tmp_path: Path) -> None:
    async def story(made: Opened) -> None:
        key = hmac.new(made.services.secret.value, f"web:{TOKEN}".encode(), hashlib.sha256).digest()
        secret = "0123456789abcdef" * 2
        old = f"{secret}.{hmac.new(key, secret.encode(), hashlib.sha256).hexdigest()}"
        async with made.client() as browser:
            browser.cookies.set("reelbot", old, domain="127.0.0.1")
            assert (await browser.get("/chat/messages")).json()["me"] == "operator"

    on_page(tmp_path, story, token=TOKEN)


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1:1"},
        {"Host": "reelbot.example"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"X-Forwarded-For": "1.2.3.4"},
        {"Forwarded": "for=1.2.3.4"},
        {"X-Forwarded-Host": "evil.example"},
        {"X-Forwarded-Server": "evil.example"},
        {"CF-Connecting-IP": "1.2.3.4"},
        {"True-Client-IP": "1.2.3.4"},
        {"X-Envoy-External-Address": "1.2.3.4"},
        {"Via": "1.1 proxy"},
        {"X-Real-IP": "1.2.3.4"},
        {"Referer": "https://evil.example/page"},
        {"Referer": "https://evil.example/", "Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate"},
        {"Host": "localhost.:1"},
        {"Host": "[::1].evil.example"},
    ],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/chat/messages"),
        ("GET", "/chat/static/app.js"),
        ("POST", "/chat/send"),
        ("GET", "/videos/x.mp4"),
    ],
)
def test_the_demo_answers_this_computer_only(tmp_path: Path, headers: dict[str, str], method: str, path: str) -> None:
    async def story(made: Opened) -> None:
        async with made.client() as client:
            await client.get("/")
            reply = await client.request(method, path, headers=headers, json={} if method == "POST" else None)
            assert reply.status_code == 403
            assert made.notes.incoming == []

    on_page(tmp_path, story)


def test_one_header_of_a_proxy_is_enough_and_those_of_browsers_are_none(tmp_path: Path) -> None:
    """Whatever a proxy is told to leave out, one thing that it says of itself gives it away."""
    proxies = (
        "Akamai-Origin-Hop CDN-Loop CF-Ray Client-IP CloudFront-Viewer-Country Fastly-FF Fly-Region Front-End-Https"
        " Incap-Client-IP Max-Forwards Ngrok-Agent Proxy-Connection Remote-User Rndr-Id SSL-Client-Cert"
        " Surrogate-Capability Tailscale-User-Login Traceparent X-Amz-Cf-Id X-Auth-Request-User X-B3-TraceId"
        " X-Cloud-Trace-Context X-Forwarded-Prefix X-GitHub-Request-Id X-Host X-Railway-Edge X-Request-Id X-Varnish"
    )
    browsers = (
        "X-Requested-With X-Client-Data X-Moz Sec-Purpose Sec-GPC DNT Save-Data Priority Upgrade-Insecure-Requests"
    )

    async def story(made: Opened) -> None:
        async with made.client() as client:
            answers = {name: (await client.get("/", headers={name: "1"})).status_code for name in proxies.split()}
            assert {name for name, status in answers.items() if status != 403} == set()
            answers = {name: (await client.get("/", headers={name: "1"})).status_code for name in browsers.split()}
            assert set(answers.values()) == {200}, answers

    on_page(tmp_path, story)


def test_a_post_without_an_origin_is_refused(tmp_path: Path) -> None:
    async def story(made: Opened) -> None:
        async with httpx.AsyncClient(base_url=made.base, trust_env=False) as client:
            await client.get("/")
            assert (await client.post("/chat/send", json={"id": "event-0001", "text": "x"})).status_code == 403

    on_page(tmp_path, story)


def test_the_token_is_asked_for_once(tmp_path: Path) -> None:
    async def story(made: Opened) -> None:
        async with made.client() as client:
            assert 'type="password"' in (await client.get("/")).text
            assert (await client.get("/chat/messages")).status_code == 401
            assert (await client.post("/chat/send", json={"id": "event-0001", "text": "x"})).status_code == 401
            wrong = await client.post("/chat/enter", data={"token": "guess"})
            assert "set-cookie" not in wrong.headers
            right = await client.post("/chat/enter", data={"token": f" {TOKEN}\n"})  # as it is copied
            assert "HttpOnly" in right.headers["set-cookie"]
            assert TOKEN not in right.headers["set-cookie"]
            assert (await client.get("/chat/messages")).status_code == 200
            assert 'id="composer"' in (await client.get("/")).text
            client.cookies.set("reelbot", "0" * 32 + "." + "0" * 64, domain="127.0.0.1")

    on_page(tmp_path, story, token=TOKEN)


@pytest.mark.parametrize("way", ["token", "invitation"])
def test_guessing_is_slowed_down_and_locks_nobody_out(tmp_path: Path, way: str) -> None:
    async def story(made: Opened) -> None:
        async with made.client() as client:

            async def guess(text: str) -> int:
                if way == "token":
                    return (await client.post("/chat/enter", data={"token": text})).status_code
                return (await client.post("/chat/redeem", json={"invitation": text})).status_code

            await asyncio.gather(*(guess(f"guess {number}") for number in range(5)))
            assert await guess("another guess") == 429
            await made.operator(client)
            await made.guest(client, "anna")

    on_page(tmp_path, story, token=TOKEN)


def test_at_home_a_phone_reaches_the_machine_by_its_number(tmp_path: Path) -> None:
    async def story(made: Opened) -> None:
        port = made.services.port
        for host, status in ((f"192.168.1.5:{port}", 200), ("192.168.1.5:1", 403), (f"home.example:{port}", 403)):
            async with made.client(Host=host, Origin=f"http://{host}") as phone:
                assert (await phone.get("/")).status_code == status
        async with made.client(Host=f"192.168.1.5:{port}", Origin=f"http://192.168.1.6:{port}") as elsewhere:
            assert (await elsewhere.get("/")).status_code == 403

    on_page(tmp_path, story, token=TOKEN)


@pytest.mark.parametrize("public_url", ["https://bot.example", "https://Bot.Example:443", "https://bot.example:8443"])
def test_the_public_name_is_compared_as_browsers_write_it(tmp_path: Path, public_url: str) -> None:
    async def story(made: Opened) -> None:
        host = "bot.example:8443" if public_url.endswith(":8443") else "bot.example"
        async with made.client(Host=host, Origin=f"https://{host}") as client:
            assert (await client.get("/")).status_code == 200

    on_page(tmp_path, story, token=TOKEN, public_url=public_url)


def test_behind_a_proxy_the_token_still_guards_under_the_public_name(tmp_path: Path) -> None:
    async def story(made: Opened) -> None:
        public = {"Host": "bot.example", "Origin": "https://bot.example", "X-Forwarded-For": "1.2.3.4"}
        async with made.client(**public) as client:
            entered = await client.post("/chat/enter", data={"token": TOKEN})
            assert entered.status_code == 303
            assert "Secure" in entered.headers["set-cookie"]
            assert (await client.get("/", headers={"Host": "other.example"})).status_code == 403

    on_page(tmp_path, story, token=TOKEN, public_url="https://bot.example")


def test_photos_are_taken_by_content_and_belong_to_their_sender(tmp_path: Path) -> None:
    async def story(made: Opened) -> None:
        async with made.client() as client, made.client() as other:
            await made.operator(client)
            await made.guest(other, "anna")
            upload = (await client.post("/chat/upload", content=jpeg())).json()
            assert upload["kind"] == "image"
            sent = await client.post(
                "/chat/send", json={"id": "event-0001", "text": "wave", "upload": upload["upload"]}
            )
            assert sent.status_code == 202
            attachment = made.notes.incoming[0].attachment
            assert attachment == AttachmentRef("image", upload["upload"], len(jpeg()))
            await made.channel.fetch(attachment, tmp_path / "fetched")
            assert (tmp_path / "fetched").read_bytes() == jpeg()
            own = await client.get(f"/chat/uploads/{upload['upload']}")
            assert (own.status_code, own.headers["content-type"]) == (200, "image/jpeg")
            assert (await other.get(f"/chat/uploads/{upload['upload']}")).status_code == 404
            stolen = await other.post("/chat/send", json={"id": "event-0002", "text": "x", "upload": upload["upload"]})
            assert stolen.status_code == 400

    on_page(tmp_path, story, token=TOKEN)


def test_a_sound_is_taken_and_its_length_is_nobodys_word(tmp_path: Path) -> None:
    song = voice(tmp_path / "song.mp3", codec="libmp3lame", rate=44_100).read_bytes()

    async def story(made: Opened) -> None:
        async with made.client() as client:
            await client.get("/")
            upload = (await client.post("/chat/upload", content=song)).json()
            assert upload["kind"] == "audio"
            sent = {"id": "event-0001", "text": "a singer", "upload": upload["upload"], "seconds": 1}
            assert (await client.post("/chat/send", json=sent)).status_code == 202
            assert made.notes.incoming[0].attachment == AttachmentRef("audio", upload["upload"], len(song))
            shown = await client.get(f"/chat/uploads/{upload['upload']}")
            assert (shown.content, shown.headers["content-type"]) == (song, "audio/mpeg")

    on_page(tmp_path, story)


@pytest.mark.parametrize(("content", "status"), [(b"<html>" * 9, 415), (b"", 415), (jpeg() + bytes(100_000_001), 413)])
def test_other_uploads_are_refused_with_words(tmp_path: Path, content: bytes, status: int) -> None:
    async def story(made: Opened) -> None:
        async with made.client() as client:
            await client.get("/")
            reply = await client.post("/chat/upload", content=content)
            assert reply.status_code == status
            assert reply.json()["error"]
            assert list((tmp_path / "uploads").iterdir()) == []

    on_page(tmp_path, story)


@pytest.mark.parametrize("brand", [b"heic", b"mif1", b"msf1", b"avif", b"avis"])
def test_a_photo_in_a_box_of_videos_is_no_video(tmp_path: Path, brand: bytes) -> None:
    """Taken for one, it would be offered as an edit at ten dollars."""

    async def story(made: Opened) -> None:
        async with made.client() as client:
            await client.get("/")
            reply = await client.post("/chat/upload", content=b"\0\0\0\x18ftyp" + brand + bytes(4000))
            assert (reply.status_code, reply.json()["kind"]) == (201, "image")

    on_page(tmp_path, story)


@pytest.mark.parametrize("atom", [b"ftypisom", b"ftypqt  ", b"moov", b"wide", b"mdat", b"free", b"skip"])
def test_old_mov_files_are_videos(tmp_path: Path, atom: bytes) -> None:
    """Cameras of the nineties wrote no ftyp."""

    async def story(made: Opened) -> None:
        async with made.client() as client:
            await client.get("/")
            reply = await client.post("/chat/upload", content=b"\0\0\0\x18" + atom + bytes(40))
            assert (reply.status_code, reply.json()["kind"]) == (201, "video")

    on_page(tmp_path, story)


def test_a_broken_disk_is_said_and_the_page_may_try_again(tmp_path: Path) -> None:
    async def story(made: Opened) -> None:
        async with made.client() as client:
            await client.get("/")
            made.notes.broken = True
            failed = await client.post("/chat/send", json={"id": "event-0001", "text": "/help"})
            assert failed.status_code == 503
            made.notes.broken = False
            assert (await client.post("/chat/send", json={"id": "event-0001", "text": "/help"})).status_code == 202
            assert len(made.notes.incoming) == 1

    on_page(tmp_path, story)


async def sent_film(made: Opened, client: httpx.AsyncClient, folder: Path) -> str:
    me = (await client.get("/chat/messages")).json()["me"]
    film = clip(folder / "work-film.mp4")
    (folder / "work-film.jpg").write_bytes(jpeg())
    video = VideoMessage(film, "a fox", 320, 180, 1.0, folder / "work-film.jpg", job_id="K7")
    await made.channel.send_video(Address("web", me), video)
    return f"/videos/{film.name}"


def test_a_film_plays_with_ranges_for_its_owner_alone(tmp_path: Path) -> None:
    async def story(made: Opened) -> None:
        async with made.client() as client, made.client() as other:
            await made.operator(client)
            await made.guest(other, "anna")
            address = await sent_film(made, client, tmp_path)
            whole = await client.get(address)
            assert (whole.status_code, whole.headers["content-type"]) == (200, "video/mp4")
            assert whole.headers["content-disposition"].startswith("inline")
            part = await client.get(address, headers={"Range": "bytes=0-99"})
            assert (part.status_code, len(part.content)) == (206, 100)
            saved = await client.get(f"{address}?download=1")
            assert saved.headers["content-disposition"].startswith("attachment")
            assert (await client.get(address.replace(".mp4", ".jpg"))).headers["content-type"] == "image/jpeg"
            for path in (address, address.replace(".mp4", ".jpg"), "/videos/..%2Fuploads%2Fx.mp4", "/videos/no.mp4"):
                assert (await other.get(path)).status_code == 404

    on_page(tmp_path, story, token=TOKEN)


ODD_ENTRIES: list[dict[str, Any]] = [
    {"from": "bot", "text": "of another version"},
    {"kind": None, "name": "x.mp4"},
    {"kind": "video"},
    {"kind": "video", "name": ["x.mp4"], "poster": {}},
]


@pytest.mark.parametrize("entry", ODD_ENTRIES)
def test_an_odd_entry_hides_no_film(tmp_path: Path, entry: dict[str, Any]) -> None:
    async def story(made: Opened) -> None:
        async with made.client() as client:
            await client.get("/")
            me = (await client.get("/chat/messages")).json()["me"]
            await made.notes.add(me, entry)
            assert (await client.get(await sent_film(made, client, tmp_path))).status_code == 200
            assert len((await client.get("/chat/messages")).json()["messages"]) == 2

    on_page(tmp_path, story)


def test_a_signed_link_opens_one_film_until_it_lapses(tmp_path: Path) -> None:
    async def story(made: Opened) -> None:
        async with made.client() as client, made.client() as other:
            await client.get("/")
            name = (await sent_film(made, client, tmp_path)).rpartition("/")[2]
            links = VideoLinks(made.services.secret)
            now = int(time.time())
            assert (await other.get(links.path(name, lapses=now + 60))).status_code == 200
            assert (await other.get(links.path(name, lapses=now - 1))).status_code == 404
            assert (await other.get(links.path("x.mp4", lapses=now + 60).replace("x.mp4", name))).status_code == 404

    on_page(tmp_path, story)


def test_open_pages_hear_of_news_and_buttons_come_back(tmp_path: Path) -> None:
    async def story(made: Opened) -> None:
        async with made.client() as client:
            await client.get("/")
            me = Address("web", (await client.get("/chat/messages")).json()["me"])
            async with client.stream("GET", "/chat/events") as events:
                lines = events.aiter_lines()
                assert await anext(lines) == "event: news"
                ref = await made.channel.show(me, Message("on it", (Action("Cancel", "cancel:K7"),), "K7", 0.4))
                heard = [await anext(lines) for _ in range(5)]
                assert heard.count("event: news") == 1
            await made.channel.show(me, Message("done"), replace=ref)
            assert [entry["text"] for entry in (await client.get("/chat/messages")).json()["messages"]] == ["done"]
            pressed = await client.post("/chat/press", json={"id": "press-0001", "data": "cancel:K7"})
            assert pressed.status_code == 202
            assert made.notes.incoming[0].pressed == "cancel:K7"


def test_a_price_is_asked_for_without_a_trace_and_comes_back_with_what_is_sent(tmp_path: Path) -> None:
    async def story(made: Opened) -> None:
        async with made.client() as client:
            await client.get("/")
            ask = {"text": "let it snow", "kind": "video", "size": 1000, "seconds": 3}
            assert (await client.post("/chat/price", json=ask)).json() == {"price": "$0.70"}
            (asked,) = made.notes.priced
            assert (asked.text, asked.attachment) == ("let it snow", AttachmentRef("video", "0" * 32, 1000, 3.0))
            for odd in (
                {"text": " "},
                *({"text": "a fox", "kind": kind} for kind in ("application/pdf", ["image"])),
                {},
            ):
                assert (await client.post("/chat/price", json=odd)).json() == {"price": None}
            assert made.notes.incoming == []
            assert (await client.get("/chat/messages")).json()["messages"] == []
            for number, price in enumerate(["$0.70", "$1,000", "free", 7, None]):
                sent = {"id": f"message-{number}", "text": "let it snow", "price": price}
                assert (await client.post("/chat/send", json=sent)).status_code == 202
            assert [each.agreed for each in made.notes.incoming] == ["$0.70", None, None, None, None]

    on_page(tmp_path, story)


def test_files_that_are_sent_together_are_an_album(tmp_path: Path) -> None:
    async def story(made: Opened) -> None:
        async with made.client() as client:
            await client.get("/")
            for number, album in enumerate(["album-0001", "album-0001", "no album", 7, None]):
                upload = (await client.post("/chat/upload", content=jpeg())).json()["upload"]
                sent = {"id": f"message-{number}", "text": "", "upload": upload, "album": album}
                assert (await client.post("/chat/send", json=sent)).status_code == 202
            await client.post("/chat/send", json={"id": "message-9", "text": "a fox", "album": "album-0001"})
            albums = [each.album for each in made.notes.incoming]
            assert albums == ["album-0001", "album-0001", None, None, None, None]

    on_page(tmp_path, story)


def test_who_asks_for_prices_in_a_rush_is_told_none_for_a_while(tmp_path: Path) -> None:
    async def story(made: Opened) -> None:
        async with made.client() as client, made.client() as other:
            await made.operator(client)
            await made.guest(other, "anna")
            prices = [(await client.post("/chat/price", json={"text": "a fox"})).json()["price"] for _ in range(25)]
            assert prices == ["$0.70"] * 20 + [None] * 5
            assert (await other.post("/chat/price", json={"text": "a fox"})).json()["price"] == "$0.70"

    on_page(tmp_path, story, token=TOKEN)


def test_a_press_names_the_message_that_its_button_stands_on(tmp_path: Path) -> None:
    async def story(made: Opened) -> None:
        async with made.client() as client, made.client() as other:
            await made.operator(client)
            await made.guest(other, "anna")
            me = Address("web", (await client.get("/chat/messages")).json()["me"])
            ref = await made.channel.show(me, Message("settings", (Action("Model", "set:model"),)))
            said = await made.channel.show(me, Message("something else"))
            for number, (on, data) in enumerate(
                [(ref, "set:model"), (ref, "set:zone"), (said, "set:model"), (None, "set:model")]
            ):
                press = {"id": f"press-000{number}", "data": data, "on": int(on) if on else None}
                assert (await client.post("/chat/press", json=press)).status_code == 202
            foreign = {"id": "press-0009", "data": "set:model", "on": int(ref)}
            await other.post("/chat/press", json=foreign)
            assert [each.reply_to for each in made.notes.incoming] == [ref, None, None, None, None]

    on_page(tmp_path, story, token=TOKEN)


def test_a_lost_upload_is_a_delivery_error(tmp_path: Path) -> None:
    async def story(made: Opened) -> None:
        for name in ("0" * 32, "../../etc/passwd"):
            with pytest.raises(SendError):
                await made.channel.fetch(AttachmentRef("image", name), tmp_path / "x")

    on_page(tmp_path, story)


def test_an_original_is_a_link_for_its_owner_and_goes_with_the_film(tmp_path: Path) -> None:
    async def story(made: Opened) -> None:
        async with made.client() as client, made.client() as other:
            await made.operator(client)
            await made.guest(other, "anna")
            user = (await client.get("/chat/messages")).json()["me"]
            original = clip(made.services.videos_dir / "20261101_wan_K7QX2AB.mp4", seconds=1)
            to = Address("web", user)
            reference = await made.channel.send_file(to, FileMessage(original, "The original", job_id="K7QX2AB"))
            entry = (await client.get("/chat/messages")).json()["messages"][-1]
            assert (entry["kind"], entry["name"], entry["text"]) == ("file", original.name, "The original")
            answer = await client.get(f"/videos/{original.name}?download=1")
            assert answer.content == original.read_bytes()
            assert answer.headers["content-disposition"].startswith("attachment")
            assert (await other.get(f"/videos/{original.name}")).status_code == 404
            assert await made.channel.remove(to, reference)
            assert (await client.get(f"/videos/{original.name}")).status_code == 404

    on_page(tmp_path, story, token=TOKEN)


def test_a_button_is_disabled_on_every_page_and_nobody_elses(tmp_path: Path) -> None:
    async def story(made: Opened) -> None:
        async with made.client() as client, made.client() as other:
            await made.operator(client)
            await made.guest(other, "anna")
            user = (await client.get("/chat/messages")).json()["me"]
            offered = (Action("Another take", "take:K7QX2AB"), Action("Delete", "delete:K7QX2AB", danger=True))
            reference = await made.channel.show(Address("web", user), Message("A film", offered))
            for page in (client, other):
                press = {"id": "0123456789abcdef", "data": "take:K7QX2AB", "on": int(reference)}
                assert (await page.post("/chat/press", json=press)).status_code == 202
            mine, foreign = made.notes.incoming
            assert (mine.reply_to, foreign.reply_to) == (reference, None)  # a message of another's page is nothing here
            await made.channel.retire(foreign)
            await made.channel.retire(mine)
            entry = (await client.get("/chat/messages")).json()["messages"][-1]
            assert [action.get("disabled", False) for action in entry["actions"]] == [True, False]
            assert entry["text"] == "A film"

    on_page(tmp_path, story, token=TOKEN)


def test_long_words_come_whole_and_folded(tmp_path: Path) -> None:
    async def story(made: Opened) -> None:
        async with made.client() as client:
            await client.get("/")
            user = (await client.get("/chat/messages")).json()["me"]
            await made.channel.show(Address("web", user), Message("A fox…", long="a fox " * 200))
            await made.channel.show(Address("web", user), Message("A fox"))
            long, short = (await client.get("/chat/messages")).json()["messages"]
            assert (long["text"], long["long"]) == ("A fox…", "a fox " * 200)
            assert "long" not in short
            assert (await client.get("/chat/words")).json()["words"]["whole"]

    on_page(tmp_path, story)


def test_the_demo_refuses_a_proxy_that_adds_nothing(tmp_path: Path) -> None:
    async def story(made: Opened) -> None:
        port = made.services.port
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"GET / HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        assert b" 403 " in await reader.readline()
        writer.close()

    on_page(tmp_path, story)


DEEP = b'{"id": ' + b"[" * 40_000 + b"]" * 40_000 + b"}"
ODD_BODIES = [
    b"",
    b"[]",
    b"null",
    DEEP,
    b"\xff\xfe",
    b'{"id": "event-0001", "text": ' + b"9" * 5000 + b"}",
    b'{"id": "event-0001", "text": {"a": 1}}',
    b'{"id": 1e999, "text": NaN}',
    b'{"id": "\\ud800event", "text": "x"}',
    b'{"id": "event\\u0000-0001", "data": []}',
    b'{"id": "event-0001", "upload": "../../etc/passwd"}',
    b"x" * 1_100_000,
    b'--b\r\nContent-Disposition: form-data; name="token"\r\n\r\n' + b"x" * 1_100_000,
]


@pytest.mark.parametrize("path", ["/chat/send", "/chat/press", "/chat/upload", "/chat/redeem", "/chat/enter"])
@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=b", "text/plain; charset=nothing"])
def test_what_is_not_understood_is_the_senders_fault(tmp_path: Path, path: str, kind: str) -> None:
    async def story(made: Opened) -> None:
        async with made.client() as client:
            await client.get("/")
            for body in ODD_BODIES:
                if path in {"/chat/redeem", "/chat/enter"} and body is not DEEP:
                    continue  # each wrong one is answered slowly
                reply = await client.post(path, content=body, headers={"Content-Type": kind})
                assert reply.status_code in {303, 400, 403, 413, 415}, (body[:50], reply.status_code)
            assert made.notes.incoming == []

    on_page(tmp_path, story)


@pytest.mark.parametrize("after", ["²", "-1", "9" * 30, "9" * 5000, "%00", "%ff", "1&after=x", "", "0x1", "１"])
def test_any_count_in_an_address_is_read_or_ignored(tmp_path: Path, after: str) -> None:
    async def story(made: Opened) -> None:
        async with made.client() as client:
            await client.get("/")
            assert (await client.get(f"/chat/messages?after={after}")).status_code == 200
            cookies = {"Cookie": f'reelbot={after}; =; ;;; a="\\377'} if after.isascii() else {}
            assert (await client.get("/chat/static/%00", headers=cookies)).status_code in {400, 404}

    on_page(tmp_path, story)


def test_a_person_sends_so_many_files_and_a_full_disk_takes_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(made: Opened) -> None:
        monkeypatch.setattr("bot.channels.upload_quota.MOST_FILES", 2)
        async with made.client(**{"Accept-Language": "zh"}) as client:
            await client.get("/")
            photo = jpeg((64, 64))
            assert [(await client.post("/chat/upload", content=photo)).status_code for _ in range(2)] == [201, 201]
            refused = await client.post("/chat/upload", content=photo)
            assert refused.status_code == 429
            assert refused.json()["error"] == translate("zh", "web-upload-quota")
            monkeypatch.setattr("bot.channels.upload_quota.LEAST_FREE", 10**18)
            full = await client.post("/chat/upload", content=photo)
            assert (full.status_code, full.json()["error"]) == (507, translate("zh", "web-upload-no-room"))
            assert len(list(made.services.uploads_dir.iterdir())) == 4  # two files, and whose they are

    on_page(tmp_path, story)

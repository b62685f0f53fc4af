"""Through a forward proxy as the seed's: it swaps the placeholder key, looks inside with a CA of its own, and charges.

Real tunnels over real TLS; what a proxy that fails proves about the paid request.
"""

import asyncio
import base64
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from core import errors, pricing
from core.config import FalSettings
from core.fal.client import FalQueue
from core.types import Submission
from tests.serving import free_port

REQUEST = pricing.plan("a fox").request
ACCEPTED = b'HTTP/1.1 200 OK\r\nX-Credits-Used: 0.7\r\nContent-Length: 21\r\n\r\n{"request_id": "r-1"}'


@dataclass(frozen=True)
class Authority:
    """A private CA, as a company's proxy has one, and a certificate of its for queue.fal.run and this machine."""

    ca_file: Path
    context: ssl.SSLContext


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    folder = tmp_path_factory.mktemp("ca")
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a private CA")])
    identity = x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key())
    certifies = x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,
        crl_sign=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    root = (
        certificate(name, name, ca_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(certifies, critical=True)
        .add_extension(identity, critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    hosts = x509.SubjectAlternativeName([x509.DNSName("queue.fal.run"), x509.DNSName("localhost")])
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "queue.fal.run")])
    leaf = (
        certificate(name, subject, key.public_key())
        .add_extension(hosts, critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identity), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "ca.pem").write_bytes(root.public_bytes(pem))
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "leaf.pem").write_bytes(leaf.public_bytes(pem) + secret)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "leaf.pem")
    return Authority(folder / "ca.pem", context)


def certificate(issuer: x509.Name, subject: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .issuer_name(issuer)
        .subject_name(subject)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
    )


@dataclass
class Proxy:
    """Answers each connection by `play`; keeps what it read."""

    play: Callable[["Proxy", asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
    heard: list[bytes] = field(default_factory=list)
    serving: set[asyncio.Task[None] | None] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.serving.add(asyncio.current_task())
        try:
            await self.play(self, reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass  # the client went away, as some of these tests want it to
        finally:
            writer.close()
            with suppress(OSError, TimeoutError):
                async with asyncio.timeout(1):
                    await writer.wait_closed()

    async def ended(self) -> None:
        """No connection outlives its test: a socket left open would be another test's failure."""
        tasks = [task for task in self.serving if task is not None]
        self.serving.clear()
        if tasks:
            await asyncio.wait(tasks, timeout=5)

    async def hear(self, reader: asyncio.StreamReader) -> bytes:
        head = await reader.readuntil(b"\r\n\r\n")
        self.heard.append(head)
        return head


def submit(
    proxy: Proxy, *, scheme: str = "http", login: str = "", tls: ssl.SSLContext | None = None, **more: object
) -> object:
    async def story() -> object:
        server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0, ssl=tls)
        port = server.sockets[0].getsockname()[1]
        queue = FalQueue.from_settings(FalSettings.offline(fal_proxy_url=f"{scheme}://{login}localhost:{port}", **more))
        try:
            return await queue.submit(REQUEST)
        except errors.VideoError as error:
            return error
        finally:
            await queue.close()
            server.close()
            await proxy.ended()

    return asyncio.run(story())


def tunnel(inside: ssl.SSLContext, answer: bytes) -> Proxy:
    """Opens the tunnel and sits in it, as the seed's proxy does."""

    async def play(proxy: Proxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await proxy.hear(reader)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await writer.drain()
        await writer.start_tls(inside)
        await proxy.hear(reader)
        writer.write(answer)
        await writer.drain()

    return Proxy(play)


def guarded(inside: ssl.SSLContext, login: bytes) -> Proxy:
    """Opens the tunnel for this name and password alone, as a company's proxy does."""

    async def play(proxy: Proxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if b"\r\nProxy-Authorization: Basic " + base64.b64encode(login) not in head:
            proxy.heard.append(head)
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n")
            await writer.drain()
            return
        proxy.heard.append(head)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await writer.drain()
        await writer.start_tls(inside)
        await proxy.hear(reader)
        writer.write(ACCEPTED)
        await writer.drain()

    return Proxy(play)


@pytest.mark.parametrize("login", ["me:pa%40ss:%2Fw@", "me:pa@ss:%2Fw@"])
def test_a_proxy_that_wants_a_name_and_a_password(authority: Authority, login: str) -> None:
    proxy = guarded(authority.context, b"me:pa@ss:/w")
    assert isinstance(submit(proxy, login=login, fal_ca_file=authority.ca_file, fal_key="the-key"), Submission)
    opened, posted = proxy.heard
    assert opened.startswith(b"CONNECT queue.fal.run:443 ")
    assert b"proxy-authorization" not in posted.lower()  # the proxy's alone


@pytest.mark.parametrize("login", ["", "me:wrong@"])
def test_a_proxy_that_knows_us_not_has_sent_nothing(authority: Authority, login: str) -> None:
    proxy = guarded(authority.context, b"me:pa@ss:/w")
    error = submit(proxy, login=login, fal_ca_file=authority.ca_file)
    assert isinstance(error, errors.SubmitNotSent)
    assert "wrong" not in str(error)
    assert "wrong" not in repr(FalSettings.offline(fal_proxy_url="http://me:wrong@proxy:1"))


def answering(answer: bytes) -> Proxy:
    async def play(proxy: Proxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await proxy.hear(reader)
        writer.write(answer)
        await writer.drain()

    return Proxy(play)


def test_through_the_tunnel_with_the_proxys_own_ca(authority: Authority) -> None:
    proxy = tunnel(authority.context, ACCEPTED)
    submission = submit(proxy, fal_ca_file=authority.ca_file)
    assert isinstance(submission, Submission)
    assert submission.charged == Decimal("0.7")
    opened, posted = proxy.heard
    assert opened.startswith(b"CONNECT queue.fal.run:443 ")
    assert b"authorization" not in opened.lower()
    assert posted.startswith(b"POST /alibaba/happy-horse/text-to-video HTTP/1.1")
    assert b"authorization: key fake-falai-key-12345\r\n" in posted.lower()


def test_a_key_of_our_own_is_sent_through_the_tunnel_only(authority: Authority) -> None:
    proxy = tunnel(authority.context, ACCEPTED)
    assert isinstance(submit(proxy, fal_ca_file=authority.ca_file, fal_key="the-key"), Submission)
    opened, posted = proxy.heard
    assert b"the-key" not in opened
    assert b"authorization: key the-key\r\n" in posted.lower()


def test_an_unknown_ca_is_never_trusted_and_nothing_was_bought(authority: Authority) -> None:
    proxy = tunnel(authority.context, ACCEPTED)
    error = submit(proxy)
    assert isinstance(error, errors.SubmitNotSent)
    assert len(proxy.heard) == 1


def test_an_answer_lost_inside_the_tunnel_is_doubt(authority: Authority) -> None:
    proxy = tunnel(authority.context, b"")
    assert isinstance(submit(proxy, fal_ca_file=authority.ca_file), errors.SubmitUnconfirmed)
    assert len(proxy.heard) == 2


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n",
        b"",
        b"HTTP/1.1 200 Conn",
        b"HTTP/1.1 200 Connection established\r\n\r\n",
        b"HTTP/1.1 200 Connection established\r\n\r\nno TLS here",
        b"what?\r\n\r\n",
    ],
)
def test_a_tunnel_that_does_not_open_is_proven_non_delivery(answer: bytes) -> None:
    proxy = answering(answer)
    error = submit(proxy)
    assert isinstance(error, errors.SubmitNotSent)
    assert [head.partition(b" ")[0] for head in proxy.heard] == [b"CONNECT"]


def test_a_proxy_behind_tls_of_its_own(authority: Authority) -> None:
    """https to the proxy, by its own CA; plain http behind it, which on loopback is allowed."""
    proxy, queue = answering(ACCEPTED), "http://127.0.0.1:9"
    more = {"scheme": "https", "tls": authority.context, "fal_queue_url": queue}
    assert isinstance(submit(proxy, fal_ca_file=authority.ca_file, **more), Submission)  # type: ignore[arg-type]
    assert proxy.heard[0].startswith(b"POST http://127.0.0.1:9/alibaba/happy-horse/text-to-video ")
    assert isinstance(submit(proxy, **more), errors.SubmitNotSent)  # type: ignore[arg-type]


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"])
def test_a_plain_proxy_that_fails_after_the_request_is_doubt(answer: bytes) -> None:
    proxy = answering(answer)
    assert isinstance(submit(proxy, fal_queue_url="http://127.0.0.1:9"), errors.SubmitUnconfirmed)
    assert len(proxy.heard) == 1


def test_a_proxy_that_is_down_is_proven_non_delivery() -> None:
    async def story() -> None:
        queue = FalQueue.from_settings(FalSettings.offline(fal_proxy_url=f"http://127.0.0.1:{free_port()}"))
        with pytest.raises(errors.SubmitNotSent):
            await queue.submit(REQUEST)
        await queue.close()

    asyncio.run(story())


def reply(status: int, body: bytes, *headers: bytes) -> bytes:
    length = b"Content-Length: %d" % len(body)
    lines = [b"HTTP/1.1 %d Whatever" % status, b"Content-Type: application/json", length, *headers]
    return b"\r\n".join([*lines, b"", body])


LISTED = b'{"detail": [{"loc": ["body", "prompt"], "msg": "no", "type": "value_error"}]}'


@pytest.mark.parametrize(
    ("answer", "error", "code"),
    [
        (reply(402, b'{"error": "insufficient_credits"}'), errors.OutOfCredits, "insufficient_credits"),
        (reply(403, b'{"error": "endpoint_not_allowed"}'), errors.ModelNotAllowed, "endpoint_not_allowed"),
        # Whatever else it says, it may have charged, and fal may have the order:
        (reply(402, b'{"error": "insufficient_credits"}', b"X-Credits-Used: 0.7"), errors.SubmitUnconfirmed, None),
        (reply(403, b'{"detail": "Forbidden"}'), errors.SubmitUnconfirmed, None),
        (reply(422, LISTED, b"X-Credits-Used: 0.7"), errors.SubmitUnconfirmed, None),
        (reply(422, LISTED), errors.SubmitUnconfirmed, None),
        (reply(429, b'{"detail": "slow down"}', b"Retry-After: 1"), errors.SubmitUnconfirmed, None),
        (reply(429, b'{"error_type": "concurrent_requests_limit"}'), errors.SubmitUnconfirmed, None),
    ],
)
def test_behind_a_proxy_only_its_own_two_refusals_bought_nothing(
    answer: bytes, error: type[errors.VideoError], code: str | None
) -> None:
    proxy = answering(answer)
    caught = submit(proxy, fal_queue_url="http://127.0.0.1:9")
    assert isinstance(caught, error)
    assert caught.code == (code or "submit_unknown")
    assert len(proxy.heard) == 1

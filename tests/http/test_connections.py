"""What callers may hold open: connections in all and per address, half a head, half a body."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from bot.http.at_once import MOST_AT_ONCE, AtOnce
from bot.http.connections import Census
from bot.http.pages import PlainWords
from bot.http.server import Server
from core.io.networks import LOOPBACK, Networks, read
from tests.serving import listener

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def serving(**limits: Any) -> AsyncIterator[tuple[str, list[str]]]:
    """Our own server before a small app; gives its address, and what became of each body."""
    bodies: list[str] = []

    async def take(request: Request) -> Response:
        try:
            bodies.append(f"{len(await request.body())} bytes")
        except ClientDisconnect:
            bodies.append("cut off")
        return PlainTextResponse(request.client.host if request.client else "")

    sock = listener()
    server = Server(Starlette(routes=[Route("/", take, methods=["GET", "POST"])]), sock, **limits)
    await server.start()
    try:
        yield f"http://127.0.0.1:{sock.getsockname()[1]}", bodies
    finally:
        await server.stop()


@asynccontextmanager
async def opened(base: str, sent: bytes = b"") -> AsyncIterator[Connection]:
    host = urlsplit(base)
    reader, writer = await asyncio.open_connection(host.hostname, host.port)
    try:
        writer.write(sent)
        yield reader, writer
    finally:
        writer.close()


async def answer(client: httpx.AsyncClient, base: str) -> int | None:
    try:
        return (await client.get(base)).status_code
    except httpx.TransportError:
        return None


async def is_closed(connection: Connection) -> bool:
    """Wait for the server to close it."""
    async with asyncio.timeout(10):
        try:
            return await connection[0].read() == b""
        except ConnectionError:
            return True


@pytest.mark.parametrize("sent", [b"", b"GET / HTT", b"GET / HTTP/1.1\r\nHost: x\r\n"])
def test_half_a_head_does_not_hold_a_connection(sent: bytes) -> None:
    async def story() -> None:
        async with serving(head_s=0.2) as (base, _), opened(base, sent) as connection:
            assert await is_closed(connection)

    asyncio.run(story())


def test_half_of_the_second_head_does_not_either() -> None:
    async def story() -> None:
        async with serving(head_s=0.2) as (base, bodies):
            async with opened(base, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n") as connection:
                assert b"200" in await connection[0].readuntil(b"127.0.0.1")
                connection[1].write(b"GET / HT")
                assert await is_closed(connection)
            assert bodies == ["0 bytes"]

    asyncio.run(story())


def test_a_body_that_does_not_come_ends_its_request() -> None:
    async def story() -> None:
        async with serving(body_s=0.2) as (base, bodies):
            head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n"
            async with opened(base, head + b"half"), asyncio.timeout(10):
                while not bodies:
                    await asyncio.sleep(0.01)
            assert bodies == ["cut off"]
            async with httpx.AsyncClient(trust_env=False) as client:
                assert (await client.post(base, content=b"x" * 100)).status_code == 200

    asyncio.run(story())


def test_more_connections_than_fit_are_closed_and_room_comes_back() -> None:
    async def story() -> None:
        async with serving(most=3, trusted_proxies=LOOPBACK) as (base, _), opened(base), opened(base):
            async with opened(base), opened(base) as one_too_many:
                assert await is_closed(one_too_many)
            async with asyncio.timeout(10), httpx.AsyncClient(trust_env=False) as client:
                while (status := await answer(client, base)) is None:
                    await asyncio.sleep(0.01)
                assert status == 200

    asyncio.run(story())


def test_one_address_has_its_share_and_a_proxy_all() -> None:
    own, proxied = (Census(most=5, most_of_address=2, trusted=trusted) for trusted in ((), Networks(LOOPBACK)))
    assert [own.admits("127.0.0.1") for _ in range(3)] == [True, True, False]
    assert own.admits("192.0.2.7")
    own.leave("127.0.0.1")
    assert own.admits("127.0.0.1")
    assert [proxied.admits("127.0.0.1") for _ in range(6)] == [True] * 5 + [False]


@pytest.mark.parametrize(
    ("trusted", "header", "seen"),
    [
        (LOOPBACK, "203.0.113.9", "203.0.113.9"),
        (LOOPBACK, "198.51.100.1, 203.0.113.9", "203.0.113.9"),  # what the caller claims stands before it
        (("192.0.2.0/24",), "203.0.113.9", "127.0.0.1"),
    ],
)
def test_only_a_trusted_proxy_says_who_calls(trusted: tuple[str, ...], header: str, seen: str) -> None:
    async def story() -> None:
        async with (
            serving(trusted_proxies=trusted) as (base, _),
            httpx.AsyncClient(trust_env=False, headers={"X-Forwarded-For": header}) as client,
        ):
            assert (await client.get(base)).text == seen

    asyncio.run(story())


def test_the_setting_names_addresses() -> None:
    assert read("loopback, 10.0.0.7,172.18.0.0/16") == (*LOOPBACK, "10.0.0.7/32", "172.18.0.0/16")
    with pytest.raises(ValueError, match="“caddy” is no address"):
        read("caddy")


@asynccontextmanager
async def sending(size: int, **limits: Any) -> AsyncIterator[str]:
    """Our own server with one large answer."""

    async def film(_request: Request) -> Response:
        async def parts() -> AsyncIterator[bytes]:
            for _ in range(size // 65_536):
                yield b"x" * 65_536

        return StreamingResponse(parts())

    sock = listener()
    server = Server(Starlette(routes=[Route("/", film)]), sock, **limits)
    await server.start()
    try:
        yield f"http://127.0.0.1:{sock.getsockname()[1]}"
    finally:
        await server.stop()


FILM = 64 * 65_536


def test_who_reads_nothing_is_cut_off_and_a_slow_reader_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.http.connections.WRITE_BYTES_PER_S", 1_000_000)

    async def asks(base: str, *, waits: bool, pause_s: float) -> int:
        """Read as a slow phone does, with a small window, or only once it is cut off; the bytes that came."""
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8_192)
        sock.setblocking(False)
        loop = asyncio.get_running_loop()
        address = urlsplit(base)
        await loop.sock_connect(sock, (address.hostname, address.port))
        await loop.sock_sendall(sock, b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        came = 0
        while waits and not sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            await asyncio.sleep(0.02)
        try:
            while read := await loop.sock_recv(sock, 8_192):
                came += len(read)
                await asyncio.sleep(pause_s)
        except ConnectionError:
            return came
        finally:
            sock.close()
        return came

    async def story() -> None:
        async with asyncio.timeout(60), sending(FILM, write_s=0.3, head_s=0.2) as base:
            stalled, slow = await asyncio.gather(
                asks(base, waits=True, pause_s=0), asks(base, waits=False, pause_s=0.002)
            )
            assert stalled < FILM // 4
            assert slow >= FILM

    asyncio.run(story())


def test_one_address_behind_a_proxy_has_its_share_and_the_others_are_served() -> None:
    """A hundred halves of bodies through the proxy; they would have been all that one address may open without it."""

    async def story() -> None:
        words = PlainWords()
        async with (
            serving(body_s=30, words=words) as (base, _),
            AsyncExitStack() as floods,
            httpx.AsyncClient(trust_env=False) as client,
        ):
            head = "POST / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: {}\r\nContent-Length: 9\r\n\r\nhalf"
            for _ in range(MOST_AT_ONCE):
                await floods.enter_async_context(opened(base, head.format("203.0.113.9").encode()))
            async with asyncio.timeout(10):
                while (
                    refused := await client.get(base, headers={"X-Forwarded-For": "203.0.113.9"})
                ).status_code == 200:
                    await asyncio.sleep(0.01)
            assert refused.status_code == 429
            assert int(refused.headers["retry-after"]) > 0
            assert "nosniff" in refused.headers["x-content-type-options"]
            for address in ("203.0.113.10", "2001:db8::9"):
                assert (await client.get(base, headers={"X-Forwarded-For": address})).status_code == 200
            await floods.aclose()
            async with asyncio.timeout(10):
                while (await client.get(base, headers={"X-Forwarded-For": "203.0.113.9"})).status_code != 200:
                    await asyncio.sleep(0.01)

    asyncio.run(story())


def test_a_home_is_one_address_and_this_machine_is_not_counted() -> None:
    counts = AtOnce(most=2, trusted=Networks(LOOPBACK))
    assert [counts.enter(each) for each in ("2001:db8::1", "2001:db8::2", "2001:db8::3")] == [True, True, False]
    assert all(counts.enter("127.0.0.1") for _ in range(5))
    counts.leave("2001:db8::2")
    assert counts.enter("2001:db8::4")

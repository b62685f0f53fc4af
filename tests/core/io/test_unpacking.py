"""Answers of odd servers: packed in layers, without end, cut short, or not packed as they say."""

import asyncio
import gzip
import zlib
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import pytest
from starlette.responses import Response

from bot.channels.ilink.accounts import Account
from bot.channels.ilink.api import Api
from bot.channels.ilink.settings import ILinkSettings
from bot.channels.types import SendError, SendOutcome
from core.config import FalSettings
from core.errors import Unavailable
from core.fal.client import FalQueue
from core.io.bodies import CHUNK_BYTES, BodyTooLarge, write_body
from core.io.unpacking import bounded, unpacked
from tests.serving import served

WHOLE = bytes(range(256)) * 2000
ZEROS = bytes(1 << 20)


def asked(answer: Response, story: Callable[[str], Awaitable[None]]) -> None:
    async def whole() -> None:
        async with served(answer) as url:
            await story(url)

    asyncio.run(whole())


def packed(content: bytes, encoding: str) -> Response:
    return Response(content, headers={"Content-Encoding": encoding} if encoding else {})


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (WHOLE, ""),
        (WHOLE, "identity"),
        (WHOLE, "aws-chunked"),  # what nobody unpacks comes as it is, as with httpx
        (gzip.compress(WHOLE), "gzip"),
        (gzip.compress(WHOLE), "aws-chunked, GZIP"),
        (zlib.compress(WHOLE), "deflate"),
        (b"", "gzip"),
    ],
)
def test_what_is_packed_once_is_unpacked_in_small_pieces(content: bytes, encoding: str) -> None:
    async def story(url: str) -> None:
        expected = WHOLE if content else b""
        async with httpx.AsyncClient(trust_env=False) as client, client.stream("GET", url) as reply:
            pieces = [piece async for piece in unpacked(reply)]
        assert b"".join(pieces) == expected
        assert all(len(piece) <= CHUNK_BYTES for piece in pieces)
        async with httpx.AsyncClient(trust_env=False, event_hooks={"response": [bounded(len(WHOLE))]}) as client:
            assert (await client.get(url)).content == expected

    asked(packed(content, encoding), story)


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (gzip.compress(gzip.compress(ZEROS)), "gzip, gzip"),
        (gzip.compress(ZEROS)[:-9], "gzip"),
        (b"{}", "gzip"),
    ],
    ids=["twice", "cut short", "not at all"],
)
def test_what_is_packed_oddly_is_an_error_of_the_transfer(content: bytes, encoding: str) -> None:
    async def story(url: str) -> None:
        async with httpx.AsyncClient(trust_env=False, event_hooks={"response": [bounded()]}) as client:
            with pytest.raises(httpx.DecodingError):
                await client.get(url)

    asked(packed(content, encoding), story)


def test_a_little_that_becomes_much_ends_at_the_cap(tmp_path: Path) -> None:
    async def story(url: str) -> None:
        async with httpx.AsyncClient(trust_env=False) as client, client.stream("GET", url) as reply:
            with pytest.raises(BodyTooLarge):
                await write_body(unpacked(reply), tmp_path / "file", most_bytes=CHUNK_BYTES)
        assert (tmp_path / "file").stat().st_size <= CHUNK_BYTES
        async with httpx.AsyncClient(trust_env=False, event_hooks={"response": [bounded(CHUNK_BYTES)]}) as client:
            with pytest.raises(httpx.DecodingError):
                await client.get(url)

    asked(packed(gzip.compress(ZEROS), "gzip"), story)


def test_every_server_that_is_asked_has_the_cap() -> None:
    """A layered bomb from fal, or from WeChat as an answer to a message: little memory, and the usual error."""

    async def story(url: str) -> None:
        queue = FalQueue(FalSettings.offline(fal_queue_url=url, fal_key="k"))
        with pytest.raises(Unavailable) as broken:
            await queue.result(queue.handle_for("fal-ai/x", "7b3c1f0e-0000-4000-8000-000000000000"))
        assert broken.value.facts["reason"] == "DecodingError"
        await queue.close()
        api = Api(ILinkSettings.offline(url=url, cdn_url=url))
        with pytest.raises(SendError) as refused:
            await api.send(Account("main", "bot", url, "owner", "token"), {})
        assert refused.value.outcome is SendOutcome.UNCONFIRMED
        await api.close()

    asked(packed(gzip.compress(gzip.compress(ZEROS * 60)), "gzip, gzip"), story)


@pytest.mark.parametrize("answer", [b'{"ret": []}', b'{"errcode": {"a": 1}}', b"[" * 50_000, b'{"ret": 1e999}'])
def test_an_answer_of_another_shape_proves_nothing(answer: bytes) -> None:
    async def story(url: str) -> None:
        api = Api(ILinkSettings.offline(url=url, cdn_url=url))
        with pytest.raises(SendError) as refused:
            await api.send(Account("main", "bot", url, "owner", "token"), {})
        assert refused.value.outcome is SendOutcome.UNCONFIRMED
        await api.close()

    asked(Response(answer), story)

"""fal's completion calls: signed, fresh, for a job that only we could have named."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core.config import FalSettings
from core.errors import Unavailable
from core.sandbox.renderer import Signer
from core.webhooks import JwksCache, callback_token, job_from_token, verify
from tests.serving import served

BODY = b'{"request_id": "r-1", "status": "OK"}'


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    return Signer(tmp_path / "key")


def signed(signer: Signer, **changed: str) -> dict[str, str]:
    headers = {name.lower(): value for name, value in signer.headers("r-1", BODY).items()}
    return headers | {name.replace("_", "-"): value for name, value in changed.items()}


def keys(signer: Signer) -> tuple[bytes, ...]:
    from core.webhooks import _keys

    return _keys(signer.jwks())


def test_a_good_call_is_believed(signer: Signer) -> None:
    assert verify(signed(signer), BODY, keys(signer), now=time.time())
    assert verify(signed(signer), BODY, (bytes(32), *keys(signer)), now=time.time())


def test_a_changed_body_or_header_is_not(signer: Signer) -> None:
    now = time.time()
    assert not verify(signed(signer), BODY + b" ", keys(signer), now=now)
    for name in ("request_id", "user_id", "signature"):
        assert not verify(signed(signer, **{f"x_fal_webhook_{name}": "00"}), BODY, keys(signer), now=now)
    assert not verify({}, BODY, keys(signer), now=now)
    assert not verify(signed(signer), BODY, (), now=now)


def test_an_old_call_is_not_believed(signer: Signer) -> None:
    headers = signed(signer)
    assert not verify(headers, BODY, keys(signer), now=time.time() + 400)
    assert not verify(headers, BODY, keys(signer), now=time.time() - 400)


def test_the_token_names_one_job_and_nobody_else_can_make_it() -> None:
    token = callback_token(b"secret", "ABC123")
    assert job_from_token(b"secret", token) == "ABC123"
    assert job_from_token(b"another", token) is None
    assert job_from_token(b"secret", token.replace("ABC123", "ABC124")) is None
    for bad in ("", ".", "ABC123", token + "0", "../../x." + "0" * 64):
        assert job_from_token(b"secret", bad) is None


def cached(answer: Callable[[int], Response], story: Callable[[JwksCache, list[int]], Awaitable[None]]) -> None:
    asked: list[int] = []

    async def jwks(_request: Request) -> Response:
        asked.append(1)
        return answer(len(asked))

    async def run() -> None:
        async with served(Starlette(routes=[Route("/.well-known/jwks.json", jwks)])) as base:
            cache = JwksCache(FalSettings.offline(fal_key="k", fal_queue_url=base))
            await story(cache, asked)
            await cache.close()

    asyncio.run(run())


def test_keys_are_asked_for_once(signer: Signer) -> None:
    async def story(cache: JwksCache, asked: list[int]) -> None:
        assert await cache.get() == keys(signer)
        await cache.get()
        assert len(asked) == 1

    cached(lambda _: JSONResponse(signer.jwks()), story)


@pytest.mark.parametrize(
    "answer", [Response("no", 500), JSONResponse({"keys": "x"}), JSONResponse([]), Response("<html>")]
)
def test_a_failure_is_not_repeated_at_once(answer: Response) -> None:
    async def story(cache: JwksCache, asked: list[int]) -> None:
        for _ in range(3):
            with pytest.raises(Unavailable):
                await cache.get()
        assert len(asked) == 1

    cached(lambda _: answer, story)

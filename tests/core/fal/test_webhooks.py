"""fal's completion calls: signed, fresh, for a job that only we could have named."""

import asyncio
import base64
import time
from base64 import urlsafe_b64encode
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core.config import FalSettings
from core.errors import Unavailable
from core.fal.webhooks import JwksCache, callback_token, job_from_token, read_keys, verify
from core.sandbox.renderer import Signer
from tests.serving import served


class Clock:
    now = 1000.0


CLOCK = Clock()
BODY = b'{"request_id": "r-1", "status": "OK"}'


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    return Signer(tmp_path / "key")


def signed(signer: Signer, **changed: str) -> dict[str, str]:
    headers = {name.lower(): value for name, value in signer.headers("r-1", BODY).items()}
    return headers | {name.replace("_", "-"): value for name, value in changed.items()}


def keys(signer: Signer) -> tuple[bytes, ...]:
    return read_keys(signer.jwks())


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


@pytest.mark.parametrize("timestamp", ["", "soon", "-1", "1e9", "٣", "9" * 5000, "1764000000 "])
def test_a_time_that_is_none_is_not_believed(signer: Signer, timestamp: str) -> None:
    assert not verify(signed(signer, x_fal_webhook_timestamp=timestamp), BODY, keys(signer), now=time.time())


@pytest.mark.parametrize("signature", ["zz", "00", "é", "0" * 128, "0" * 100_000])
def test_a_signature_that_is_none_is_not_believed(signer: Signer, signature: str) -> None:
    assert not verify(signed(signer, x_fal_webhook_signature=signature), BODY, keys(signer), now=time.time())


@given(values=st.lists(st.text(max_size=8), min_size=4, max_size=4), key=st.binary(max_size=40))
def test_no_header_and_no_key_breaks_the_check(values: list[str], key: bytes) -> None:
    names = ("request-id", "user-id", "timestamp", "signature")
    headers = {f"x-fal-webhook-{name}": value for name, value in zip(names, values, strict=True)}
    assert not verify(headers, BODY, (key,), now=0.0)


@given(secret=st.binary(min_size=1, max_size=40), job_id=st.from_regex(r"[A-Za-z0-9]{1,40}", fullmatch=True))
def test_tokens_come_back_as_their_job_and_fit_an_address(secret: bytes, job_id: str) -> None:
    token = callback_token(secret, job_id)
    assert job_from_token(secret, token) == job_id
    assert quote(token, safe="") == token
    assert job_from_token(secret + b"x", token) is None


@given(token=st.text(max_size=80))
def test_no_token_breaks_the_check(token: str) -> None:
    assert job_from_token(b"secret", token) is None


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
            cache = JwksCache(FalSettings.offline(fal_key="k", fal_queue_url=base), clock=lambda: CLOCK.now)
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


def test_keys_are_asked_for_again_after_a_day_and_after_a_failure(signer: Signer) -> None:
    first, second = signer.jwks(), {"keys": [*signer.jwks()["keys"], {"x": urlsafe_b64encode(bytes(32)).decode()}]}
    answers = iter([Response("no", 503), JSONResponse(first), Response("no", 503), JSONResponse(second)])

    async def story(cache: JwksCache, asked: list[int]) -> None:
        with pytest.raises(Unavailable):
            await cache.get()
        CLOCK.now += 31
        assert await cache.get() == keys(signer)
        CLOCK.now += 24 * 3600
        assert await cache.get() == keys(signer)  # the old ones serve on while fal does not answer
        assert len(asked) == 3
        CLOCK.now += 31
        assert await cache.get() == (*keys(signer), bytes(32))
        assert len(asked) == 4

    cached(lambda _: next(answers), story)


def test_odd_keys_are_left_out(signer: Signer) -> None:
    padded = {"x": signer.jwks()["keys"][0]["x"].rstrip("=") + "="}
    odd = [7, {}, {"x": 7}, {"x": "é"}, {"x": "AAAA"}]

    async def story(cache: JwksCache, _asked: list[int]) -> None:
        assert await cache.get() == keys(signer)

    cached(lambda _: JSONResponse({"keys": [*odd, padded]}), story)


def test_keys_without_end_are_cut_off() -> None:
    """Each wrong signature is tried by each of them."""
    rows = [{"x": base64.urlsafe_b64encode(bytes([number % 256]) * 32).decode()} for number in range(1000)]
    assert 0 < len(read_keys({"keys": rows})) <= 20

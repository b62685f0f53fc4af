"""Who calls is checked before anything of a body is read: a call that is not theirs is answered while it is sent."""

import asyncio
from collections.abc import Callable

import pytest

from tests.bench import Bench
from tests.fakes.wechat import WeChatFake
from tests.fakes.wechat.caller import Mode

_TOKEN = "A" * 7 + "." + "0" * 64
CALLS = {
    "wechat": "/wechat?signature=0&timestamp=1714036504&nonce=1514711492",
    "wechat, in the way of encrypted ones": "/wechat?signature=0&timestamp=1714036504&nonce=1&msg_signature=0",
    "wechat, without a word": "/wechat",
    "fal": f"/fal/webhook/{_TOKEN}",
    "fal, no token": "/fal/webhook/x",
}


@pytest.mark.parametrize("mode", ["plain", "safe"])
def test_no_body_is_waited_for(mode: Mode, on_bench: Callable[..., None]) -> None:
    async def story(made: Bench) -> None:
        for name, target in CALLS.items():
            reader, writer = await asyncio.open_connection("127.0.0.1", made.settings.port)
            head = f"POST {target} HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\nContent-Length: 60000\r\n\r\n"
            writer.write(head.encode())
            async with asyncio.timeout(5):
                assert b" 40" in await reader.readline(), name
            writer.close()

    on_bench(story, public=True, wechat=WeChatFake(mode=mode))


def test_a_body_that_is_never_closed_costs_nothing(on_bench: Callable[..., None]) -> None:
    """Signed, as by one who has seen one signature: markup without an end, at the size that is just let in."""

    async def story(made: Bench) -> None:
        for body in (b"<![CDATA[" * 7000, b"<xml>" * 13_000, b"<xml><![CDATA[" + b"]]" * 32_000):
            assert (await fake.caller.post(fake.caller.query(), body)).status == 400

    fake = WeChatFake()
    on_bench(story, wechat=fake)

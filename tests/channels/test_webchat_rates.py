"""Far more than a person asks for is answered with 429 and a sentence, and takes nothing from anybody else."""

from pathlib import Path

import httpx
import pytest

from bot.channels.webchat.rates import FILE, READ, SAY, STREAM, Rate, Rates
from bot.messages.i18n import translate
from tests.channels.test_webchat import TOKEN, Opened, on_page


def test_a_share_comes_back_with_time_and_is_everybodys_own() -> None:
    now = [0.0]
    rates = Rates(clock=lambda: now[0])
    rate = Rate("say", 3, 0.5)
    assert [rates.wait_s("anna", rate) for _ in range(5)] == [None, None, None, 2, 2]
    assert rates.wait_s("ben", rate) is None
    assert rates.wait_s("anna", Rate("read", 1, 1.0)) is None
    now[0] = 2.0
    assert [rates.wait_s("anna", rate) for _ in range(2)] == [None, 2]
    now[0] = 1000.0
    assert [rates.wait_s("anna", rate) for _ in range(4)] == [None, None, None, 2]


def test_only_the_latest_browsers_are_remembered() -> None:
    rates = Rates(clock=lambda: 0.0)
    rate = Rate("say", 1, 1.0)
    assert rates.wait_s("anna", rate) is None
    assert rates.wait_s("anna", rate) == 1
    for number in range(2000):
        rates.wait_s(str(number), rate)
    assert rates.wait_s("anna", rate) is None


CALLS = [
    ("POST", "/chat/send", SAY),
    ("POST", "/chat/press", SAY),
    ("POST", "/chat/upload", SAY),
    ("GET", "/chat/messages", READ),
    ("GET", "/chat/words", READ),
    ("GET", "/", READ),
    ("GET", "/chat/events", STREAM),
    ("GET", "/videos/film.mp4", FILE),
    ("GET", "/chat/uploads/0", FILE),
]


def used_up(who: str, rate: Rate) -> Rates:
    """What is left when this browser has asked for all of its share, and no time passes."""
    rates = Rates(clock=lambda: 0.0)
    while rates.wait_s(who, rate) is None:
        pass
    return rates


@pytest.mark.parametrize(("method", "target", "rate"), CALLS)
def test_a_guests_flood_is_answered_and_touches_nobody(method: str, target: str, rate: Rate, tmp_path: Path) -> None:
    async def asked(client: httpx.AsyncClient) -> int:
        async with client.stream(method, target, json={}) as answer:
            return answer.status_code

    async def story(made: Opened) -> None:
        async with made.client(**{"Accept-Language": "zh"}) as anna, made.client() as ben, made.client() as desk:
            await made.guest(anna, "anna")
            await made.guest(ben, "ben")
            await made.operator(desk)
            flood = await anna.request(method, target, json={})
            assert flood.status_code == 429
            wait = flood.headers["retry-after"]
            assert flood.json()["error"] == translate("zh", "web-too-fast", wait_s=wait)
            assert await asked(ben) != 429
            assert await asked(desk) != 429
            other = "/chat/send" if rate is not SAY else "/chat/price"  # who looked too often may still say something
            assert (await anna.post(other, json={})).status_code != 429

    on_page(tmp_path, story, token=TOKEN, rates=used_up("guest:anna", rate))


def test_a_page_of_the_operators_that_runs_wild_locks_out_no_other(tmp_path: Path) -> None:
    async def story(made: Opened) -> None:
        async with made.client() as desk, made.client() as phone:
            await made.operator(desk)
            for _ in range(SAY.burst * 3):
                flood = await desk.post("/chat/send", json={})
                if flood.status_code == 429:
                    break
            assert flood.status_code == 429
            await made.operator(phone)
            assert (await phone.post("/chat/send", json={"id": "event-0001", "text": "hello"})).status_code == 202

    on_page(tmp_path, story, token=TOKEN)


def test_the_waits_are_those_of_people() -> None:
    """A page that opens a long chat with many films asks for some hundred things at once."""
    rates = Rates(clock=lambda: 0.0)
    assert all(rates.wait_s("anna", READ) is None for _ in range(300))
    assert all(rates.wait_s("anna", SAY) is None for _ in range(30))

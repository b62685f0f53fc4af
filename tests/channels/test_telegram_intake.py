"""Taking updates from a strict Telegram over real HTTP: stored before they are confirmed, whatever happens."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from bot.channels.signing_secret import SigningSecret
from bot.channels.telegram.channel import Telegram
from bot.channels.telegram.intake import webhook_secret
from bot.channels.types import Action, Message
from bot.conversation.commands import COMMANDS
from tests.channels.telegram_bench import ME, Bench, Box, bench, jpeg, services, settings
from tests.fakes.botapi import TelegramFake
from tests.serving import free_port, listener, served

SECRET = "X-Telegram-Bot-Api-Secret-Token"


def polled(folder: Path, story: Callable[[Bench], Awaitable[None]], *, before: Callable[[Bench], None] | None) -> None:
    """`before`: what stands already when the bot starts."""

    async def play() -> None:
        async with bench(folder) as on:
            if before is not None:
                before(on)
            await on.channel.start()
            await story(on)

    asyncio.run(play())


def heard(on: Bench) -> list[str]:
    return [each.text or str(each.pressed) for each in on.box.all]


def test_what_was_said_is_stored_and_then_confirmed(tmp_path: Path) -> None:
    def before(on: Bench) -> None:
        on.telegram.user_says(42, "/video said while the bot was away")

    async def story(on: Bench) -> None:
        await on.telegram.until(lambda: on.box.all)
        on.telegram.user_says(42, "/video a fox")
        on.telegram.user_says(43, "she smiles", photo=jpeg())
        await on.telegram.until(lambda: len(on.box.all) == 3 and on.telegram.pending == 0)
        assert heard(on) == ["/video said while the bot was away", "/video a fox", "she smiles"]
        asked = on.telegram.calls("getUpdates")[0].params
        assert asked["allowed_updates"] == ["message", "edited_message", "callback_query", "my_chat_member"]
        assert asked["timeout"] == 2

    polled(tmp_path, story, before=before)


def test_nothing_is_confirmed_that_was_not_stored(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def before(on: Bench) -> None:
        on.box.broken = 3
        on.telegram.user_says(42, "/video a fox")

    async def story(on: Bench) -> None:
        await on.telegram.until(lambda: on.box.refused == 3)
        assert on.telegram.pending == 1
        await on.telegram.until(lambda: on.box.all and on.telegram.pending == 0)
        assert heard(on) == ["/video a fox"]
        assert on.rests[:3] == [1.0, 2.0, 4.0]
        assert "people wrote" not in caplog.text

    polled(tmp_path, story, before=before)


def test_the_same_update_has_the_same_origin(tmp_path: Path) -> None:
    """A bot that died after storing and before confirming gets everything again."""

    async def play() -> None:
        origins = []
        fake = TelegramFake(state=tmp_path / "telegram")
        async with served(fake) as fake.url:
            own = settings(fake.url)
            fake.user_says(42, "/video a fox")
            updates = list(fake.world.updates)
            for _ in range(2):
                box = Box()
                channel = Telegram(services(box, own, tmp_path), own, poll_s=2)
                fake.world.updates[:] = updates
                await channel.start()
                await fake.until(box.anything)
                await channel.stop_intake()
                await channel.stop()
                origins += [each.origin for each in box.all]
        first, second = origins
        assert first == second
        assert first.startswith("telegram:7000000001:42:")

    asyncio.run(play())


def test_updates_that_cannot_be_read_block_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def before(on: Bench) -> None:
        on.telegram.world.update({"message": {"message_id": "no number", "text": "my secret diary"}})
        on.telegram.world.update({"callback_query": {"id": "5"}})
        on.telegram.world.update({"message": "nonsense"})
        on.telegram.user_says(42, "/video a fox")
        on.telegram.user_says(42, "x", extra={"date": 10**30})

    async def story(on: Bench) -> None:
        await on.telegram.until(lambda: on.box.all and on.telegram.pending == 0)
        assert heard(on) == ["/video a fox"]
        assert "diary" not in "".join(
            record.getMessage() for record in caplog.records if record.levelno > logging.DEBUG
        )

    polled(tmp_path, story, before=before)


@pytest.mark.parametrize("kind", ["html", "drop_before", "drop_after", "garbage"])
def test_an_outage_only_delays(tmp_path: Path, kind: Any) -> None:
    def before(on: Bench) -> None:
        on.telegram.fail("*", kind, times=8)
        on.telegram.user_says(42, "/video a fox")

    async def story(on: Bench) -> None:
        assert on.channel.alive()
        await on.telegram.until(lambda: on.box.all and on.telegram.pending == 0)
        on.telegram.fail("getUpdates", kind, times=3)
        on.telegram.user_says(42, "/video another")
        await on.telegram.until(lambda: len(on.box.all) == 2)
        assert on.channel.alive()

    polled(tmp_path, story, before=before)


def test_a_server_that_repeats_itself_is_asked_slowly_and_new_words_at_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It answers at once, whatever the offset: nothing is taken twice, and the rests grow. Then it comes to itself."""

    async def story(on: Bench) -> None:
        on.telegram.user_says(42, "/video a fox")
        await on.telegram.until(lambda: on.box.all)
        fault = on.telegram.fail("getUpdates", "repeat", times=6)
        on.telegram.user_says(42, "/video a hare")
        await on.telegram.until(lambda: fault.times == 0 and len(on.box.all) == 2)
        assert heard(on) == ["/video a fox", "/video a hare"]
        await on.telegram.until(lambda: len(on.rests) == 6)
        assert on.rests == [1.0, 2.0, 5.0, 10.0, 10.0, 10.0]
        assert sum("repeats" in record.getMessage() for record in caplog.records) == 1
        on.telegram.user_says(42, "/video a wolf")
        await on.telegram.until(lambda: len(on.box.all) == 3 and on.telegram.pending == 0)
        assert len(on.rests) == 6

    polled(tmp_path, story, before=lambda _on: None)


def test_a_start_without_network_takes_no_time(tmp_path: Path) -> None:
    async def play() -> None:
        port = free_port()
        own = settings(f"http://127.0.0.1:{port}")
        box = Box()
        tries, tried = list[float](), asyncio.Event()

        async def rest(seconds: float) -> None:
            tries.append(seconds)
            tried.set()
            await asyncio.Event().wait()

        channel = Telegram(services(box, own, tmp_path), own, poll_s=2, sleep=rest)
        started = asyncio.create_task(channel.start())
        await asyncio.sleep(0)
        assert started.done()  # without waiting for anything
        async with asyncio.timeout(10):
            await tried.wait()
        assert channel.alive()
        await channel.stop_intake()
        await channel.stop()

    asyncio.run(play())


def test_long_rests_are_kept_and_are_not_being_stuck(tmp_path: Path) -> None:
    def before(on: Bench) -> None:
        on.telegram.flood("getUpdates", retry_after=5820)

    async def story(on: Bench) -> None:
        await on.telegram.until(lambda: len(on.telegram.calls("getUpdates")) > 1)
        assert sum(on.rests) >= 5820
        assert max(on.rests) <= 60

    polled(tmp_path, story, before=before)


def test_a_loop_that_no_longer_turns_is_seen(tmp_path: Path) -> None:
    async def story(on: Bench) -> None:
        await on.telegram.until(lambda: on.telegram.calls("getUpdates"))
        await on.channel.stop_intake()
        on.late_s.append(120)
        assert not on.channel.alive()

    polled(tmp_path, story, before=None)


def test_the_menu_and_the_webhook_of_before(tmp_path: Path) -> None:
    def before(on: Bench) -> None:
        on.telegram.methods.webhook = {"url": "https://old.example/telegram", "secret_token": ""}
        on.telegram.user_says(42, "/video a fox")

    async def story(on: Bench) -> None:
        await on.telegram.until(lambda: len(on.telegram.methods.commands) == 12 and on.box.all)
        assert on.telegram.calls("deleteWebhook")[0].params["drop_pending_updates"] is False
        menus = on.telegram.methods.commands
        scopes = ("default", "all_private_chats", "all_group_chats", "all_chat_administrators")
        assert set(menus) == {(scope, language) for scope in scopes for language in ("", "en", "zh")}
        names = {scope: [each["command"] for each in menus[scope, "zh"]] for scope in scopes}
        assert names["default"] == names["all_private_chats"]
        assert names["all_private_chats"][:5] == ["video", "status", "cancel", "history", "continue"]
        assert "balance" in names["all_private_chats"]
        assert "balance" not in names["all_group_chats"] + names["all_chat_administrators"]
        assert {each for menu in names.values() for each in menu} <= set(COMMANDS)
        shown = {language: menus["all_group_chats", language][0]["description"] for language in ("", "en", "zh")}
        assert shown[""] == shown["en"] != shown["zh"]

    polled(tmp_path, story, before=before)


def test_a_server_without_webhooks_is_polled_all_the_same(tmp_path: Path) -> None:
    def before(on: Bench) -> None:
        on.telegram.fail("deleteWebhook", "status", status=404, description="Not Found", times=9)
        on.telegram.user_says(42, "/video a fox")

    async def story(on: Bench) -> None:
        await on.telegram.until(lambda: on.box.all)
        assert len(on.telegram.calls("deleteWebhook")) == 1

    polled(tmp_path, story, before=before)


def test_a_second_program_with_the_same_token_is_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def story(on: Bench) -> None:
        await on.telegram.until(lambda: on.telegram.calls("getUpdates"))
        async with httpx.AsyncClient(trust_env=False) as other:
            await other.post(f"{on.telegram.url}/bot{on.telegram.token}/getUpdates", json={"timeout": 0})
        await on.telegram.until(lambda: "another program takes this bot's updates" in caplog.text)
        on.telegram.user_says(42, "/video a fox")
        await on.telegram.until(lambda: on.box.all)

    polled(tmp_path, story, before=None)


def test_presses_are_stored_and_wait_for_an_answer(tmp_path: Path) -> None:
    async def story(on: Bench) -> None:
        on.telegram.user_says(42, "hello")
        await on.telegram.until(lambda: on.box.all)
        shown = await on.channel.show(ME, Message("working", (Action("Cancel", "cancel:K3X"),)))
        query = on.telegram.presses(42, "cancel:K3X")
        await on.telegram.until(lambda: len(on.box.all) == 2 and on.telegram.pending == 0)
        press = on.box.all[1]
        assert (press.pressed, press.reply_to, press.event_id) == ("cancel:K3X", shown, f"press-{query}")
        assert on.telegram.calls("answerCallbackQuery") == []

    polled(tmp_path, story, before=None)


def test_a_menu_that_stands_is_not_set_again_the_same_day(tmp_path: Path) -> None:
    async def story(on: Bench) -> None:
        await on.telegram.until(lambda: len(on.telegram.calls("setMyCommands")) == 12 and on.telegram.calls("getMe"))
        await on.telegram.until(lambda: any(":menus" in key for key in on.key_values.rows))
        await on.channel.stop_intake()
        asked = len(on.telegram.calls("getMe"))
        await on.again().start()
        on.telegram.user_says(42, "/video a fox")
        await on.telegram.until(lambda: on.box.all and len(on.telegram.calls("getMe")) > asked)
        assert len(on.telegram.calls("setMyCommands")) == 12
        on.key_values.ahead_s = 86_401.0
        await on.again().start()
        await on.telegram.until(lambda: len(on.telegram.calls("setMyCommands")) == 24)

    polled(tmp_path, story, before=None)


def test_another_bots_command_waits_for_our_name(tmp_path: Path) -> None:
    """Before getMe has answered nobody can tell whose `/video@…` it is."""

    def before(on: Bench) -> None:
        on.telegram.group(-100200)
        on.telegram.fail("getMe", "html", times=5)
        on.telegram.user_says(-100200, "/video@otherbot a fox", sender=42)
        on.telegram.user_says(-100200, "/video@reelbot a fox", sender=42)

    async def story(on: Bench) -> None:
        await on.telegram.until(lambda: on.box.all and on.telegram.pending == 0)
        (found,) = on.box.all
        assert found.text == "/video a fox"

    polled(tmp_path, story, before=before)


# Webhook


def hooked(
    folder: Path, story: Callable[[Bench, str], Awaitable[None]], *, secret: SigningSecret | None = None
) -> None:
    """The channel's route on a server of its own; `story` is given the route's address."""

    async def play() -> None:
        sock = listener()
        url = f"http://127.0.0.1:{sock.getsockname()[1]}"
        async with bench(folder, webhook=True, public_url=url, secret=secret) as on:
            app = Starlette(routes=list(on.channel.routes()))
            async with served(app, sock):
                await story(on, f"{url}/telegram")

    asyncio.run(play())


def test_the_webhook_stores_before_it_says_yes(tmp_path: Path) -> None:
    async def story(on: Bench, url: str) -> None:
        on.telegram.fail("setWebhook", "html")
        await on.channel.start()
        await on.telegram.until(lambda: on.telegram.methods.webhook)
        assert on.telegram.methods.webhook["url"] == url
        assert on.telegram.methods.allowed == ["message", "edited_message", "callback_query", "my_chat_member"]
        on.box.broken = 1
        on.telegram.user_says(42, "/video a fox")
        assert await asyncio.to_thread(on.telegram.push) == [500]
        assert await asyncio.to_thread(on.telegram.push) == [200]
        assert heard(on) == ["/video a fox"]
        assert on.telegram.calls("getUpdates") == []
        assert on.channel.alive()

    hooked(tmp_path, story)


def test_a_new_signing_secret_is_registered_and_no_update_is_lost(tmp_path: Path) -> None:
    async def read() -> bytes:
        return b"t" * 32

    secret = SigningSecret(b"s" * 32, read)

    async def story(on: Bench, _url: str) -> None:
        await on.channel.start()
        await on.telegram.until(lambda: on.telegram.methods.webhook)
        before = on.telegram.methods.webhook["secret_token"]
        on.telegram.fail("setWebhook", "html")  # Telegram is not there at that moment
        secret.expire()
        await secret.refresh()
        on.telegram.user_says(42, "/video a fox")
        await on.telegram.until(lambda: on.telegram.methods.webhook["secret_token"] != before)
        account = settings(on.telegram.url).account
        assert on.telegram.methods.webhook["secret_token"] == webhook_secret(b"t" * 32, account=account)
        assert await asyncio.to_thread(on.telegram.push) == [200]
        assert heard(on) == ["/video a fox"]

    hooked(tmp_path, story, secret=secret)


def test_only_telegram_may_call_the_webhook(tmp_path: Path) -> None:
    async def story(on: Bench, url: str) -> None:
        async with httpx.AsyncClient(trust_env=False) as anybody:
            secret = {SECRET: webhook_secret(b"s" * 32, account=settings(on.telegram.url).account)}
            assert (await anybody.post(url, json={"update_id": 1}, headers=secret)).status_code == 503  # not yet
            await on.channel.start()
            await on.telegram.until(lambda: on.telegram.methods.webhook)
            assert on.telegram.methods.webhook["secret_token"] == secret[SECRET]
            body: dict[str, Any] = {"update_id": 1}
            assert (await anybody.post(url, json=body)).status_code == 401
            assert (await anybody.post(url, json=body, headers={SECRET: "guess"})).status_code == 401
            odd_guess = {SECRET.encode(): b"gu\xe9ss"}
            assert (await anybody.post(url, json=body, headers=odd_guess)).status_code == 401
            assert (await anybody.get(url)).status_code == 405
            assert (await anybody.post(url, json=body, headers=secret)).status_code == 200
            for odd in (b"", b"not json", b"[]", b'{"update_id": 2, "message": 5}', b"\xff"):
                assert (await anybody.post(url, content=odd, headers=secret)).status_code == 200
            assert (await anybody.post(url, content=b"x" * 1_000_001, headers=secret)).status_code == 413
            await on.channel.stop_intake()
            assert (await anybody.post(url, json=body, headers=secret)).status_code == 503
        assert on.box.all == []

    hooked(tmp_path, story)

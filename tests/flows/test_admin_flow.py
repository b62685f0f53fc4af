"""/admin through the whole bot: who may, what is told, who is let in, what is stopped and paused; money in groups."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from bot.settings import Settings
from bot.store.database import Connection
from bot.store.people_tables import strangers
from bot.store.records import ENDED, State
from bot.store.tables import inbox, jobs, people
from tests.bench import Bench
from tests.fakes.botapi import TelegramFake, buttons
from tests.fakes.botapi.methods import said_in
from tests.fakes.wechat import WeChatFake
from tests.flows.test_money import DEAR, button, newest, said
from tests.flows.test_settings_flow import ANONYMOUS, GROUP, last
from tests.flows.test_wechat_flow import FOX, OTHER, on_wechat
from tests.store.test_store import opened

__all__ = ["on_wechat"]

OnBench = Callable[..., None]
ADMIN, PERSON, STRANGER = 1, 42, 77
WHO: dict[str, Any] = {"access": f"telegram:{PERSON},telegram:{GROUP}", "admins": f"telegram:{ADMIN}"}


async def answered(made: Bench, text: str, *, chat: int = ADMIN, **more: Any) -> str:
    """Say this and return the answer's text."""
    before = made.newest(chat)
    made.telegram.user_says(chat, text, **more)
    await made.until(lambda: made.newest(chat) > before)
    return str(said_in(last(made, chat)))


def test_only_admins_and_only_in_private(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        made.telegram.group(GROUP)
        assert await answered(made, "/admin", chat=PERSON) == "That is for the admins of this bot."
        assert await answered(made, "管理 暂停", chat=PERSON) == "That is for the admins of this bot."
        for sender in (ADMIN, PERSON):
            text = await answered(made, "/admin spent", chat=GROUP, sender=sender)
            assert text == "I answer this in the private chat only: write it to me there."
        assert await made.app.store.pause.by() is None
        assert "/admin" not in await answered(made, "/help", chat=PERSON)
        assert "/admin" in await answered(made, "/help")
        assert "/admin" not in await answered(made, "/help", chat=GROUP, sender=ADMIN)
        overview = await answered(made, "/admin")
        assert "in the works: 0" in overview
        assert "/admin cap telegram:-100123 5" in overview
        assert await answered(made, "/admin dance") != overview
        assert "Write it like this: /admin stop K7QX2AB" in await answered(made, "/admin stop")

    on_bench(story, **WHO)


def test_a_stranger_is_reported_once_and_let_in_by_a_button(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        fake = made.telegram
        await answered(made, "/help")  # the chat exists
        assert f"telegram:{STRANGER}" in await answered(made, "/video a secret fox", chat=STRANGER)
        await made.until(lambda: said(made, f"telegram:{STRANGER}", chat=ADMIN))
        fake.user_says(STRANGER, "/video a secret hare")
        await button(made, f"allow:telegram:{STRANGER}", chat=ADMIN)
        await made.until(lambda: said(made, f"telegram:{STRANGER} may use this bot now.", chat=ADMIN))
        await made.until(lambda: said(made, "You may use this bot now.", chat=STRANGER))
        assert len([text for text in fake.texts(ADMIN) if "asks to use this bot" in text]) == 1
        assert await made.jobs() == []
        fake.presses(ADMIN, f"allow:telegram:{STRANGER}")
        await made.until(lambda: said(made, "was let in before", chat=ADMIN))
        fake.user_says(STRANGER, "/video a fox")
        await made.settled(State.DELIVERED)
        assert f"telegram:{STRANGER} may not use this bot any more." in await answered(
            made, f"/admin remove telegram:{STRANGER}"
        )
        fake.user_says(STRANGER, "/video a hare")
        await answered(made, "/admin")  # what comes later is answered
        await made.at_rest()
        assert len(await made.jobs()) == 1

    on_bench(story, **WHO)


def test_of_a_stranger_nothing_is_stored_but_who_and_when(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        secret = "a secret fox in a secret forest"
        await answered(made, f"/video {secret}", chat=STRANGER)

        def everything(tx: Connection) -> str:
            tables = [strangers, inbox, jobs, people]
            return repr([list(tx.execute(sa.select(table))) for table in tables])

        stored = await made.app.store.database.read(everything)
        assert f"telegram:{STRANGER}" in stored
        assert "secret" not in stored

    on_bench(story, **WHO)


def test_five_strangers_are_reported_then_that_more_have_come(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        await answered(made, "/help")
        for number in range(100, 108):
            await answered(made, "hello", chat=number)
        await made.until(lambda: said(made, "More people ask to be let in", chat=ADMIN))
        listed = await answered(made, "/admin waiting")
        assert all(f"telegram:{number}" in listed for number in range(100, 108))
        assert buttons(last(made, ADMIN)) == [f"allow:telegram:{number}" for number in range(107, 102, -1)]
        texts = made.telegram.texts(ADMIN)
        assert len([text for text in texts if "asks to use this bot" in text]) == 5
        assert len([text for text in texts if "More people ask" in text]) == 1

    on_bench(story, **WHO)


def test_what_a_setting_allows_no_admin_takes_away(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        assert "by the settings" in await answered(made, f"/admin allow telegram:{PERSON}")
        assert "allowed by a setting" in await answered(made, f"/admin remove telegram:{PERSON}")
        assert "allowed by a setting" in await answered(made, f"/admin remove telegram:{ADMIN}")
        assert "was not let in here" in await answered(made, "/admin remove telegram:5")
        assert "There is no chat “signal”" in await answered(made, "/admin allow signal:5")
        assert "is no id of that chat" in await answered(made, "/admin allow telegram:@bob")
        await answered(made, "/admin allow telegram:7")
        listed = await answered(made, "/admin access")
        assert f"• telegram:{ADMIN}, admin (setting REELBOT_ADMINS)" in listed
        assert f"• telegram:{PERSON} (setting REELBOT_ACCESS)" in listed
        assert f"• telegram:7 (let in by telegram:{ADMIN}" in listed
        assert "Models" in await answered(made, "/models", chat=PERSON)

    on_bench(story, **WHO)


def test_reports_name_codes_and_ids_and_no_prompt(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        made.fal.faults.add("stuck")
        made.telegram.user_says(PERSON, "/video a secret fox")
        running = await newest(made, State.RENDERING)
        made.telegram.user_says(PERSON, "/video a secret hare, premium, 15s")
        waiting = await newest(made, State.AWAITING_CONFIRMATION)
        overview = await answered(made, "/admin")
        assert "orders that wait: 1 · in the works: 1 · failed in 24 hours: 0" in overview
        text = await answered(made, "/admin running")
        assert running.id in text
        assert waiting.id not in text
        assert f"telegram:{PERSON}" in text
        assert f"• telegram:{PERSON}: 1" in await answered(made, "/admin waiting")
        assert await answered(made, "/admin failed") == "Nothing has failed in the last 24 hours."
        spent = await answered(made, "/admin spent")
        assert f"• telegram:{PERSON}: $0.00, set aside $0.70" in spent
        assert f"asked to stop {running.id}" in await answered(made, f"/admin stop {running.id}")
        await made.until(lambda: said(made, f"have asked to stop your job {running.id}"))
        assert not any("secret" in each for each in made.telegram.texts(ADMIN))

    on_bench(story, **WHO)


def test_what_failed_is_listed_with_its_code(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        made.telegram.user_says(PERSON, "/video sandbox:fail a secret fox")
        job = await made.settled(State.FAILED)
        text = await answered(made, "/admin failed")
        assert job.error is not None
        assert f"• {job.id} of telegram:{PERSON}" in text
        assert job.error.code in text
        assert "secret" not in text

    on_bench(story, **WHO)


def test_an_admin_stops_anybodys_job_and_its_owner_is_told(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        made.telegram.user_says(PERSON, DEAR)
        offer = await made.settled(State.AWAITING_CONFIRMATION)
        assert f"Job {offer.id} is stopped" in await answered(made, f"/admin stop {offer.id.lower()}")
        await made.settled(State.CANCELLED)
        await made.until(lambda: said(made, f"have stopped your job {offer.id}"))
        assert "too far to be stopped" in await answered(made, f"/admin stop {offer.id}")
        assert await answered(made, "/admin stop K7QX2AB") == "There is no job K7QX2AB."
        assert made.submits() == 0

    on_bench(story, **WHO)


def test_a_pause_stops_new_orders_also_after_yes_and_what_runs_goes_on(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        made.telegram.user_says(PERSON, DEAR)
        offer = await made.settled(State.AWAITING_CONFIRMATION)
        made.telegram.user_says(PERSON, "/video sandbox:slow-2 fox")
        running = await newest(made, State.RENDERING)
        assert "New orders are paused until" in await answered(made, "/admin pause")
        assert "paused already" in await answered(made, "/admin pause")
        assert f"paused (by telegram:{ADMIN})" in await answered(made, "/admin")
        assert "New orders are paused" in await answered(made, "/video a hare", chat=PERSON)
        await button(made, f"yes:{offer.id}", chat=PERSON)
        async with asyncio.timeout(40):
            while (await made.app.store.jobs.find(ids=[running.id]))[0].state is not State.DELIVERED:
                await asyncio.sleep(0.03)
        await made.at_rest()
        assert made.submits() == 1
        states = {job.id: job.state for job in await made.jobs()}
        assert states == {offer.id: State.AWAITING_CONFIRMATION, running.id: State.DELIVERED}
        assert "taken again" in await answered(made, "/admin resume")
        assert "Nothing was paused" in await answered(made, "/admin resume")
        made.telegram.presses(PERSON, f"yes:{offer.id}")
        await made.all_settled(2, State.DELIVERED)
        assert made.submits() == 2

    on_bench(story, **WHO)


def test_who_is_in_the_queue_reads_why_it_waits_and_goes_on_when_resumed(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        made.telegram.user_says(PERSON, "/video sandbox:slow-8 fox")
        running = await newest(made, State.RENDERING)
        made.telegram.user_says(PERSON, "/video a hare")
        queued = await newest(made, State.QUEUED)
        await answered(made, "/admin pause")
        await made.until(lambda: said(made, "Waits: the people who run this bot have paused new orders."))
        await ended(made, running.id)
        assert (await made.app.store.jobs.find(ids=[queued.id]))[0].state is State.QUEUED
        assert made.submits() == 1
        await answered(made, "/admin resume")
        await ended(made, queued.id)
        assert made.submits() == 2
        assert len(made.films()) == 2

    on_bench(story, user_jobs=1, **WHO)


async def ended(made: Bench, job_id: str) -> None:
    """Wait until this job has ended."""
    async with asyncio.timeout(40):
        while (await made.app.store.jobs.find(ids=[job_id]))[0].state not in ENDED:
            await asyncio.sleep(0.03)


def test_a_groups_cap_is_told_there_and_an_admin_gives_it_another(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        made.telegram.group(GROUP)
        made.telegram.user_says(GROUP, "/video a fox", sender=PERSON)
        await made.settled(State.DELIVERED)
        made.telegram.user_says(GROUP, "/video a hare", sender=43)
        await made.until(lambda: said(made, "$0.30 of this group’s $1.00 for 24 hours are left", chat=GROUP))
        assert "may use $2.00 within 24 hours" in await answered(made, f"/admin cap telegram:{GROUP} 2")
        made.telegram.user_says(GROUP, "/video a hare", sender=43)
        await made.all_settled(2, State.DELIVERED)
        assert f"• telegram:{GROUP}: $1.40 of $2.00 used" in await answered(made, "/admin access")
        assert "The setting’s $1.00 counts." in await answered(made, f"/admin cap telegram:{GROUP} off")
        assert "Caps of this kind are for groups" in await answered(made, f"/admin cap telegram:{PERSON} 5")

    on_bench(story, group_daily_usd="1", **WHO)


@pytest.mark.parametrize("cap", [None, "3"])
def test_in_a_group_no_dollars_of_a_person_are_shown(on_bench: OnBench, cap: str | None) -> None:
    async def story(made: Bench) -> None:
        made.telegram.group(GROUP)
        made.telegram.user_says(GROUP, "/video a fox", sender=43)
        await made.settled(State.DELIVERED)
        made.telegram.user_says(GROUP, "/video a hare", sender=43)
        await made.until(lambda: said(made, "This is more than you may spend now", chat=GROUP))
        assert not said(made, "$0.30", chat=GROUP)
        text = await answered(made, "/balance", chat=GROUP, sender=43)  # who never wrote to the bot in private
        assert "write /balance to me there" in text
        assert ("this group has spent $0.70. $2.30 of $3.00 are left" in text) == (cap is not None)
        text = await answered(made, "/balance", chat=GROUP, extra=ANONYMOUS)
        assert "Your own" not in text
        assert "All together" not in await answered(made, "/balance", chat=GROUP, sender=ADMIN)
        assert "All together: spent $0.70" in await answered(made, "/balance")

    on_bench(story, user_daily_usd="1", group_daily_usd=cap, **WHO)


def test_an_admin_in_wechat_types_what_others_press(on_wechat: Callable[..., None]) -> None:
    async def story(made: Bench, fake: WeChatFake) -> None:
        await fake.caller.says(FOX, "语言 中文")
        seen = await fake.caller.says(OTHER, "视频 一只秘密的猫")
        assert seen is not None
        assert f"wechat:{OTHER}" in seen.text
        await made.until(lambda: any(f"“管理 允许 wechat:{OTHER}”" in each.text for each in fake.person(FOX).seen))
        seen = await fake.caller.says(FOX, f"管理 允许 wechat:{OTHER}")
        assert seen is not None
        assert f"wechat:{OTHER} 现在可以使用这个机器人了" in seen.text
        seen = await fake.caller.says(OTHER, "视频 一只猫")
        assert seen is not None
        assert "$0.70" in seen.text
        await made.settled(State.DELIVERED)
        seen = await fake.caller.says(FOX, "帮助")
        assert seen is not None
        assert "“管理”" in seen.text
        seen = await fake.caller.says(OTHER, "管理")
        assert seen is not None
        assert seen.text.startswith("这是给管理员用的。")

    on_wechat(story, admins=f"wechat:{FOX}")


def test_a_code_of_setup_makes_its_sender_an_admin_at_once(on_bench: OnBench, caplog: pytest.LogCaptureFixture) -> None:
    async def story(made: Bench) -> None:
        code = await made.app.store.admin_codes.issue()
        await answered(made, "hello", chat=STRANGER)
        made.telegram.group(GROUP)
        made.telegram.user_says(GROUP, code, sender=PERSON)  # not in a group
        made.telegram.user_says(ADMIN, "/start admin-22222-22222")  # whoever is one already
        await made.until(lambda: any("You are an admin" in str(each.get("text")) for each in made.telegram.said(ADMIN)))
        text = await answered(made, f"/start {code}", chat=STRANGER)
        assert text.startswith("You are an admin of this bot. /admin")
        news = f"telegram:{STRANGER} is an admin of the bot now"
        await made.until(lambda: any(news in str(each.get("text")) for each in made.telegram.said(ADMIN)))
        assert not any(news in str(each.get("text")) for each in made.telegram.said(STRANGER))
        assert "in the works" in await answered(made, "/admin", chat=STRANGER)
        assert "/admin" in await answered(made, "/help", chat=STRANGER)
        assert f"telegram:{STRANGER}, admin (by a one-time code" in await answered(made, "/admin access")
        text = await answered(made, code, chat=PERSON)
        assert text.startswith("This code does not count")
        assert (await made.app.store.admissions.admins()) == {f"telegram:{STRANGER}"}
        made.app.parts.alerts.tell("a topic", "alert-works-again")
        await made.until(lambda: all("again" in str(last(made, each).get("text", "")) for each in (ADMIN, STRANGER)))
        assert "may not use this bot any more" in await answered(made, f"/admin remove telegram:{STRANGER}")
        before = made.newest(STRANGER)
        made.telegram.user_says(STRANGER, "/admin")
        await made.at_rest()
        later = [each for each in made.telegram.said(STRANGER) if each["message_id"] > before]
        assert not any("in the works" in str(each.get("text")) for each in later)
        assert await made.app.store.admissions.admins() == frozenset()
        assert code not in caplog.text
        stored = await made.app.store.database.read(lambda tx: str(tx.execute(sa.select(inbox)).all()))
        assert code not in stored

    on_bench(story, **WHO)


def test_who_became_an_admin_while_no_bot_ran_is_told_to_the_others(on_bench: OnBench) -> None:
    async def before(settings: Settings, telegram: TelegramFake) -> None:
        telegram.user_says(ADMIN, "/help")  # whom the bot may write to
        async with opened(settings.store_url) as store:
            code = await store.admin_codes.issue()
            assert await store.admin_codes.redeem(code, f"telegram:{STRANGER}", by_setup=True) == "admin"

    async def story(made: Bench) -> None:
        news = f"telegram:{STRANGER} is an admin of the bot now"
        await made.until(lambda: any(news in str(each.get("text")) for each in made.telegram.said(ADMIN)))
        assert await made.app.store.admin_codes.untold() == ()

    on_bench(story, before=before, **WHO)

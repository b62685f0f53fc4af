"""Alerts to admins in WeChat, who cannot be spoken to at any time: they wait, in their language, each once."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from bot.channels.protocol import ChannelPort
from bot.messages.admin_alerts import Alerts
from bot.messages.i18n import translate
from bot.store import Store
from bot.store.ledger import Caps
from bot.store.outbox import Waiting, hand_over_tx
from tests.away import heal, refuse
from tests.channels.test_wechat import FOX, bench
from tests.fakes.wechat import Person
from tests.store.test_store import opened

ADMIN = f"wechat:{FOX}"


@dataclass
class Made:
    store: Store
    alerts: Alerts
    person: Person

    def silent(self) -> None:
        """The admin has not written for long."""
        self.person.allowed.clear()

    async def waiting(self, count: int) -> list[Waiting]:
        """So many texts, once they wait; what is told meanwhile is told in the order of its telling."""
        async with asyncio.timeout(10):
            while len(found := await self.store.outbox.waiting(ADMIN)) < count:
                await asyncio.sleep(0.01)
        return found

    async def tell(self, number: int, *, sign: str = "x") -> None:
        """One after the other, each settled before the next."""
        before = await self.texts()
        self.alerts.tell(f"undelivered {number}", "alert-undelivered", job=f"J{number}", user="web:a", reason=sign)
        async with asyncio.timeout(10):
            while await self.texts() == before:
                await asyncio.sleep(0.01)

    async def texts(self) -> list[str]:
        return [str(item.text) for item in await self.store.outbox.waiting(ADMIN)]


def on_alerts(url: str, folder: Path, story: Callable[[Made], Awaitable[None]]) -> None:
    async def play() -> None:
        async with bench(folder) as (made, channel), opened(url) as store:
            channels: dict[str, ChannelPort] = {"wechat": channel}
            alerts = Alerts(store=store, channels=channels, admins=[ADMIN, "wecom:nobody"], caps=Caps(1, 1))
            await story(Made(store, alerts, made.fake.person(FOX)))
            await alerts.close()

    asyncio.run(play())


def test_an_admin_who_has_written_lately_is_told_at_once(database_url: str, tmp_path: Path) -> None:
    async def story(made: Made) -> None:
        made.alerts.tell("works", "alert-works-again")
        async with asyncio.timeout(10):
            while not made.person.seen:
                await asyncio.sleep(0.01)
        assert made.person.texts == [translate("zh", "alert-works-again")]
        assert await made.texts() == []

    on_alerts(database_url, tmp_path, story)


def test_what_may_not_be_said_now_waits_once_in_the_admins_language(database_url: str, tmp_path: Path) -> None:
    async def story(made: Made) -> None:
        made.silent()
        made.alerts.tell("works", "alert-works-again")
        made.alerts.tell("works", "alert-works-again")  # within its hour
        await made.waiting(1)
        made.alerts.tell("the same in other words", "alert-works-again")
        await made.tell(1)
        assert await made.texts() == [
            translate("zh", "alert-works-again"),
            translate("zh", "alert-undelivered", job="J1", user="web:a", reason="x"),
        ]
        await made.store.people.choose_language(ADMIN, "en")
        await made.tell(2)
        assert (await made.texts())[-1].startswith("Job J2 of web:a is rendered")
        for item in await made.waiting(3):
            await made.store.database.write(lambda tx, item=item: hand_over_tx(tx, item, "origin-1"))  # type: ignore[misc]
        assert await made.texts() == []
        made.alerts.tell("works later", "alert-works-again")  # it is said again when it is news again
        assert [item.text for item in await made.waiting(1)] == ["fal takes orders again."]
        assert made.person.seen == []

    on_alerts(database_url, tmp_path, story)


def test_of_many_the_newest_are_whole_and_the_others_counted(database_url: str, tmp_path: Path) -> None:
    async def story(made: Made) -> None:
        made.silent()
        await made.store.outbox.hold_text(ADMIN, "别的话")
        for number in range(1, 10):
            await made.tell(number)
        other, older, *whole = await made.texts()
        assert (other, older) == ("别的话", translate("zh", "alert-more", count=4))
        assert [text[text.index("J") : text.index("J") + 2] for text in whole] == ["J5", "J6", "J7", "J8", "J9"]
        await made.tell(10, sign="很长的原因" * 66)
        _, older, newest = await made.texts()
        assert older == translate("zh", "alert-more", count=9)
        assert "J10" in newest

    on_alerts(database_url, tmp_path, story)


def test_an_alert_outlives_a_database_that_is_away(database_url: str, tmp_path: Path) -> None:
    async def story(made: Made) -> None:
        made.silent()
        refused = await refuse(made.store, "NEW.text IS NOT NULL", table="reelbot_outbox", on="INSERT")
        made.alerts.tell("works", "alert-works-again")
        async with asyncio.timeout(10):
            while not refused.times:
                await asyncio.sleep(0.01)
        await heal(made.store, table="reelbot_outbox")
        assert [item.text for item in await made.waiting(1)] == [translate("zh", "alert-works-again")]

    on_alerts(database_url, tmp_path, story)


def test_a_muted_sender_says_and_counts_nothing(database_url: str, tmp_path: Path) -> None:
    async def story(made: Made) -> None:
        made.alerts.mute()
        made.alerts.tell("works", "alert-works-again")
        await made.alerts.close()
        assert (made.person.seen, await made.texts()) == ([], [])
        assert await made.store.installation.due("told of works", gap_s=3600)

    on_alerts(database_url, tmp_path, story)

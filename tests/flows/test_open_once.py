"""Telegram lets a bot write to nobody who has never opened it: what a group's members are told, and what then comes."""

from collections.abc import Callable
from typing import Any

from bot.store.records import State
from tests.bench import Bench
from tests.flows.test_admin_flow import answered
from tests.flows.test_money import said
from tests.flows.test_settings_flow import GROUP, MEMBER, last

OnBench = Callable[..., None]
OPEN: dict[str, Any] = {"access": f"telegram:42,telegram:{GROUP}"}
SLOW = "/video sandbox:slow-1 fox"


def links(made: Bench) -> list[str]:
    """All links that a button of the bot in the group has had until now, one for each message or edit."""
    found = []
    for call in made.telegram.calls():
        if str(call.params.get("chat_id")) == str(GROUP) and call.status == 200:
            rows = call.params.get("reply_markup", {}).get("inline_keyboard", [])
            found += [button["url"] for row in rows for button in row if "url" in button]
    return found


def test_the_first_card_asks_to_open_the_bot_until_that_is_done(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        fake = made.telegram
        fake.group(GROUP)
        fake.user_says(GROUP, SLOW, sender=MEMBER)
        first = await made.settled(State.DELIVERED)
        assert set(links(made)) == {f"https://t.me/reelbot?start={first.id}"}
        before = len(links(made))
        fake.user_says(GROUP, "/video a hare", sender=MEMBER)
        await made.all_settled(2, State.DELIVERED)
        assert len(links(made)) == before  # once is enough
        assert f"{first.id}" in await answered(made, f"/start {first.id}", chat=MEMBER)
        assert last(made, MEMBER)["text"].startswith("Good, now I may write to you here.")
        assert made.films(MEMBER) == []  # it has been delivered
        fake.user_says(GROUP, SLOW, sender=42)
        await made.until(lambda: len(links(made)) > before)
        count = len(set(links(made)))
        fake.user_says(GROUP, "/video a cat", sender=MEMBER)
        await made.all_settled(4, State.DELIVERED)
        assert len(set(links(made))) == count

    on_bench(story, **OPEN)


def test_who_has_opened_the_bot_is_not_asked_and_who_blocked_it_is(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        fake = made.telegram
        fake.group(GROUP)
        await answered(made, "/help", chat=42)
        fake.user_says(GROUP, SLOW, sender=42)
        await made.settled(State.DELIVERED)
        assert links(made) == []
        fake.world.blocks(42)
        fake.user_says(GROUP, SLOW, sender=42)
        await made.all_settled(2, State.DELIVERED)
        assert len(set(links(made))) == 1

    on_bench(story, **OPEN)


def test_a_video_that_the_group_does_not_take_comes_when_the_link_is_followed(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        fake = made.telegram
        fake.group(GROUP)
        fake.user_says(GROUP, SLOW, sender=MEMBER)
        await made.all_settled(1, State.RENDERING)
        fake.world.chats[GROUP].permissions["can_send_videos"] = False
        job = await made.settled(State.UNDELIVERED)
        assert (made.films(GROUP), made.films(MEMBER)) == ([], [])
        fake.user_says(MEMBER, f"/start {job.id}")
        await made.until(lambda: made.films(MEMBER))
        await made.settled(State.DELIVERED)
        assert made.films(GROUP) == []
        assert made.submits() == 1

    on_bench(story, **OPEN)


def test_a_code_of_somebody_else_is_greeted_and_tells_nothing(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        fake = made.telegram
        fake.group(GROUP)
        fake.user_says(GROUP, "/video a secret fox", sender=MEMBER)
        job = await made.settled(State.DELIVERED)
        plain = await answered(made, "/start", chat=42)
        for code in (job.id, "K7QX2AB", "from-a-link", "x" * 64):
            assert await answered(made, f"/start {code}", chat=42) == plain
        assert made.films(42) == []
        assert "secret" not in await answered(made, f"/start@reelbot {job.id}", chat=GROUP, sender=44)

    on_bench(story, **OPEN)


def test_a_balance_that_cannot_be_told_has_the_link(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        fake = made.telegram
        fake.group(GROUP)
        fake.user_says(GROUP, "/video a fox", sender=MEMBER)
        job = await made.settled(State.DELIVERED)
        before = len(links(made))
        text = await answered(made, "/balance", chat=GROUP, sender=MEMBER)
        assert "write /balance to me there" in text
        assert links(made)[before:] == [f"https://t.me/reelbot?start={job.id}"]
        fake.user_says(MEMBER, f"/start {job.id}")
        await made.until(lambda: said(made, "now I may write to you here", chat=MEMBER))
        assert "sent to you in private" in await answered(made, "/balance", chat=GROUP, sender=MEMBER)

    on_bench(story, **OPEN)


def test_who_is_let_in_by_the_group_alone_gets_what_waits_and_buys_nothing_in_private(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        fake = made.telegram
        fake.group(GROUP)
        fake.user_says(GROUP, SLOW, sender=MEMBER)
        await made.all_settled(1, State.RENDERING)
        fake.world.chats[GROUP].permissions["can_send_videos"] = False
        await made.settled(State.UNDELIVERED)
        fake.user_says(MEMBER, "/video a hare")
        await made.until(lambda: made.films(MEMBER))
        await made.settled(State.DELIVERED)
        assert said(made, f"telegram:{MEMBER}", chat=MEMBER)  # a stranger here
        assert made.submits() == 1

    on_bench(story, **OPEN)

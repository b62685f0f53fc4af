"""A group becomes a supergroup, with another id, while its people go on: over the whole bot."""

from collections.abc import Callable
from typing import Any

import pytest

from bot.store.records import State
from tests.bench import Bench
from tests.flows.test_admin_flow import ADMIN, answered
from tests.flows.test_money import said

OnBench = Callable[..., None]
OLD, NEW, MEMBER = -5, -100777, 43
WHO: dict[str, Any] = {"access": f"telegram:{OLD}", "admins": f"telegram:{ADMIN}"}


async def the_group_has_settings(made: Bench) -> None:
    made.telegram.group(OLD)
    await answered(made, "/help")  # the admin's chat exists
    await made.app.store.preferences.change(f"telegram:{OLD}", {"model": "budget"})


@pytest.mark.parametrize("notices", ["none", "both", "both, twice"])
def test_a_group_that_moves_while_a_video_is_made_gets_it(on_bench: OnBench, notices: str) -> None:
    async def story(made: Bench) -> None:
        fake = made.telegram
        await the_group_has_settings(made)
        fake.user_says(OLD, "/video sandbox:slow-2 fox", sender=MEMBER)
        await made.until(lambda: fake.said(OLD))
        await made.all_settled(1, State.RENDERING)
        fake.world.migrates(OLD, NEW, notices=notices != "none")
        if "twice" in notices:
            fake.world.tells_of_move(OLD, NEW)
        job = await made.settled(State.DELIVERED)
        await made.until(lambda: made.films(NEW))
        assert (job.chat, job.group_chat, job.request.model) == (f"telegram:{NEW}", f"telegram:{NEW}", "wan-2.5")
        await made.until(lambda: said(made, f"telegram:{NEW}", chat=ADMIN))
        fake.user_says(NEW, "/video a hare", sender=MEMBER)  # the setting still names the old id
        jobs = await made.all_settled(2, State.DELIVERED)
        assert {each.request.model for each in jobs} == {"wan-2.5"}
        assert made.submits() == 2
        await made.until(lambda: len(made.films(NEW)) == 2)
        told = [text for text in fake.texts(ADMIN) if "has become a supergroup" in text]
        assert len(told) == 1
        assert f"telegram:{OLD}" in told[0]
        assert "put it there" in await answered(made, "/admin access")

    on_bench(story, **WHO)


def test_a_button_of_before_is_still_its_persons(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        fake = made.telegram
        await the_group_has_settings(made)
        fake.user_says(OLD, "@reelbot a fox in the snow", sender=MEMBER)
        offer = await made.settled(State.AWAITING_CONFIRMATION)
        await made.until(lambda: fake.said(OLD))
        fake.world.migrates(OLD, NEW, notices=True)
        await made.until(lambda: said(made, f"telegram:{NEW}", chat=ADMIN))
        fake.presses(OLD, f"yes:{offer.id}", sender=MEMBER)
        await made.settled(State.DELIVERED)
        await made.until(lambda: made.films(NEW))
        assert made.submits() == 1

    on_bench(story, **WHO)


def test_an_admission_by_an_admin_follows_and_nobody_is_told_to_change_a_setting(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        fake = made.telegram
        fake.group(OLD)
        await answered(made, f"/admin allow telegram:{OLD}")
        fake.world.migrates(OLD, NEW, notices=True)
        fake.user_says(NEW, "/video a fox", sender=MEMBER)
        await made.settled(State.DELIVERED)
        assert f"telegram:{NEW} (let in by" in await answered(made, "/admin access")
        assert not said(made, "has become a supergroup", chat=ADMIN)

    on_bench(story, admins=f"telegram:{ADMIN}", access="")

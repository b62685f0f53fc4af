"""Those who speak in a group as something else than themselves: whose purse pays, and what they are told of money."""

from collections.abc import Callable
from typing import Any

import pytest

from bot.store.records import State
from tests.bench import Bench
from tests.flows.test_admin_flow import answered
from tests.flows.test_money import said
from tests.flows.test_settings_flow import ANONYMOUS, GROUP

OnBench = Callable[..., None]
OPEN = f"telegram:{GROUP}"


def as_channel(number: int) -> dict[str, Any]:
    return {"sender_chat": {"id": number, "type": "channel", "title": f"Channel {number}"}}


@pytest.mark.parametrize("second", [as_channel(-1009002), ANONYMOUS], ids=["another channel", "an anonymous admin"])
def test_a_member_who_writes_as_a_channel_has_the_groups_purse(on_bench: OnBench, second: dict[str, Any]) -> None:
    async def story(made: Bench) -> None:
        fake, ledger = made.telegram, made.app.store.ledger
        fake.group(GROUP)
        fake.user_says(GROUP, "/video a fox", extra=as_channel(-1009001))
        job = await made.settled(State.DELIVERED)
        assert (job.user, job.purse) == ("telegram:-1009001", f"telegram:{GROUP}")
        assert (await ledger.standing("telegram:-1009001")).used_micro == 0
        assert (await ledger.standing(f"telegram:{GROUP}")).spent_micro == 700_000
        assert [user for user, _ in await ledger.spent_lately()] == [f"telegram:{GROUP}"]
        fake.user_says(GROUP, "/video a hare", extra=second)
        await made.until(lambda: said(made, "more than you may spend now", chat=GROUP))
        assert len(await made.jobs()) == 1
        fake.user_says(GROUP, "/video a hare", sender=43)  # a person has a purse of their own
        await made.all_settled(2, State.DELIVERED)

    on_bench(story, access=OPEN, user_daily_usd="1.00")


def test_a_channel_that_is_listed_itself_has_its_own_purse(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        made.telegram.group(GROUP)
        made.telegram.user_says(GROUP, "/video a fox", extra=as_channel(-1009001))
        job = await made.settled(State.DELIVERED)
        assert job.purse is None
        assert (await made.app.store.ledger.standing("telegram:-1009001")).spent_micro == 700_000
        assert (await made.app.store.ledger.standing(f"telegram:{GROUP}")).used_micro == 0

    on_bench(story, access=f"{OPEN},telegram:-1009001")


@pytest.mark.parametrize("who", [ANONYMOUS, as_channel(-1009001)], ids=["anonymous admin", "channel"])
def test_whoever_is_no_person_hears_of_the_groups_money_alone(on_bench: OnBench, who: dict[str, Any]) -> None:
    async def story(made: Bench) -> None:
        made.telegram.group(GROUP)
        made.telegram.user_says(GROUP, "/video a fox", sender=43)
        await made.settled(State.DELIVERED)
        text = await answered(made, "/balance", chat=GROUP, extra=who)
        assert "this group has spent $0.70" in text
        assert "\n" not in text
        assert "All together" not in text

    on_bench(story, access=OPEN, admins="telegram:-1009001", group_daily_usd="5.00")

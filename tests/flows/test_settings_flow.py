"""/settings through the whole bot: a keyboard and words, per person and per group, and what is then ordered."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from bot.messages import zones
from bot.store.records import State
from tests.bench import Bench
from tests.corpus import jpeg
from tests.fakes.botapi import buttons
from tests.fakes.wechat import WeChatFake
from tests.flows.test_money import button, said
from tests.flows.test_wechat_flow import FOX, on_wechat

__all__ = ["on_wechat"]

OnBench = Callable[..., None]
GROUP, MEMBER = -100500, 43
ANONYMOUS: dict[str, Any] = {"sender_chat": {"id": GROUP, "type": "supergroup", "title": "Group"}}


def last(made: Bench, chat: int = 42) -> dict[str, Any]:
    """The bot's newest message there."""
    return max(made.telegram.said(chat), key=lambda message: int(message["message_id"]))


def test_a_model_chosen_on_the_keyboard_is_what_is_ordered(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        made.telegram.user_says(42, "/settings")
        await made.until(lambda: said(made, "A video of 5 s costs $0.70"))
        await button(made, "set:model")
        await button(made, "set:model:budget")
        await made.until(lambda: said(made, "A video of 5 s costs $0.25"))
        (keyboard,) = made.telegram.said(42)  # changed in its place
        assert "Wan 2.5 ✓" in keyboard["text"]
        assert "set:reset" in buttons(keyboard)
        made.telegram.user_says(42, "/video a fox")
        job = await made.settled(State.DELIVERED)
        assert job.request.model == "wan-2.5"
        assert job.request.duration_s == 5
        assert (await made.app.store.ledger.standing()).spent_micro == 250_000

    on_bench(story)


@pytest.mark.parametrize(("language", "most"), [("en", "up to"), ("zh", "最多")])
def test_what_may_run_over_is_called_so_wherever_its_price_stands(on_bench: OnBench, language: str, most: str) -> None:
    """Five seconds of MiniMax H3 Max are quoted as six: the price is the most that it can be, on each button, too."""

    async def story(made: Bench) -> None:
        for words in (f"/language {language}", "/models", "/price", "/price h3-max", "多少钱？"):
            made.telegram.user_says(42, words)
            await made.at_rest()
        for data in ("set:model", "set:resolution", "set:seconds"):
            made.telegram.user_says(42, "/settings")
            await button(made, data)
            await made.at_rest()
        for words in ("animate my photo", "/cancel"):
            made.telegram.user_says(42, words)
            await made.at_rest()
        made.telegram.user_says(42, photo=jpeg((640, 360)))
        await made.at_rest()
        made.telegram.user_says(42, "it turns its head")
        await made.at_rest()
        (offer,) = [job for job in await made.jobs() if job.state is State.AWAITING_CONFIRMATION]
        await button(made, f"other:{offer.id}")
        await made.at_rest()
        made.telegram.user_says(42, "/video a fox, 15s, 1080p")
        await made.at_rest()
        said_all = json.dumps([call.params for call in made.telegram.calls()], ensure_ascii=False)
        told = re.findall(r"[^\"\\]{0,40}\$(?:0[.]48|0[.]24|2[.]56)(?![0-9])", said_all)
        assert [each for each in told if not re.search(rf"{most} [$][^$]*$", each)] == []
        assert len(told) > 12
        assert f"{most} $2.56" in said_all  # more than the cap
        assert f"{most} $0.24" in said_all  # the other that may run over, as one may choose it

    on_bench(story, default_model="h3-max", user_daily_usd="2")


def test_words_change_settings_and_the_message_comes_before_them(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        made.telegram.user_says(42, "设置 时长 10")
        await made.until(lambda: said(made, "A video of 10 s costs $1.40"))
        made.telegram.user_says(42, "/settings shape portrait")
        await made.until(lambda: said(made, "9:16 ✓"))
        made.telegram.user_says(42, "/video a fox, 3s")
        job = await made.settled(State.DELIVERED)
        assert (job.request.duration_s, job.request.aspect_ratio) == (3, "9:16")
        made.telegram.user_says(42, "/video a hare")
        _, job = await made.all_settled(2, State.DELIVERED)
        assert (job.request.prompt, job.request.duration_s, job.request.aspect_ratio) == ("a hare", 10, "9:16")
        made.telegram.user_says(42, "/settings reset")
        await made.until(lambda: said(made, "Back to the default."))
        assert await made.app.store.preferences.of("telegram:42") == [{}]

    on_bench(story)


def test_what_cannot_be_is_said_and_not_stored(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        made.telegram.user_says(42, "/settings model klingon")
        await made.until(lambda: said(made, "I do not know “klingon” here."))
        assert "set:model:veo-3.1" in buttons(last(made))
        made.telegram.user_says(42, "/settings model veo")
        await made.until(lambda: said(made, "Veo 3.1 ✓"))
        made.telegram.user_says(42, "/settings shape 1:1")
        await made.until(lambda: said(made, "This model cannot make the shape “1:1”."))
        made.telegram.user_says(42, "/settings seconds 5")
        await made.until(lambda: said(made, "This model cannot make 5 s; the nearest it can is 6 s."))
        assert await made.app.store.preferences.of("telegram:42") == [{"model": "veo-3.1", "seconds": "6"}]
        made.telegram.user_says(42, "/settings colour on")
        await made.until(lambda: said(made, "“colour on” is no setting I know."))
        made.telegram.user_says(42, "/settings sound off")
        await made.until(lambda: said(made, "• sound: off ✓"))
        assert (await made.app.store.preferences.of("telegram:42"))[0]["sound"] == "off"

    on_bench(story)


def test_the_language_is_a_setting_and_the_answer_speaks_it(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        made.telegram.user_says(42, "/settings language 中文")
        await made.until(lambda: said(made, "• 语言：简体中文 ✓"))
        made.telegram.user_says(42, "/settings language default")
        await made.until(lambda: said(made, "• language: English (default)"))

    on_bench(story)


def test_times_are_told_in_the_zone_of_a_person_and_in_a_group_in_the_groups(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        fake = made.telegram
        fake.group(GROUP)
        fake.user_says(42, "/settings zone berlin")
        await made.until(lambda: said(made, "• time zone: Europe/Berlin ✓"))
        fake.user_says(42, "/settings zone atlantis")
        await made.until(lambda: "set:zone:Asia/Shanghai" in buttons(last(made)))
        fake.user_says(GROUP, "/video a fox", sender=42)
        job = await made.settled(State.DELIVERED)
        fake.user_says(42, "/history")
        await made.until(lambda: said(made, "Your latest videos (times: Europe/Berlin):"))
        assert zones.bare_clock("en", job.created, "Europe/Berlin") in last(made)["text"]
        fake.user_says(GROUP, "/history", sender=42)  # where others read, nobody's own zone
        await made.until(lambda: said(made, "Your latest videos (times: UTC):", chat=GROUP))

    on_bench(story, access=f"telegram:42,telegram:{GROUP}")


def test_a_group_has_settings_that_only_its_admins_change(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        fake = made.telegram
        fake.group(GROUP)
        fake.user_says(GROUP, "/settings model budget", sender=MEMBER)
        await made.until(lambda: said(made, "Only the admins of this group", chat=GROUP))
        assert await made.app.store.preferences.of(f"telegram:{GROUP}") == [{}]
        fake.user_says(GROUP, "/settings model budget", extra=ANONYMOUS)
        await made.until(lambda: said(made, "Wan 2.5 ✓", chat=GROUP))
        shown = len(fake.said(GROUP))
        fake.presses(GROUP, "set:reset", sender=MEMBER)
        fake.user_says(GROUP, "/settings", sender=MEMBER)  # what comes later is answered, the press was not
        await made.until(lambda: len(fake.said(GROUP)) == shown + 1)
        assert buttons(last(made, GROUP)) == []
        assert "Wan 2.5 ✓" in last(made, GROUP)["text"]
        fake.user_says(GROUP, "/video a fox", sender=MEMBER)
        job = await made.settled(State.DELIVERED)
        assert job.request.model == "wan-2.5"
        assert job.group_chat == f"telegram:{GROUP}"

    on_bench(story, access=f"telegram:42,telegram:{GROUP}")


def test_a_persons_own_settings_come_before_the_groups(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        fake = made.telegram
        fake.group(GROUP)
        await made.app.store.preferences.change(f"telegram:{GROUP}", {"model": "budget", "seconds": "10"})
        fake.user_says(42, "/settings seconds 5")
        await made.until(lambda: said(made, "Saved."))
        fake.user_says(GROUP, "/video a fox", sender=42)
        job = await made.settled(State.DELIVERED)
        assert (job.request.model, job.request.duration_s) == ("wan-2.5", 5)
        fake.user_says(42, "/video a hare")  # the group's count in the group alone
        _, job = await made.all_settled(2, State.DELIVERED)
        assert job.request.model == "happy-horse"

    on_bench(story, access=f"telegram:42,telegram:{GROUP}")


def test_in_wechat_settings_are_words(on_wechat: Callable[..., None]) -> None:
    async def story(made: Bench, fake: WeChatFake) -> None:
        seen = await fake.caller.says(FOX, "设置")
        assert seen is not None
        assert "5 秒的视频要 $0.70" in seen.text
        assert "“设置 模型”" in seen.text
        seen = await fake.caller.says(FOX, "设置 模型")
        assert seen is not None
        assert "“设置 模型 veo-3.1”" in seen.text
        seen = await fake.caller.says(FOX, "设置 模型 经济")
        assert seen is not None
        assert "• 模型：Wan 2.5 ✓" in seen.text
        assert "$0.25" in seen.text
        seen = await fake.caller.says(FOX, "视频 一只红狐狸")
        assert seen is not None
        assert "$0.25" in seen.text
        await made.settled(State.DELIVERED)

    on_wechat(story)

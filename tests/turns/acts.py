"""What people do in the random dialogues, one thing at a time, and what each may buy."""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.turns.law import NOTHING, Allowed, Memory, a_bare_yes, a_press, a_quoted_yes
from tests.turns.stage import Stage
from tests.turns.talkers import OnTelegram, OnWeChat, Seen, Talker

ANIMALS = ("fox", "heron", "otter", "wolf", "crane", "lynx", "hare", "owl")
PLACES = ("in fresh snow", "by the sea", "on a roof", "under a bridge", "in tall grass", "at night in rain")
ANIMALS_ZH = ("狐狸", "白鹭", "水獭", "猫头鹰", "野兔", "仙鹤", "小猫")
PLACES_ZH = ("在雪地里奔跑", "在海边散步", "在屋顶上睡觉", "在草丛里跳舞", "在雨夜里飞过城市")
YES = ("yes", "好的", "确认", "ok", "下单", "可以", "go ahead", "要", "Yes.")
NEARLY = (
    "ok?", "👍", "嗯", "1", "谢谢", "thanks!", "多少钱", "how much is it?", "你好", "取消 K 7", "①", "lol", "确认？",
    "hm", "...", "Ｋ９", "is it done", "便宜点", "太贵了吗",
)  # fmt: skip
NO = ("no", "算了", "取消", "stop", "不要了")
WISHES = ("10s", "竖屏", "budget", "9:16", "10秒")
ORDERED = ("", "", ", budget", ", 10s", ", premium, 10s")
LOOKS = ("/status", "/history", "/balance", "/settings", "/help", "/models", "/price", "状态", "帮助")
GOES_ON = ("continue", "续写", "retake", "upscale", "upscale 4k", "sound off", "有声", "full", "more", "再来一版")
SECRET = "secret"


@dataclass
class Person:
    """A talker, and what is known of their chat."""

    talker: Talker
    memory: Memory = field(default_factory=Memory)
    pressed: list[tuple[str, str, Seen]] = field(default_factory=list)
    silent: bool = False  # the act asks for no answer
    ordered: bool = False  # of what was said last, or since


class Acts:
    """The acts. `reached` counts what came about, `told` is all that was done."""

    def __init__(self, stage: Stage, seed: int, *, reached: Counter[str]) -> None:
        self.stage = stage
        self.random = random.Random(seed)
        self.reached = reached
        self.told: list[str] = []
        self.people: list[Person] = []

    def idea(self, person: Person) -> str:
        pick = self.random.choice
        secret = "" if person.talker.kind == "group" else f" {SECRET}"
        if person.talker.kind == "wechat" or self.random.random() < 0.2:
            return f"一只{pick(ANIMALS_ZH)}{pick(PLACES_ZH)}"
        return f"a {pick(ANIMALS)} {pick(PLACES)}{secret}"

    def say(self, person: Person, text: str, **how: Any) -> None:
        self.note(person, f"says {text!r} {how or ''}")
        person.talker.say(text, **how)
        if not isinstance(person.talker, OnWeChat) and self.random.random() < 0.06:
            for _ in range(self.random.randrange(20)):  # somewhere between the message and its answer
                self.stage.rests(person.talker.user, person.talker.chat)
            self.kill(hard=True)

    def note(self, person: Person, what: str) -> None:
        self.told.append(f"{person.talker.kind}: {what}")

    def send(self, person: Person, count: int, caption: str = "", **how: Any) -> list[str]:
        """Send photos. Gives what their chat calls them."""
        self.note(person, f"sends {count} photo(s) {caption!r} {how or ''}")
        files = person.talker.photos(count, caption, **how)
        person.memory.sent += files
        return files

    def words(self, person: Person) -> Allowed:
        person.silent = not person.talker.direct
        self.say(person, self.idea(person))
        return NOTHING

    def in_a_hurry(self, person: Person) -> Allowed:
        """Words, and wishes at once, before there is an answer."""
        self.say(person, self.idea(person))
        for wish in self.random.sample(WISHES, self.random.choice((1, 2))):
            self.say(person, wish)
        return NOTHING

    def command(self, person: Person, *, wishes: Sequence[str] = ORDERED) -> Allowed:
        words = self.idea(person)
        wish = self.random.choice(wishes)
        form = self.random.choice(("/video {}", "视频 {}") if person.talker.direct else ("/video {}", "/视频 {}"))
        asked = person.memory.on_table
        self.say(person, form.format(words) + wish)
        if "premium" in wish:
            return NOTHING  # above the price up to which nobody is asked
        if asked:
            person.memory.on_table = True
            return Allowed(0, 1, prompt=words)
        return Allowed(1, 1, prompt=words, source=False)

    def caption(self, person: Person) -> Allowed:
        words = self.idea(person)
        asks = self.random.random() < 0.3
        self.send(person, 1, words + ("?" if asks else ""))
        if asks:
            person.memory.on_table = True
            return NOTHING
        return Allowed(1, 1, prompt=words, source=True)

    def photo(self, person: Person) -> Allowed:
        words = person.memory.waits_for_photo
        self.send(person, 1)
        person.memory.on_table = True  # where it is bought, it is gone again
        return NOTHING if words is None else Allowed(0, 1, prompt=words, source=True)

    def photos(self, person: Person) -> Allowed:
        self.send(person, 2)
        person.memory.on_table = True
        return NOTHING

    def wants_photo(self, person: Person) -> Allowed:
        words = self.idea(person)
        self.say(person, f"图生视频 {words}")
        person.memory.waits_for_photo = words  # unless it takes the photo that may lie on the table
        return Allowed(0, 1, prompt=words, source=True) if person.memory.on_table else NOTHING

    def forward(self, person: Person) -> Allowed:
        words = self.random.choice((self.idea(person), f"/video {self.idea(person)}", "yes", "确认"))
        if self.random.random() < 0.4:
            self.send(person, 1, words, forward=True)
            person.memory.on_table = True
        else:
            self.say(person, words, forward=True)
        return NOTHING

    def yes(self, person: Person) -> Allowed:
        direct = person.talker.direct
        allowed = a_bare_yes(person.memory, passive=isinstance(person.talker, OnWeChat)) if direct else NOTHING
        person.silent = not direct
        self.say(person, self.random.choice(YES))
        self.reached["a yes that must buy"] += allowed.least
        return allowed

    def nearly(self, person: Person) -> Allowed:
        person.silent = not person.talker.direct
        self.say(person, self.random.choice(NEARLY))
        return NOTHING

    def no(self, person: Person) -> Allowed:
        person.silent = not person.talker.direct
        self.say(person, self.random.choice(NO))
        person.memory.on_table = person.memory.on_table and not person.talker.direct
        return NOTHING

    def wish(self, person: Person) -> Allowed:
        self.say(person, self.random.choice(WISHES))
        return NOTHING

    def goes_on(self, person: Person) -> Allowed:
        """Words alone offer what is made of the latest film; typed words never buy."""
        self.say(person, self.random.choice(GOES_ON))
        return NOTHING

    def look(self, person: Person) -> Allowed:
        text = self.random.choice([each for each in LOOKS if person.talker.direct or each.startswith("/")])
        self.say(person, text)
        return NOTHING

    def second(self, person: Person) -> Allowed:
        self.say(person, f"/video {self.idea(person)}\n/video {self.idea(person)}")
        return NOTHING

    def mention(self, person: Person) -> Allowed:
        self.say(person, self.idea(person), mention=True)
        return NOTHING

    def voice(self, person: Person) -> Allowed:
        self.say(person, self.random.choice((self.idea(person), "确认。", "好的")), voice=True)
        return NOTHING

    def edit(self, person: Person) -> Allowed:
        assert isinstance(person.talker, OnTelegram)
        person.silent = True
        if person.talker.words:
            words = self.random.choice((self.idea(person), "yes", f"/video {self.idea(person)}"))
            self.note(person, f"edits it to {words!r}")
            person.talker.edit(words)
            person.memory.on_table = True
            if words.startswith("/video ") and not person.ordered:
                return Allowed(0, 1, prompt=words.removeprefix("/video "))  # a typing mistake is put right
        return NOTHING

    def redelivery(self, person: Person) -> Allowed:
        assert isinstance(person.talker, OnTelegram | OnWeChat)
        person.silent = True
        self.note(person, "the last is delivered again")
        if isinstance(person.talker, OnTelegram) or person.talker.last:
            person.talker.redeliver()
        return NOTHING

    def quote(self, person: Person) -> Allowed:
        there = {each.key for each in person.talker.seen()}  # a card goes when its film has come
        seen = [each for each in person.memory.seen if each.text and each.key in there]
        if not seen:
            return self.words(person)
        quoted = self.random.choice(seen)
        text = self.random.choice((*YES, *NEARLY, self.idea(person)))
        person.silent = not person.talker.direct
        self.say(person, text, quote=quoted.key)
        return a_quoted_yes(quoted) if text in YES else NOTHING

    def press(self, person: Person) -> Allowed:
        on_show = [(data, label, each) for each in person.memory.seen for data, label in each.buttons]
        if not on_show:
            return self.words(person)
        priced = [each for each in on_show if "$" in each[1]]
        return self.pressed(
            person, *self.random.choice(priced[-4:] if priced and self.random.random() < 0.6 else on_show)
        )

    def again_press(self, person: Person) -> Allowed:
        """A button that was pressed before, whether it still stands there or not."""
        if not person.pressed:
            return self.words(person)
        lately = self.random.random() < 0.6
        return self.pressed(person, *(person.pressed[-1] if lately else self.random.choice(person.pressed)))

    def pressed(self, person: Person, data: str, label: str, on: Seen) -> Allowed:
        passive = isinstance(person.talker, OnWeChat)
        allowed = a_press(person.memory, data, label, on, passive=passive)
        person.pressed.append((data, label, on))
        self.note(person, f"presses {data} {label!r}")
        kind = data.partition(":")[0]
        if allowed.most and kind != "yes":
            person.memory.used.add(data)
        if kind in {"words", "other"}:
            person.memory.on_table = True
        person.memory.erased = person.memory.erased or kind == "erase"
        for _ in range(self.random.choice((1, 1, 2))):  # a double tap
            person.talker.press(f"确认 {data.removeprefix('yes:')}" if passive else data)
        self.reached["a priced press"] += bool(allowed.most)
        self.reached[f"a press that must buy: {kind}"] += bool(allowed.least)
        return allowed

    def old_press(self, person: Person) -> Allowed:
        """A yes to an offer that does not stand there any more, on a screen that has not heard of it."""
        there = {each.offer for each in person.memory.seen}
        gone = [each for code, each in person.memory.known.items() if code not in there]
        ways = [(data, label, each) for each in gone[-4:] for data, label in each.buttons if data.startswith("yes:")]
        if not ways:
            return self.words(person)
        return self.pressed(person, *self.random.choice(ways))

    def stranger(self, person: Person) -> Allowed:
        """Somebody else of the group presses."""
        on_show = [data for each in person.memory.seen for data, _ in each.buttons]
        person.silent = True
        if on_show:
            assert isinstance(person.talker, OnTelegram)
            data = self.random.choice(on_show)
            self.note(person, f"somebody else presses {data}")
            person.talker.press(data, sender=99)
        return NOTHING

    # The bot's lot

    def restart(self, person: Person) -> Allowed:
        person.silent = True
        self.kill(hard=self.random.random() < 0.6)
        return NOTHING

    def kill(self, *, hard: bool) -> None:
        self.told.append(f"the bot is {'killed' if hard else 'stopped'} and started")
        self.reached["killed" if hard else "stopped"] += 1
        for each in self.people:
            each.memory.is_killed |= hard
        self.stage.restart(hard=hard)

"""Random dialogues: people do one thing after another, the bot is killed now and then, and the law is checked."""

import random
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.turns.law import NOTHING, Allowed, BrokenError, Memory, a_bare_yes, a_press, a_quoted_yes, changed, check
from tests.turns.stage import Stage
from tests.turns.talkers import OnPage, OnTelegram, OnWeChat, Seen, Talker

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
LOOKS = ("/status", "/history", "/balance", "/settings", "/help", "/models", "/price", "状态", "帮助")
SECRET = "secret"
_BROKEN = ("Something broke", "出了点问题", "Traceback")
_BESIDE = {
    "quote",
    "wants_photo",
    "wish",
    "look",
    "nearly",
    "yes",
    "press",
    "again_press",
    "redelivery",
    "restart",
    "second",
}
"""What changes nothing of the words that wait for their photo."""
_SAYS_NOTHING = {"press", "again_press", "edit", "redelivery", "restart", "stranger"}


@dataclass
class Person:
    """A talker, and what is known of their chat."""

    talker: Talker
    memory: Memory = field(default_factory=Memory)
    pressed: list[tuple[str, str, Seen]] = field(default_factory=list)
    silent: bool = False  # the act asks for no answer
    ordered: bool = False  # of what was said last, or since


class Story:
    """One seed. `reached` counts what came about."""

    def __init__(self, stage: Stage, seed: int, *, reached: Counter[str]) -> None:
        self._stage = stage
        self._random = random.Random(seed)
        self._reached = reached
        number = 100_000 + seed * 10
        self._group = -number
        self.told: list[str] = []
        talkers: list[Talker] = [
            OnTelegram(stage, number),
            OnTelegram(stage, number, group=self._group),
            OnWeChat(stage, f"p{seed}x{time.time_ns()}"),
            OnPage(stage, guest=f"p{seed}x{time.time_ns()}"),  # the operator has the films of all stories
        ]
        self._people = [Person(each) for each in self._random.sample(talkers, 2)]  # few, so that much happens to each
        self._mood: dict[str, float] = {}  # what these people like to do: no two stories are alike

    def run(self, steps: int) -> None:
        """Tell it. Raises BrokenError with all that was done."""
        try:
            for _ in range(steps):
                self._step()
            self._check_group()
            self._check_fal()
        except AssertionError as error:
            story = "\n".join(self.told)
            story += "".join(f"\n{each.talker.kind}: {each.talker.seen()[-3:]}" for each in self._people)
            raise BrokenError(f"{error}\n--- what was done:\n{story}") from error

    # Acts

    def _idea(self, person: Person) -> str:
        pick = self._random.choice
        secret = "" if person.talker.kind == "group" else f" {SECRET}"
        if person.talker.kind == "wechat" or self._random.random() < 0.2:
            return f"一只{pick(ANIMALS_ZH)}{pick(PLACES_ZH)}"
        return f"a {pick(ANIMALS)} {pick(PLACES)}{secret}"

    def _step(self) -> None:
        person = self._random.choice(self._people)
        acts: dict[str, float] = {
            "words": 3, "command": 2, "yes": 4, "nearly": 2, "no": 0.7, "look": 1, "press": 4, "again_press": 1.5,
            "restart": 0.5, "second": 0.4,
        }  # fmt: skip
        if person.talker.direct:
            acts |= {"photo": 2, "photos": 0.6, "wish": 1.2, "wants_photo": 0.6}
        if isinstance(person.talker, OnTelegram):
            acts |= {"quote": 1.5, "redelivery": 0.5, "edit": 0.8}
            acts |= {"forward": 1.2} if person.talker.direct else {"stranger": 1.5, "mention": 1.5}
        if isinstance(person.talker, OnWeChat):
            acts |= {"redelivery": 1, "voice": 1}
        else:
            acts |= {"caption": 1.5} if person.talker.direct else {}
        for each in acts:
            acts[each] *= self._mood.setdefault(each, self._random.choice((0.3, 1, 1, 4)))
        kind = self._random.choices(list(acts), list(acts.values()))[0]
        person.silent = False
        allowed = getattr(self, f"_{kind}")(person)
        self._reached[f"{person.talker.kind}: {kind}"] += 1
        self._settle(person, kind, allowed)

    def _say(self, person: Person, text: str, **how: Any) -> None:
        self._note(person, f"says {text!r} {how or ''}")
        person.talker.say(text, **how)
        if not isinstance(person.talker, OnWeChat) and self._random.random() < 0.06:
            for _ in range(self._random.randrange(20)):  # somewhere between the message and its answer
                self._stage.rests(person.talker.user, person.talker.chat)
            self._kill(hard=True)

    def _note(self, person: Person, what: str) -> None:
        self.told.append(f"{person.talker.kind}: {what}")

    def _words(self, person: Person) -> Allowed:
        person.silent = not person.talker.direct
        self._say(person, self._idea(person))
        return NOTHING

    def _command(self, person: Person) -> Allowed:
        words = self._idea(person)
        wish = self._random.choice(("", "", ", budget", ", 10s", ", premium, 10s"))
        form = self._random.choice(("/video {}", "视频 {}") if person.talker.direct else ("/video {}", "/视频 {}"))
        asked = person.memory.on_table
        self._say(person, form.format(words) + wish)
        if "premium" in wish:
            return NOTHING  # above the price up to which nobody is asked
        if asked:
            person.memory.on_table = True
            return Allowed(0, 1, prompt=words)
        return Allowed(1, 1, prompt=words, source=False)

    def _caption(self, person: Person) -> Allowed:
        words = self._idea(person)
        asks = self._random.random() < 0.3
        self._note(person, f"sends a photo with {words!r}{'?' if asks else ''}")
        person.talker.photos(1, words + ("?" if asks else ""))
        if asks:
            person.memory.on_table = True
            return NOTHING
        return Allowed(1, 1, prompt=words, source=True)

    def _photo(self, person: Person) -> Allowed:
        self._note(person, "sends a photo")
        words = person.memory.waits_for_photo
        person.talker.photos(1)
        person.memory.on_table = True  # where it is bought, it is gone again
        return NOTHING if words is None else Allowed(0, 1, prompt=words, source=True)

    def _photos(self, person: Person) -> Allowed:
        self._note(person, "sends two photos")
        person.talker.photos(2)
        person.memory.on_table = True
        return NOTHING

    def _wants_photo(self, person: Person) -> Allowed:
        words = self._idea(person)
        self._say(person, f"图生视频 {words}")
        person.memory.waits_for_photo = words  # unless it takes the photo that may lie on the table
        return Allowed(0, 1, prompt=words, source=True) if person.memory.on_table else NOTHING

    def _forward(self, person: Person) -> Allowed:
        words = self._random.choice((self._idea(person), f"/video {self._idea(person)}", "yes", "确认"))
        if self._random.random() < 0.4:
            self._note(person, f"forwards a photo with {words!r}")
            person.talker.photos(1, words, forward=True)
            person.memory.on_table = True
        else:
            self._say(person, words, forward=True)
        return NOTHING

    def _yes(self, person: Person) -> Allowed:
        direct = person.talker.direct
        allowed = a_bare_yes(person.memory) if direct else NOTHING
        person.silent = not direct
        self._say(person, self._random.choice(YES))
        self._reached["a yes that must buy"] += allowed.least
        return allowed

    def _nearly(self, person: Person) -> Allowed:
        person.silent = not person.talker.direct
        self._say(person, self._random.choice(NEARLY))
        return NOTHING

    def _no(self, person: Person) -> Allowed:
        person.silent = not person.talker.direct
        self._say(person, self._random.choice(NO))
        person.memory.on_table = person.memory.on_table and not person.talker.direct
        return NOTHING

    def _wish(self, person: Person) -> Allowed:
        self._say(person, self._random.choice(WISHES))
        return NOTHING

    def _look(self, person: Person) -> Allowed:
        text = self._random.choice([each for each in LOOKS if person.talker.direct or each.startswith("/")])
        self._say(person, text)
        return NOTHING

    def _second(self, person: Person) -> Allowed:
        self._say(person, f"/video {self._idea(person)}\n/video {self._idea(person)}")
        return NOTHING

    def _mention(self, person: Person) -> Allowed:
        self._say(person, self._idea(person), mention=True)
        return NOTHING

    def _voice(self, person: Person) -> Allowed:
        self._say(person, self._random.choice((self._idea(person), "确认。", "好的")), voice=True)
        return NOTHING

    def _edit(self, person: Person) -> Allowed:
        assert isinstance(person.talker, OnTelegram)
        person.silent = True
        if person.talker.words:
            words = self._random.choice((self._idea(person), "yes", f"/video {self._idea(person)}"))
            self._note(person, f"edits it to {words!r}")
            person.talker.edit(words)
            person.memory.on_table = True
            if words.startswith("/video ") and not person.ordered:
                return Allowed(0, 1, prompt=words.removeprefix("/video "))  # a typing mistake is put right
        return NOTHING

    def _redelivery(self, person: Person) -> Allowed:
        assert isinstance(person.talker, OnTelegram | OnWeChat)
        person.silent = True
        self._note(person, "the last is delivered again")
        if isinstance(person.talker, OnTelegram) or person.talker.last:
            person.talker.redeliver()
        return NOTHING

    def _quote(self, person: Person) -> Allowed:
        there = {each.key for each in person.talker.seen()}  # a card goes when its film has come
        seen = [each for each in person.memory.seen if each.text and each.key in there]
        if not seen:
            return self._words(person)
        quoted = self._random.choice(seen)
        text = self._random.choice((*YES, *NEARLY, self._idea(person)))
        person.silent = not person.talker.direct
        self._say(person, text, quote=quoted.key)
        return a_quoted_yes(quoted) if text in YES else NOTHING

    def _press(self, person: Person) -> Allowed:
        on_show = [(data, label, each) for each in person.memory.seen for data, label in each.buttons]
        if not on_show:
            return self._words(person)
        priced = [each for each in on_show if "$" in each[1]]
        return self._pressed(
            person, *self._random.choice(priced[-4:] if priced and self._random.random() < 0.6 else on_show)
        )

    def _again_press(self, person: Person) -> Allowed:
        """A button that was pressed before, whether it still stands there or not."""
        if not person.pressed:
            return self._words(person)
        lately = self._random.random() < 0.6
        return self._pressed(person, *(person.pressed[-1] if lately else self._random.choice(person.pressed)))

    def _pressed(self, person: Person, data: str, label: str, on: Seen) -> Allowed:
        passive = isinstance(person.talker, OnWeChat)
        allowed = a_press(person.memory, data, label, on, passive=passive)
        person.pressed.append((data, label, on))
        self._note(person, f"presses {data} {label!r}")
        if allowed.most and (allowed.follows is not None or "." not in data):
            person.memory.used.add(data)
        if data.startswith(("words:", "other:")):
            person.memory.on_table = True
        for _ in range(self._random.choice((1, 1, 2))):  # a double tap
            person.talker.press(f"确认 {data.removeprefix('yes:')}" if passive else data)
        self._reached["a priced press"] += allowed.most
        return allowed

    def _stranger(self, person: Person) -> Allowed:
        """Somebody else of the group presses."""
        on_show = [data for each in person.memory.seen for data, _ in each.buttons]
        person.silent = True
        if on_show:
            assert isinstance(person.talker, OnTelegram)
            data = self._random.choice(on_show)
            self._note(person, f"somebody else presses {data}")
            person.talker.press(data, sender=99)
        return NOTHING

    # The bot's lot

    def _restart(self, person: Person) -> Allowed:
        person.silent = True
        self._kill(hard=self._random.random() < 0.6)
        return NOTHING

    def _kill(self, *, hard: bool) -> None:
        self.told.append(f"the bot is {'killed' if hard else 'stopped'} and started")
        self._reached["killed" if hard else "stopped"] += 1
        self._stage.restart(hard=hard)

    # The law

    def _settle(self, person: Person, kind: str, allowed: Allowed) -> None:
        """Wait for the answer, hold what was bought against the law, and remember what is on show now."""
        stage, talker, memory = self._stage, person.talker, person.memory
        stage.until(lambda: stage.rests(talker.user, talker.chat) and self._all_is_shown(person))
        what = f"{talker.kind}, {kind}"
        seen, toasts = self._answer(person, what)
        said = changed(memory.seen, seen)
        bought = stage.purchases(talker.user, talker.chat)
        new = check(what, allowed, memory, bought)
        self._reached["bought"] += len(new)
        if kind in {"yes", "quote"}:  # what they buy are not their own words
            person.ordered = False
        else:
            person.ordered = bool(new) or (person.ordered and kind in _SAYS_NOTHING)
        for each in said:
            self.told.append(f"      bot: {each.text[:90]!r} {[data for data, _ in each.buttons]}")
            if any(word in each.text for word in _BROKEN):
                raise BrokenError(f"{what}: {each.text}")
            if each.offer:
                memory.known[each.offer] = each
        self._remember(memory, kind, new=bool(new))
        if kind == "wants_photo" and any(each.offer for each in said):
            memory.waits_for_photo = None  # it took what lay on the table
        old = {each.key for each in memory.seen}
        spoken = [each for each in said if each.offer or each.key not in old]  # a card that goes on says nothing new
        stands = {each.key for each in seen if each.offer}
        memory.last = spoken or [each for each in memory.last if not each.offer or each.key in stands]
        memory.seen, memory.toasts, memory.bought = seen, toasts, bought

    def _answer(self, person: Person, what: str) -> tuple[list[Seen], int]:
        """What stands there when there is an answer: a toast, or a card's change, may come after the row is closed."""
        memory, talker = person.memory, person.talker
        deadline = time.monotonic() + (0 if person.silent else 10)
        while True:
            seen, toasts = talker.seen(), len(talker.toasts())
            if changed(memory.seen, seen) or toasts > memory.toasts or person.silent:
                return seen, toasts
            if time.monotonic() > deadline:
                raise BrokenError(f"{what}: silence")
            time.sleep(0.02)

    def _remember(self, memory: Memory, kind: str, *, new: bool) -> None:
        if new and kind != "command":
            memory.on_table = memory.on_table and kind in {"again_press", "press"}
        if new or kind not in _BESIDE:
            memory.waits_for_photo = None
        if kind in {"words", "mention", "quote", "voice", "look", "second"}:
            memory.on_table = True

    def _all_is_shown(self, person: Person) -> bool:
        """Just the offers that could be taken stand in their chat; a callback's answer is there by itself."""
        talker = person.talker
        shown = {each.offer for each in talker.seen() if each.offer}
        open_now = self._stage.open_offers(talker.user, talker.chat)
        return isinstance(talker, OnWeChat) or open_now == shown

    def _check_group(self) -> None:
        for text in self._stage.telegram.said(self._group):
            if SECRET in str(text):
                raise BrokenError(f"a group reads what was said in private: {text}")

    def _check_fal(self) -> None:
        """What was paid for was ordered at fal once, and nothing else was."""
        posts = sum(
            call["method"] == "POST" and "/requests/" not in call["path"] and "storage" not in call["path"]
            for call in self._stage.fal.log
        )
        known = self._stage.orders()
        if posts > known:
            raise BrokenError(f"fal was asked for {posts} films, and {known} were paid for")

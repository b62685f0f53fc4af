"""Random dialogues: people do one thing after another, the bot is killed now and then, and the law is checked."""

import time
from collections import Counter

from tests.turns.acts import SECRET, Person
from tests.turns.law import NOTHING, Allowed, BrokenError, Memory, changed, check
from tests.turns.scenes import Scenes
from tests.turns.stage import Stage
from tests.turns.talkers import OnPage, OnTelegram, OnWeChat, Seen, Talker

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
    "old_press",
    "goes_on",
    "redelivery",
    "restart",
    "second",
}
"""What changes nothing of the words that wait for their photo."""
_LONGEST_S = 120.0  # a long film of 4k is joined anew
_PAIRS = ((0, 1), (0, 3), (2, 3), (1, 2), (0, 2), (1, 0), (1, 3), (3, 2), (2, 0), (3, 0))
"""Who meets in a story, by turns; among any five is a person who speaks in private and in a group."""
_SCENES = ("several_photos", "making_more", "making_more", "more_in_words", "change_of_mind")
_IN_GROUP = {"making_more"}
"""What comes about in every story that is not cut short, for each of its people; and what of it in a group."""
_WHOLE = 24
_SAYS_NOTHING = {"press", "again_press", "old_press", "edit", "redelivery", "restart", "stranger"}


class Story(Scenes):
    """One seed. `reached` counts what came about."""

    def __init__(self, stage: Stage, seed: int, *, reached: Counter[str]) -> None:
        super().__init__(stage, seed, reached=reached)
        number = 100_000 + seed * 10
        self.group = -number
        talkers: list[Talker] = [
            OnTelegram(stage, number),
            OnTelegram(stage, number, group=self.group),
            OnWeChat(stage, f"p{seed}x{time.time_ns()}"),
            OnPage(stage, guest=f"p{seed}x{time.time_ns()}"),  # the operator has the films of all stories
        ]
        here = [talkers[each] for each in _PAIRS[seed % len(_PAIRS)]]  # few, so that much happens to each
        self.people = [Person(each) for each in here]
        self._due = [
            (each, scene) for each in self.people for scene in _SCENES if each.talker.direct or scene in _IN_GROUP
        ]
        self.mood: dict[str, float] = {}  # what these people like to do: no two stories are alike

    def run(self, steps: int) -> None:
        """Tell it. Raises BrokenError with all that was done."""
        try:
            if steps < _WHOLE:
                self._due.clear()
            for left in range(steps, 0, -1):
                self._step(left)
            self._look_back()
            self._check_group()
            self._check_fal()
        except AssertionError as error:
            story = "\n".join(self.told)
            story += "".join(f"\n{each.talker.kind}: {each.talker.seen()[-3:]}" for each in self.people)
            raise BrokenError(f"{error}\n--- what was done:\n{story}") from error

    def _step(self, left: int) -> None:
        if self.random.random() < len(self._due) / left:  # all of them, at some time
            person, kind = self._due.pop(self.random.randrange(len(self._due)))
        else:
            person = self.random.choice(self.people)
            kind = self._kind(person)
        self.reached[f"{person.talker.kind}: {kind}"] += 1
        person.silent = False
        act = getattr(self, kind)(person)
        if isinstance(act, Allowed):
            self._settle(person, kind, act)
            return
        for each, allowed in act:
            self._settle(person, each, allowed)
            person.silent = False

    def _kind(self, person: Person) -> str:
        """What this person does next, as they like to."""
        acts: dict[str, float] = {
            "words": 3, "command": 2, "yes": 4, "nearly": 2, "no": 0.7, "look": 1, "press": 4, "again_press": 1.5,
            "restart": 0.5, "second": 0.4, "making_more": 1.5,
        }  # fmt: skip
        if person.talker.direct:
            acts |= {"photo": 2, "photos": 0.6, "wish": 1.2, "wants_photo": 0.6, "goes_on": 1, "in_a_hurry": 0.8}
            acts |= {"several_photos": 1.5, "change_of_mind": 0.5}
        if isinstance(person.talker, OnTelegram):
            acts |= {"quote": 1.5, "redelivery": 0.5, "edit": 0.8}
            acts |= {"forward": 1.2} if person.talker.direct else {"stranger": 1.5, "mention": 1.5}
        if isinstance(person.talker, OnWeChat):
            acts |= {"redelivery": 1, "voice": 1}
        else:
            acts |= {"caption": 1.5, "old_press": 1} if person.talker.direct else {"old_press": 1}
        for each in acts:
            acts[each] *= self.mood.setdefault(each, self.random.choice((1, 2) if each in _SCENES else (0.3, 1, 1, 4)))
        return self.random.choices(list(acts), list(acts.values()))[0]

    def _look_back(self) -> None:
        """Ask in the group what there was: nothing of another chat is told there."""
        for person in self.people:
            for text in () if person.talker.direct else ("/history", "/status"):
                self.say(person, text)
                self._settle(person, "look", NOTHING)

    # The law

    def _settle(self, person: Person, kind: str, allowed: Allowed) -> None:
        """Wait for the answer, hold what was bought against the law, and remember what is on show now."""
        stage, talker, memory = self.stage, person.talker, person.memory
        what = f"{talker.kind}, {kind}"
        try:
            stage.until(lambda: stage.rests(talker.user, talker.chat), _LONGEST_S, what=f"rest after {what}")
            stage.until(
                lambda: stage.rests(talker.user, talker.chat) and self._all_is_shown(person),
                what=f"just the open offers stand in the chat after {what}",
            )
        except AssertionError:
            check(what, allowed, memory, stage.purchases(talker.user, talker.chat))  # what is wrong comes first
            raise
        seen, toasts = self._answer(person, what)
        said = changed(memory.seen, seen)
        bought = stage.purchases(talker.user, talker.chat)
        new = check(what, allowed, memory, bought)
        self.reached["bought"] += len(new)
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
        memory.seen, memory.toasts, memory.bought, memory.is_killed = seen, toasts, bought, False

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
            memory.on_table = memory.on_table and kind in {"again_press", "old_press", "press", "caption"}
        if new or kind not in _BESIDE:
            memory.waits_for_photo = None
        if kind in {"words", "mention", "quote", "voice", "look", "second", "goes_on", "in_a_hurry"}:
            memory.on_table = True

    def _all_is_shown(self, person: Person) -> bool:
        """Just the offers that could be taken stand in their chat, once; a callback's answer is there by itself.

        One whose sender was killed before it could write down where it stands is sent again; the first stays.
        """
        talker, memory = person.talker, person.memory
        shown = sorted(each.offer for each in talker.seen() if each.offer)
        open_now = sorted(filter(None, self.stage.open_offers(talker.user, talker.chat)))
        if isinstance(talker, OnWeChat) or shown == open_now:
            return True
        if memory.is_killed:
            memory.doubled |= {each for each in shown if shown.count(each) > 1}
        return set(open_now) <= set(shown) <= {*open_now, *memory.doubled} and set(shown) & memory.doubled != set()

    def _check_group(self) -> None:
        for text in self.stage.telegram.said(self.group):
            if SECRET in str(text):
                raise BrokenError(f"a group reads what was said in private: {text}")

    def _check_fal(self) -> None:
        """What was paid for was ordered at fal once, and nothing else was."""
        posts = sum(
            call["method"] == "POST" and "/requests/" not in call["path"] and "storage" not in call["path"]
            for call in self.stage.fal.log
        )
        known = self.stage.orders()
        if posts > known:
            raise BrokenError(f"fal was asked for {posts} films, and {known} were paid for")

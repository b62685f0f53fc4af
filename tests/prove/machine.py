"""The state machine: what people, fal, the chat and the machine do, in any order; the law holds after each step."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, get_args

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from bot.store.database import Database
from tests.prove import fal
from tests.prove.at_copies import AtCopies
from tests.prove.books import Fate, Request, Shape
from tests.prove.chat import MOODS
from tests.prove.diary import Diary
from tests.prove.fal import Script
from tests.prove.law import BrokenError, Row
from tests.prove.reach import Reached
from tests.prove.rows_law import LAWS
from tests.prove.virtual import KilledError
from tests.prove.world import DEAR, PEOPLE, Away, Words, World

ANSWERINGS = get_args(fal.Answering)
WEATHERS = get_args(fal.Weather)
AWAYS = get_args(Away)
PROMPTS = ("a red fox in the snow", "a kettle, slowly")

_answering = st.one_of(st.just("ok"), st.sampled_from(ANSWERINGS))
_fate = st.one_of(st.just(Fate.VIDEO), st.sampled_from([each for each in Fate if each is not Fate.CANCELLED]))
_shape = st.one_of(st.just(Shape.BARE), st.sampled_from(list(Shape)))
_scripts = st.builds(
    Script,
    answering=_answering,
    fate=_fate,
    shape=_shape,
    queue_s=st.sampled_from([0.5, 2.0, 40.0, 400.0]),
    run_s=st.sampled_from([0.02, 3.0, 20.0, 90.0, 900.0]),
    goes_back=st.booleans(),
    bill_late_s=st.sampled_from([0.0, 60.0, 3600.0, 6 * 3600.0]),
    drift_percent=st.sampled_from([0, 0, 0, -10, 5]),
    calls_back=st.sampled_from([True, True, False]),
)
_words = st.builds(
    Words,
    prompt=st.sampled_from(PROMPTS),
    same=st.sampled_from([False, False, True]),
    model=st.sampled_from(["wan-2.5", "wan-2.5", "happy-horse"]),
    seconds=st.sampled_from([5, 10]),
    resolution=st.sampled_from(["480p", "720p"]),
    seed=st.sampled_from([None, None, 7, 8]),
)
_people = st.sampled_from(PEOPLE)
_early = st.sampled_from([-0.1, 0.05, 0.3, 1.0])
_others = st.sampled_from(["seed", "resolution", "prompt"])
_weathers = st.sampled_from(WEATHERS)
_answers_of_two = st.tuples(
    st.sampled_from(["cut not taken", "cut not taken", "cut", "429 not taken"]),
    st.sampled_from(["late", "late", "very late", "ok"]),
)
_which = st.integers(0, 30)
_short = st.sampled_from([1.0, 5.0, 20.0, 45.0, 120.0])
_frozen = st.sampled_from([3.0, 13.0, 16.0, 40.0, 40.0, 300.0])
_long = st.sampled_from([20.0, 90.0, 700.0, 3000.0, 7200.0])


@dataclass
class Ground:
    """Where runs take place. `clean` empties the database; `folder` may be filled. `idle_s`: see world.py."""

    database: Database
    clean: Callable[[], None]
    folder: Path
    reached: Reached
    idle_s: float
    diary: Diary = field(default_factory=Diary)
    world: World | None = None
    story: str = ""
    runs: int = 0
    steps: int = 0

    def begin(self, seed: int) -> World:
        """An empty world."""
        self.clean()
        self.world = World(
            seed,
            database=self.database,
            folder=self.folder / f"run{self.runs}",
            reached=self.reached,
            diary=self.diary,
            workers=self.workers,
            idle_s=self.idle_s,
        )
        self.runs += 1
        return self.world

    @property
    def workers(self) -> int:
        """SQLite allows one at a time."""
        return 1 if self.database.is_sqlite else 2

    def between(self, *event: Any) -> None:
        """After each statement; not after those of the law."""
        _, cursor, statement, _, context, _ = event
        if self.world is None or (context and context.execution_options.get(LAWS)):
            return
        try:
            self.world.between(statement)
        except KilledError:
            cursor.close()  # one that is left open keeps its snapshot until somebody collects the garbage
            raise


def machine_on(ground: Ground) -> type["Prove"]:
    """A machine of its own for this ground: Hypothesis wants a class."""
    return type("ProveHere", (Prove,), {"ground": ground})


class Prove(AtCopies):
    ground: Ground

    def __init__(self) -> None:
        super().__init__()
        self.world: World | None = None

    @initialize(seed=st.integers(0, 2**16), stream=st.booleans(), left_frozen=st.booleans())
    def begin(self, seed: int, stream: bool, left_frozen: bool) -> None:
        self.world = self.ground.begin(seed)
        self.world.fal.stream, self.world.left_frozen = stream, left_frozen

    # What people do. Some rules stand here more than once: they are taken more often then.

    @rule(person=_people, words=_words, script=_scripts)
    def order(self, person: str, words: Words, script: Script) -> None:
        self._there.order(person, words, script)

    @rule(person=_people, words=_words, script=_scripts, seconds=_short)
    def order_and_wait(self, person: str, words: Words, script: Script, seconds: float) -> None:
        self._there.order(person, words, script)
        self._there.live(seconds)

    @rule(person=_people, words=_words, script=_scripts, weather=_weathers, seconds=_long)
    def order_into_bad_weather(
        self, person: str, words: Words, script: Script, weather: fal.Weather, seconds: float
    ) -> None:
        self._there.order(person, words, script)
        self.weather(what=weather, seconds=seconds)
        self._there.live(120.0)

    @rule(person=_people, early_s=_early, third=_words)
    def order_at_the_cap(self, person: str, early_s: float, third: Words) -> None:
        """Two dear ones leave no room for a third; it is ordered just when each of them ends."""
        known = len(self._there.fal.books.ours())
        for run_s in (5.0, 9.0):
            self._there.order(person, DEAR, Script(queue_s=0.5, run_s=run_s))
        self._there.live(0.5)
        for ends in sorted(each.done_at for each in self._there.fal.books.ours()[known:]):
            self._there.live(max(0.0, ends - self._there.agenda.true() - early_s))
            self._there.order(person, third, Script())

    @rule(
        person=_people,
        words=_words,
        answering=st.sampled_from(["cut", "no id", "html taken", "500 taken"]),
        count=st.sampled_from([1, 3, 130]),
        other=_others,
    )
    def order_lost_among_others(
        self, person: str, words: Words, answering: fal.Answering, count: int, other: str
    ) -> None:
        """The answer is lost, and another program orders nearly the same before anybody looks for it."""
        before = len(self._there.fal.books.ours())
        self._there.order(person, words, Script(answering=answering, run_s=3.0, calls_back=False))
        self._there.live(0.5)
        if len(self._there.fal.books.ours()) > before:
            self.another_program(which=before, count=count, other=other)
        self._there.live(45.0)

    @rule(
        words=_words,
        answers=_answers_of_two,
        later_s=st.sampled_from([0.5, 2.4, 3.5, 8.0, 20.0]),
        slow=st.booleans(),
        behind_s=st.sampled_from([0.0, -40.0, 40.0]),
    )
    def order_the_same_while_one_is_looked_for(
        self, words: Words, answers: tuple[fal.Answering, fal.Answering], later_s: float, slow: bool, behind_s: float
    ) -> None:
        """One order's answer is lost; while the list is walked for it another person orders the very same, and fal is
        slow to answer that. Clocks may be apart.
        """
        same = replace(words, same=True)
        if slow:
            self.weather(what="list slow", seconds=90.0)
        self.clock_is_set(seconds=behind_s)
        self._there.order(PEOPLE[0], same, Script(answering=answers[0], calls_back=False))
        self._there.live(later_s)
        self._there.order(PEOPLE[1], same, Script(answering=answers[1], calls_back=False, run_s=90.0))
        self._there.live(150.0)
        self.clock_is_set(seconds=0.0)

    @rule(turns=st.integers(1, 250), person=_people, words=_words, script=_scripts, which=_which)
    def order_and_die(self, turns: int, person: str, words: Words, script: Script, which: int) -> None:
        self._there.order(person, words, script)
        self._there.fleet.kill(which, after_turns=turns)
        self._there.live(20.0)
        self._there.fleet.start()

    @rule(at=st.tuples(st.integers(1, 250), _which), seconds=_frozen, person=_people, words=_words, script=_scripts)
    def order_and_freeze(self, at: tuple[int, int], seconds: float, person: str, words: Words, script: Script) -> None:
        turns, which = at
        self._there.order(person, words, script)
        self._there.fleet.freeze(which, after_turns=turns, seconds=seconds)
        self._there.live(60.0)

    @rule(person=_people, words=_words, script=_scripts, what=st.sampled_from(AWAYS), seconds=_short)
    def order_in_trouble(self, person: str, words: Words, script: Script, what: Away, seconds: float) -> None:
        self._there.order(person, words, script)
        self.trouble(what=what, seconds=seconds)
        self._there.live(30.0)

    @rule(person=_people, words=_words, after_s=st.sampled_from([0.1, 2.0, 6.0, 14.0]), seconds=_short)
    def order_and_fill_the_disk(self, person: str, words: Words, after_s: float, seconds: float) -> None:
        """While it is ordered, waited for or downloaded."""
        self._there.order(person, words, Script(queue_s=0.5, run_s=3.0))
        self._there.live(after_s)
        self.trouble(what="full", seconds=seconds)
        self._there.live(seconds)

    @rule(which=_which)
    def cancel(self, which: int) -> None:
        row = self._job(which)
        if row is not None:
            self._there.press(row.chat, "cancel", row.id, Script())

    @rule(which=_which, script=_scripts)
    def again(self, which: int, script: Script) -> None:
        row = self._job(which)
        if row is not None:
            self._there.press(row.chat, "again", row.id, script)

    # What happens to the machine.

    @rule(turns=st.integers(0, 400), seconds=_short, which=_which)
    def kill(self, turns: int, seconds: float, which: int) -> None:
        self._there.fleet.kill(which, after_turns=turns)
        self._there.live(seconds)

    @rule(which=_which)
    def stop(self, which: int) -> None:
        self._there.fleet.stop(which)

    @rule()
    def start(self) -> None:
        self._there.fleet.start()

    @rule(turns=st.integers(0, 400), seconds=_frozen, which=_which)
    def freeze(self, turns: int, seconds: float, which: int) -> None:
        self._there.fleet.freeze(which, after_turns=turns, seconds=seconds)

    @rule(which=_which, seconds=st.sampled_from([35.0, 50.0]))
    def stand_still(self, which: int, seconds: float) -> None:
        self._there.fleet.freeze(which)
        self._there.live(seconds)

    @rule(which=_which)
    def freeze_till_some_day(self, which: int) -> None:
        self._there.fleet.freeze(which)

    @precondition(lambda self: self.world is not None and bool(self.world.fleet.still))
    @rule(which=_which)
    def thaw(self, which: int) -> None:
        still = self._there.fleet.still
        self._there.fleet.thaw(still[which % len(still)])

    @rule(which=_which, seconds=_short)
    def cut_off(self, which: int, seconds: float) -> None:
        self._there.fleet.cut_off(which, seconds)

    @rule(seconds=st.sampled_from([-3600.0, 3600.0]), meanwhile_s=_short)
    def clock_jumps(self, seconds: float, meanwhile_s: float) -> None:
        """And is right again after a while; nothing is on its way to fal."""
        if any(row.state in {"queued", "preparing", "submitting"} for row in self._there.law.rows()):
            return
        self.clock_is_set(seconds=seconds)
        self._there.law.copy.may_be_supposed = True
        self._there.live(meanwhile_s)
        self.clock_is_set(seconds=0.0)
        self._there.reached.note("machine: clock jumped")

    @rule(what=st.sampled_from(AWAYS), seconds=_short)
    def trouble(self, what: Away, seconds: float) -> None:
        self._there.troubles[what] = self._there.agenda.now + seconds

    @rule(seconds=st.sampled_from([-40.0, 0.0, 40.0]))
    def clock_is_set(self, seconds: float) -> None:
        self._there.set_clock(seconds)
        self._there.reached.note("machine: clock set")

    @rule(seconds=_long)
    def machine_sleeps(self, seconds: float) -> None:
        self._there.sleep(seconds)
        self._there.reached.note("machine: slept")

    # What happens at fal and in the chat.

    @rule(what=_weathers, seconds=_long)
    def weather(self, what: fal.Weather, seconds: float) -> None:
        self._there.fal.weather[what] = self._there.agenda.true() + seconds

    @rule(person=_people, mood=st.sampled_from(MOODS), seconds=_long)
    def mood(self, person: str, mood: str, seconds: float) -> None:
        self._there.chat.moods[person] = (mood, self._there.agenda.true() + seconds)  # type: ignore[assignment]

    @rule(which=_which, right=st.booleans(), other=_which)
    def call_back(self, which: int, right: bool, other: int) -> None:
        """Too early, once more, or by somebody else: signed by fal it names the request it is about."""
        ours = self._there.fal.books.ours()
        if ours:
            request = ours[which % len(ours)]
            names = None if right else ours[other % len(ours)].id
            self._there.call_back(request, names=names, right=right)

    @rule(which=_which, count=st.sampled_from([1, 3, 130]), other=_others)
    def another_program(self, which: int, count: int, other: str) -> None:
        """Somebody else's requests on the same account: one word is another than ours."""
        ours = self._there.fal.books.ours()
        if not ours:
            return
        like = ours[which % len(ours)]
        for number in range(count):
            body = {**like.body, "resolution": "1080p"}
            if other == "seed" and "seed" in like.body:
                body = {**like.body, "seed": like.body["seed"] + 1 + number}
            elif other == "prompt":
                body = {**like.body, "prompt": f"{like.body['prompt']} {number}"}
            self._there.foreign(Request(self._there.fal.books.new_id(), like.endpoint, body, None, 0.0, run_s=1.0))

    @rule(which=_which, later_s=st.sampled_from([5.0, 30.0]))
    def twin_of_another_program(self, which: int, later_s: float) -> None:
        """Exactly the same body, a little later than ours; of words that nobody of ours uses twice: an order that was
        lost before it arrived could not be told from it, nor one of a time when the clocks were apart.
        """
        books, now = self._there.fal.books, self._there.agenda.true()
        young = [each for each in books.ours() if now - each.at < 120 and each.at > self._there.skewed_until]
        ours = [each for each in young if each.body["prompt"] not in PROMPTS]
        if ours:
            like = ours[which % len(ours)]
            self._there.live(max(0.0, like.at + later_s - self._there.agenda.true()))
            self._there.foreign(Request(self._there.fal.books.new_id(), like.endpoint, dict(like.body), None, 0.0))

    # Time.

    @rule(seconds=_short)
    def live(self, seconds: float) -> None:
        self._there.live(seconds)

    @rule(seconds=_long)
    def live_long(self, seconds: float) -> None:
        self._there.live_long(seconds)

    @invariant()
    def the_law_holds(self) -> None:
        if self.world is not None:
            self.ground.steps += 1
            self.world.law.check()

    def teardown(self) -> None:
        """Everything heals, days pass, and everybody has what they paid for."""
        if self.world is None:
            return
        try:
            self.world.law.check()
            self.world.rest()
            self.world.law.settled()
        except BrokenError:
            self.ground.story = self.world.law.stories()
            raise
        finally:
            self.world.close()

    def _job(self, which: int) -> Row | None:
        rows = self._there.law.rows()
        return rows[which % len(rows)] if rows else None

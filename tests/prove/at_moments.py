"""Rules of the machine that aim: a worker freezes, dies or has trouble in the midst of an order, a move or an end.

It stands still until its lease has passed, and wakes when another has just begun with its job, or is done with it.
Some rules stand here more than once: they are taken more often then.
"""

from dataclasses import dataclass
from typing import Any, get_args

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from tests.prove.chat import MOODS, Mood
from tests.prove.fal import Answering, Script, Weather
from tests.prove.moments import ENDS, MOMENTS, MOVES, ORDER
from tests.prove.world import DEAR, PEOPLE, Away, Words, World

_PASSES_S = 120.0  # a lease, and more; who is frozen wakes sooner where another takes the job
_LIVED_S = 150.0
_SETTLED_S = 30.0
_BAD_S = 60.0


@dataclass(frozen=True, slots=True)
class Story:
    """An order, and in which weather of fal and mood of the chat it goes on."""

    person: str
    script: Script
    weather: Weather | None
    mood: Mood | None


@dataclass(frozen=True, slots=True)
class Aim:
    """At the `nth` call of this name."""

    moment: str
    nth: int


_answers: tuple[Answering, ...] = ("ok", "ok", "ok", "late", "cut", "500 taken", "not sent")
_weathers: tuple[Weather | None, ...] = (None, None, None, "status json 404", "result 500", "file 404", "list down")
_people = st.sampled_from(PEOPLE)
stories = st.builds(
    Story,
    person=_people,
    script=st.builds(
        Script,
        answering=st.sampled_from(_answers),
        queue_s=st.just(0.5),
        run_s=st.sampled_from([0.02, 3.0]),
        calls_back=st.booleans(),
    ),
    weather=st.sampled_from(_weathers),
    mood=st.sampled_from([None, None, None, *MOODS]),
)
_aims = st.builds(
    Aim,
    moment=st.one_of(*(st.sampled_from(each) for each in (ORDER, MOVES, MOVES, ENDS, MOMENTS))),
    nth=st.sampled_from([1, 1, 1, 2, 2, 3, 4]),
)
_freezing: dict[str, Any] = {
    "story": stories,
    "aim": _aims,
    "taken": st.sampled_from([1, 1, 2, 3, 5, 8, 13, 30, None]),
}
_writing: dict[str, Any] = {
    "story": stories,
    "moment": st.sampled_from([*["JobStates.move"] * 3, "JobTable._change", "Submits.claim"]),
    "nth": st.sampled_from([1, 2, 3, 4]),
    "taken": st.sampled_from([1, 1, 1, 2, 4]),
}
_answered: dict[str, Any] = {
    "person": _people,
    "script": st.builds(
        Script,
        answering=st.sampled_from(["ok", "ok", "ok", "late", "no id"]),
        queue_s=st.just(0.5),
        run_s=st.just(3.0),
        calls_back=st.sampled_from([False, False, False, True]),
    ),
    "moment": st.sampled_from(["POST", *["POST taken"] * 4, "Submits.accepted"]),
    "seconds": st.sampled_from([25.0, 60.0, 90.0, 90.0]),
}
_troubled: dict[str, Any] = {
    "story": stories,
    "aim": _aims,
    "what": st.sampled_from(get_args(Away)),
    "seconds": st.sampled_from([0.5, 3.0, 20.0]),
}
_settling: dict[str, Any] = {
    "person": _people,
    "hiccup_s": st.sampled_from([0.1, 0.3, 1.0]),
    "orders": st.sampled_from([1, 2]),
}


class AtMoments(RuleBasedStateMachine):
    world: World | None

    @property
    def _there(self) -> World:
        if self.world is None:
            raise AssertionError("a run begins with its world")
        return self.world

    def _tell(self, story: Story) -> None:
        world = self._there
        ends = world.agenda.true() + _BAD_S
        if story.weather is not None:
            world.fal.weather[story.weather] = ends
        if story.mood is not None:
            world.chat.moods[story.person] = (story.mood, ends)
        world.fleet.start()
        before = {row.id for row in world.law.rows()}
        world.order(story.person, Words("a red fox in the snow"), story.script)
        world.live_till_told(_LIVED_S, but=before)

    @rule(**_freezing)
    def order_and_freeze_at_a_moment(self, story: Story, aim: Aim, taken: int | None) -> None:
        """`taken`: it wakes after so many calls of another for that job; None: after a while."""
        self._there.freeze_at(aim.moment, aim.nth, taken=taken, seconds=_PASSES_S)
        self._tell(story)

    @rule(**_freezing)
    def order_and_freeze_at_another_moment(self, **given: Any) -> None:
        self.order_and_freeze_at_a_moment(**given)

    @rule(**_writing)
    def order_and_freeze_in_a_write(self, story: Story, moment: str, nth: int, taken: int) -> None:
        """A write of its work is under way when it freezes; it comes through when another has just begun there."""
        self.order_and_freeze_at_a_moment(story=story, aim=Aim(moment, nth), taken=taken)

    @rule(**_writing)
    def order_and_freeze_in_another_write(self, **given: Any) -> None:
        self.order_and_freeze_in_a_write(**given)

    @rule(**_answered)
    def order_and_freeze_while_fal_answers(self, person: str, script: Script, moment: str, seconds: float) -> None:
        """Another finds the order and goes on with it; then the first wakes, and hears the answer."""
        self._there.freeze_at(moment, 1, taken=None, seconds=seconds)
        self._tell(Story(person, script, None, None))

    @rule(**_answered)
    def order_and_freeze_while_fal_answers_once_more(self, **given: Any) -> None:
        self.order_and_freeze_while_fal_answers(**given)

    @rule(**_answered)
    def order_and_freeze_while_fal_answers_yet_again(self, **given: Any) -> None:
        self.order_and_freeze_while_fal_answers(**given)

    @rule(story=stories, aim=_aims)
    def order_and_die_at_a_moment(self, story: Story, aim: Aim) -> None:
        self._there.die_at(aim.moment, aim.nth)
        self._tell(story)

    @rule(**_troubled)
    def order_into_trouble_at_a_moment(self, story: Story, aim: Aim, what: Away, seconds: float) -> None:
        self._there.trouble_at(aim.moment, aim.nth, what, seconds=seconds)
        self._tell(story)

    @rule(**_troubled)
    def order_into_trouble_at_another_moment(self, **given: Any) -> None:
        self.order_into_trouble_at_a_moment(**given)

    @rule(**_settling)
    def order_at_the_cap_while_another_is_settled(self, person: str, hiccup_s: float, orders: int) -> None:
        """Two dear ones leave no room for a third, which is ordered just when their film is being written down."""
        world = self._there
        world.fleet.start()
        before = {row.id for row in world.law.rows()}
        for run_s in (1.0, 4.0):
            world.order(person, DEAR, Script(queue_s=0.5, run_s=run_s))
            world.order_at_a_settling(person, Words("a third one"), hiccup_s=hiccup_s, orders=orders)
        world.live_till_told(_SETTLED_S, but=before)

    @rule(**_settling)
    def order_at_the_cap_while_one_more_is_settled(self, **given: Any) -> None:
        self.order_at_the_cap_while_another_is_settled(**given)

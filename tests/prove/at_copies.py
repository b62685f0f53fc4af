"""Rules of the machine that make copies of the database, and put one back after a while."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.prove.at_moments import Aim, AtMoments, Story, stories
from tests.prove.fal import Script
from tests.prove.moments import MOMENTS, ORDER

_BEFORE = ("Leases.take", "JobQueries.get", "Submits.claim")
_aims = st.builds(
    Aim,
    moment=st.one_of(*(st.sampled_from(each) for each in (_BEFORE, _BEFORE, ORDER, MOMENTS))),
    nth=st.sampled_from([1, 1, 1, 2, 3]),
)
_AWAKE_S = 5.0
_which = st.integers(0, 30)
_put_back: dict[str, Any] = {
    "story": stories,
    "aim": _aims,
    "stamped": st.sampled_from([True, True, False]),
    "lost": st.booleans(),
    "later_s": st.sampled_from([0.0, 0.0, 30.0, 900.0]),
}


class AtCopies(AtMoments):
    @rule(stamped=st.booleans())
    def back_up(self, stamped: bool) -> None:
        self._there.back_up(stamped=stamped)

    @precondition(lambda self: self.world is not None and bool(self.world.backups.copies))
    @rule(which=_which, lost=st.booleans())
    def put_back(self, which: int, lost: bool) -> None:
        self._there.put_back(which, lost=lost)

    @rule(**_put_back)
    def order_and_put_a_copy_of_it_back(
        self, story: Story, aim: Aim, stamped: bool, lost: bool, later_s: float
    ) -> None:
        """The copy is made in the midst of an order, which goes on, and is forgotten; whoever starts must look."""
        world = self._there
        if not world.backups.possible:
            return
        world.back_up_at(aim.moment, aim.nth, stamped=stamped)
        before = {row.id for row in world.law.rows()}
        self._tell(story)
        world.sleep(later_s)
        world.live(_AWAKE_S)
        world.put_back(-1, lost=lost)
        world.live_till_told(100.0, but=before)

    @rule(**_put_back)
    def order_and_put_one_more_copy_back(self, **given: Any) -> None:
        self.order_and_put_a_copy_of_it_back(**given)

    @rule(which=_which, yes=st.booleans())
    def answer(self, which: int, yes: bool) -> None:
        """Whoever was asked says yes, or no."""
        asked = [row for row in self._there.law.rows() if row.state == "awaiting-confirmation"]
        if asked:
            row = asked[which % len(asked)]
            self._there.press(row.chat, "yes" if yes else "cancel", row.id, Script())

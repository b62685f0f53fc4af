"""The budget of calls to Telegram, by a clock that a test moves: no window too full, edits in nobody's way."""

import heapq
import itertools
import math
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels.telegram.budget import Budget, Kind, Place, Rate, Rates
from bot.channels.telegram.pace import kind_of

GROUP, OTHER_GROUP = "-100", "-200"
CHATS = ["42", "43", GROUP, OTHER_GROUP]
TINY = Rates(
    overall={
        (Kind.VIDEO, Kind.PRESS, Kind.TEXT): Rate(4, 1.0),
        (Kind.EDIT, Kind.SIGN): Rate(2, 1.0),
        (Kind.SIGN,): Rate(1, 1.0),
        (Kind.VIDEO,): Rate(2, 0.0),
    },
    private={(Kind.VIDEO, Kind.TEXT): Rate(2, 3.0), (Kind.EDIT,): Rate(1, 3.0)},
    group={(Kind.VIDEO, Kind.TEXT): Rate(4, 10.0), (Kind.TEXT,): Rate(2, 10.0), (Kind.EDIT,): Rate(1, 10.0)},
)


@dataclass(frozen=True)
class Wish:
    """A call that somebody wants to make `at`; Telegram counts it after the share `counted` of its `lasts` seconds."""

    at: float
    kind: Kind
    chat: str
    lasts: float
    counted: float


@dataclass(frozen=True)
class Made:
    wish: int
    begun: float
    counted: float


def play(budget: Budget, wishes: list[Wish]) -> list[Made]:
    """What is made of these wishes, each waiting as its kind does."""
    numbers = itertools.count()
    events: list[tuple[float, int, str, int | Place]] = []
    for number, wish in enumerate(wishes):
        heapq.heappush(events, (wish.at, next(numbers), "wish", number))
    waiting: dict[Place, int] = {}
    made: list[Made] = []

    def begun(place: Place, number: int, now: float) -> None:
        wish = wishes[number]
        made.append(Made(number, now, now + wish.counted * wish.lasts))
        heapq.heappush(events, (now + wish.lasts, next(numbers), "end", place))

    while events:
        now, _, what, about = heapq.heappop(events)
        if isinstance(about, Place):
            budget.end(about, now)
        elif what == "wish":
            wish = wishes[about]
            if wish.kind in {Kind.EDIT, Kind.SIGN}:
                place = budget.at_once(wish.kind, wish.chat, now)
                if place is not None:
                    begun(place, about, now)
            else:
                waiting[budget.wait(wish.kind, wish.chat)] = about
        for place in budget.grant(now):
            begun(place, waiting.pop(place), now)
        at = budget.next_at(now)
        if waiting and math.isfinite(at):
            heapq.heappush(events, (at, next(numbers), "look", -1))
        events = [each for each in events if each[2] != "look" or each[0] <= at]
        heapq.heapify(events)
    assert not waiting  # nobody waits for ever
    return made


def most_within(seconds: float, times: list[float]) -> int:
    ordered = sorted(times)
    return max((sum(at < each < at + seconds for each in ordered) + 1 for at in ordered), default=0)


wishes_ = st.lists(
    st.builds(
        Wish,
        at=st.floats(0, 30),
        kind=st.sampled_from(list(Kind)),
        chat=st.sampled_from(CHATS),
        lasts=st.floats(0.01, 5),
        counted=st.floats(0, 1),
    ).map(lambda wish: Wish(wish.at, wish.kind, "", wish.lasts, wish.counted) if wish.kind is Kind.PRESS else wish),
    max_size=60,
)


@settings(max_examples=300, deadline=None)
@given(wishes_)
def test_no_window_is_ever_too_full_whenever_telegram_counts(wishes: list[Wish]) -> None:
    made = play(Budget(TINY), wishes)
    for chat, rates in [("", TINY.overall), *((chat, Budget(TINY).rates_of(chat)) for chat in CHATS)]:
        for kinds, rate in rates.items():
            here = [each for each in made if wishes[each.wish].kind in kinds and chat in {"", wishes[each.wish].chat}]
            assert most_within(rate.seconds, [each.counted for each in here]) <= max(1, rate.most)


@settings(max_examples=300, deadline=None)
@given(wishes_)
def test_no_edit_delays_a_video_a_press_or_a_text(wishes: list[Wish]) -> None:
    def times(which: list[Wish]) -> list[tuple[Wish, float]]:
        return [(which[each.wish], each.begun) for each in play(Budget(TINY), which) if which[each.wish].kind in waits]

    waits = {Kind.VIDEO, Kind.PRESS, Kind.TEXT}
    assert times(wishes) == times([wish for wish in wishes if wish.kind in waits])


def begin(budget: Budget, kind: Kind, chat: str, count: int, now: float) -> int:
    """How many of so many begin at once, each answered at once."""
    for _ in range(count):
        budget.wait(kind, chat)
    granted = budget.grant(now)
    for place in granted:
        budget.end(place, now)
    return len(granted)


def test_a_groups_minute_has_room_for_videos_that_texts_and_edits_cannot_take() -> None:
    budget = Budget()
    texts = begin(budget, Kind.TEXT, GROUP, 30, 0.0)
    edits = 0
    while (place := budget.at_once(Kind.EDIT, GROUP, 2.0)) is not None:
        budget.end(place, 2.0)
        edits += 1
    assert (texts, edits, texts + edits) == (11, 4, 15)
    videos = 0
    for second in range(3, 33):
        videos += begin(budget, Kind.VIDEO, GROUP, 1, float(second))
    assert videos == 5
    assert texts + edits + videos == 20


def test_eight_cards_and_eight_videos_fit_into_a_groups_minute() -> None:
    budget = Budget()
    assert begin(budget, Kind.TEXT, GROUP, 8, 0.0) == 8
    assert [begin(budget, Kind.VIDEO, GROUP, 1, 2.0 + each) for each in range(8)] == [1] * 8


def test_over_all_chats_the_busiest_second_stays_below_thirty() -> None:
    budget, now = Budget(), 0.0
    for person in range(100):
        budget.wait(Kind.TEXT, str(person))
    texts = len(budget.grant(now))
    edits = sum(budget.at_once(Kind.EDIT, str(person), now) is not None for person in range(100))
    signs = sum(budget.at_once(Kind.SIGN, str(person), now) is not None for person in range(100))
    assert (texts, edits, signs) == (24, 5, 0)
    assert texts + edits + signs < 30


def test_a_sign_leaves_room_for_edits() -> None:
    budget = Budget()
    signs = sum(budget.at_once(Kind.SIGN, str(person), 0.0) is not None for person in range(100))
    edits = sum(budget.at_once(Kind.EDIT, str(person), 0.0) is not None for person in range(100))
    assert (signs, edits) == (4, 1)


def test_videos_come_before_presses_and_these_before_texts() -> None:
    budget = Budget(Rates(overall={(Kind.VIDEO, Kind.PRESS, Kind.TEXT): Rate(1, 1.0)}, private={}, group={}))
    for kind, chat in ((Kind.TEXT, "1"), (Kind.PRESS, ""), (Kind.VIDEO, "3")):
        budget.wait(kind, chat)
    order = []
    for second in range(3):
        (place,) = budget.grant(float(2 * second))
        budget.end(place, float(2 * second))
        order.append(place.kind)
    assert order == [Kind.VIDEO, Kind.PRESS, Kind.TEXT]


def test_one_chats_backlog_delays_no_other() -> None:
    budget = Budget()
    for _ in range(500):
        budget.wait(Kind.TEXT, "1")
    first = budget.grant(0.0)
    assert len(first) == 9  # its own burst
    budget.wait(Kind.TEXT, "2")
    assert [place.chat for place in budget.grant(0.0)] == ["2"]


def test_chats_take_turns() -> None:
    rates = Rates(overall={(Kind.TEXT,): Rate(2, 1.0)}, private={}, group={})
    budget = Budget(rates)
    for _ in range(3):
        budget.wait(Kind.TEXT, "1")
    budget.wait(Kind.TEXT, "2")
    assert [place.chat for place in budget.grant(0.0)] == ["1", "2"]


def test_a_chat_that_telegram_holds_back_is_let_alone_and_no_other() -> None:
    budget = Budget()
    budget.hold("1", 100.0, 0.0)
    budget.wait(Kind.VIDEO, "1")
    budget.wait(Kind.TEXT, "2")
    assert [place.chat for place in budget.grant(1.0)] == ["2"]
    assert budget.at_once(Kind.EDIT, "1", 99.0) is None
    assert budget.next_at(1.0) == 100.0
    assert [place.chat for place in budget.grant(100.0)] == ["1"]


def test_a_pause_that_telegram_wants_of_two_chats_is_one_of_all() -> None:
    budget = Budget()
    budget.hold("1", 100.0, 0.0)
    budget.hold("2", 30.0, 0.0)
    budget.wait(Kind.TEXT, "3")
    assert budget.grant(29.0) == []
    assert [place.chat for place in budget.grant(30.0)] == ["3"]


def test_a_call_without_a_chat_that_is_refused_holds_all_back() -> None:
    budget = Budget()
    budget.hold("", 5.0, 0.0)
    assert budget.at_once(Kind.EDIT, "1", 4.0) is None
    assert budget.at_once(Kind.EDIT, "1", 5.0) is not None


def test_the_sum_over_all_chats_is_divided_among_processes() -> None:
    granted = 0
    for _process in range(2):
        budget = Budget()
        budget.share = 2
        for person in range(100):
            budget.wait(Kind.TEXT, str(person))
        granted += len(budget.grant(0.0))
    assert granted == 24


def test_chats_that_are_quiet_are_forgotten() -> None:
    budget = Budget()
    for person in range(2000):
        now = person * 1.0
        place = budget.at_once(Kind.EDIT, str(person), now)
        assert place is not None
        budget.end(place, now)
    assert budget.size <= 501


@pytest.mark.parametrize(
    ("method", "kind"),
    [
        ("sendMessage", Kind.TEXT),
        ("copyMessage", Kind.TEXT),
        ("forwardMessage", Kind.TEXT),
        ("sendVideo", Kind.VIDEO),
        ("sendDocument", Kind.VIDEO),
        ("editMessageText", Kind.EDIT),
        ("editMessageReplyMarkup", Kind.EDIT),
        ("deleteMessage", Kind.EDIT),
        ("sendChatAction", Kind.SIGN),
        ("answerCallbackQuery", Kind.PRESS),
        ("getUpdates", None),
        ("deleteWebhook", None),
        ("setMyCommands", None),
    ],
)
def test_what_telegram_counts_is_counted(method: str, kind: Kind | None) -> None:
    assert kind_of(method) is kind

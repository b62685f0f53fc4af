"""The card's words: what was ordered and where it stands, in three or four lines; one line is left of it."""

from dataclasses import replace
from typing import Any

import pytest

from bot.messages import job_messages
from bot.store.records import Job, State
from tests.messages.test_job_messages import edit

FSI, PDI = "\u2068", "\u2069"
BEGAN_MS = 1_700_000_000_000


def ordered(**more: Any) -> Job:
    job = edit(state=State.RENDERING, question=None, up_to=False, usual_render_s=90.0, rendering_since=BEGAN_MS, **more)
    return replace(job, request=replace(job.request, duration_s=5, aspect_ratio="16:9"))


def lines(job: Job, *, now_s: int = 31, in_group: bool = False) -> list[str]:
    return job_messages.card(job, place=1, now_ms=BEGAN_MS + now_s * 1000, in_group=in_group).text.splitlines()


def test_it_names_all_of_the_order_and_where_it_stands() -> None:
    assert lines(ordered()) == [
        f"🎬 On it: Happy Horse, 5 s, 720p, 16:9, {job_messages.price_of(ordered())}. Job K7QX2AB.",
        f"“{FSI}snow{PDI}”",
        "With your video.",
        "Rendering, 30 s so far… Usually takes 1 to 2 minutes.",
    ]
    assert lines(ordered(language="zh"))[1:] == [
        f"内容：“{FSI}snow{PDI}”",
        "用你发的视频。",
        "正在生成，已用 30 秒…一般需要 1 到 2 分钟。",
    ]


@pytest.mark.parametrize("own_word", ["auto", "adaptive"])
def test_a_shape_that_is_the_pictures_own_is_not_named(own_word: str) -> None:
    job = ordered()
    as_it_comes = replace(job, request=replace(job.request, aspect_ratio=own_word))
    assert lines(as_it_comes)[0] == lines(job)[0].replace(" 16:9,", "")
    offer = replace(as_it_comes, state=State.AWAITING_CONFIRMATION)
    assert own_word not in job_messages.status(offer, place=0, now_ms=BEGAN_MS).text


def test_its_clock_is_slow() -> None:
    texts = {tuple(lines(ordered(), now_s=second)) for second in range(120)}
    assert len(texts) == 6  # four in the first minute, two in the second


@pytest.mark.parametrize("state", [State.PREPARING, State.SUBMITTING, State.DOWNLOADING, State.UPLOADING])
def test_in_a_group_it_has_no_clock_and_says_little_that_changes(state: State) -> None:
    texts = {tuple(lines(ordered(), now_s=second, in_group=True)) for second in range(120)}
    buttons = job_messages.card(ordered(), place=0, now_ms=BEGAN_MS, in_group=True).actions
    other = replace(ordered(), state=state)
    assert texts == {tuple(lines(other, in_group=True))}
    assert job_messages.card(other, place=0, now_ms=BEGAN_MS, in_group=True).actions == buttons
    assert lines(ordered(), in_group=True)[-1] == "Being made; the video comes here. Usually takes 1 to 2 minutes."


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (20, "Usually done in under a minute."),
        (50, "Usually takes about a minute."),
        (60, "Usually takes about a minute."),
        (61, "Usually takes 1 to 2 minutes."),
        (120, "Usually takes about 2 minutes."),
        (150, "Usually takes 2 to 3 minutes."),
    ],
)
def test_the_usual_time_is_said_in_minutes(seconds: float, words: str) -> None:
    assert lines(replace(ordered(), usual_render_s=seconds))[-1].endswith(words)


def test_what_is_taking_long_is_not_called_usual() -> None:
    assert "Usually" not in lines(ordered(), now_s=16 * 60)[-1]
    assert "Usually" not in lines(replace(ordered(), cancel_asked=True))[-1]


def test_a_prompt_is_short_and_turns_nothing_around() -> None:
    job = ordered()
    wild = replace(job.request, prompt="\u202eevil\u2069 \u2067words\n" + "x" * 500)
    (_, shown, *_) = lines(replace(job, request=wild))
    inside = shown.removeprefix(f"“{FSI}").removesuffix(f"{PDI}”")
    assert inside.startswith("evil words x")
    assert len(inside) == 100
    assert not set("\u202e\u2067\u2068\u2069") & set(inside)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"state": State.DELIVERED, "outcome_ref": "9"}, "Job K7QX2AB: Done."),
        (
            {"state": State.CANCELLED, "outcome_ref": "", "charge": "none"},
            "Job K7QX2AB: Cancelled. Nothing was charged.",
        ),
        ({"state": State.CANCELLED, "outcome_ref": "9"}, "Job K7QX2AB: more on it stands below."),
        ({"state": State.FAILED, "outcome_ref": "9"}, "Job K7QX2AB: more on it stands below."),
        ({"state": State.PARKED, "outcome_ref": "9"}, "Job K7QX2AB: more on it stands below."),
    ],
)
def test_one_line_without_buttons_is_left(changes: dict[str, Any], words: str) -> None:
    card = job_messages.card(replace(ordered(), **changes), place=0, now_ms=BEGAN_MS, in_group=False)
    assert (card.text, card.actions) == (words, ())


def test_a_video_that_waits_is_said_on_the_card_as_nothing_else_says_it() -> None:
    card = job_messages.card(replace(ordered(), state=State.UNDELIVERED), place=0, now_ms=BEGAN_MS, in_group=False)
    assert card.text.endswith("I keep it and keep trying.")
    assert [action.data for action in card.actions] == ["again:K7QX2AB"]

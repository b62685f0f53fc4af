"""What people read about an offer, its price and its end."""

from dataclasses import fields
from decimal import Decimal
from typing import Any

import pytest

from bot.channels.types import Address, AttachmentRef, Incoming
from bot.messages import job_messages
from bot.store.records import Confirmation, Job, JobError, State
from core import pricing
from core.pricing import SourceFacts
from core.types import Kind, Mode


def edit(**more: Any) -> Job:
    """A job that changes a video whose length the chat did not tell."""
    plan = pricing.plan("snow", mode=Mode.VIDEO_TO_VIDEO, source=SourceFacts(Kind.VIDEO))
    incoming = Incoming(Address("web", "1"), "m1", "e1", "web:1", "snow", attachment=AttachmentRef("video", "v1"))
    values: dict[str, Any] = {each.name: None for each in fields(Job)}
    values |= {
        "id": "K7QX2AB",
        "incoming": incoming,
        "language": "en",
        "request": plan.request,
        "adjustments": (),
        "ways": (),
    }
    values |= {
        "usd": plan.quote.usd,
        "up_to": plan.quote.up_to,
        "state": State.AWAITING_CONFIRMATION,
        "cancel_asked": False,
    }
    return Job(**(values | {"question": Confirmation("price"), "model_name": "Happy Horse"} | more))


def shown(job: Job) -> tuple[str, list[str]]:
    message = job_messages.status(job, place=0, now_ms=0)
    return message.text, [action.label for action in message.actions]


@pytest.mark.parametrize(
    ("language", "asked", "yes", "length"),
    [
        ("en", "This costs up to $10.50.", "Yes, for up to $10.50", "a shorter one costs less"),
        ("zh", "做这个视频最多需要 $10.50，", "下单（最多 $10.50）", "短一些的视频更便宜"),
    ],
)
def test_the_dearest_price_is_not_shown_as_the_price(language: str, asked: str, yes: str, length: str) -> None:
    text, (first, *_) = shown(edit(language=language))
    assert asked in text
    assert length in text
    assert first == yes


@pytest.mark.parametrize(
    ("why", "words"), [("same", "another one for up to $10.50?"), ("again", "costs up to $10.50.")]
)
def test_so_do_the_other_questions(why: str, words: str) -> None:
    assert words in shown(edit(question=Confirmation(why, "K7QX2AC")))[0]


@pytest.mark.parametrize(
    ("code", "label"),
    [("fal_busy", "Try again for up to $10.50"), ("generation_failed", "Try a simpler text for up to $10.50")],
)
def test_and_the_buttons_that_repeat_it(code: str, label: str) -> None:
    request = pricing.plan("(snow:1.3)", mode=Mode.VIDEO_TO_VIDEO, source=SourceFacts(Kind.VIDEO)).request
    failed = edit(state=State.FAILED, error=JobError(code), charge="none", request=request)
    assert [action.label for action in job_messages.outcome(failed).actions] == [label]
    doubtful = job_messages.outcome(edit(state=State.SUBMIT_UNCONFIRMED))
    assert [action.label for action in doubtful.actions] == ["Order anew for up to $10.50"]


def test_a_price_that_is_known_is_the_price() -> None:
    attachment = AttachmentRef("video", "v1", duration_s=4.0)
    incoming = Incoming(Address("web", "1"), "m1", "e1", "web:1", "snow", attachment=attachment)
    text, labels = shown(edit(incoming=incoming, usd=Decimal("2.42"), up_to=False))
    assert "This costs $2.42." in text
    assert labels[0] == "Yes, for $2.42"
    assert "how long" not in text


@pytest.mark.parametrize(
    ("code", "en", "zh"),
    [
        ("offer_declined", "Happy Horse, 720p\nNot ordered.", "Happy Horse，720p\n好的，这次不做了，没有扣费。"),
        ("offer_lapsed", "Happy Horse, 720p\nNobody said yes within 30", "Happy Horse，720p\n30 分钟没有确认"),
    ],
)
def test_an_offer_that_was_not_taken_was_not_ordered(code: str, en: str, zh: str) -> None:
    for language, words in (("en", en), ("zh", zh)):
        ended = edit(language=language, state=State.CANCELLED, error=JobError(code), charge="none")
        text, labels = shown(ended)
        assert text.startswith(words)
        assert "$" not in text
        assert "🎬" not in text
        assert labels == []


@pytest.mark.parametrize(("language", "words"), [("en", "Cancelled. Nothing was charged."), ("zh", "没有产生费用。")])
def test_a_free_cancel_says_that_it_was_free(language: str, words: str) -> None:
    cancelled = edit(language=language, state=State.CANCELLED, charge="none")
    assert shown(cancelled)[0].endswith(words)
    assert not shown(edit(language=language, state=State.CANCELLED, charge="possibly"))[0].endswith(words)

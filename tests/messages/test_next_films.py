"""What can be made of a finished film, and its price: by every model, and where fal has taken something away."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from bot.messages import next_films
from bot.messages.next_films import Choices
from bot.store.records import Job, State, VideoFile
from core import pricing
from core.catalogue import offers
from core.catalogue.drift import Finding
from core.errors import BadRequest
from core.types import Mode
from tests.messages.test_job_messages import edit

SOLD = [model.key for model in pricing.list_models() if Mode.TEXT_TO_VIDEO in model.modes]


@pytest.fixture(autouse=True)
def nothing_held_back() -> Iterator[None]:
    yield
    offers.hold_back({})


def film(model: str, *, duration_s: float | None = None, size: tuple[int, int] = (1280, 720), **wishes: Any) -> Job:
    """A finished film of words."""
    request = pricing.plan("a fox", model=model, **wishes).request
    seconds = duration_s if duration_s is not None else float(request.duration_s or 5)
    video = VideoFile("fox.mp4", 1_000_000, *size, seconds)
    return replace(edit(state=State.DELIVERED, question=None), request=request, video=video)


@pytest.mark.parametrize("model", SOLD)
def test_every_film_goes_on_at_the_price_of_the_new_part(model: str) -> None:
    job = film(model)
    found = next_films.continued(job)
    made = found.plan.request
    assert made.mode in {Mode.EXTEND_VIDEO, Mode.IMAGE_TO_VIDEO}
    assert found.plan.quote.usd == pricing.quote(made, source=found.step.facts(made.mode)).usd
    assert found.step.parts == 1


def test_a_model_goes_on_by_itself_while_fal_takes_films_there() -> None:
    job = film("veo-3.1-fast")
    assert next_films.continued(job).plan.request.endpoint == "fal-ai/veo3.1/fast/extend-video"
    offers.hold_back({("fal-ai/veo3.1/fast/extend-video", Mode.EXTEND_VIDEO): [Finding("deprecated")]})
    found = next_films.continued(job).plan
    assert (found.request.endpoint, found.quote.usd) == ("fal-ai/veo3.1/fast/image-to-video", Decimal("0.90"))


@pytest.mark.parametrize(
    ("model", "sound", "endpoint", "usd", "up_to"),
    [
        ("flux-3", True, "blackforestlabs/flux-3/extend-video", "2.05", False),
        ("flux-3", False, "blackforestlabs/flux-3/image-to-video", "0.85", False),
        ("h3-max-turbo", None, "minimax/h3-max-turbo/extend-video", "0.24", True),
        ("pixverse-c1", None, "fal-ai/pixverse/c1/image-to-video", "0.325", False),
        ("ray-3.2", None, "luma/agent/ray/v3.2/image-to-video", "0.30", False),
        ("kling-4", None, "kling/v4/image-to-video", "0.785", False),
    ],
)
def test_the_newest_models_go_on(model: str, sound: bool | None, endpoint: str, usd: str, up_to: bool) -> None:
    plan = next_films.continued(film(model, sound=sound)).plan
    assert (plan.request.endpoint, plan.quote.usd, plan.quote.up_to) == (endpoint, Decimal(usd), up_to)


def test_any_film_goes_on_by_a_model_that_does_nothing_else() -> None:
    plan = next_films.continued(film("budget"), Choices(model="ltx-2.3", duration_s=8)).plan
    assert (plan.request.endpoint, plan.quote.usd) == ("fal-ai/ltx-2.3/extend-video", Decimal("0.80"))


def test_sound_is_the_other_at_its_price() -> None:
    loud = film("veo-3.1")
    assert (next_films.switched(loud).usd, next_films.switched(loud).step.kind) == (Decimal("1.20"), "silent")
    quiet = film("kling-3")
    assert (next_films.switched(quiet).usd, next_films.switched(quiet).step.kind) == (Decimal("0.84"), "sound")
    for model in ("happy-horse", "wan-2.5"):  # always, never
        with pytest.raises(BadRequest):
            next_films.switched(film(model))


def test_a_draft_in_full() -> None:
    (whole,) = next_films.fulls(film("flux-3", resolution="draft"))
    assert (whole.plan.request.mode, whole.usd) == (Mode.ENHANCE_DRAFT, Decimal("1.45"))
    found = [(each.plan.request.resolution, each.usd) for each in next_films.fulls(film("wan-3.0", seed=7), seed=7)]
    assert found == [("720p", Decimal("0.50")), ("1080p", Decimal("1.00"))]
    assert list(next_films.fulls(film("wan-3.0", resolution="1080p"))) == []


def test_more_pixels_are_up_to_a_price_where_lengths_round() -> None:
    exact, rounded = film("wan-3.0", duration_s=5.0), film("wan-3.0", duration_s=5.4)
    assert [(each.usd, each.plan.quote.up_to) for each in next_films.upscales(exact)] == [
        (Decimal("0.0360"), False),
        (Decimal("0.1440"), False),
    ]
    assert [(each.usd, each.plan.quote.up_to) for each in next_films.upscales(rounded)] == [
        (Decimal("0.0432"), True),
        (Decimal("0.1728"), True),
    ]
    assert [each.plan.request.resolution for each in next_films.upscales(film("wan-3.0", size=(1920, 1080)))] == ["4k"]
    assert list(next_films.upscales(film("wan-3.0", size=(3840, 2160)))) == []


def test_wishes_for_the_next_part_are_taken_aloud() -> None:
    found = next_films.continued(film("wan-3.0"), Choices("it sits", "veo-3.1", 10, "4k", "9:16", None, False)).plan
    assert (found.request.prompt, found.request.duration_s, found.request.resolution) == ("it sits", 7, "720p")
    assert {each.field for each in found.adjustments} == {"duration", "resolution", "aspect_ratio"}
    assert found.quote.usd == Decimal("1.40")


def test_a_chain_ends_somewhere() -> None:
    with pytest.raises(BadRequest) as refused:
        next_films.continued(film("wan-3.0", duration_s=298.0))
    assert refused.value.code == "chain_too_long"

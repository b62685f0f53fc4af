"""The registry: names are found, wishes become what a model can do, and the price is that of what is sent."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import pricing
from core.catalogue import finding
from core.errors import BadRequest
from core.fal import protocol
from core.pricing import SourceFacts
from core.types import Adjustment, Kind, Mode, Plan, Quote
from tests.core.price_facts import FACTS

ROWS = [(model, mode) for model in pricing.list_models() for mode in model.modes]


def test_the_seeds_table_comes_out() -> None:
    assert pricing.estimate_cost("budget", 5) == Decimal("0.25")
    assert pricing.estimate_cost("balanced", 5) == Decimal("0.70")
    assert pricing.estimate_cost("premium", 5) == Decimal("1.2095")
    assert pricing.usd_text(Decimal("1.2095")) == "$1.21"


@pytest.mark.parametrize(("model", "mode"), ROWS, ids=lambda each: getattr(each, "key", each))
@pytest.mark.parametrize("sound", [None, True, False])
def test_what_was_planned_is_planned_again_as_it_is(model: pricing.Model, mode: Mode, sound: bool | None) -> None:
    """Another take, a try anew, an offer whose price has moved: each is planned from the request of before."""
    of_film = pricing.mode_kind(mode) is Kind.VIDEO
    source = SourceFacts(pricing.mode_kind(mode), duration_s=5 if of_film else None) if pricing.roles_of(mode) else None
    words = "" if model.modes[mode].needs_photo else "words"
    made = pricing.plan(words, model=model.key, mode=mode, sound=sound, source=source, references=2)
    again = pricing.plan(
        words,
        model=made.request.model,
        mode=mode,
        duration=made.request.duration_s,
        resolution=made.request.resolution,
        aspect_ratio=made.request.aspect_ratio,
        sound=made.request.sound,
        source=source,
        references=2,
    )
    assert (again.request, again.quote, again.adjustments) == (made.request, made.quote, ())


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("budget", "wan-2.5"),
        ("Balanced", "happy-horse"),
        ("premium", "seedance-2.0-fast"),
        ("fal-ai/wan/v2.5/text-to-video", "wan-2.5"),
        ("fal-ai/wan/v2.5/image-to-video", "wan-2.5"),
        ("alibaba/happy-horse/text-to-video", "happy-horse"),
        ("alibaba/happy-horse/video-edit", "happy-horse"),
        ("bytedance/seedance-2.0/fast/image-to-video", "seedance-2.0-fast"),
        ("Veo 3.1", "veo-3.1"),
        ("veo3.1-fast", "veo-3.1-fast"),
        ("happy horse", "happy-horse"),
        ("KLING-2.6", "kling-2.6"),
        ("seedance", "seedance-2.0-fast"),
        ("seedance-2.0", "seedance-2.0-standard"),
        ("seedance 2", "seedance-2.0-standard"),
        ("veo", "veo-3.1"),
        ("veo3", "veo-3.1"),
        ("fal-ai/veo3.1/fast", "veo-3.1-fast"),
        ("kling", "kling-3"),
        ("Kling v3.0", "kling-3"),
        ("kling_v2.6", "kling-2.6"),
        ("kling 2.6 pro", "kling-2.6"),
        ("kling 2.5 turbo pro", "kling-2.5-turbo"),
        ("wan", "wan-2.5"),
        ("Wan v2.7", "wan-2.7"),
        ("wan/v2.7/text-to-video", "wan-2.7"),
        ("happyhorse 1.1", "happy-horse-1.1"),
        ("Happy Horse 1.0", "happy-horse"),
    ],
)
def test_a_model_is_found_by_any_of_its_names(name: str, key: str) -> None:
    assert pricing.find(name).key == key


@pytest.mark.parametrize("name", ["", "sorra", "fal-ai/flux/dev", "premium2", "x" * 500])
def test_an_unknown_model_is_an_error_and_never_a_guess(name: str) -> None:
    with pytest.raises(BadRequest, match="unknown_model"):
        pricing.find(name)


def test_every_name_belongs_to_one_model() -> None:
    seen: dict[str, str] = {}
    for model in pricing.list_models():
        for name in finding.names_of(model):
            folded = finding.folded_name(name)
            assert seen.setdefault(folded, model.key) == model.key, name


@pytest.mark.parametrize(
    ("model", "asked", "used"),
    [("veo", 7, 8), ("veo", 5, 6), ("wan-2.5", 7, 5), ("wan-2.5", 8, 10), ("balanced", 60, 15), ("balanced", 1, 3)],
)
def test_a_duration_becomes_the_nearest_and_the_longer_of_two(model: str, asked: int, used: int) -> None:
    plan = pricing.plan("a fox", model=model, duration=asked)
    assert plan.request.duration_s == used
    assert Adjustment("duration", str(asked), str(used)) in plan.adjustments


def test_what_was_not_asked_is_not_reported_as_changed() -> None:
    assert pricing.plan("a fox", model="veo").adjustments == ()


@pytest.mark.parametrize(
    ("model", "mode", "size", "ratio"),
    [
        ("ray-3.2", Mode.IMAGE_TO_VIDEO, (1080, 1920), "9:16"),
        ("ray-3.2", Mode.FRAMES_TO_VIDEO, (1000, 1100), "1:1"),
        ("ray-3.2", Mode.IMAGE_TO_VIDEO, (0, 0), "16:9"),  # nothing is known of it
        ("gemini-omni-flash", Mode.IMAGE_TO_VIDEO, (600, 800), "9:16"),
        ("gemini-omni-flash", Mode.REFERENCE_TO_VIDEO, (600, 800), "16:9"),  # what it shows need not be its shape
        ("premium", Mode.IMAGE_TO_VIDEO, (600, 800), "auto"),
        ("balanced", Mode.IMAGE_TO_VIDEO, (600, 800), None),
    ],
)
def test_a_photo_keeps_its_shape(model: str, mode: Mode, size: tuple[int, int], ratio: str | None) -> None:
    found = pricing.plan("a fox", model=model, mode=mode, source=SourceFacts(Kind.IMAGE, *size))
    assert (found.request.aspect_ratio, found.adjustments) == (ratio, ())


def test_a_shape_that_is_asked_for_wins_over_the_photo_s() -> None:
    tall = SourceFacts(Kind.IMAGE, 1080, 1920)
    found = pricing.plan("a fox", model="ray-3.2", mode=Mode.IMAGE_TO_VIDEO, aspect_ratio="16:9", source=tall)
    assert found.request.aspect_ratio == "16:9"


def test_resolutions_and_ratios_become_the_nearest() -> None:
    plan = pricing.plan("a fox", model="premium", resolution="1080p", aspect_ratio="2:1")
    assert (plan.request.resolution, plan.request.aspect_ratio) == ("720p", "16:9")
    assert {note.field for note in plan.adjustments} == {"resolution", "aspect_ratio"}
    with pytest.raises(BadRequest, match="bad_option"):
        pricing.plan("a fox", aspect_ratio="9:100")
    with pytest.raises(BadRequest, match="bad_option"):
        pricing.plan("a fox", resolution="sharp")


def test_the_source_chooses_the_endpoint() -> None:
    photo = pricing.plan("x", model="fal-ai/wan/v2.5/text-to-video", mode=Mode.IMAGE_TO_VIDEO)
    assert photo.request.endpoint == "fal-ai/wan-25-preview/image-to-video"
    assert photo.request.aspect_ratio is None
    kling = pricing.plan("x", model="kling-2.6", mode=Mode.IMAGE_TO_VIDEO).request
    assert "start_image_url" in protocol.request_body(kling.published("https://a.b/c.jpg"))


def test_a_model_that_cannot_edit_hands_over_and_says_so() -> None:
    source = SourceFacts(Kind.VIDEO, duration_s=4.2)
    plan = pricing.plan("x", model="budget", mode=Mode.VIDEO_TO_VIDEO, source=source)
    assert plan.request.endpoint == "alibaba/happy-horse/video-edit"
    assert plan.adjustments[0] == Adjustment("model", "Wan 2.5", "Happy Horse")
    assert (plan.quote.usd, plan.quote.up_to) == (Decimal("1.40"), True)  # 4.2 s are billed as 5
    assert pricing.plan("x", mode=Mode.VIDEO_TO_VIDEO).quote.usd == Decimal("10.50")


def test_a_source_that_is_too_short_is_refused_before_anything_is_bought() -> None:
    with pytest.raises(BadRequest, match="video_too_short"):
        pricing.plan("x", mode=Mode.VIDEO_TO_VIDEO, source=SourceFacts(Kind.VIDEO, duration_s=2.0))


def test_a_source_that_is_too_long_will_be_cut_and_is_priced_so() -> None:
    plan = pricing.plan("x", mode=Mode.VIDEO_TO_VIDEO, source=SourceFacts(Kind.VIDEO, duration_s=75.0))
    assert plan.adjustments == (Adjustment("source_trimmed", "75", "60"),)
    assert plan.quote.usd == Decimal("10.50")
    within = pricing.plan("x", mode=Mode.VIDEO_TO_VIDEO, source=SourceFacts(Kind.VIDEO, duration_s=60.1))
    assert within.adjustments == ()


def test_what_an_edit_takes_is_in_its_row() -> None:
    limits = pricing.source_limits("budget", Mode.VIDEO_TO_VIDEO)  # that of its stand-in
    assert (limits.min_s, limits.max_s, limits.min_side, limits.max_side) == (3, 60, 320, 2160)
    assert (limits.max_bytes, limits.min_fps) == (100_000_000, 9)


@pytest.mark.parametrize(
    ("seconds", "usd"),
    [(3.0, "0.84"), (14.2, "4.20"), (15.0, "4.20"), (20.0, "4.90"), (60.0, "10.50"), (None, "10.50")],
)
def test_an_edit_is_priced_by_what_goes_in_and_what_comes_out(seconds: float | None, usd: str) -> None:
    """$0.14 a second in, $0.14 a second out, and no more than 15 s come out."""
    plan = pricing.plan("x", mode=Mode.VIDEO_TO_VIDEO, source=SourceFacts(Kind.VIDEO, duration_s=seconds))
    assert (plan.quote.usd, plan.quote.up_to) == (Decimal(usd), True)


def test_an_edit_costs_what_its_source_is_long() -> None:
    assert pricing.estimate_cost("balanced", 10, mode=Mode.VIDEO_TO_VIDEO) == Decimal("2.80")
    assert pricing.estimate_cost("balanced", 10, "1080p", mode=Mode.VIDEO_TO_VIDEO) == Decimal("5.60")


def test_a_combination_without_a_price_is_refused() -> None:
    known = pricing.plan("x", model="seedance-2.0-standard").request
    with pytest.raises(BadRequest, match="unpriced"):
        pricing.quote(replace(known, resolution="4k"))


@pytest.mark.parametrize(
    ("model", "asked", "used"), [("veo", -5, 0), ("veo", 2**40, 2**31 - 1), ("veo", 7, 7), ("premium", 7, None)]
)
def test_a_seed_is_one_the_model_takes(model: str, asked: int, used: int | None) -> None:
    plan = pricing.plan("x", model=model, seed=asked)
    assert plan.request.seed == used
    told = [Adjustment("seed", str(asked), None if used is None else str(used))] if used != asked else []
    assert list(plan.adjustments) == told


@pytest.mark.parametrize(
    "wish", ["16:0", "0:9", ":", "16", "16:9:4", "a:b", "9" * 5000 + ":1", "1:" + "9" * 400, "٣:٤"]
)
def test_a_shape_that_is_none_is_refused(wish: str) -> None:
    with pytest.raises(BadRequest, match="bad_option"):
        pricing.plan("x", aspect_ratio=wish)


@pytest.mark.parametrize("wish", ["0p", "-720p", "p", "720i", "9" * 5000, "٧٢٠", "99999p", ""])
def test_a_resolution_that_is_none_is_refused(wish: str) -> None:
    with pytest.raises(BadRequest, match="bad_option"):
        pricing.plan("x", resolution=wish)


@pytest.mark.parametrize(
    ("usd", "text", "plain"),
    [
        ("0.7", "$0.70", "0.70"),
        ("0.70", "$0.70", "0.70"),
        ("1.2095", "$1.21", "1.2095"),
        ("10000", "$10,000.00", "10000.00"),
        ("0.0001", "$0.01", "0.0001"),
        ("0", "$0.00", "0.00"),
    ],
)
def test_dollars_have_one_form_for_people_and_one_for_programs(usd: str, text: str, plain: str) -> None:
    assert (pricing.usd_text(Decimal(usd)), pricing.usd_plain(Decimal(usd))) == (text, plain)


def test_a_length_that_a_model_cannot_make_is_not_quoted() -> None:
    words, photo, frames, *_ = pricing.describe(pricing.find("veo"))
    for line in (words, photo, frames):
        assert "($2.40 for 6 s)" in line
        assert "for 5 s" not in line


@pytest.mark.parametrize(
    ("wish", "used"), [("4K", "1080p"), ("FHD", "1080p"), ("hd", "720p"), ("900", "1080p"), ("100p", "720p")]
)
def test_sizes_as_people_call_them(wish: str, used: str) -> None:
    assert pricing.plan("x", resolution=wish).request.resolution == used


@pytest.mark.parametrize("row", ROWS, ids=[f"{model.key}-{mode}" for model, mode in ROWS])
def test_the_rows_are_whole(row: tuple[pricing.Model, Mode]) -> None:
    model, mode = row
    endpoint = model.modes[mode]
    assert (endpoint.source_field is None) == (mode is Mode.TEXT_TO_VIDEO)
    if endpoint.usd_per_clip:
        assert (set(endpoint.usd_per_clip), endpoint.resolutions) == (set(endpoint.durations), ())
    else:
        assert set(endpoint.usd_per_s) == set(endpoint.resolutions or ("",))
    assert set(endpoint.usd_per_s_silent) in (set(), set(endpoint.usd_per_s))
    assert endpoint.sound_field is not None or not endpoint.usd_per_s_silent
    assert endpoint.default_resolution in (endpoint.resolutions or (None,))
    prices = (*endpoint.usd_per_s.values(), *endpoint.usd_per_s_silent.values(), *endpoint.usd_per_clip.values())
    assert all(price > 0 for price in prices)
    assert bool(endpoint.durations or endpoint.source_seconds[1])
    assert (endpoint.end_field is not None) == (mode is Mode.FRAMES_TO_VIDEO)
    assert (endpoint.most_sources > 1) == (mode is Mode.REFERENCE_TO_VIDEO)
    if not {Mode.TEXT_TO_VIDEO, Mode.IMAGE_TO_VIDEO} & set(model.modes):
        return  # a tool for films that are there
    for every in (Mode.TEXT_TO_VIDEO, Mode.IMAGE_TO_VIDEO, Mode.VIDEO_TO_VIDEO):  # whatever a person sends
        assert pricing.plan("x", model=model.key, mode=every).quote.usd > 0
    assert len(pricing.describe(model)) == len(model.modes)


@given(name=st.text(max_size=30))
def test_no_name_breaks_the_search(name: str) -> None:
    try:
        assert pricing.find(name) in pricing.MODELS
    except BadRequest as error:
        assert error.code == "unknown_model"


def test_prompts_have_limits() -> None:
    with pytest.raises(BadRequest, match="prompt_missing"):
        pricing.plan("  ")
    with pytest.raises(BadRequest, match="prompt_too_long"):
        pricing.plan("x" * 3000)


@pytest.mark.parametrize(("usd", "text"), [("0.001", "$0.01"), ("0", "$0.00"), ("0.705", "$0.71"), ("12", "$12.00")])
def test_money_is_shown_in_whole_cents(usd: str, text: str) -> None:
    assert pricing.usd_text(Decimal(usd)) == text


@pytest.mark.parametrize(("model", "mode"), ROWS, ids=lambda each: getattr(each, "key", each))
def test_what_was_planned_is_planned_again_just_so(model: pricing.Model, mode: Mode) -> None:
    """Also by a row that leaves the shape to its pictures, in a word that is no ratio: "auto", "adaptive"."""
    first = pricing.plan("a fox", model=model.key, mode=mode, references=2)
    made = first.request
    again = pricing.plan(
        made.prompt,
        model=made.model,
        mode=made.mode,
        duration=made.duration_s,
        resolution=made.resolution,
        aspect_ratio=made.aspect_ratio,
        seed=made.seed,
        sound=made.sound,
        references=2,
    )
    assert again == first
    assert pricing.shape_of(made) is None or pricing.is_aspect_ratio(pricing.shape_of(made) or "")


def test_a_shape_that_pictures_decide_is_no_wish_to_another_model() -> None:
    made = pricing.plan("x", model="premium", mode=Mode.IMAGE_TO_VIDEO).request
    assert made.aspect_ratio == "auto"
    other = pricing.plan("x", model="balanced", mode=Mode.IMAGE_TO_VIDEO, aspect_ratio=made.aspect_ratio)
    assert (other.request.aspect_ratio, other.adjustments) == (None, ())


@given(
    row=st.sampled_from(ROWS),
    duration=st.none() | st.integers(1, 400),
    resolution=st.none() | st.sampled_from(["480p", "720", "1080p", "4k", "360p"]),
    ratio=st.none() | st.sampled_from(["16:9", "9:16", "1:1", "4:3", "21:9"]),
    seed=st.none() | st.integers(0, 2**31 - 1),
)
def test_whatever_is_wished_what_comes_out_can_be_bought(
    row: tuple[pricing.Model, Mode], duration: int | None, resolution: str | None, ratio: str | None, seed: int | None
) -> None:
    model, mode = row
    endpoint = model.modes[mode]
    wishes = {"duration": duration, "resolution": resolution, "aspect_ratio": ratio, "seed": seed}
    try:
        plan = pricing.plan("a fox", model=model.key, mode=mode, references=2, **wishes)  # type: ignore[arg-type]
    except BadRequest as error:
        assert error.facts["option"] == "aspect_ratio"  # nothing is near: refused, and not guessed
        assert ratio not in endpoint.aspect_ratios
        return
    request = plan.request
    assert request.duration_s in (endpoint.durations or (None,))
    assert request.resolution in (endpoint.resolutions or (None,))
    assert request.aspect_ratio in (*endpoint.aspect_ratios, endpoint.default_aspect_ratio)
    assert plan.quote.usd > 0
    body = protocol.request_body(request)
    assert ("duration" in body) == bool(endpoint.durations)
    assert (endpoint.resolution_field in body) == bool(endpoint.resolutions and endpoint.resolution_field)
    changed = {note.field for note in plan.adjustments}
    if duration is not None and endpoint.durations:
        assert (request.duration_s != duration) == ("duration" in changed)


def test_a_shape_that_the_photo_decided_is_nobodys_wish() -> None:
    """What is made once more is planned with the values of before."""
    again = pricing.plan("x", model="ltx-fast", mode=Mode.IMAGE_TO_VIDEO, aspect_ratio="auto")
    assert (again.request.aspect_ratio, again.adjustments) == ("auto", ())
    elsewhere = pricing.plan("x", model="balanced", mode=Mode.IMAGE_TO_VIDEO, aspect_ratio="auto")
    assert (elsewhere.request.aspect_ratio, elsewhere.adjustments) == (None, ())


# Every model against what was read elsewhere


KINDS = {
    "t": Mode.TEXT_TO_VIDEO,
    "i": Mode.IMAGE_TO_VIDEO,
    "f": Mode.FRAMES_TO_VIDEO,
    "r": Mode.REFERENCE_TO_VIDEO,
    "x": Mode.EXTEND_VIDEO,
    "u": Mode.UPSCALE_VIDEO,
    "e": Mode.ENHANCE_DRAFT,
    "s": Mode.AUDIO_TO_VIDEO,
}


def _fact(line: str) -> tuple[Quote, Decimal, Plan]:
    key, kind, seconds, resolution, sound, dollars, _day = line.split()
    mode = KINDS[kind[0]]
    by_source = not pricing.find(key).modes[mode].durations
    row = pricing.find(key).modes[mode]
    plan = pricing.plan(
        "" if row.needs_photo else "x",
        model=key,
        mode=mode,
        duration=None if by_source else int(seconds),
        source=SourceFacts(Kind.VIDEO, duration_s=float(seconds)) if by_source else None,
        references=int(kind[1:] or 1),
        resolution=None if resolution == "-" else resolution,
        sound=None if sound == "-" else sound == "on",
    )
    return plan.quote, Decimal(dollars), plan


@pytest.mark.parametrize("line", FACTS.strip().splitlines())
def test_a_price_is_the_one_that_was_read(line: str) -> None:
    quote, dollars, plan = _fact(line)
    assert quote.usd == dollars
    assert plan.adjustments == ()
    assert plan.request.model == line.split(maxsplit=1)[0]


def test_every_model_that_is_sold_stands_among_the_facts() -> None:
    sold = {model.key for model in pricing.list_models()}
    assert {line.split()[0] for line in FACTS.strip().splitlines()} == sold
    assert len(sold) >= 25


# Sound


def test_sound_is_sent_and_priced_where_it_can_be_chosen() -> None:
    silent = pricing.plan("x", model="veo", sound=False)
    assert (silent.quote.usd, silent.adjustments) == (Decimal("1.20"), ())
    assert protocol.request_body(silent.request)["generate_audio"] is False
    loud = pricing.plan("x", model="kling-3", sound=True)
    assert (loud.quote.usd, protocol.request_body(loud.request)["generate_audio"]) == (Decimal("0.84"), True)
    assert protocol.request_body(pricing.plan("x", model="wan-3.0", sound=False).request)["audio"] is False


@pytest.mark.parametrize(("model", "wish", "has"), [("h3-max", False, "on"), ("wan-2.5", True, "off")])
def test_a_wish_for_sound_that_cannot_be_had_is_said(model: str, wish: bool, has: str) -> None:
    plan = pricing.plan("x", model=model, sound=wish)
    assert Adjustment("sound", "on" if wish else "off", has) in plan.adjustments
    assert plan.request.sound is None
    assert pricing.plan("x", model=model, sound=not wish).adjustments == ()


def test_what_was_bought_before_sound_could_be_chosen_is_still_the_same_request() -> None:
    for key, on in (("veo", True), ("premium", True), ("kling-3", False), ("kling-2.6", False)):
        old = replace(pricing.plan("x", model=key).request, sound=None)
        assert protocol.request_body(old)["generate_audio"] is on
        assert protocol.request_body(old) == protocol.request_body(pricing.plan("x", model=key).request)


# Rows that end, and rows that run over


def test_a_length_that_a_resolution_does_not_have_becomes_its_longest_aloud() -> None:
    plan = pricing.plan("x", model="ltx-2.5-fast", duration=20, resolution="2160p")
    assert (plan.request.duration_s, plan.quote.usd) == (10, Decimal("3.00"))
    assert Adjustment("duration", "20", "10") in plan.adjustments
    assert pricing.plan("x", model="ltx-2.5-fast", duration=20).request.duration_s == 20


def test_a_retired_model_is_known_and_not_sold() -> None:
    assert pricing.find("sora").retired == "2026-09-24"
    assert "sora-2" not in {model.key for model in pricing.list_models()}
    with pytest.raises(BadRequest, match="model_retired"):
        pricing.plan("x", model="Sora 2")


def test_a_film_that_may_run_over_is_quoted_a_second_longer_as_a_bound() -> None:
    quote = pricing.plan("x", model="h3-max", duration=5).quote
    assert (quote.usd, quote.up_to) == (Decimal("0.48"), True)
    assert pricing.plan("x", model="h3-max").request.duration_s == 5


# Tiers


@pytest.fixture
def own_tiers() -> Iterator[None]:
    yield
    pricing.use_tiers({})


@pytest.mark.usefixtures("own_tiers")
def test_an_operator_chooses_what_a_tier_is() -> None:
    pricing.use_tiers({"budget": "Wan 3.0", "balanced": "h3-max"})
    assert [(model.tier, model.key) for model in pricing.list_models()[:4]] == [
        ("budget", "wan-3.0"),
        ("balanced", "h3-max"),
        ("premium", "seedance-2.0-fast"),
        (None, "wan-2.5"),
    ]
    assert pricing.find("budget").key == "wan-3.0"
    assert pricing.find("wan-2.5").tier is None
    pricing.use_tiers({})
    assert pricing.find("budget").key == "wan-2.5"


@pytest.mark.usefixtures("own_tiers")
@pytest.mark.parametrize(
    ("tiers", "code"),
    [
        ({"budget": "wan-9"}, "unknown_model"),
        ({"budget": "sora"}, "model_retired"),
        ({"cheap": "wan-3.0"}, "bad_option"),
        ({"budget": "veo", "premium": "veo"}, "bad_option"),
        ({"budget": "premium"}, "bad_option"),
        ({"premium": "hailuo-2.3-fast"}, "bad_option"),
    ],
)
def test_a_tier_that_cannot_be_is_refused_and_nothing_changes(tiers: dict[str, str], code: str) -> None:
    with pytest.raises(BadRequest, match=code):
        pricing.use_tiers(tiers)
    assert pricing.find("budget").key == "wan-2.5"

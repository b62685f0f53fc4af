"""/settings: what words and buttons mean, which values may be stored, and what an order is planned with."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.types import Action
from bot.conversation import commands
from bot.conversation.command_parser import parse, pressed
from bot.conversation.commands import ChangeSettings, PlainText
from bot.conversation.generation_options import GenerationOptions
from bot.conversation.planning import MadeOf, plan_with
from bot.conversation.setting_fields import (
    BY_NAME,
    FIELDS,
    RESET,
    SettingsRequest,
    options_of,
    parse_settings,
    pressed_setting,
)
from bot.conversation.settings_handler import check
from bot.conversation.settings_messages import overview, page
from bot.messages.languages import LANGUAGES
from bot.messages.text_buttons import offered
from core import pricing
from core.catalogue import offers
from core.catalogue.drift import Finding
from core.errors import BadRequest
from core.pricing import SourceFacts
from core.types import Adjustment, Kind, Mode

ALL_DEFAULT = SettingsRequest(tuple((field.name, None) for field in FIELDS))


def changed(**values: str | None) -> SettingsRequest:
    return SettingsRequest(tuple(values.items()))


WORDS: list[tuple[str, SettingsRequest]] = [
    ("", SettingsRequest()),
    ("model veo", changed(model="veo-3.1")),
    ("model=veo", changed(model="veo-3.1")),
    ("Model: Veo 3.1 Fast", changed(model="veo-3.1-fast")),
    ("模型 veo", changed(model="veo-3.1")),
    ("model premium", changed(model="premium")),
    ("model seedance-2.0-fast", changed(model="seedance-2.0-fast")),
    ("模型 高级", changed(model="premium")),
    ("premium", changed(model="premium")),
    ("时长 8", changed(seconds="8")),
    ("时长8秒", changed(seconds="8")),
    ("时长 十秒", changed(seconds="10")),
    ("seconds 8", changed(seconds="8")),
    ("10s", changed(seconds="10")),
    ("shape 9:16", changed(shape="9:16")),
    ("画幅：竖屏", changed(shape="9:16")),
    ("portrait", changed(shape="9:16")),
    ("resolution 1080", changed(resolution="1080p")),
    ("清晰度 720p", changed(resolution="720p")),
    ("veo, 10s, 9:16", changed(model="veo-3.1", seconds="10", shape="9:16")),
    ("language 中文", changed(language="zh")),
    ("zone Europe/Berlin", changed(zone="Europe/Berlin")),
    ("time zone: new york", changed(zone="America/New_York")),
    ("时区 上海", changed(zone="Asia/Shanghai")),
    ("时区default", changed(zone=None)),
    ("语言 English", changed(language="en")),
    ("恢复默认", ALL_DEFAULT),
    ("reset", ALL_DEFAULT),
    ("模型 默认", changed(model=None)),
    ("seconds default", changed(seconds=None)),
    ("model", SettingsRequest(page="model")),
    ("画幅", SettingsRequest(page="shape")),
    ("model klingon", SettingsRequest(page="model", unknown="klingon")),
    ("seconds 0", SettingsRequest(page="seconds", unknown="0")),
    ("resolution foo", SettingsRequest(page="resolution", unknown="foo")),
    ("sound on", changed(sound="on")),
    ("声音 关", changed(sound="off")),
    ("silent", changed(sound="off")),
    ("sound", SettingsRequest(page="sound")),
    ("sound loud", SettingsRequest(page="sound", unknown="loud")),
    ("colour on", SettingsRequest(unknown="colour on")),
    ("seed 7", SettingsRequest(unknown="seed 7")),
]


@pytest.mark.parametrize(("words", "expected"), WORDS)
def test_what_words_mean(words: str, expected: SettingsRequest) -> None:
    assert parse_settings(words) == expected
    assert parse(f"/settings {words}") == ChangeSettings(expected)
    assert parse(f"设置 {words}" if words else "设置") == (
        PlainText(f"设置 {words}") if expected.unknown else ChangeSettings(expected)
    )


@pytest.mark.parametrize("talk", ["settings of a castle", "设置 一个城堡的场景", "settings", "设置"])
def test_a_sentence_is_none(talk: str) -> None:
    assert parse(talk, direct=False) is None  # a group says it with a slash
    if " " in talk:
        assert parse(talk) == PlainText(talk)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("set:", SettingsRequest()),
        ("set:model", SettingsRequest(page="model")),
        ("set:model:veo-3.1", changed(model="veo-3.1")),
        ("set:shape:9:16", changed(shape="9:16")),
        ("set:seconds:default", changed(seconds=None)),
        ("set:reset", ALL_DEFAULT),
        ("set:model:gone-1.0", SettingsRequest(page="model", unknown="gone-1.0")),
    ],
)
def test_what_a_button_means(data: str, expected: SettingsRequest) -> None:
    assert pressed(data) == ChangeSettings(expected)


@pytest.mark.parametrize("data", ["set", "set:colour", "set:model:", "set:model:a b", "set:Model:x", "set:" + "a" * 80])
def test_a_button_of_nobody_presses_nothing(data: str) -> None:
    assert pressed(data) is None


@given(text=st.text(max_size=80))
def test_anything_may_be_said(text: str) -> None:
    for request in (parse_settings(text), pressed_setting(text)):
        for name, value in request.changes if request else ():
            assert value is None or BY_NAME[name].read(value) == value


def test_every_value_of_the_catalogue_can_be_said_pressed_and_stored() -> None:
    for model in (each for each in pricing.list_models() if Mode.TEXT_TO_VIDEO in each.modes):
        for field in FIELDS:
            for value in field.values(model.key):
                assert parse_settings(f"{field.words[0]} {value}").changes == ((field.name, value),)
                checked = check({"model": model.key}, {field.name: value}, "balanced")
                assert checked.changes[field.name] == value
                assert checked.adjustments == ()


def test_no_word_means_two_fields() -> None:
    words = [word for field in FIELDS for word in field.words]
    assert len(set(words)) == len(words)
    assert not set(words) & set(RESET)
    assert {field.option for field in FIELDS} == {"model", "duration_s", "aspect_ratio", "resolution", "sound", None}


# What may be stored


def test_what_a_model_cannot_do_becomes_the_nearest_and_is_said() -> None:
    checked = check({"model": "budget"}, {"seconds": "8"}, "balanced")
    assert checked.changes == {"seconds": "10"}
    assert checked.adjustments == (Adjustment("duration", "8", "10"),)
    checked = check({"seconds": "15", "resolution": "1080p"}, {"model": "premium"}, "balanced")
    assert checked.changes == {"model": "premium", "resolution": "720p"}
    assert check({}, {"seconds": "99"}, "balanced").changes == {"seconds": "15"}


def test_a_shape_that_a_new_model_does_not_know_is_taken_back() -> None:
    wide = next(each for each in pricing.list_models() if "1:1" in BY_NAME["shape"].values(each.key))
    narrow = next(
        each for each in pricing.list_models() if BY_NAME["shape"].values(each.key) and not _takes(each.key, "1:1")
    )
    checked = check({"model": wide.key, "shape": "1:1"}, {"model": narrow.key}, "balanced")
    assert checked.changes == {"model": narrow.key, "shape": None}
    assert checked.adjustments == (Adjustment("aspect_ratio", "1:1", None),)
    with pytest.raises(BadRequest):
        check({"model": narrow.key}, {"shape": "1:1"}, "balanced")


def _takes(model: str, shape: str) -> bool:
    try:
        pricing.plan("x", model=model, aspect_ratio=shape)
    except BadRequest:
        return False
    return True


def test_a_resolution_that_a_model_has_no_place_for_is_left_out() -> None:
    checked = check({"resolution": "1080p"}, {"model": "kling-3"}, "balanced")
    assert checked.changes == {"model": "kling-3", "resolution": None}


def test_what_the_catalogue_does_not_know_any_more_counts_as_not_set() -> None:
    stored = {
        "model": "gone-1.0",
        "seconds": "x",
        "shape": "wide",
        "resolution": "720p",
        "colour": "on",
        "language": "zh",
    }
    assert options_of(stored) == GenerationOptions(resolution="720p")


# What an order is planned with


def test_the_message_comes_first_then_the_settings_then_the_default() -> None:
    preferred = GenerationOptions("budget", 10, "720p", "9:16")
    plan = plan_with("a fox", GenerationOptions(), preferred, default_model="balanced", made_of=MadeOf())
    assert (plan.request.model, plan.request.duration_s, plan.request.resolution) == ("wan-2.5", 10, "720p")
    assert plan.quote.usd == Decimal("1.00")
    plan = plan_with("a fox", GenerationOptions(duration_s=5), preferred, default_model="balanced", made_of=MadeOf())
    assert (plan.request.model, plan.request.duration_s) == ("wan-2.5", 5)
    plan = plan_with(
        "a fox", GenerationOptions(), GenerationOptions(duration_s=8), default_model="budget", made_of=MadeOf()
    )
    assert (plan.request.model, plan.request.duration_s) == ("wan-2.5", 10)
    assert plan.adjustments == (Adjustment("duration", "8", "10"),)  # told, as for an option


def test_a_setting_without_a_place_is_left_out_in_silence_and_an_option_is_not() -> None:
    film = SourceFacts(Kind.VIDEO, duration_s=4)
    preferred = GenerationOptions(duration_s=10, aspect_ratio="9:16", resolution="1080p")
    plan = plan_with(
        "night", GenerationOptions(), preferred, default_model="balanced", made_of=MadeOf(film, Mode.VIDEO_TO_VIDEO)
    )
    assert plan.request.duration_s is None
    assert plan.request.resolution == "1080p"
    assert plan.adjustments == ()
    plan = plan_with(
        "night",
        GenerationOptions(duration_s=10),
        preferred,
        default_model="balanced",
        made_of=MadeOf(film, Mode.VIDEO_TO_VIDEO),
    )
    assert [each.field for each in plan.adjustments] == ["duration"]


def test_a_shape_that_is_set_never_refuses_an_order() -> None:
    narrow = next(
        each.key for each in pricing.list_models() if BY_NAME["shape"].values(each.key) and not _takes(each.key, "1:1")
    )
    asked = GenerationOptions(model=narrow)
    plan = plan_with("a fox", asked, GenerationOptions(aspect_ratio="1:1"), default_model="balanced", made_of=MadeOf())
    assert plan.request.model == narrow
    asked = GenerationOptions(narrow, aspect_ratio="1:1")
    with pytest.raises(BadRequest):
        plan_with("a fox", asked, GenerationOptions(), default_model="balanced", made_of=MadeOf())


# What is shown


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_settings_are_shown_with_the_price(language: str) -> None:
    message = overview({"seconds": "10", "shape": "9:16"}, language, of_group=False, default_model="balanced")
    assert "Happy Horse" in message.text
    assert "9:16" in message.text
    assert "$0.70" in message.text  # of five seconds
    assert "$1.40" in message.text  # of those that are set
    assert [action.data for action in message.actions] == [
        *(f"set:{field.name}" for field in FIELDS),
        "set:reset",
    ]
    message = overview({}, language, of_group=True, default_model="balanced", may_change=False)
    assert message.actions == ()
    assert "$1.40" not in message.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_choice_can_be_pressed_and_typed(language: str) -> None:
    pages = [page(field, {"model": "veo-3.1", "seconds": "8"}, language, default_model="balanced") for field in FIELDS]
    pages.append(overview({"seconds": "8"}, language, of_group=False, default_model="balanced"))
    actions: list[Action] = [action for each in pages for action in each.actions]
    for action, (typed, _) in zip(actions, offered(actions, {}, language), strict=True):
        assert len(action.data.encode()) <= 64
        assert isinstance(pressed(action.data), ChangeSettings)
        assert parse(typed) == pressed(action.data), typed


def test_the_values_of_a_model_stand_on_the_page_with_their_prices() -> None:
    labels = [action.label for action in page(BY_NAME["model"], {}, "en", default_model="balanced").actions]
    assert "Happy Horse, $0.70" in labels
    assert "Veo 3.1, $2.40" in labels
    labels = [
        action.label for action in page(BY_NAME["seconds"], {"seconds": "6"}, "en", default_model="veo-3.1").actions
    ]
    assert labels == ["4 s, $1.60", "✓ 6 s, $2.40", "8 s, $3.20", "Back to the default", "« All settings"]
    assert page(BY_NAME["resolution"], {}, "en", default_model="kling-3").actions == ()


def test_a_model_that_died_overnight_spoils_no_settings() -> None:
    words = Mode.TEXT_TO_VIDEO
    offers.hold_back(
        {
            ("alibaba/happy-horse/text-to-video", words): [Finding("deprecated")],
            ("fal-ai/veo3.1", words): [Finding("value_gone", "duration", ("4",))],
        }
    )
    try:
        for stored, default in (({}, "balanced"), ({"model": "happy-horse", "seconds": "8"}, "budget")):
            shown = overview(stored, "en", of_group=False, default_model=default)
            assert "Happy Horse is not available at the moment, so Happy Horse 1.1 does it" in shown.text
            assert "$0.70" in shown.text
        labels = [action.label for action in page(BY_NAME["model"], {}, "en", default_model="budget").actions]
        assert not any(label.startswith("Happy Horse,") for label in labels)
        labels = [action.label for action in page(BY_NAME["seconds"], {}, "en", default_model="veo-3.1").actions]
        assert [label.split(",")[0] for label in labels[:2]] == ["6 s", "8 s"]
        assert check({}, {"language": "zh"}, "balanced").changes == {"language": "zh"}
        assert check({"model": "happy-horse"}, {"model": None}, "balanced").changes == {"model": None}
        with pytest.raises(BadRequest) as refused:
            check({}, {"model": "happy-horse"}, "budget")
        assert refused.value.code == "model_unavailable"
        offers.hold_back({key: [Finding("deprecated")] for key, _ in offers.rows()})
        assert "not available" in overview({}, "en", of_group=False, default_model="balanced").text
    finally:
        offers.hold_back({})


def test_settings_are_light() -> None:
    assert "settings" in commands.COMMANDS
    assert "admin" not in commands.COMMANDS

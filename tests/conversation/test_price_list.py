"""What /price and /models tell: what people compare, as lines and as a table."""

from collections.abc import Iterator

import pytest

from bot.conversation.generation_options import GenerationOptions
from bot.conversation.price_list import prices
from bot.messages import job_lists
from bot.messages.i18n import translate
from bot.messages.languages import LANGUAGES
from core import pricing
from core.catalogue import offers
from core.catalogue.drift import Finding
from core.types import Mode

HORSE = ("alibaba/happy-horse/text-to-video", Mode.TEXT_TO_VIDEO)


@pytest.fixture(autouse=True)
def nothing_held_back() -> Iterator[None]:
    yield
    offers.hold_back({})


def rows(options: GenerationOptions) -> list[tuple[str, ...]]:
    return list(prices(options, "en").table[1:])


def test_the_tiers_have_a_row_each() -> None:
    assert [row[:2] for row in rows(GenerationOptions())] == [
        ("Wan 2.5", "$0.25"),
        ("Happy Horse", "$0.70"),
        ("Seedance 2.0 Fast", "$1.21"),
    ]


def test_a_model_has_a_row_for_each_resolution_and_sound() -> None:
    assert rows(GenerationOptions("veo-3.1", 8)) == [
        ("Veo 3.1", price, "8", lines, sound)
        for lines, loud, quiet in (("720p", "$3.20", "$1.60"), ("1080p", "$3.20", "$1.60"), ("4k", "$4.80", "$3.20"))
        for sound, price in (("yes", loud), ("no", quiet))
    ]
    assert [row[1] for row in rows(GenerationOptions("veo-3.1", 8, "4k", sound=False))] == ["$3.20"]
    assert rows(GenerationOptions("h3-max", resolution="1080p"))[0][1] == "up to $0.96"
    assert rows(GenerationOptions("hailuo-2.3-fast")) == [("Hailuo 2.3 Fast", "$0.19", "6", "", "no")]


@pytest.mark.parametrize("language", LANGUAGES)
def test_lines_and_table_say_the_same(language: str) -> None:
    for model in pricing.list_models():
        if Mode.TEXT_TO_VIDEO in model.modes:
            message = prices(GenerationOptions(model.key), language)
            assert message.text.endswith(f"\n{message.below_table}")
            shown = [line for line in message.text.splitlines() if line.startswith("•")]
            assert len(shown) == len(message.table) - 1
            assert message.table[0][1] == translate(language, "price-column-price")  # a phone shows two or three
            assert all(row[1] in line for line, row in zip(shown, message.table[1:], strict=True))


def test_a_tier_that_died_overnight_hides_no_other_price() -> None:
    offers.hold_back({HORSE: [Finding("deprecated")]})
    message = prices(GenerationOptions(), "en")
    assert [row[0] for row in message.table[1:]] == ["Wan 2.5", "Seedance 2.0 Fast"]
    assert "Happy Horse is not available at the moment" in message.below_table
    (off,) = [row for row in job_lists.models("en").table if row[0] == "Happy Horse"]
    assert off[1] == "$0.70, in part not just now"
    offers.hold_back({key: [Finding("deprecated")] for key, _ in offers.rows()})
    assert {row[1] for row in job_lists.models("en").table[1:]} == {"not just now"}


def test_a_model_of_photos_alone_shows_its_own_price() -> None:
    shown = {row[0]: row for row in job_lists.models("en").table}
    assert shown["Hailuo 2.3 Fast"][1] == "$0.19 (6 s)"
    assert shown["MiniMax H3 Max"][1] == "up to $0.48"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_table_says_what_a_model_is_best_at(language: str) -> None:
    head, *models = job_lists.models(language).table
    best = {row[0]: row[head.index({"en": "Best at", "zh": "擅长", "zh-hant": "擅長"}[language])] for row in models}
    assert best["Veo 3.1"] != best["Kling 2.6"] == ""
    assert {"en": "first place for photos", "zh": "照片成片排名第一"}.get(language, "第一") in best["MiniMax H3 Max"]

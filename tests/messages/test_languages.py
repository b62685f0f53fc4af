"""Which language a person is answered in: by a code, a browser's list, the script they write, or what they ask for."""

import pytest

from bot.messages import i18n, zones
from bot.messages.languages import LANGUAGES, asked_for, pick, row, script_of


@pytest.mark.parametrize(
    ("code", "language"),
    [
        (None, "en"), ("", "en"), ("en", "en"), ("en-GB", "en"), ("de", "en"), ("zhx", "en"), ("za", "en"),
        ("zh", "zh"), ("ZH", "zh"), ("zh-Hans", "zh"), ("zh_CN", "zh"), ("zh-SG", "zh"), (" zh-cn ", "zh"),
        ("zh-Hans-HK", "zh"), ("cmn", "zh"), ("zh-hans-raw", "zh"),
        ("zh-TW", "zh-hant"), ("zh_TW", "zh-hant"), ("zh-HK", "zh-hant"), ("zh_MO", "zh-hant"), ("zh-hant", "zh-hant"),
        ("zh-Hant-HK", "zh-hant"), ("zh-Hant-CN", "zh-hant"), ("yue", "zh-hant"), ("yue-Hans", "zh"),
        ("zh-hant-beta", "zh-hant"),
    ],
)  # fmt: skip
def test_a_chat_s_language_code_picks_ours(code: str | None, language: str) -> None:
    assert pick(code) == language


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("zh-TW,zh;q=0.9,en-US;q=0.8", "zh-hant"),
        ("zh-CN, zh;q=0.9", "zh"),
        ("de-DE, de;q=0.9, zh-HK;q=0.5", "zh-hant"),
        ("en-US,en;q=0.9,zh-TW;q=0.8", "en"),
        ("fr, *;q=0.5", "en"),
        (",;q=", "en"),
    ],
)
def test_a_browser_s_list_picks_the_first_that_we_speak(header: str, language: str) -> None:
    assert pick(header) == language


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("影片 一隻貓在雪地裡跑", "traditional"),
        ("幫助", "traditional"),
        ("看着隻貓", "traditional"),  # as Hong Kong writes it
        ("视频 一只猫在雪地里跑", "simplified"),
        ("帮助", "simplified"),
        ("下雪", None),
        ("喆喆跑步", None),  # a name that only one of the old sets has
        ("猫 and 貓", None),
        ("a cat 🐈 K7", None),
        ("", None),
    ],
)
def test_the_script_of_a_text(text: str, script: str | None) -> None:
    assert script_of(text) == script


def test_what_a_person_writes_decides_where_the_chat_names_no_script() -> None:
    assert pick("zh", "影片 一隻貓") == "zh-hant"
    assert pick("zh", "视频 一只猫") == "zh"
    assert pick("zh", "1") == "zh"
    assert pick("zh-hans", "影片 一隻貓") == "zh"
    assert pick("en", "影片 一隻貓") == "en"


def test_our_own_sentences_are_in_the_script_of_their_language() -> None:
    for key in i18n.keys("zh"):
        assert script_of(i18n.translate("zh", key)) in {"simplified", None}, key
        assert script_of(i18n.translate("zh-hant", key)) in {"traditional", None}, key


def test_every_language_can_be_asked_for_by_its_own_name_and_code() -> None:
    for code in LANGUAGES:
        assert asked_for(row(code).name) == code
        assert asked_for(f" {code.upper()} ") == code
        assert all(asked_for(word) == code for word in row(code).words)
        assert i18n.files(code)
    assert asked_for("klingon") is None
    assert asked_for("") is None


AT_MS = 1_764_028_800_000  # 2025-11-25 00:00 UTC


@pytest.mark.parametrize(
    ("language", "zone", "clock"),
    [
        ("en", None, "2025-11-25 00:00 UTC"),
        ("zh", None, "北京时间 2025-11-25 08:00"),
        ("zh-x-words", None, "北京时间 2025-11-25 08:00"),
        ("zh-hant", None, "UTC+8 時間 2025-11-25 08:00"),
        ("en", "Asia/Shanghai", "2025-11-25 08:00 Beijing time"),
        ("en", "America/New_York", "2025-11-24 19:00 America/New York"),
        ("zh", "Europe/Berlin", "2025-11-25 01:00（Europe/Berlin 时间）"),
        ("en", "Mars/Olympus", "2025-11-25 00:00 UTC"),
    ],
)
def test_times_are_those_of_the_zone_that_stands_beside_them(language: str, zone: str | None, clock: str) -> None:
    assert zones.clock(language, AT_MS, zone) == clock
    assert zones.bare_clock(language, AT_MS, zone) in clock


@pytest.mark.parametrize(
    ("asked", "zone"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        ("europe/berlin", "Europe/Berlin"),
        ("berlin", "Europe/Berlin"),
        ("new york", "America/New_York"),
        ("America/New_York", "America/New_York"),
        ("UTC", "UTC"),
        ("gmt", "UTC"),
        ("上海", "Asia/Shanghai"),
        ("北京时间", "Asia/Shanghai"),
        ("Beijing time", "Asia/Shanghai"),
        ("台北", "Asia/Taipei"),
        ("紐約", "America/New_York"),
        ("Atlantis", None),
        ("", None),
        ("../etc/passwd", None),
        ("Europe", None),
        ("x" * 500, None),
    ],
)
def test_zones_are_asked_for_by_their_names_or_cities(asked: str, zone: str | None) -> None:
    assert zones.read(asked) == zone


def test_every_zone_that_is_offered_or_named_is_one() -> None:
    assert all(zones.read(each) == each for each in (*zones.OFFERED, *zones.CITIES.values()))

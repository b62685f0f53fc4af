"""What people read where there are no buttons: bare words that the bot understands, no slash, nothing to press."""

import re

import pytest

from bot.channels import manifests
from bot.conversation import commands
from bot.conversation.command_parser import parse
from bot.messages import i18n
from bot.messages.i18n import in_words, translate
from bot.messages.languages import LANGUAGES
from bot.messages.spoken import as_spoken
from core import pricing
from core.types import Mode
from tests.messages.test_i18n import FACTS, KEYS

FOR_BUTTONS = {"plain-text-hint", "photo-needs-prompt", "video-needs-prompt"}
"""Such a chat is told passive-start and so on instead."""
IN_WORDS = [
    key for key in KEYS if key not in FOR_BUTTONS and not key.startswith(("web-", "command-", "admin-", "wechat-menu-"))
]


def _said(language: str, key: str, **changes: object) -> str:
    return translate(language, key, **{name: FACTS.get(name, "x") for name in i18n.variables("en", key)} | changes)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("number", [0, 1, 3])
@pytest.mark.parametrize("option", ["resolution", "duration", "aspect_ratio", "other"])
def test_nobody_is_told_to_type_a_slash_or_to_press_something(language: str, number: int, option: str) -> None:
    facts = {"option": option, "field": option, "count": number, "photos": number, "place": number, "tier": ""}
    texts = [_said(in_words(language), key, **facts) for key in IN_WORDS]
    wrong = (
        r"(?<![a-z0-9/$.])/ ?[a-z]|--(?!by|account)|caption|button|press|\btap\b"
        r"|按钮|按鈕|点击|點擊|按“|按「|说明文字|說明文字"
    )
    assert [text for text in texts if re.search(wrong, text)] == []


@pytest.mark.parametrize("language", ["zh", "zh-hant"])
def test_chinese_words_are_those_of_people(language: str) -> None:
    texts = [_said(spoken, key) for spoken in (language, in_words(language)) for key in KEYS]
    wrong = r"代码|代碼|程式碼|购买|購買|没有应答|沒有應答|画幅|畫幅|[发發][“「]1|[，。] \S"
    assert [text for text in texts if re.search(wrong, text)] == []


def test_the_same_sentence_by_the_kind_of_chat() -> None:
    assert translate("zh", "again-none").endswith("发送 /history 查看做过的。")
    assert translate("zh-x-words", "again-none").endswith("回复“历史”查看做过的。")
    assert translate("zh-hant-x-words", "again-none").endswith("回覆「歷史」查看做過的。")
    assert translate("en", "again-none").endswith("/history shows your videos.")
    assert translate("en-x-words", "again-none").endswith("“history” shows your videos.")
    assert translate("de-x-words", "again-none") == translate("en-x-words", "again-none")
    assert in_words(in_words("zh")) == "zh-x-words"


def test_where_there_are_buttons_they_say_as_much_as_elsewhere() -> None:
    spoken = in_words("zh", buttons=True)
    assert translate(spoken, "again-none") == translate("zh-x-words", "again-none")
    assert translate(spoken, "help") == translate("zh-x-words", "help")
    assert (translate(spoken, "button-cancel"), translate("zh-x-words", "button-cancel")) == ("取消", "不想做了")
    chats = {manifest.name: as_spoken("zh", manifest.limits) for manifest in manifests().values()}
    assert chats["wecom"] == spoken
    assert (chats["wechat"], chats["telegram"], chats["web"]) == ("zh-x-words", "zh", "zh")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_word_to_be_typed_is_a_command(language: str) -> None:
    texts = [_said(in_words(language), key, photos=0) for key in IN_WORDS]
    quoted = {word for text in texts for word in re.findall(r"[“「]([a-z]{4,}|[\u4e00-\u9fff]{2})[”」]", text)}
    assert len(quoted) > 4
    assert [word for word in quoted - FACTS_IN_QUOTES if isinstance(parse(word), commands.PlainText)] == []


FACTS_IN_QUOTES = {"vidoe", "receipts"}


def test_what_is_offered_in_the_lists_is_understood() -> None:
    for language, example in (
        ("zh", "视频 雨中的纸船，高级，10秒，竖屏"),
        ("zh-hant", "影片 雨中的紙船，高級，10秒，直式"),
        ("en", "video: a paper boat in the rain, premium, 10s, 9:16"),
    ):
        assert example in translate(in_words(language), "passive-help")
        command = parse(example)
        assert isinstance(command, commands.MakeVideo)
        wishes = command.options
        assert (wishes.model, wishes.duration_s, wishes.aspect_ratio) == ("premium", 10, "9:16")
    for language in ("zh", "zh-hant", "en"):  # the example after the prices is one that its model can do
        asked = re.search(r"(?:price|价格|價格) \S+ \S+ 1080p", translate(in_words(language), "price-note"))
        assert asked is not None
        shown = parse(asked[0])
        assert isinstance(shown, commands.ShowPrice)
        model = pricing.find(shown.options.model or "")
        assert shown.options.resolution in model.modes[Mode.TEXT_TO_VIDEO].resolutions
    assert isinstance(parse("文生影片 雨中的紙船"), commands.MakeVideo)

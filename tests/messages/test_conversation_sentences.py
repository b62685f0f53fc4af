"""Offers, drafts and small talk as they are read."""

from typing import get_args

import pytest

from bot.channels.types import Other
from bot.messages.i18n import translate
from bot.messages.languages import LANGUAGES

EN, ZH, WECHAT, HANT = "en", "zh", "zh-x-words", "zh-hant-x-words"


@pytest.mark.parametrize(
    ("language", "key", "facts", "text"),
    [
        (WECHAT, "offer-repeat", {"what": "一只狐狸", "price": "$0.70", "code": "K7"}, "还有一份报价等你确认：一只狐狸，$0.70。要做就回复“确认 K7”，不要就回复“取消 K7”。"),
        (ZH, "offer-repeat", {"what": "一只狐狸", "price": "$0.70", "code": "K7"}, "还有一份报价等你确认：一只狐狸，$0.70。要做就说“好”，不要就说“不要”。"),
        (WECHAT, "draft-photo", {"kind": "image", "count": 1, "price": "约 $0.70"}, "照片收到！说说想让它怎么动。我先报价（约 $0.70），你确认才开始。不做了就回复“取消”，10 分钟内有效。"),
        (WECHAT, "draft-photo", {"kind": "image", "count": 5, "price": "约 $0.70"}, "收到 5 张照片！用一句话说说想怎么动。我先报价（每个约 $0.70），你确认才开始。不做了就回复“取消”，10 分钟内有效。"),
        (WECHAT, "draft-photo", {"kind": "video", "count": 1, "price": None}, "视频收到！说说想怎么改。我先报价，你确认才开始。不做了就回复“取消”，10 分钟内有效。"),
        (EN, "draft-photo", {"kind": "image", "count": 1, "price": "about $0.70"}, "Got the photo! Say how it should move. I tell you the price (about $0.70) and begin only when you say yes. “cancel” drops it; I keep it for 10 minutes."),
        (WECHAT, "no-but-active", {"job": "K7"}, "K7 还在做。想停掉它，回复“取消 K7”。"),
        (ZH, "no-but-active", {"job": "K7QX2AB"}, "K7QX2AB 还在做。想停掉它，发送 /cancel K7QX2AB"),
        (HANT, "no-but-active", {"job": "K7"}, "K7 還在做。想停掉它，回覆「取消 K7」。"),
        (WECHAT, "said-question-price", {"price": "$0.70"}, "5 秒左右的视频要 $0.70，换模型、时长或清晰度，价格会不同。每次都先报价，你确认才扣费。回复“价格”看各种价格。"),
        (ZH, "said-question-time", {}, "一般几分钟就好，做好马上发给你。发送 /status 看进度。"),
        (WECHAT, "photo-wanted", {"price": "$0.70"}, "好的，请发照片，收到就开始做（$0.70）。不做了就回复“取消”。"),
        (WECHAT, "source-unusable", {"what": "sticker"}, "表情我用不了。请发照片或视频，或者用文字说说想看的画面。没有下单。"),
        (EN, "source-unusable", {"what": "voice"}, "I cannot hear voice messages yet. Please write it down. Nothing was ordered."),
        (ZH, "button-way-each", {"count": 3, "price": "$2.10"}, "每张做一个，共 3 个（$2.10）"),
        (EN, "button-way-each", {"count": 3, "price": "$2.10"}, "One of each: 3 videos ($2.10)"),
        (ZH, "album-too-many", {"count": 12, "most": 10}, "一次最多 10 张，你发了 12 张，先留下前 10 张。其余的请稍后再发。"),
        (ZH, "group-greeting", {"id": "telegram:-100", "missing": ""}, "大家好！发送 /video 加上想看的画面，我就做成视频。\n本群 ID：telegram:-100"),
        (EN, "group-greeting", {"id": "telegram:-100", "missing": "no-video-right"}, "Hello! Write /video and what you would like to see, and I make a video of it.\nThis group’s id: telegram:-100\nI may not send videos here: please allow me to, else they go to whoever ordered them."),
    ],
)  # fmt: skip
def test_a_sentence_as_it_is_read(language: str, key: str, facts: dict[str, object], text: str) -> None:
    assert translate(language, key, **facts) == text


@pytest.mark.parametrize("language", LANGUAGES)
def test_whatever_no_video_can_be_made_of_is_named(language: str) -> None:
    general = translate(language, "source-unusable", what="file")
    kinds = [what for what in get_args(Other) if what not in {"file", "unknown"}]
    texts = {translate(language, "source-unusable", what=what) for what in kinds}
    assert len(texts | {general}) == len(kinds) + 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_toast_is_short(language: str) -> None:
    for key in ("toast-ordered", "toast-not-yours", "toast-gone"):
        assert 2 < len(translate(language, key)) < 60

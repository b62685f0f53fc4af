"""Buttons as typed lines: what is offered comes back as what it pressed, and talk presses nothing."""

import re
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.text_lengths import encodable
from bot.channels.types import Action, Message
from bot.channels.wechat.parsing import shown
from bot.conversation import commands
from bot.conversation.command_parser import parse
from bot.conversation.words import Line, line_in
from bot.messages import languages
from bot.messages.callback_data import data_for
from bot.messages.held_messages import typed_text
from bot.messages.languages import LANGUAGES
from bot.messages.text_buttons import offered, typing_link, with_codes

CODES = {"K3X9Q2A": "K7", "ZZZZZZZ": "R4"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("取消 K7", Line("cancel", "K7")),
        ("取消k7", Line("cancel", "K7")),
        ("  停止：K7。", Line("cancel", "K7")),
        ("/cancel #k7", Line("cancel", "K7")),
        ("Cancel K3X9Q2A", Line("cancel", "K3X9Q2A")),
        ("确认 K7", Line("yes", "K7")),
        ("確認 K7", Line("yes", "K7")),
        ("再来 K7!", Line("again", "K7")),
        ("再来一次 K7", Line("again", "K7")),
        ("重做K7", Line("again", "K7")),
        ("確定 K7", Line("yes", "K7")),
        ("no k7", Line("cancel", "K7")),
        ("again k7", Line("again", "K7")),
        ("领取 K7", Line("fetch", "K7")),
        ("fetch K7", Line("fetch", "K7")),
        ("状态 K7", Line("status", "K7")),
        ("k7", Line("", "K7")),
        ("#K7", Line("", "K7")),
        ("K3X9Q2A", Line("", "K3X9Q2A")),
        ("K1", None),  # no code has a one
        ("K77", None),
        ("取消", None),
        ("取消 K7 吧", Line("cancel", "K7")),
        ("确认 K7-2", Line("yes", "K7", 1)),
        ("“确认 Ｋ７－３”。", Line("yes", "K7", 2)),
        ("取消 K7-2", None),
        ("a fox", None),
        ("视频 K7", Line("", "K7")),
        ("再来一只猫", None),
        ("", None),
    ],
)
def test_what_a_line_presses(text: str, expected: Line | None) -> None:
    assert line_in(text) == expected


def test_ids_become_codes_where_they_stand_alone() -> None:
    assert with_codes("任务 K3X9Q2A。XK3X9Q2A K3X9Q2AB ZZZZZZZ", CODES) == "任务 K7。XK3X9Q2A K3X9Q2AB R4"


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_offered_comes_back(language: str) -> None:
    kinds = ("cancel", "yes", "again", "fix")
    actions = [Action("x", f"{kind}:K3X9Q2A") for kind in kinds]
    lines = offered(actions, CODES, language)
    assert [line_in(line) for line, _ in lines] == [
        Line("cancel", "K7"),
        Line("yes", "K7"),
        Line("again", "K7"),
        Line("fix", "K7"),
    ]
    assert [told for _, told in lines] == ["x"] * 4
    ((line, told),) = offered([Action("K3X9Q2A a red fox", "cancel:K3X9Q2A")], CODES, language)
    assert (line_in(line), told) == (Line("cancel", "K7"), "a red fox")
    for code in LANGUAGES:
        ((line, _),) = offered([Action(languages.row(code).name, data_for("lang", code))], CODES, language)
        assert parse(line) == commands.ChooseLanguage(code)


def test_a_yes_is_a_link_that_types_its_line_and_nothing_else_is() -> None:
    prompt = '<a href="weixin://bizmsgmenu?msgmenucontent=1&msgmenuid=1">x</a> 3 < 4'
    actions = (
        Action("好，就做（$0.70）", "yes:K3X9Q2A"),
        Action("不做", "cancel:K3X9Q2A"),
        Action("<b>$1</b>", "fix:K3X9Q2A"),
    )
    text = typed_text(Message(f"任务 K3X9Q2A：{prompt}", actions), CODES, "zh", links=True)
    (link,) = re.findall(r"<[^<]*>[^<]*</a>", text)
    assert link == (
        '<a href="weixin://bizmsgmenu?msgmenucontent=%E7%A1%AE%E8%AE%A4%20K7&msgmenuid=1">好，就做（$0.70）</a>'
    )
    typed = unquote(link.partition("msgmenucontent=")[2].partition("&")[0])
    assert line_in(typed) == Line("yes", "K7")
    assert f"“{typed}”" in text.replace(link, "")  # beside it, for phones that show no link
    assert text.replace(link, "").count("<") == 0
    assert text.startswith("任务 K7：＜a href=")
    assert shown(text) == text  # the channel lets it pass

    plain = typed_text(Message(prompt, actions), CODES, "zh")
    assert plain.startswith(prompt)
    assert plain.count("weixin://") == 1


@given(st.text(max_size=40), st.text(max_size=40))
def test_no_label_and_no_code_ends_the_link(line: str, label: str) -> None:
    link = typing_link(encodable(line) or "x", label.replace("\n", " "))
    assert link.count("<") == 2
    assert re.fullmatch(r'<a href="weixin://bizmsgmenu\?msgmenucontent=[0-9A-Za-z%._~-]+&msgmenuid=1">[^<]*</a>', link)

"""Buttons as typed lines: what is offered comes back as what it pressed, and talk presses nothing."""

import pytest

from bot.channels.types import Action
from bot.conversation import commands
from bot.messages import languages
from bot.messages.callback_data import data_for
from bot.messages.languages import LANGUAGES
from bot.messages.text_buttons import TypedButton, offered, parse_line, with_codes

CODES = {"K3X9Q2A": "K7", "ZZZZZZZ": "R4"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("取消 K7", TypedButton("cancel", "K7")),
        ("取消k7", TypedButton("cancel", "K7")),
        ("  停止：K7。", TypedButton("cancel", "K7")),
        ("/cancel #k7", TypedButton("cancel", "K7")),
        ("Cancel K3X9Q2A", TypedButton("cancel", "K3X9Q2A")),
        ("确认 K7", TypedButton("yes", "K7")),
        ("確認 K7", TypedButton("yes", "K7")),
        ("再来 K7!", TypedButton("again", "K7")),
        ("再来一次 K7", TypedButton("again", "K7")),
        ("重做K7", TypedButton("again", "K7")),
        ("確定 K7", TypedButton("yes", "K7")),
        ("no k7", TypedButton("cancel", "K7")),
        ("again k7", TypedButton("again", "K7")),
        ("领取 K7", TypedButton("fetch", "K7")),
        ("fetch K7", TypedButton("fetch", "K7")),
        ("状态 K7", TypedButton("status", "K7")),
        ("k7", TypedButton("", "K7")),
        ("#K7", TypedButton("", "K7")),
        ("K3X9Q2A", None),  # seven letters alone may be a word
        ("K1", None),  # no code has a one
        ("K77", None),
        ("取消", None),
        ("取消 K7 吧", None),
        ("a fox", None),
        ("视频 K7", None),
        ("再来一只猫", None),
        ("", None),
    ],
)
def test_what_a_line_presses(text: str, expected: TypedButton | None) -> None:
    assert parse_line(text) == expected


def test_ids_become_codes_where_they_stand_alone() -> None:
    assert with_codes("任务 K3X9Q2A。XK3X9Q2A K3X9Q2AB ZZZZZZZ", CODES) == "任务 K7。XK3X9Q2A K3X9Q2AB R4"


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_offered_comes_back(language: str) -> None:
    kinds = ("cancel", "yes", "again", "fix")
    actions = [Action("x", f"{kind}:K3X9Q2A") for kind in kinds]
    lines = offered(actions, CODES, language)
    assert [parse_line(line) for line, _ in lines] == [TypedButton(kind, "K7") for kind in kinds]
    assert [told for _, told in lines] == ["x"] * 4
    ((line, told),) = offered([Action("K3X9Q2A a red fox", "cancel:K3X9Q2A")], CODES, language)
    assert (parse_line(line), told) == (TypedButton("cancel", "K7"), "a red fox")
    for code in LANGUAGES:
        ((line, _),) = offered([Action(languages.row(code).name, data_for("lang", code))], CODES, language)
        assert commands.parse(line) == commands.ChooseLanguage(code)

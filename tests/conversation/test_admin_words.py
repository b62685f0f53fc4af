"""/admin: what words mean, and what is no request at all."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.types import Action
from bot.conversation.admin_words import WORDS, AdminRequest, is_admin_request, parse_admin
from bot.conversation.command_parser import parse, pressed
from bot.conversation.commands import Administer, PlainText, Unknown
from bot.conversation.stranger_notices import allow_buttons, shown_name
from bot.messages.languages import LANGUAGES
from bot.messages.text_buttons import offered

GROUP = "telegram:-100500"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("", AdminRequest("overview")),
        ("waiting", AdminRequest("waiting")),
        ("等待", AdminRequest("waiting")),
        ("Running.", AdminRequest("running")),
        ("失败", AdminRequest("failed")),
        ("花费", AdminRequest("spent")),
        ("暂停", AdminRequest("pause")),
        ("恢复", AdminRequest("resume")),
        ("stop k7qx2ab", AdminRequest("stop", "K7QX2AB")),
        ("停止 #K7QX2AB", AdminRequest("stop", "K7QX2AB")),
        ("allow telegram:42", AdminRequest("allow", "telegram:42")),
        ("允许 Telegram：42", AdminRequest("allow", "telegram:42")),
        ("remove wechat:oAbC-1_2", AdminRequest("remove", "wechat:oAbC-1_2")),
        (f"cap {GROUP} 5", AdminRequest("cap", GROUP, Decimal(5))),
        (f"限额 {GROUP} $2.50", AdminRequest("cap", GROUP, Decimal("2.50"))),
        (f"cap {GROUP} 0", AdminRequest("cap", GROUP, Decimal(0))),
        (f"cap {GROUP} off", AdminRequest("cap", GROUP)),
        ("stop", AdminRequest("stop", problem=True)),
        ("allow bob", AdminRequest("allow", "bob", problem=True)),
        ("pause now please", AdminRequest("pause", "now please", problem=True)),
        *(
            (f"cap {GROUP} {amount}", AdminRequest("cap", f"{GROUP} {amount}", problem=True))
            for amount in ("lots", "-1", "NaN", "Infinity", "1e9")
        ),
        ("dance", AdminRequest("", "dance", problem=True)),
        ("一家公司", AdminRequest("", "一家公司", problem=True)),
    ],
)
def test_what_words_mean(words: str, expected: AdminRequest) -> None:
    assert parse_admin(words) == expected
    assert parse(f"/admin {words}") == Administer(expected)
    bare = f"管理 {words}".strip()
    assert parse(bare) == (PlainText(bare) if expected.problem else Administer(expected))


def test_the_table_understands_what_it_shows() -> None:
    for word in WORDS:
        said = parse(word.usage)
        assert isinstance(said, Administer)
        assert (said.request.word, said.request.problem) == (word.name, False)
        for each in word.words:
            assert parse_admin(each).word == word.name
    said_by = [each for word in WORDS for each in word.words]
    assert len(set(said_by)) == len(said_by)


@given(text=st.text(max_size=60))
def test_anything_may_be_said(text: str) -> None:
    request = parse_admin(text)
    assert is_admin_request(text) is not request.problem


def test_nobody_is_led_to_it_by_a_slip() -> None:
    for slip in ("/admim", "/amdin", "/管里"):
        said = parse(slip)
        assert isinstance(said, Unknown)
        assert said.suggestion != "admin"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_button_lets_in_and_so_does_what_it_is_typed_as(language: str) -> None:
    ids = ["telegram:42", GROUP, "wechat:oAbC-1_2", "web:mary-1"]
    buttons: tuple[Action, ...] = allow_buttons([*ids, "wecom:" + "x" * 64], language)
    assert [each.data for each in buttons] == [f"allow:{ident}" for ident in ids]  # one does not fit into a button
    for button, ident, (typed, _) in zip(buttons, ids, offered(buttons, {}, language), strict=True):
        assert ident in button.label
        assert pressed(button.data) == parse(typed) == Administer(AdminRequest("allow", ident))


@pytest.mark.parametrize("data", ["allow", "allow:", "allow:42", "allow:telegram:", "allow:telegram:4 2"])
def test_a_button_of_nobody_presses_nothing(data: str) -> None:
    assert pressed(data) is None


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (None, ""),
        ("Ann", "Ann"),
        ("  小  明\n", "小 明"),
        ("\u202eevil\u202c\x00 a\tb", "evil a b"),
        ("x" * 100, "x" * 40),
    ],
)
def test_a_name_stays_in_its_line(name: str | None, shown: str) -> None:
    assert shown_name(name) == shown

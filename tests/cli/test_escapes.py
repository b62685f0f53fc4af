"""What people wrote in a chat cannot command the operator's terminal."""

import pytest

from bot.cli.console import note, out

HOSTILE = [
    "\x1b[2J\x1b[31mred",  # clears the screen
    "\x1b]0;a title\x07",
    "\x9b2J",  # the same by one sign
    "forget\rthis",
    "back\x08\x08\x08\x08gone",
    "K7 \u202edeliaf\u202c",  # reads from right to left
    "one line\u2028another",
]


@pytest.mark.parametrize("words", HOSTILE)
def test_signs_that_command_a_terminal_are_made_visible(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    out(words)
    note(words)
    printed = capsys.readouterr()
    for text in (printed.out, printed.err):
        assert all(sign.isprintable() for sign in text.removesuffix("\n"))
        assert "\\" in text  # it is seen that something stood there


def test_plain_words_and_tables_are_left_alone(capsys: pytest.CaptureFixture[str]) -> None:
    plain = "狐狸\tfox 🦊 ▶ naïve\nsecond line"
    out(plain)
    assert capsys.readouterr().out == plain + "\n"

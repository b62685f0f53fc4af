"""Texts cut to a length: never too long in the unit that counts, never half a character, and said to be cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.text_lengths import ELLIPSIS, Unit, beginning, length, shortened


@given(text=st.text(max_size=40), most=st.integers(3, 60), unit=st.sampled_from(Unit), whole_lines=st.booleans())
def test_what_is_cut_fits_begins_alike_and_says_so(text: str, most: int, unit: Unit, whole_lines: bool) -> None:
    cut = shortened(text, most=most, unit=unit, whole_lines=whole_lines)
    assert length(cut, unit=unit) <= most
    if length(text, unit=unit) <= most:
        assert cut == text
    else:
        assert cut.endswith(ELLIPSIS)
        assert text.startswith(cut.removesuffix(ELLIPSIS))


@pytest.mark.parametrize(
    ("unit", "units", "kept"), [(Unit.CHARACTER, 3, "é🦊汉"), (Unit.UTF16, 4, "é🦊汉"), (Unit.UTF8, 9, "é🦊汉")]
)
def test_each_unit_counts_as_its_chat_does(unit: Unit, units: int, kept: str) -> None:
    assert length("é🦊汉", unit=unit) == units
    assert beginning("é🦊汉字", most=units, unit=unit) == kept
    assert beginning("é🦊汉字", most=units - 1, unit=unit) == "é🦊"


def test_whole_lines_are_kept_unless_that_loses_most_of_the_text() -> None:
    assert shortened("one two\nthree", most=11, unit=Unit.UTF8, whole_lines=True) == "one two…"
    assert shortened("one\ntwo three four", most=15, unit=Unit.UTF8, whole_lines=True) == "one\ntwo thre…"
    assert shortened("one two\nthree", most=12, unit=Unit.UTF8) == "one two\nt…"


def test_there_is_no_space_before_the_mark() -> None:
    assert shortened("one two", most=5, unit=Unit.CHARACTER) == "one…"

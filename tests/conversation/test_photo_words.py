"""What is to be made of several photos, in words: counts at either end, set apart, and never inside a sentence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.generation_options import GenerationOptions, as_flags, parse_options
from bot.conversation.option_words import PHOTO_WAYS
from bot.conversation.photo_words import photo_way, read_with_photos
from bot.conversation.word_lists import LISTS, phrases

KNOWN = {
    phrase.replace("_", " "): way for way in PHOTO_WAYS for phrase in phrases(LISTS["photos"][way]) if phrase.strip("_")
}
ENGLISH = sorted(phrase for phrase in KNOWN if phrase.isascii())
CHINESE = sorted(phrase for phrase in KNOWN if not phrase.isascii())
BEFORE = st.lists(st.sampled_from(["a", "red", "fox", "opens", "with", "the", "for", "their"]), min_size=1, max_size=5)
AFTER = st.lists(st.sampled_from(["runs", "of", "snow", "child", "gets", "in", "night"]), min_size=1, max_size=5)
HAN = st.text("狐狸在雪地里奔跑花开了夜晚", min_size=1, max_size=6)


@pytest.mark.parametrize(
    ("text", "prompt", "way"),
    [
        ("the flower opens, first and last", "the flower opens", "frames"),
        ("First to last: the flower opens", "the flower opens", "frames"),
        ("the flower opens (references)", "the flower opens", "likeness"),
        ("let it snow. One of each.", "let it snow", "each"),
        ("只用第一张，花开了", "花开了", "first"),
        ("花开了 首尾帧", "花开了", "frames"),
        ("從第一張到第二張：花開了", "花開了", "frames"),
        ("花开了，参考图", "花开了", "likeness"),
        ("花开了。各一段。", "花开了", "each"),
        ("each", "", "each"),
        ("算了，只要第一张", "", "first"),
        ("等等，各一段", "", "each"),
        ("Actually, only the first", "", "first"),
        ("no wait, one of each", "", "each"),
        ("actually, a fox, one of each", "actually, a fox", "each"),
        ("the same person walks on", "the same person walks on", None),
        ("a boy gives an apple to each", "a boy gives an apple to each", None),
        ("first and last day of school", "first and last day of school", None),
        ("他们各一段路走回家", "他们各一段路走回家", None),
        ("she reads the first, the second, then sleeps", "she reads the first, the second, then sleeps", None),
    ],
)
def test_it_counts_only_where_it_is_set_apart(text: str, prompt: str, way: str | None) -> None:
    assert read_with_photos(text) == (prompt, GenerationOptions(photos=way))
    assert parse_options(text)[1].photos is None  # of one photo, or of none, they are words


@given(before=BEFORE, phrase=st.sampled_from(ENGLISH), after=AFTER)
def test_inside_a_sentence_it_is_a_word(before: list[str], phrase: str, after: list[str]) -> None:
    text = " ".join([*before, phrase, *after])
    assert read_with_photos(text)[1].photos is None


@given(before=HAN, phrase=st.sampled_from(CHINESE), after=HAN)
def test_inside_a_chinese_sentence_it_is_a_word(before: str, phrase: str, after: str) -> None:
    assert read_with_photos(f"{before}{phrase}{after}") == (f"{before}{phrase}{after}", GenerationOptions())


@given(phrase=st.sampled_from(sorted(KNOWN)), mark=st.sampled_from(["", ".", "。", "！", " "]))
def test_alone_it_is_all_that_is_said(phrase: str, mark: str) -> None:
    assert photo_way(phrase + mark) == KNOWN[phrase]
    assert read_with_photos(phrase + mark) == ("", GenerationOptions(photos=KNOWN[phrase]))


@given(text=st.text(max_size=80) | BEFORE.map(" ".join), way=st.sampled_from(PHOTO_WAYS))
def test_any_text_is_read_and_a_flag_wins(text: str, way: str) -> None:
    prompt, _ = read_with_photos(text)
    assert read_with_photos(prompt)[1].photos is None
    flag = as_flags(GenerationOptions(photos=way))
    assert flag == f"--photos {way}"
    assert read_with_photos(f"each, a fox {flag}") == ("a fox", GenerationOptions(photos=way))

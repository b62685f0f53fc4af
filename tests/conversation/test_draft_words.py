"""How further words add to those on the table, with the wishes that stand in them or came alone."""

import pytest

from bot.conversation.drafts import with_words
from bot.conversation.generation_options import as_flags, merged, parse_options
from bot.conversation.text_kinds import priced_wishes, refused_wish, wishes_in
from bot.store.dialogues import Draft

NOW = 1_700_000_000_000


def whole(before: str, options: str, text: str, *, after_s: int) -> tuple[str, str]:
    """The prompt and the options that are read of the draft, once the text has come."""
    draft = Draft(words=before, options=options, events=("1",), words_at=NOW, at=NOW)
    draft, _ = with_words(draft, text, event="2", at=NOW + after_s * 1000)
    prompt, asked = parse_options(draft.words)
    return prompt, as_flags(merged(parse_options(draft.options)[1], asked))


@pytest.mark.parametrize(
    ("before", "options", "text", "after_s", "expected"),
    [
        ("a cat", "", "a bird", 60, ("a bird", "")),
        ("a cat", "10s", "a bird", 60, ("a bird", "--duration 10")),
        # newer words win over wishes that came alone before
        ("a cat", "--model kling", "a bird, kling 9", 60, ("a bird", "--model kling 9")),
        ("a cat", "--duration 10 --aspect 9:16", "a bird 5s", 60, ("a bird", "--duration 5 --aspect 9:16")),
        # joined words keep their wishes, wherever these stand in the whole
        ("a cat", "", "用混元做一只狐狸", 2, ("a cat, 一只狐狸", "--model 混元")),
        ("a cat", "", "10s a bird sings", 2, ("a cat, a bird sings", "--duration 10")),
        ("a cat, 5s", "", "and a bird, 10s", 60, ("a cat, and a bird", "--duration 10")),
        ("a cat", "--aspect 9:16", "a bird, 16:9", 2, ("a cat, a bird", "--aspect 16:9")),
        # and so do those that they are joined to
        (
            "a cat on a roof 9:16 silent 10s",
            "",
            "a bird",
            2,
            ("a cat on a roof, a bird", "--duration 10 --aspect 9:16 --sound off"),
        ),
        ("a cat 10s", "", "and a bird, 5s", 60, ("a cat, and a bird", "--duration 5")),
        ("一只猫，10秒，无声", "", "再加一只鸟", 60, ("一只猫，再加一只鸟", "--duration 10 --sound off")),
    ],
)
def test_wishes_of_newer_words_count(
    before: str, options: str, text: str, after_s: int, expected: tuple[str, str]
) -> None:
    assert whole(before, options, text, after_s=after_s) == expected


def test_the_parts_of_a_text_that_the_chat_has_split_stay_as_they_are() -> None:
    before, text = "a fox " * 700, " runs, 10s"
    draft, _ = with_words(Draft(words=before, events=("1",), words_at=NOW, at=NOW), text, event="2", at=NOW + 900)
    assert draft.words == before + text


@pytest.mark.parametrize(
    ("text", "wishes"),
    [
        ("改成竖屏", "竖屏"),
        ("换成可灵吧", "可灵"),
        ("把时长改成10秒", "10秒"),
        ("来个竖屏的", "竖屏"),
        ("还是9比16吧", "9比16"),
        ("改成首尾帧", "首尾帧"),
        ("要声音", "要声音"),  # a wish as it stands
        ("make it portrait, please", "portrait"),
        ("change it to 10s", "10s"),
        ("switch to veo 3.1 lite instead", "veo 3.1 lite"),
        ("make it 10 seconds and vertical", "10 seconds, vertical"),
        ("改成竖屏和10秒", "竖屏, 10秒"),
        # words of a video
        *(
            (words, words)
            for words in (
                "改成水彩风",
                "变成一只猫",
                "make it rain and snow",
                "不要竖屏",
                "make it rain",
                "make it a premium car",
            )
        ),
        *((words, words) for words in ("turn it into a cat", "一只狐狸，竖屏吧", "try harder", "换个背景")),
    ],
)
def test_what_only_changes_to_a_wish_is_the_wish(text: str, wishes: str) -> None:
    assert wishes_in(text) == wishes


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("不要竖屏", "--aspect 9:16"),
        ("不要可灵了", "--model 可灵"),
        ("别用可灵", "--model 可灵"),
        ("取消10秒吧", "--duration 10"),
        ("no 4k", "--resolution 4k"),
        ("don't use veo please", "--model veo"),
        ("不要猫", None),
        ("no cats", None),
        ("竖屏", None),
    ],
)
def test_a_wish_is_taken_back(text: str, wish: str | None) -> None:
    found = refused_wish(text)
    assert (as_flags(found) if found is not None else None) == wish


@pytest.mark.parametrize(
    ("question", "wishes"),
    [
        ("how much is veo?", "--model veo"),
        ("How much does a 10s video with kling 3 cost?", "--model kling 3 --duration 10"),
        ("可灵多少钱", "--model 可灵"),
        ("海螺10秒的视频要多少钱？", "--model 海螺 --duration 10"),
        ("how much is it?", None),
        ("how much is a horse?", None),
        ("多少钱", None),
    ],
)
def test_a_question_for_the_price_of_a_model_names_it(question: str, wishes: str | None) -> None:
    found = priced_wishes(question)
    assert (as_flags(found) if found is not None else None) == wishes

"""The sentences in traditional characters are those that the simplified ones make."""

from bot.messages import i18n
from tests.messages.traditional import CORRECTIONS, expected, traditional


def test_the_files_are_what_is_made_of_the_simplified_ones() -> None:
    """If not: make traditional."""
    made = expected()
    assert sorted(made) == i18n.files("zh-hant")
    assert [path.name for path, text in made.items() if path.read_text(encoding="utf-8") != text] == []


def test_every_correction_corrects_something() -> None:
    texts = "".join(traditional(path.read_text(encoding="utf-8"), {}) for path in i18n.files("zh"))
    assert [wrong for wrong in CORRECTIONS if wrong not in texts] == []


def test_words_are_those_that_people_use_there() -> None:
    assert traditional("回复“视频＋想看的画面”") == "回覆「影片＋想看的畫面」"
    assert traditional("发送 /status 查看，高级，竖屏") == "傳送 /status 查看，高級，直式"

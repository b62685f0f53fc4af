"""What a person said -> what they want, for every chat; and the data of buttons."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation import commands
from bot.conversation.command_parser import parse, pressed
from bot.conversation.commands import (
    ADMIN_COMMANDS,
    COMMANDS,
    Administer,
    Again,
    Cancel,
    ChooseLanguage,
    Command,
    Confirm,
    Forget,
    Help,
    MakeVideo,
    PlainText,
    ShowBalance,
    ShowHistory,
    ShowModels,
    ShowPrice,
    ShowStatus,
    Start,
    Unknown,
)
from bot.conversation.generation_options import GenerationOptions
from bot.messages.callback_data import data_for

FOX = MakeVideo("a fox")
CAT = MakeVideo("一只猫")

DIRECT: list[tuple[str, Command | None]] = [
    ("/video a fox", FOX),
    ("/VIDEO a fox", FOX),
    ("  ／video　a fox ", FOX),
    ("/ video a fox", FOX),
    ("/video\na fox", FOX),
    ("/video: a fox", FOX),
    ("/video@ReelBot a fox", FOX),
    ("\u200b/video a fox", FOX),
    ("/video --duration 5 a fox", MakeVideo("a fox", GenerationOptions(duration_s=5))),
    ("/video premium, 10s: a fox", MakeVideo("a fox", GenerationOptions("premium", 10))),
    ("/video", MakeVideo("")),
    ("/video 10s", MakeVideo("", GenerationOptions(duration_s=10))),
    ("/video /video a fox", MakeVideo("/video a fox")),
    ("video: a fox", FOX),
    ("/视频 一只猫", CAT),
    ("/视频一只猫", CAT),
    ("／视频：一只猫", CAT),
    ("/video一只猫", CAT),
    ("视频 一只猫", CAT),
    ("视频：一只猫", CAT),
    ("生成视频 一只猫", CAT),
    ("文生视频，一只猫", MakeVideo("一只猫", wants="words")),
    ("图生视频 一只猫", MakeVideo("一只猫", wants="photo")),
    ("視頻 一隻貓", MakeVideo("一隻貓")),
    ("影片 一隻貓", MakeVideo("一隻貓")),
    ("视频 一只猫，10秒，竖屏", MakeVideo("一只猫", GenerationOptions(duration_s=10, aspect_ratio="9:16"))),
    ("视频", MakeVideo("")),
    ("/status", ShowStatus()),
    ("/status k7qx2ab", ShowStatus("K7QX2AB")),
    ("status", ShowStatus()),
    ("Status.", ShowStatus()),
    ("状态", ShowStatus()),
    ("狀態", ShowStatus()),
    ("进度？", ShowStatus()),
    ("/cancel", Cancel()),
    ("/cancel K7QX", Cancel("K7QX")),
    ("/cancel #k7qx", Cancel("K7QX")),
    ("/cancel job K7QX please", Cancel("K7QX")),
    ("/cancel the video", Cancel()),
    ("cancel k7", Cancel("K7")),
    ("取消", Cancel()),
    ("取消 K7", Cancel("K7")),
    ("/取消K7", Cancel("K7")),
    ("取消 KQXABCD", Cancel("KQXABCD")),
    ("/history", ShowHistory()),
    ("历史", ShowHistory()),
    ("歷史", ShowHistory()),
    ("/again", Again()),
    ("/again k7qx2ab", Again("K7QX2AB")),
    ("again", Again()),
    ("再来 K7", Again("K7")),
    ("/再来", Again()),
    ("again and again the waves roll in", PlainText("again and again the waves roll in")),
    ("/confirm K7", Confirm("K7")),
    ("确认 K7", Confirm("K7")),
    ("确认", PlainText("确认")),  # words.py says what it means
    ("yes", PlainText("yes")),
    ("/confirm", Confirm()),
    ("/confirm.", Confirm()),
    ("/yes please", Confirm()),
    ("/confirm K7QX2AB.", Confirm("K7QX2AB")),
    ("/确认 Ｋ７", Confirm("K7")),
    ("/confirm “K7”", Confirm("K7")),
    ("/confirm K 7", Confirm("K7")),
    ("/确认 K7-2", Confirm("K7", 1)),
    ("/confirm K7-2 please", Confirm(sure=False)),
    ("/yes?", Confirm(sure=False)),
    ("/yes but longer", Confirm(sure=False)),
    ("/confirm K7 and K8", Confirm(sure=False)),
    ("/cancel K7QX2AB.", Cancel("K7QX2AB")),
    ("/cancel “Ｋ７”", Cancel("K7")),
    ("/取消 K 7", Cancel("K7")),
    ("/again K7!", Again("K7")),
    ("/status K7?", ShowStatus("K7")),
    ("yes please do it", PlainText("yes please do it")),
    ("/balance", ShowBalance()),
    ("余额", ShowBalance()),
    ("额度？", ShowBalance()),
    ("/models", ShowModels()),
    ("模型", ShowModels()),
    ("/视频模型", ShowModels()),
    ("/price", ShowPrice()),
    ("/price premium 10s 1080p", ShowPrice(GenerationOptions("premium", 10, "1080p"))),
    ("/price 4k", ShowPrice(GenerationOptions(resolution="4k"))),
    ("/price premium 4k 10s", ShowPrice(GenerationOptions("premium", 10, "4k"))),
    ("价格 2K", ShowPrice(GenerationOptions(resolution="2k"))),
    ("/price horse", ShowPrice(GenerationOptions("horse"))),
    ("/price no-such-model 10s", ShowPrice(GenerationOptions("no-such-model", 10))),
    ("/price for a film, please, thank you", ShowPrice()),
    ("price premium", ShowPrice(GenerationOptions("premium"))),
    ("价格", ShowPrice()),
    ("價格 premium", ShowPrice(GenerationOptions("premium"))),
    ("多少钱？", ShowPrice()),
    ("/language", ChooseLanguage()),
    ("/language 中文", ChooseLanguage("zh")),
    ("/language English", ChooseLanguage("en")),
    ("/language zh-TW", ChooseLanguage("zh-hant")),
    ("/language zh_CN", ChooseLanguage("zh")),
    ("/language Traditional Chinese", ChooseLanguage("zh-hant")),
    ("语言 繁体", ChooseLanguage("zh-hant")),
    ("語言 繁體中文", ChooseLanguage("zh-hant")),
    ("语言 简体中文", ChooseLanguage("zh")),
    ("/lang en", ChooseLanguage("en")),
    ("/language klingon", ChooseLanguage("klingon")),
    ("语言 中文", ChooseLanguage("zh")),
    ("語言 英文", ChooseLanguage("en")),
    ("/help", Help()),
    ("help!", Help()),
    ("帮助", Help()),
    ("幫助", Help()),
    ("/start", Start()),
    ("/start from-a-link", Start("from-a-link")),
    ("/vidoe a fox", Unknown("vidoe", "video")),
    ("/histroy", Unknown("histroy", "history")),
    ("/视屏 一只猫", Unknown("视屏", "video")),
    ("/xyzzy", Unknown("xyzzy")),
    ("hello", PlainText("hello")),
    ("video games are fun", PlainText("video games are fun")),
    ("help me make a film", PlainText("help me make a film")),
    ("视频里有一只猫", PlainText("视频里有一只猫")),
    ("取消 明天的会议", PlainText("取消 明天的会议")),
    ("状态不错", PlainText("状态不错")),
    ("价格太贵了", PlainText("价格太贵了")),
    ("/usr/bin/film", PlainText("/usr/bin/film")),
    ("/", PlainText("/")),
    ("", None),
    (" \u200b ", None),
]


@pytest.mark.parametrize(("text", "command"), DIRECT)
def test_in_a_direct_chat(text: str, command: Command | None) -> None:
    assert parse(text) == command


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("let it rain 10s", PlainText("let it rain 10s")),
        ("/video let it rain", MakeVideo("let it rain")),
        ("视频 下雨", MakeVideo("下雨")),
        ("video games are fun", PlainText("video games are fun")),
        ("状态不错", PlainText("状态不错")),
        ("", PlainText("")),
        ("status", PlainText("status")),
        ("取消 K7", PlainText("取消 K7")),
        ("/vidoe let it rain", Unknown("vidoe", "video")),
    ],
)
def test_a_photo_with_a_caption(text: str, command: Command) -> None:
    assert parse(text, has_attachment=True) == command


@pytest.mark.parametrize("has_attachment", [False, True])
@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("/video a fox", FOX),
        ("/视频 一只猫", CAT),
        ("/status", ShowStatus()),
        ("/cancel K7", Cancel("K7")),
        ("/video@OtherBot a fox", None),
        ("/foo", None),
        ("/视屏", None),
        ("视频 一只猫", None),
        ("status", None),
        ("取消", None),
        ("look at this", None),
        ("", None),
    ],
)
def test_in_a_group_only_the_slash_counts(text: str, command: Command | None, has_attachment: bool) -> None:
    assert parse(text, has_attachment=has_attachment, direct=False) == command


def test_every_listed_command_exists() -> None:
    for name in COMMANDS:
        assert not isinstance(parse(f"/{name}"), Unknown | PlainText)
    for name in ADMIN_COMMANDS:
        assert isinstance(parse(f"/{name}"), Administer)


def test_the_names_of_models_can_be_given() -> None:
    words = frozenset({"nova"})
    assert parse("/video nova 10s a fox", model_words=words) == MakeVideo("a fox", GenerationOptions("nova", 10))
    assert parse("/video veo 10s a fox", model_words=words) == MakeVideo("veo 10s a fox")


@given(text=st.text(max_size=60), has_attachment=st.booleans(), direct=st.booleans())
@pytest.mark.parametrize(
    "prefix", ["", "/", "／", "/video ", "/cancel ", "/price ", "/language ", "视频 ", "取消 ", "/视频"]
)
def test_any_text_is_understood_somehow(prefix: str, text: str, *, has_attachment: bool, direct: bool) -> None:
    command = parse(prefix + text, has_attachment=has_attachment, direct=direct)
    if not direct and "/" not in prefix + text and "／" not in prefix + text:
        assert command is None
    if prefix in {"/video ", "/视频"} and direct:
        assert isinstance(command, MakeVideo | ShowModels | ShowStatus | ShowHistory | ShowPrice | Help) or command in (
            Cancel(),
            ChooseLanguage(),
        )


PROMPTS = st.lists(
    st.sampled_from(["fox", "runs", "red", "snow", "premium", "10s", "at", "9:16", "the", "一只猫", "seed", "7"]),
    max_size=8,
).map(" ".join)
WISHES = st.builds(
    GenerationOptions,
    model=st.none() | st.sampled_from(["premium", "veo", "foo"]),
    duration_s=st.none() | st.integers(0, 60),
    resolution=st.none() | st.sampled_from(["480p", "1080p"]),
    aspect_ratio=st.none() | st.sampled_from(["9:16", "2:1"]),
    seed=st.none() | st.integers(0, 99),
)
CODES = st.from_regex(r"[0-9A-Z]{1,12}", fullmatch=True)
REAL_CODES = st.from_regex(r"[2-9][2-9A-HJ-NP-Z]{6}", fullmatch=True)  # "0" alone is a no, and no code
COMMAND = st.one_of(
    st.builds(MakeVideo, PROMPTS.map(lambda text: _prompt(text)), WISHES),  # noqa: PLW0108 - defined below
    st.builds(ShowStatus, st.none() | CODES),
    st.builds(Cancel, st.none() | CODES),
    st.builds(Confirm, st.none() | REAL_CODES),
    st.builds(Again, st.none() | CODES),
    st.builds(ShowPrice, WISHES),
    st.builds(ChooseLanguage, st.sampled_from([None, "en", "zh", "klingon"])),
    st.sampled_from([ShowHistory(), ShowModels(), ShowBalance(), Help(), Start()]),
)


def _prompt(text: str) -> str:
    command = parse(f"/video {text}")
    assert isinstance(command, MakeVideo)
    return command.prompt


def _written(command: Command) -> str:
    match command:
        case MakeVideo(prompt=prompt, options=options):
            return f"/video {prompt} {_flags(options)}"
        case ShowPrice(options=options):
            return f"/price {_flags(options)}"
        case ShowStatus(job=job):
            return f"/status {job or ''}"
        case Cancel(job=job):
            return f"/cancel {job or ''}"
        case Confirm(job=job):
            return f"/confirm {job or ''}"
        case Again(job=job):
            return f"/again {job or ''}"
        case ChooseLanguage(language=language):
            return f"/language {language or ''}"
        case _:
            names = {
                ShowHistory(): "history",
                ShowModels(): "models",
                ShowBalance(): "balance",
                Help(): "help",
                Start(): "start",
            }
            return f"/{names[command]}"


def _flags(options: GenerationOptions) -> str:
    written = {
        "model": options.model,
        "duration": options.duration_s,
        "resolution": options.resolution,
        "aspect": options.aspect_ratio,
        "seed": options.seed,
    }
    return " ".join(f"--{name} {value}" for name, value in written.items() if value is not None)


@given(COMMAND)
def test_a_command_written_out_is_read_back(command: Command) -> None:
    assert parse(_written(command)) == command


@given(text=st.text(max_size=40) | PROMPTS)
def test_a_prompt_is_read_as_itself(text: str) -> None:
    prompt = _prompt(text)
    assert parse(f"/video {prompt}") == MakeVideo(prompt)


@pytest.mark.parametrize(
    ("kind", "value", "command"),
    [
        ("cancel", "K7QX2AB", Cancel("K7QX2AB")),
        ("yes", "K7QX2AB", Confirm("K7QX2AB")),
        ("again", "K7QX2AB", Again("K7QX2AB")),
        ("fix", "K7QX2AB", Again("K7QX2AB", with_fallback=True)),
        ("lang", "zh", ChooseLanguage("zh")),
        ("lang", "zh-hant", ChooseLanguage("zh-hant")),
    ],
)
def test_a_button_means_what_it_was_made_for(kind: str, value: str, command: Command) -> None:
    data = data_for(kind, value)  # type: ignore[arg-type]  # a table of literals
    assert len(data.encode()) <= 64
    assert pressed(data) == command


@pytest.mark.parametrize("value", ["", "K7:QX", "K" * 13, "猫"])
def test_a_button_that_would_not_come_back_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="no button"):
        data_for("cancel", value)


@given(st.text(max_size=40) | st.sampled_from(["cancel:", "buy:K7", "cancel:K7:K8", "lang:zh\n", "again: K7"]))
def test_foreign_button_data_is_nothing(data: str) -> None:
    command = pressed(data)
    assert command is None or data.split(":", maxsplit=1)[0] in {"cancel", "yes", "again", "fix", "lang"}


def test_button_data_with_anything_odd_is_nothing() -> None:
    assert [
        pressed(data) for data in ("", "cancel", "cancel:", "buy:K7", "cancel:K7:K8", "lang:zh\n", "again: K7")
    ] == [None] * 7


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("新版 K7", commands.AnotherTake("K7")),
        ("新版K7", commands.AnotherTake("K7")),
        ("retake K7QX2AB", commands.AnotherTake("K7QX2AB")),
        ("改词 Ｋ７吧", commands.AnotherTake("K7", other_words=True)),
        ("換詞 k 7", commands.AnotherTake("K7", other_words=True)),
        ("换模型 K7", commands.OtherModel("K7")),
        ("swap K7 wan-2.7", commands.OtherModel("K7", "wan-2.7")),
        ("原片 K7", commands.OriginalFile("K7")),
        ("/original@reelbot K7QX2AB", commands.OriginalFile("K7QX2AB")),
        ("“删除 K7”", commands.DeleteFilm("K7")),
        ("/delete", commands.DeleteFilm()),
        ("/delete k7qx2ab", commands.DeleteFilm("K7QX2AB")),
        ("确认删除 K7。", commands.DeleteFilm("K7", "yes")),
        ("確認刪除K7", commands.DeleteFilm("K7", "yes")),
        ("确认 K7", commands.Confirm("K7")),  # of an offer, and never of a deletion
        ("换词 K7 一艘纸船在雨中", commands.AnotherTake("K7", other_words=True, words="一艘纸船在雨中")),
        ("reword K7: a fox", commands.AnotherTake("K7", other_words=True, words="a fox")),
        ("/reword Ｋ７ a fox\nin snow", commands.AnotherTake("K7", other_words=True, words="a fox\nin snow")),
        ("/reword a fox", commands.AnotherTake(other_words=True, words="a fox")),  # as a reply
        ("新版 K7，再慢一点", commands.AnotherTake("K7", words="再慢一点")),
        ("/retake K 7 slower", commands.AnotherTake("K7", words="slower")),
        ("新版 K7 谢谢", commands.AnotherTake("K7")),
        ("换模型 K7 veo 3.1", commands.OtherModel("K7", "veo-3.1")),
        ("/swap Ｋ７ wan 2.7", commands.OtherModel("K7", "wan-2.7")),
        ("换模型 K7 wan-2.7 10s", commands.AnotherTake("K7", words="--model wan-2.7 10s")),
        ("新版 UFUXRUZ", commands.AnotherTake("UFUXRUZ")),
        ("/删除 Ｋ７", commands.DeleteFilm("K7")),
        ("更多", commands.MoreOfFilm()),  # of the latest film
        ("more", commands.MoreOfFilm()),
        ("换词", commands.AnotherTake(other_words=True)),
        ("換模型", commands.OtherModel()),
        ("swap veo 3.1 lite", commands.OtherModel(model="veo-3.1-lite")),
        ("换模型 可灵", commands.OtherModel(model="kling-3")),
        ("swap horse and rider", PlainText("swap horse and rider")),
        ("换个模型", commands.OtherModel()),  # as the buttons say it
        ("换句话", commands.AnotherTake(other_words=True)),
        ("放大到 4k", commands.EnlargeFilm(None, "4k")),
        ("放大4K", commands.EnlargeFilm(None, "4k")),
        ("upscale to 1080p", commands.EnlargeFilm(None, "1080p")),
        ("放大 K7 到 4k", commands.EnlargeFilm("K7", "4k")),
        ("放大K7到4k", commands.EnlargeFilm("K7", "4k")),
        ("放大 K7QX2AB 成 1080p。", commands.EnlargeFilm("K7QX2AB", "1080p")),
        ("把它放大到4k", commands.EnlargeFilm(None, "4k")),
        ("請把這個影片放大", commands.EnlargeFilm()),
        ("把K7放大到４Ｋ吧", commands.EnlargeFilm("K7", "4k")),
        ("能把刚才的视频变清晰一点吗？", commands.EnlargeFilm()),
        ("放大这个视频到1080p", commands.EnlargeFilm(None, "1080p")),
        ("Please upscale this video to 4k!", commands.EnlargeFilm(None, "4k")),
        ("can you enlarge it?", commands.EnlargeFilm()),
        ("upscale K7 to 4k please", commands.EnlargeFilm("K7", "4k")),
        ("把它续写", commands.ContinueFilm()),
        ("continue this video", commands.ContinueFilm()),
        ("把 K7 删除", commands.DeleteFilm("K7")),
        ("原片", commands.OriginalFile()),
        ("原片！", commands.OriginalFile()),
        ("把原片发给我", commands.OriginalFile()),
        ("我要K7的原片", commands.OriginalFile("K7")),
        ("發我原文件", commands.OriginalFile()),
        ("send me the original file", commands.OriginalFile()),
        ("the original video", commands.OriginalFile()),
        ("upscale it", commands.EnlargeFilm()),
        ("full version", commands.MakeFull()),
        ("keep going", commands.ContinueFilm()),
        ("继续吧", commands.ContinueFilm()),
        ("continue, she turns around", commands.ContinueFilm(words="she turns around")),
        ("continue with kling 3, 10s", commands.ContinueFilm(words="with kling 3, 10s")),
        ("continue in 4k", commands.ContinueFilm(words="in 4k")),
    ],
)
def test_what_stands_under_a_film_is_typed_with_its_code(text: str, expected: commands.Command) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize(
    "text",
    ["删除", "delete", "original", "删除 K7 里的人", "swap 10 cats", "swap K7 and K8 heads", "delete k7 please now",
     "新版的狐狸", "retake of K7", "换词 让猫跳舞", "一只猫把它放大到4k", "把它放大到天上去", "把它放大到4k，然后下雨",
     "把小猫放大", "放大镜里的狐狸", "把它放大的小女孩", "a boy says upscale it to 4k", "enlarge the room",
     "continue it until the fox sleeps", "这个视频放大", "原片里的狐狸", "把原片发给我的女孩", "原片的颜色",
     "send me the original recipe", "the original video game", "an original film", "delete my data and run",
     "把它", "放大到天边",
     "continue the road into the hills", "video, a fox", "继续走在路上",
     "sharper knives"],
)  # fmt: skip
def test_words_that_speak_of_a_picture_stay_words(text: str) -> None:
    assert parse(text) == commands.PlainText(text)


@pytest.mark.parametrize(
    "text", ["forget me", "Forget me.", "delete my data!", "erase my data", "忘记我", "刪除我的數據", "/forget me"]
)
def test_to_be_forgotten_is_asked_for_in_the_very_words(text: str) -> None:
    """It only asks, and only where nothing else is said: anything longer may be a prompt."""
    assert parse(text) == Forget()


@pytest.mark.parametrize("text", ["forget me not, blue flowers in the rain", "forget me yes", "delete my data and run"])
def test_a_sentence_that_begins_so_is_no_wish_to_be_forgotten(text: str) -> None:
    assert parse(text) == PlainText(text)

"""Options told apart from prompts: by table, and by properties that any text must keep."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.generation_options import GenerationOptions, parse_options
from bot.conversation.option_words import FOREIGN, MODEL_WORDS, TIERS
from core.pricing import find, list_models

TAKEN = [
    # a run at the start or at the end
    ("premium 10s a red fox", "a red fox", GenerationOptions(model="premium", duration_s=10)),
    (
        "a red fox in snow premium 10s 9:16 1080p seed 7",
        "a red fox in snow",
        GenerationOptions("premium", 10, "1080p", "9:16", 7),
    ),
    ("10s/9:16/premium a fox", "a fox", GenerationOptions(model="premium", duration_s=10, aspect_ratio="9:16")),
    ("premium: a fox", "a fox", GenerationOptions(model="premium")),
    ("a fox: 10s", "a fox", GenerationOptions(duration_s=10)),
    ("Veo 3.1 a fox", "a fox", GenerationOptions(model="Veo 3.1")),
    ("veo3.1-fast a fox", "a fox", GenerationOptions(model="veo3.1-fast")),
    ("happy-horse 5s a girl", "a girl", GenerationOptions(model="happy-horse", duration_s=5)),
    ("a fox alibaba/happy-horse/text-to-video", "a fox", GenerationOptions(model="alibaba/happy-horse/text-to-video")),
    ("a fox 5 s", "a fox", GenerationOptions(duration_s=5)),
    ("a fox 5 seconds", "a fox", GenerationOptions(duration_s=5)),
    ("a fox 5sec 480P", "a fox", GenerationOptions(duration_s=5, resolution="480p")),
    ("a fox 30s", "a fox", GenerationOptions(duration_s=30)),
    ("a fox 9x16", "a fox", GenerationOptions(aspect_ratio="9:16")),
    ("a fox in 1080p", "a fox", GenerationOptions(resolution="1080p")),
    ("a fox in portrait mode", "a fox", GenerationOptions(aspect_ratio="9:16")),
    ("a fox with seed 42", "a fox", GenerationOptions(seed=42)),
    ("a fox model veo", "a fox", GenerationOptions(model="veo")),
    ("a fox duration 8 aspect 1:1", "a fox", GenerationOptions(duration_s=8, aspect_ratio="1:1")),
    ("portrait 10s a fox", "a fox", GenerationOptions(duration_s=10, aspect_ratio="9:16")),
    ("portrait a fox dances", "a fox dances", GenerationOptions(aspect_ratio="9:16")),
    ("a fox 10s vertical", "a fox", GenerationOptions(duration_s=10, aspect_ratio="9:16")),
    ("a mountain landscape 10s", "a mountain landscape", GenerationOptions(duration_s=10)),
    # a name in Chinese goes with its value
    ("一只小狗，时长十秒，画质4K", "一只小狗", GenerationOptions(duration_s=10, resolution="4k")),
    ("一只小狗，画质高清", "一只小狗", GenerationOptions(resolution="720p")),
    # set apart
    ("a fox, 10s, in snow", "a fox, in snow", GenerationOptions(duration_s=10)),
    (
        "a fox, premium, in the snow, 9:16",
        "a fox, in the snow",
        GenerationOptions(model="premium", aspect_ratio="9:16"),
    ),
    ("a fox (10s, 9:16) at night", "a fox at night", GenerationOptions(duration_s=10, aspect_ratio="9:16")),
    ("[premium] a fox", "a fox", GenerationOptions(model="premium")),
    ("a fox - 10s - premium", "a fox", GenerationOptions(model="premium", duration_s=10)),
    ("a fox | 10s", "a fox", GenerationOptions(duration_s=10)),
    ("A fox runs. 10s 9:16.", "A fox runs.", GenerationOptions(duration_s=10, aspect_ratio="9:16")),
    ("a fox\n10s\n9:16", "a fox", GenerationOptions(duration_s=10, aspect_ratio="9:16")),
    ("10s\na fox\nin snow", "a fox\nin snow", GenerationOptions(duration_s=10)),
    ("a fox, portrait", "a fox", GenerationOptions(aspect_ratio="9:16")),
    ("seed: 7, a fox; model: veo", "a fox", GenerationOptions(model="veo", seed=7)),
    ("premium", "", GenerationOptions(model="premium")),
    # explicit, anywhere
    ("a fox --model veo 3.1 fast runs", "a fox runs", GenerationOptions(model="veo 3.1 fast")),
    ("a fox --model horse", "a fox", GenerationOptions(model="horse")),
    ("a fox --model foo, at night", "a fox, at night", GenerationOptions(model="foo")),
    ('a fox --model "my own model" runs', "a fox runs", GenerationOptions(model="my own model")),
    (
        "--duration 10 --aspect portrait a dog -s 7",
        "a dog",
        GenerationOptions(duration_s=10, aspect_ratio="9:16", seed=7),
    ),
    ("-d 10 -m veo a cat -r 1080p -a 9:16", "a cat", GenerationOptions("veo", 10, "1080p", "9:16")),
    ("a fox —duration 8", "a fox", GenerationOptions(duration_s=8)),
    ("a fox --premium", "a fox", GenerationOptions(model="premium")),
    ("a fox --9:16 jumps", "a fox jumps", GenerationOptions(aspect_ratio="9:16")),
    ("model=veo a dog duration=8s", "a dog", GenerationOptions(model="veo", duration_s=8)),
    ("a fox --resolution 4K", "a fox", GenerationOptions(resolution="4k")),
    ("a fox, 4k", "a fox", GenerationOptions(resolution="4k")),
    ("a fox in 4k", "a fox", GenerationOptions(resolution="4k")),
    ("a fox in the snow 4K", "a fox in the snow", GenerationOptions(resolution="4k")),
    ("premium 2k a fox", "a fox", GenerationOptions(model="premium", resolution="2k")),
    ("4k, a fox", "a fox", GenerationOptions(resolution="4k")),
    ("a fox (4k)", "a fox", GenerationOptions(resolution="4k")),
    ("a fox, 2160p", "a fox", GenerationOptions(resolution="2160p")),
    ("a fox 1440p", "a fox", GenerationOptions(resolution="1440p")),
    ("一只猫，4K", "一只猫", GenerationOptions(resolution="4k")),
    ("a fox --aspect 2.35:1", "a fox", GenerationOptions(aspect_ratio="2.35:1")),
    ("a fox --duration 7.5", "a fox", GenerationOptions(duration_s=8)),
    ("a fox --duration ten", "a fox", GenerationOptions(duration_s=0)),
    ("premium a fox 5s --model veo duration=6", "a fox", GenerationOptions(model="veo", duration_s=6)),
    ("budget a fox, premium", "a fox", GenerationOptions(model="budget")),
    # Chinese
    ("一只猫弹钢琴，10秒，竖屏", "一只猫弹钢琴", GenerationOptions(duration_s=10, aspect_ratio="9:16")),
    ("10秒竖屏，一只猫", "一只猫", GenerationOptions(duration_s=10, aspect_ratio="9:16")),
    ("一只猫 时长10秒 比例 9:16", "一只猫", GenerationOptions(duration_s=10, aspect_ratio="9:16")),
    ("一只猫 时长：10 分辨率：720p", "一只猫", GenerationOptions(duration_s=10, resolution="720p")),
    ("一只猫：十五秒", "一只猫", GenerationOptions(duration_s=15)),
    ("横屏 一只猫", "一只猫", GenerationOptions(aspect_ratio="16:9")),
    ("高级 一只猫", "一只猫", GenerationOptions(model="premium")),
    ("一只猫，经济版", "一只猫", GenerationOptions(model="budget")),
    ("一只猫 模型 veo", "一只猫", GenerationOptions(model="veo")),
    ("１０秒，一只猫，９：１６", "一只猫", GenerationOptions(duration_s=10, aspect_ratio="9:16")),
    ("10秒一只猫", "一只猫", GenerationOptions(duration_s=10)),
    ("一只猫在跑竖屏", "一只猫在跑", GenerationOptions(aspect_ratio="9:16")),
    ("一只狐狸在雪地里奔跑10秒竖屏", "一只狐狸在雪地里奔跑", GenerationOptions(duration_s=10, aspect_ratio="9:16")),
    ("10秒竖屏一只狐狸", "一只狐狸", GenerationOptions(duration_s=10, aspect_ratio="9:16")),
    ("一只猫9比16", "一只猫", GenerationOptions(aspect_ratio="9:16")),
    ("一只猫，九比十六", "一只猫", GenerationOptions(aspect_ratio="9:16")),
    ("四比三，一只猫", "一只猫", GenerationOptions(aspect_ratio="4:3")),
    ("一只猫，电影感，高清", "一只猫，电影感", GenerationOptions(resolution="720p")),
    ("4K超清，一只猫", "一只猫", GenerationOptions(resolution="4k")),
    ("一只猫4K", "一只猫", GenerationOptions(resolution="4k")),
    ("用veo，一只猫", "一只猫", GenerationOptions(model="veo")),
    ("用可灵生成一只猫在跑", "一只猫在跑", GenerationOptions(model="可灵")),
    ("一只猫，用万相", "一只猫", GenerationOptions(model="万相")),
    ("可灵2.6，一只猫", "一只猫", GenerationOptions(model="可灵2.6")),
    ("一只猫 即梦", "一只猫", GenerationOptions(model="即梦")),
    ("一只猫，豆包", "一只猫", GenerationOptions(model="豆包")),
    ("用可灵 狐狸奔跑", "狐狸奔跑", GenerationOptions(model="可灵")),
    ("用可灵生成狐狸奔跑", "狐狸奔跑", GenerationOptions(model="可灵")),
    ("狐狸奔跑，快手可灵", "狐狸奔跑", GenerationOptions(model="快手可灵")),
    ("用即梦AI生成一只狐狸", "一只狐狸", GenerationOptions(model="即梦AI")),
    ("狐狸奔跑，可灵AI", "狐狸奔跑", GenerationOptions(model="可灵AI")),
    ("竖屏狐狸奔跑", "狐狸奔跑", GenerationOptions(aspect_ratio="9:16")),
    ("10秒竖屏狐狸奔跑", "狐狸奔跑", GenerationOptions(duration_s=10, aspect_ratio="9:16")),
    ("竖屏10秒狐狸奔跑", "狐狸奔跑", GenerationOptions(duration_s=10, aspect_ratio="9:16")),
    ("狐狸奔跑 无声", "狐狸奔跑", GenerationOptions(sound=False)),
    ("一只猫弹钢琴 有声", "一只猫弹钢琴", GenerationOptions(sound=True)),
    ("经济型，一只猫", "一只猫", GenerationOptions(model="budget")),
    ("一只猫，无声", "一只猫", GenerationOptions(sound=False)),
    ("一只猫弹钢琴 带声音", "一只猫弹钢琴", GenerationOptions(sound=True)),
    # what there is not is carried, and refused aloud
    ("kling 9 a fox", "a fox", GenerationOptions(model="kling 9")),
    ("a fox, veo4", "a fox", GenerationOptions(model="veo4")),
    ("可灵5，一只猫", "一只猫", GenerationOptions(model="可灵5")),
    ("use kling 9 to make a fox", "a fox", GenerationOptions(model="kling 9")),
    ("a fox --model kling 9", "a fox", GenerationOptions(model="kling 9")),
    # ... and a kind of it that there is not
    ("a fox, kling 4 turbo", "a fox", GenerationOptions(model="kling 4 turbo")),
    ("a fox veo 3.1 pro 10s", "a fox", GenerationOptions(model="veo 3.1 pro", duration_s=10)),
    ("seedance 2.5 fast a fox", "a fox", GenerationOptions(model="seedance 2.5 fast")),
    ("use kling 4 turbo to make a fox", "a fox", GenerationOptions(model="kling 4 turbo")),
    ("一只狐狸，可灵4.0大师版", "一只狐狸", GenerationOptions(model="可灵4.0大师版")),
    ("用可灵4大师版生成一只狐狸", "一只狐狸", GenerationOptions(model="可灵4大师版")),
    ("kling 3 fast cars race", "fast cars race", GenerationOptions(model="kling 3")),
    ("a fox with veo 3", "a fox", GenerationOptions(model="veo 3")),
    ("用可灵9.0生成狐狸奔跑", "狐狸奔跑", GenerationOptions(model="可灵9.0")),
    ("a fox, sora 2", "a fox", GenerationOptions(model="sora 2")),
    ("a fox, Sora", "a fox", GenerationOptions(model="Sora")),
    ("use runway to make a fox", "a fox", GenerationOptions(model="runway")),
    ("a fox, runway gen-4.5", "a fox", GenerationOptions(model="runway gen-4.5")),
    ("a fox, model runway", "a fox", GenerationOptions(model="runway")),
    ("狐狸奔跑，混元", "狐狸奔跑", GenerationOptions(model="混元")),
    ("用混元做一只狐狸", "一只狐狸", GenerationOptions(model="混元")),
    ("kling 10s a fox", "a fox", GenerationOptions(model="kling", duration_s=10)),
    # sound
    ("a fox, silent", "a fox", GenerationOptions(sound=False)),
    ("a fox with sound", "a fox", GenerationOptions(sound=True)),
    ("a fox --silent", "a fox", GenerationOptions(sound=False)),
    ("a fox --sound on runs", "a fox runs", GenerationOptions(sound=True)),
    ("sound=off a fox", "a fox", GenerationOptions(sound=False)),
    ("using kling 3, a fox", "a fox", GenerationOptions(model="kling 3")),
    ("use flux: a fox", "a fox", GenerationOptions(model="flux")),
    ("一隻貓，豎屏，種子 7", "一隻貓", GenerationOptions(aspect_ratio="9:16", seed=7)),
    # said against, it is what is left
    ("一只狐狸，别要声音", "一只狐狸", GenerationOptions(sound=False)),
    ("一只狐狸，不需要声音", "一只狐狸", GenerationOptions(sound=False)),
    ("不想要声音，一只狐狸", "一只狐狸", GenerationOptions(sound=False)),
    ("一只狐狸，没声音", "一只狐狸", GenerationOptions(sound=False)),
    ("一只狐狸，不要静音", "一只狐狸", GenerationOptions(sound=True)),
    ("一只狐狸，要有声音", "一只狐狸", GenerationOptions(sound=True)),
    ("一只狐狸，1080P高清", "一只狐狸", GenerationOptions(resolution="1080p")),
    ("一只狐狸，4k 超高清", "一只狐狸", GenerationOptions(resolution="4k")),
    ("海螺模型，一只狐狸", "一只狐狸", GenerationOptions(model="海螺")),
    ("一只狐狸，豆包模型", "一只狐狸", GenerationOptions(model="豆包")),
]

LEFT = [
    "a premium coffee ad with 10s of people at 9:16 local time",
    "the clock strikes at 9:16",
    "10 seconds of calm",
    "a fox that waits for 10 seconds",
    "portrait of a woman",
    "square dance in a barn",
    "a cat portrait",
    "crowds on the town square",
    "oil painting, landscape, mountains",
    "synthwave 80s",
    "80s disco, neon",
    "farm, horse, barn",
    "a very happy horse",
    "a dog and a horse",
    "shot on a low budget",
    "the scales are perfectly balanced",
    "shot in 4k, cinematic, 4k, masterpiece",
    "4k footage of a fox",
    "they shot it at 4k",
    "a fashion model on the runway",
    "a fashion model walks",
    "she plants a seed 7",
    "a man - tall and calm - walks",
    "he says: it is 10s too late, my dear",
    "a fox --no text --v 5",
    "Mr. Fox, Mrs. Fox and 3 cubs",
    "时间是 9:16",
    "质感，高级，大气",
    "一只高级的猫在弹钢琴",
    "等了10秒才笑",
    "他等了10秒",
    "倒计时10秒",
    "只有10秒",
    "10秒后爆炸",
    "10秒一次的闪电",
    "竖屏手机广告",
    "经济型酒店的大堂",
    "比分4比3",
    "豆包，特写",
    "他用海螺吹响",
    "无声的世界",
    "有声有色的表演",
    "质感，高清，大气",
    "a silent forest at dawn",
    "a forest with no sound",
    "the sound off the coast",
    "gemini constellation over a lake",
    "Sora runs in a field",
    "Sora, a girl in the snow",
    "a girl with horse",
    "a hologram with gemini",
    "a plane via runway",
    "use runway lights to guide the plane",
    "a meadow, pika, mountains",
    "用豆包做早餐",
    "用混元气功打败敌人",
    "横屏游戏画面",
    "竖屏的手机",
    "竖屏拍摄一只猫",
    "5秒吃完一个汉堡",
    "a room filled with sound",
    "the air vibrates with sound",
    "with audio commentary on a match",
    "sound on the beach",
    "she makes no sound",
    "a flux of light",
    # said against
    "a fox without 4k",
    "a fox, don't use veo",
    "a fox, don’t use veo",
    "a fox, never with sound",
    "a fox, never 10s",
    "一只狐狸，别竖屏",
    "一只狐狸，别用可灵",
    "一只狐狸，不10秒",
    "一只狐狸，不要竖屏",
]  # fmt: skip


ASKED = [
    ("make a 10-second vertical video of a fox", "a fox", GenerationOptions(duration_s=10, aspect_ratio="9:16")),
    (
        "Can you make me a 10 second long silent video about cats?",
        "cats?",
        GenerationOptions(duration_s=10, sound=False),
    ),
    ("please create a 5s 16:9 clip: a fox in snow", "a fox in snow", GenerationOptions(None, 5, None, "16:9")),
    ("make a 10 second film of rain, premium", "rain", GenerationOptions("premium", 10)),
    ("make a one minute video: a fox", "a fox", GenerationOptions(duration_s=60)),
    ("a fox in snow, 1 minute", "a fox in snow", GenerationOptions(duration_s=60)),
    ("a fox in snow (2 min, 9:16)", "a fox in snow", GenerationOptions(duration_s=120, aspect_ratio="9:16")),
    ("做一个一分钟的视频：海边日落", "海边日落", GenerationOptions(duration_s=60)),
    ("海边日落，1分钟", "海边日落", GenerationOptions(duration_s=60)),
    ("海边日落 半分钟", "海边日落", GenerationOptions(duration_s=30)),
    ("海边日落，两分钟半，竖屏", "海边日落", GenerationOptions(duration_s=150, aspect_ratio="9:16")),
    ("a fox in snow, no sound please", "a fox in snow", GenerationOptions(sound=False)),
    ("a fox in snow 10s, thanks!", "a fox in snow", GenerationOptions(duration_s=10)),
    ("一只狐狸，竖屏，谢谢", "一只狐狸", GenerationOptions(aspect_ratio="9:16")),
    ("create a 10 second video", "", GenerationOptions(duration_s=10)),
    ("生成一个15秒的竖屏视频：海边日落", "海边日落", GenerationOptions(duration_s=15, aspect_ratio="9:16")),
    ("請幫我做一個10秒的豎屏視頻，海邊日落", "海邊日落", GenerationOptions(duration_s=10, aspect_ratio="9:16")),
    ("来一个十秒的无声视频，一只猫", "一只猫", GenerationOptions(duration_s=10, sound=False)),
    ("我想要一段可灵的5秒视频，内容是一只狗", "一只狗", GenerationOptions("可灵", 5)),
    ("生成一个10秒的海边日落视频", "海边日落视频", GenerationOptions(duration_s=10)),
    ("用这张照片做一个10秒的视频", "", GenerationOptions(duration_s=10)),
    ("10秒竖屏视频：海边日落", "海边日落", GenerationOptions(duration_s=10, aspect_ratio="9:16")),
]
"""The asking before the scene."""
NOT_ASKED = [
    "a 10s clip of a premium car",
    "a girl says please",
    "she waits 1 minute",
    "one minute of silence",
    "the last two minutes",
    "5 mins a day",
    "他等了一分钟",
    "坚持半分钟",
    "一分钟后爆炸",
    "三分钟热度",
    "a 10 second video",
    "一个10秒的倒计时视频",
    "a man makes a 10 second video of his cat",
    "make a silent movie of a man in the rain",
    "make a 10 second video game cutscene of a knight",
    "make a video of a clock that strikes at 9:16 exactly",
    "生成一个视频：海边日落",
    "一段10秒的时间，钟表在走",
    "他拍了一个10秒的视频，一只猫",
    "手机里放着10秒的视频",
]


@pytest.mark.parametrize(("text", "prompt", "options"), ASKED)
def test_wishes_in_the_asking_count(text: str, prompt: str, options: GenerationOptions) -> None:
    assert parse_options(text) == (prompt, options)
    assert parse_options(prompt)[0] == prompt


@pytest.mark.parametrize("text", NOT_ASKED)
def test_a_video_in_the_scene_is_no_asking(text: str) -> None:
    assert parse_options(text) == (text, GenerationOptions())


@pytest.mark.parametrize(("text", "prompt", "options"), TAKEN)
def test_options_that_are_set_aside_count(text: str, prompt: str, options: GenerationOptions) -> None:
    assert parse_options(text) == (prompt, options)


@pytest.mark.parametrize("text", LEFT)
def test_words_of_a_sentence_stay_words(text: str) -> None:
    assert parse_options(text) == (text, GenerationOptions())


def test_every_name_of_every_model_is_found() -> None:
    for word in MODEL_WORDS:
        prompt, options = parse_options(f"a fox --model {word}")
        assert (prompt, options.model) == ("a fox", word)
        assert find(word)
    assert all(parse_options(f"a fox --model {word}") == ("a fox", GenerationOptions(model=word)) for word in FOREIGN)
    for model in list_models():
        assert parse_options(f"{model.key} 10s a fox")[1].model == model.key
    assert {"budget", "balanced", "premium"} == TIERS


WORDS = st.sampled_from(
    "fox runs through fresh snow while distant mountains glow red under stars 一只狐狸 在雪地里 奔跑".split()  # noqa: SIM905
)
SAID = "premium|10s|9:16|1080p|seed 7|veo|portrait|budget|8 s|竖屏|5秒|9比16|高清|可灵|silent|with sound|无声|kling 9"
BARE = st.sampled_from(SAID.split("|"))
CHINESE = st.sampled_from(["一只狐狸", "在雪地里", "奔跑", "的", "和", "朋友", "红色", "慢慢", "很", "天空"])
CHINESE_BARE = st.sampled_from(["10秒", "竖屏", "9比16", "高清", "可灵", "豆包", "无声", "4K", "经济型"])
FLAGS = st.sampled_from(
    ["--model veo", "--duration 8", "-d 8", "--aspect 1:1", "--seed 3", "resolution=720p", "-m wan"]
)
PIECES = st.one_of(
    WORDS, BARE, FLAGS, st.sampled_from([",", ".", "，", "(", ")", "-", "|", "\n", ":", "the", "of", "at", "--", "/"])
)


@given(before=st.lists(WORDS, min_size=1, max_size=6), option=BARE, after=st.lists(WORDS, min_size=1, max_size=6))
def test_an_option_inside_a_sentence_is_a_word(before: list[str], option: str, after: list[str]) -> None:
    text = " ".join([*before, option, *after])
    assert parse_options(text) == (text, GenerationOptions())


@given(
    before=st.lists(CHINESE, min_size=1, max_size=5),
    option=CHINESE_BARE,
    after=st.lists(CHINESE, min_size=2, max_size=5),
)
def test_an_option_inside_a_chinese_sentence_is_a_word(before: list[str], option: str, after: list[str]) -> None:
    text = "".join([*before, option, *after])
    assert parse_options(text) == (text, GenerationOptions())


@given(words=st.lists(WORDS, min_size=1, max_size=8), flags=st.lists(FLAGS, max_size=3), at=st.integers(0, 8))
def test_explicit_options_count_anywhere_and_leave_the_words(words: list[str], flags: list[str], at: int) -> None:
    text = " ".join([*words[:at], *flags, *words[at:]])
    prompt, options = parse_options(text)
    assert prompt == " ".join(words)
    assert (options != GenerationOptions()) == bool(flags)


@given(words=st.lists(WORDS, min_size=1, max_size=8), bare=BARE, at=st.integers(0, 8))
def test_an_explicit_option_wins(words: list[str], bare: str, at: int) -> None:
    flags = "--model kling --duration 6 --aspect 4:3 --resolution 480p --seed 1 --sound on"
    text = " ".join([*words[:at], flags, *words[at:]])
    for whole in (f"{bare}, {text}", f"{text}, {bare}"):
        assert parse_options(whole) == (" ".join(words), GenerationOptions("kling", 6, "480p", "4:3", 1, True))


@given(st.lists(PIECES, max_size=14).map(" ".join) | st.lists(PIECES, max_size=14).map("".join) | st.text(max_size=80))
def test_any_text_is_read_and_a_prompt_is_read_as_itself(text: str) -> None:
    prompt, options = parse_options(text)
    assert parse_options(prompt) == (prompt, GenerationOptions())
    assert "\x00" not in prompt
    assert options.duration_s is None or options.duration_s >= 0
    messages = set(re.findall(r"[a-z]{2,}", prompt.lower()))
    assert messages <= set(re.findall(r"[a-z]{2,}", text.lower()))


@given(
    options=st.builds(
        GenerationOptions,
        model=st.none() | st.sampled_from(sorted(MODEL_WORDS)) | st.just("foo"),
        duration_s=st.none() | st.integers(0, 99),
        resolution=st.none() | st.sampled_from(["480p", "720p", "1080p", "4k", "ultra"]),
        aspect_ratio=st.none() | st.sampled_from(["16:9", "9:16", "2:1", "wide"]),
        seed=st.none() | st.integers(-5, 2**31),
        sound=st.none() | st.booleans(),
    ),
    words=st.lists(WORDS, min_size=1, max_size=6),
)
def test_wishes_written_out_are_read_back(options: GenerationOptions, words: list[str]) -> None:
    written = {
        "--model": options.model,
        "--duration": options.duration_s,
        "--resolution": options.resolution,
        "--aspect": options.aspect_ratio,
        "--seed": options.seed,
        "--sound": None if options.sound is None else "on" if options.sound else "off",
    }
    flags = " ".join(f"{name} {value}" for name, value in written.items() if value is not None)
    assert parse_options(f"{flags} {' '.join(words)}") == (" ".join(words), options)


def test_long_texts_are_read_quickly() -> None:
    for text in ("10s " * 3000 + "x", "a, portrait, " * 800, "(" * 5000, "--model " * 1500, "seed " * 4000):
        prompt, _ = parse_options(text)
        assert len(prompt) <= len(text)

"""Camera moves, styles and light: said alone they go behind the words of an offer; inside a sentence they are words."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.drafts import with_phrase
from bot.conversation.generation_options import parse_options
from bot.conversation.idea_list import ideas
from bot.conversation.scene_phrases import GROUPS, PHRASES, SHOWN, phrase_in, phrase_of
from bot.messages.languages import LANGUAGES
from bot.store.dialogues import Draft
from bot.store.records import State
from tests.bench import Bench

OnBench = Callable[..., None]
NAMES = sorted(PHRASES)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_phrase_is_known_by_what_it_is_called(name: str, language: str) -> None:
    found = phrase_of(f" {phrase_in(name, language)}。")
    assert found is not None
    assert found[0] == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Slow Push-In", "push-in"),
        ("推镜头！", "push-in"),
        ("慢动作", "slow-motion"),
        ("slow mo", "slow-motion"),
        ("電影感", "cinematic"),
    ],
)
def test_phrases_as_people_write_them(text: str, name: str) -> None:
    assert (phrase_of(text) or ("",))[0] == name


@given(
    name=st.sampled_from(NAMES),
    language=st.sampled_from(list(LANGUAGES)),
    word=st.sampled_from(["fox", "狐狸", "a red"]),
)
def test_inside_a_sentence_it_is_words(name: str, language: str, word: str) -> None:
    assert phrase_of(f"{word} {phrase_in(name, language)}") is None
    assert phrase_of(f"{phrase_in(name, language)} {word}") is None


@given(name=st.sampled_from(NAMES), wish=st.sampled_from(["", ", 10s", ", premium, 9:16", " --model veo"]))
def test_it_goes_behind_the_words_and_before_the_wishes(name: str, wish: str) -> None:
    phrase = phrase_in(name, "en")
    longer = with_phrase(Draft(words=f"a red fox{wish}", at=1, words_at=1), phrase, at=2)
    assert longer is not None
    assert longer.words == f"a red fox, {phrase}"
    assert parse_options(longer.options)[1] == parse_options(f"a red fox{wish}")[1]
    assert with_phrase(longer, phrase, at=3) is None


def test_all_phrases_stand_in_the_list_and_the_usual_ones_have_a_button() -> None:
    for language in LANGUAGES:
        message = ideas(language)
        assert all(phrase_in(name, language) in message.text for names in GROUPS.values() for name in names)
        assert [action.data for action in message.actions] == [f"idea:{name}" for name in SHOWN]
        assert language.startswith("en") or ":" not in message.text  # Chinese has a colon of its own


def test_a_phrase_alone_changes_the_open_offer_at_the_same_price(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        chat = made.telegram
        chat.user_says(42, "a red fox runs, budget")
        await made.until(lambda: bool(chat.texts(42)))
        chat.user_says(42, "slow push-in")
        await made.until(lambda: any("a red fox runs, slow push-in" in text for text in chat.texts(42)))
        offers = await made.app.store.jobs.find(user="telegram:42", states=[State.AWAITING_CONFIRMATION])
        assert [(offer.request.prompt, offer.request.model) for offer in offers] == [
            ("a red fox runs, slow push-in", "wan-2.5")
        ]
        assert made.submits() == 0

    on_bench(story)


def test_a_phrase_with_nothing_to_go_behind_buys_and_offers_nothing(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        chat = made.telegram
        chat.user_says(42, "推镜头")
        await made.until(lambda: any("推镜头" in text for text in chat.texts(42)))
        assert await made.app.store.jobs.find(user="telegram:42") == []
        chat.user_says(42, "/ideas")
        await made.until(lambda: any("slow push-in" in text for text in chat.texts(42)))

    on_bench(story)

"""People's words keep their direction to themselves, wherever they are shown."""

import unicodedata
from collections.abc import Callable
from typing import Any

import pytest

from bot.messages.bidi import isolated
from bot.store.records import State
from tests.bench import Bench
from tests.corpus import jpeg

OPEN, CLOSE, OVERRIDE = "\u2068", "\u2069", "\u202e"
HEBREW = "שועל אדום רץ בשלג"
SPOOF = f"fox{OVERRIDE}07.0$ rof sey{CLOSE}{CLOSE} {HEBREW}"


def stands_alone(text: str) -> bool:
    """Whether all that is written from right to left is inside an isolate of its own line."""
    for line in text.split("\n"):
        depth = 0
        for sign in line:
            depth += (sign == OPEN) - (sign == CLOSE)
            if depth < 0 or (depth == 0 and unicodedata.bidirectional(sign) in {"R", "AL", "RLO", "RLE", "RLI"}):
                return False
        if depth != 0 or OVERRIDE in line:
            return False
    return True


@pytest.mark.parametrize("words", [HEBREW, SPOOF, f"{HEBREW}\n\n{HEBREW}", "a fox", "\u2067\u2068" + HEBREW])
def test_words_are_isolated_line_by_line(words: str) -> None:
    shown = isolated(words)
    assert stands_alone(f"1 {shown} 2")
    assert isolated("") == ""
    assert shown.count(OPEN) == shown.count(CLOSE) == len([line for line in words.split("\n") if line])


def test_the_judge_of_this_test_sees_what_is_not_isolated() -> None:
    for text in (HEBREW, f"“{HEBREW}”", f"{OPEN}fox", f"fox{CLOSE}", f"{OPEN}{OVERRIDE}fox{CLOSE}"):
        assert not stands_alone(text)


def shown(made: Bench) -> list[str]:
    """All that was ever said, and every label."""
    said = []
    for call in made.telegram.calls():
        said += [str(call.params[name]) for name in ("text", "caption") if call.params.get(name)]
        rows = (call.params.get("reply_markup") or {}).get("inline_keyboard", [])
        said += [button["text"] for row in rows for button in row]
    return said


@pytest.mark.parametrize("prompt", [HEBREW, SPOOF, f"{HEBREW} " * 16], ids=["plain", "spoof", "long"])
def test_no_prompt_turns_a_line_around(on_bench: Callable[..., None], prompt: str) -> None:
    async def story(made: Bench) -> None:
        chat = made.telegram
        chat.user_says(42, prompt)  # an offer
        await made.at_rest()
        for words in ("thanks", "/status", "👍", "no"):
            chat.user_says(42, words)
            await made.at_rest()
        made.fal.faults.add("status_drop", times=40)
        chat.user_says(42, f"/video {prompt}, budget")
        await made.until(lambda: made.submits() == 1)
        chat.user_says(42, f"/video {prompt} 2, budget")
        await made.until(lambda: made.submits() == 2)
        for words in ("/cancel", "/status"):  # which one? two lines
            chat.user_says(42, words)
            await made.until(lambda: not made.telegram.pending)
        made.fal.faults.clear()
        jobs = [job for job in await made.jobs() if job.state is not State.CANCELLED]
        await made.until(lambda: len(made.films()) == len(jobs))
        for words in ("/history", f"/again {jobs[0].id}", f"/retake {jobs[0].id}", f"/reword {jobs[0].id}"):
            chat.user_says(42, words)
            await made.at_rest()
        chat.user_says(42, photo=jpeg())
        chat.user_says(42, prompt)
        await made.at_rest()
        texts = shown(made)
        assert any("Which one shall I stop" in text for text in texts)
        assert sum(HEBREW[:10] in text for text in texts) >= 10
        assert [text for text in texts if not stands_alone(text)] == []

    on_bench(story, access="open", user_jobs=5)


def test_it_costs_no_words_of_the_prompt(on_bench: Callable[..., None]) -> None:
    async def story(made: Bench) -> None:
        made.telegram.user_says(42, f"/video {SPOOF}, budget")
        await made.settled(State.DELIVERED)
        request: Any = next(iter(made.fal.memory.requests.values()))
        assert HEBREW in request.body["prompt"]
        assert OPEN not in request.body["prompt"]

    on_bench(story)

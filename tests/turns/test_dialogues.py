"""Dialogues of twenty turns: plain, with a restart after every turn, and by two workers of whom one is killed midway.

The answers are the same each time, up to codes and times, and so is what is bought.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.postgres import Cluster
from tests.turns.dialogue import Speaker
from tests.turns.stage import Stage, stage
from tests.turns.talkers import OnPage, OnTelegram, OnWeChat
from tests.turns.written import GROUP, PAGE, TELEGRAM, WECHAT

Heard = dict[str, list[list[str]]]


def played(here: Stage, *, after: Callable[[int], None]) -> Heard:
    """All four at once, turn by turn. `after`: what happens to the bot after each turn."""
    speakers = [
        Speaker(here, OnTelegram(here, 8), TELEGRAM),
        Speaker(here, OnTelegram(here, 7, group=-100, language="zh-hans"), GROUP),
        Speaker(here, OnWeChat(here, "zhang"), WECHAT),
        Speaker(here, OnPage(here), PAGE),
    ]
    with ThreadPoolExecutor(len(speakers)) as threads:
        for number in range(max(len(each.turns) for each in speakers)):
            at_it = [each for each in speakers if number < len(each.turns)]
            list(threads.map(Speaker.take, at_it, [number] * len(at_it)))
            after(number)
    return {each.talker.kind: each.heard for each in speakers}


def differences(heard: Heard, plain: Heard) -> list[str]:
    return [
        f"{kind}, turn {number}: {now} instead of {before}"
        for kind, turns in plain.items()
        for number, (now, before) in enumerate(zip(heard[kind], turns, strict=True), 1)
        if now != before
    ]


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Heard:
    """What is heard when nothing happens to the bot: each turn is answered as it is written, and buys what it may."""
    folder = tmp_path_factory.mktemp("plain")
    with stage(folder, f"sqlite:///{folder}/out/reelbot.db") as here:
        return played(here, after=lambda _number: None)


def test_a_restart_after_every_turn_changes_no_answer(tmp_path: Path, plain: Heard) -> None:
    with stage(tmp_path, f"sqlite:///{tmp_path}/out/reelbot.db") as here:
        heard = played(here, after=lambda number: here.restart(hard=number % 4 > 0))
    assert differences(heard, plain) == []


def test_a_second_worker_goes_on_where_the_first_was_killed(tmp_path: Path, postgres: Cluster, plain: Heard) -> None:
    with stage(tmp_path, postgres.database(), second=True) as here:
        heard = played(here, after=lambda number: here.stop(hard=True) if number == 10 else None)
    assert differences(heard, plain) == []

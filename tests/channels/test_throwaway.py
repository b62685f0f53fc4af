"""A chat is one folder: the throw-away one is found by the real program, without a change to any file of it."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.sandbox import create_app
from tests.channels.throwaway.loft import KEY as PIGEON_KEY
from tests.channels.throwaway.loft import NAME, Loft
from tests.corpus import jpeg
from tests.desk import Said, reelbot
from tests.films import STUDIO
from tests.jobs.test_crash import KEY as FAL_KEY
from tests.serving import WEB, free_port, served_in_thread

TOP = Path(__file__).parents[2]
CHATS = Path(__file__).parent / "throwaway" / "chats"


@dataclass
class Place:
    """An offline fal and the loft; the program runs in a process of its own, in `folder`."""

    folder: Path
    fal_url: str
    loft: Loft
    loft_url: str

    def environment(self, **more: str) -> dict[str, str]:
        own = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "PYTHONPATH": str(TOP)}
        fal = {"FAL_KEY": FAL_KEY, "FAL_QUEUE_URL": self.fal_url, "REELBOT_PORT": str(free_port())}
        return own | fal | {"REELBOT_OUTPUT_DIR": str(self.folder / "out")} | more

    @property
    def pigeon(self) -> dict[str, str]:
        return {"PIGEON_URL": self.loft_url, "PIGEON_KEY": PIGEON_KEY}

    def run(self, *arguments: str, chats: Path | None = CHATS, env: dict[str, str] | None = None) -> Said:
        """A command to its end. Nothing it says holds a secret."""
        said = reelbot(*arguments, folder=self.folder, env=self.environment(**(env or {})), chats=chats)
        assert PIGEON_KEY not in said.out + said.err
        return said


@contextmanager
def running(place: Place, env: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`reelbot run`, with the throw-away chat's folder beside the others."""
    command = [sys.executable, "-m", "tests.channels.throwaway", "run"]
    with log.open("wb") as out:
        started = subprocess.Popen(command, cwd=place.folder, env=env, stdout=out, stderr=out)
    try:
        yield started
    finally:
        started.kill()
        started.wait()


def until(true: Callable[[], Any], log: Path) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            if true():
                return
        except httpx.TransportError:
            pass  # it is starting
        time.sleep(0.02)
    raise AssertionError(log.read_text()[-3000:])


def is_up(url: str) -> bool:
    return WEB.get(url).status_code == httpx.codes.OK


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder, loft = tmp_path_factory.mktemp("pigeons"), Loft()
    sandbox = create_app(folder=folder / "fal", key=FAL_KEY, studio=STUDIO)
    with served_in_thread(loft) as loft_url, served_in_thread(sandbox) as fal_url:
        yield Place(folder, fal_url, loft, loft_url)


def test_it_carries_a_video(place: Place) -> None:
    """By words and by a photo, through `run` as an operator starts it; a stranger gets none."""
    env = place.environment(**place.pigeon, REELBOT_ACCESS="pigeon:anna")
    ours, log, loft = f"http://127.0.0.1:{env['REELBOT_PORT']}", place.folder / "bot.txt", place.loft
    loft.callback = f"{ours}/pigeon"
    with running(place, env, log) as bot:
        until(lambda: is_up(f"{ours}/readyz"), log)
        loft.write("anna", "/video a paper boat")
        assert asyncio.run(loft.deliver())
        assert asyncio.run(loft.deliver())  # the same letter again
        loft.write("anna", "/video let it sail", photo=jpeg())
        assert asyncio.run(loft.deliver())
        loft.write("berta", "/video a crow")
        assert asyncio.run(loft.deliver())
        until(lambda: len(films(loft, "anna")) == 2 and loft.at("berta"), log)
        bot.send_signal(signal.SIGTERM)
        assert bot.wait(30) == 0
    assert all(film[4:8] == b"ftyp" and len(film) > 10_000 for film in films(loft, "anna"))
    assert films(loft, "berta") == []
    assert "pigeon:berta" in loft.at("berta")[0].text
    bought = WEB.get(f"{place.fal_url}/sandbox/requests").json()
    assert sorted(each["body"]["prompt"] for each in bought) == ["a paper boat", "let it sail"]
    assert PIGEON_KEY not in log.read_text()
    assert "Traceback" not in log.read_text()


def films(loft: Loft, person: str) -> list[bytes]:
    return [note.film for note in loft.at(person) if note.film is not None]


def test_its_console_command_is_listed_and_runs(place: Place) -> None:
    listed = place.run("--help")
    assert listed.code == 0
    assert "pigeon" in listed.out
    assert "name: tell how our loft is called" in listed.out
    said = place.run("pigeon", "name", env=place.pigeon)
    assert (said.code, said.out) == (0, f"the loft is called {NAME}\n")
    unset = place.run("pigeon", "name")
    assert (unset.code, unset.out) == (1, "")
    assert "Pigeon post is not connected: set PIGEON_URL and PIGEON_KEY" in unset.err
    assert place.run("pigeon", "name", chats=None).code == 2  # without its folder there is no such command


def test_doctor_names_how_to_connect_it(place: Place) -> None:
    lines = place.run("doctor").out.splitlines()
    (chats,) = [line for line in lines if line.split()[:2] == ["off", "chats"]]
    assert "PIGEON_URL and PIGEON_KEY" in chats
    assert "TELEGRAM_BOT_TOKEN" in chats
    lines = place.run("doctor", env=place.pigeon).out.splitlines()
    assert [line.split() for line in lines if line.split()[1:2] == ["pigeon"]] == [["ok", "pigeon", NAME]]
    assert [line for line in lines if "PIGEON_KEY" in line and "set, not shown (environment)" in line]


def test_a_misspelt_name_of_its_settings_is_noticed(place: Place) -> None:
    misspelt = {"PIGEON_UR": place.loft_url}
    lines = place.run("doctor", env=misspelt).out.splitlines()
    (line,) = [line for line in lines if " PIGEON_UR " in line]
    assert "no such setting; is PIGEON_URL meant?" in line
    assert " PIGEON_UR " not in place.run("doctor", chats=None, env=misspelt).out


@pytest.mark.parametrize(
    ("chats", "listed", "words"),
    [
        (None, "pigeon:anna", 'there is no channel "pigeon"; the channels are ilink, telegram, web, wechat, wecom'),
        (CHATS, "pigeon:Anna9", 'REELBOT_ACCESS: "pigeon:Anna9": a loft is called by small letters'),
        (
            CHATS,
            "crow:anna",
            'there is no channel "crow"; the channels are ilink, telegram, web, wechat, wecom, pigeon',
        ),
    ],
)
def test_its_ids_are_known_where_it_is(place: Place, chats: Path | None, listed: str, words: str) -> None:
    said = place.run("run", chats=chats, env={"REELBOT_ACCESS": listed})
    assert (said.code, said.out) == (1, "")
    assert words in said.err


def test_two_chats_with_one_name_do_not_start(tmp_path: Path) -> None:
    twin = tmp_path / "twin"
    twin.mkdir()
    (twin / "__init__.py").write_text("from bot.channels.telegram import MANIFEST\n")
    code = "import sys, bot.channels as chats; chats.__path__.append(sys.argv[1]); chats.manifests()"
    command = [sys.executable, "-c", code, str(tmp_path)]
    done = subprocess.run(command, cwd=TOP, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert 'the chat in the folder twin is called "telegram", and so is another one' in done.stderr


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("import an_sdk_that_is_not_there\n", "cannot be loaded ("),
        ("this is no Python\n", "cannot be loaded ("),
        ("1 / 0\n", "cannot be loaded ("),
        ("MANIFEST = {'name': 'crow'}\n", "has no MANIFEST"),
        ("", "has no MANIFEST"),
    ],
)
def test_a_folder_that_is_no_chat_is_one_line_that_names_it(tmp_path: Path, content: str, problem: str) -> None:
    broken = tmp_path / "crow"
    broken.mkdir()
    (broken / "__init__.py").write_text(content)
    code = (
        "import sys, bot.channels as chats, bot.cli.main as cli; chats.__path__.append(sys.argv[1]); "
        "sys.exit(cli.main(['--help']))"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    done = subprocess.run(command, cwd=TOP, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(f"reelbot: the chat in the folder crow {problem}")
    assert done.stderr.count("\n") == 1

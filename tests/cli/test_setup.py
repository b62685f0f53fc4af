"""`reelbot setup` against strict stand-ins: at a terminal as a person types, and by flags; and the file it writes."""

import os
import pty
import re
import select
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from dotenv import dotenv_values

from bot.cli import env_file
from core.sandbox import create_app
from tests.desk import Said, reelbot
from tests.fakes.botapi import TOKEN, TelegramFake
from tests.fakes.wechat import APP_ID, WeChatFake
from tests.fakes.wechat import SECRET as WECHAT_SECRET
from tests.fakes.wecom import BOT_ID, WeComFake
from tests.fakes.wecom import SECRET as WECOM_SECRET
from tests.films import STUDIO
from tests.jobs.test_crash import KEY
from tests.serving import free_port, served_in_thread
from tests.web_run import wait_for

TOP = Path(__file__).parents[2]
CODE = re.compile(r"admin-[2-9A-Z]{5}-[2-9A-Z]{5}")
REMARK = "# mine: keep this\n"


@dataclass
class Place:
    """A folder, an offline fal and a Telegram."""

    folder: Path
    fal: str
    telegram: TelegramFake
    port: int = field(default_factory=free_port)

    @property
    def addresses(self) -> dict[str, str]:
        return {
            "FAL_QUEUE_URL": self.fal,
            "TELEGRAM_API_URL": self.telegram.url,
            "REELBOT_PORT": str(self.port),
        }

    @property
    def env(self) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "HOME": str(self.folder), "PYTHONPATH": str(TOP)} | self.addresses

    @property
    def file(self) -> Path:
        return self.folder / ".env"

    def run(self, *arguments: str, **more: str) -> Said:
        return reelbot(*arguments, folder=self.folder, env=self.env | more)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    folder = tmp_path / "work"
    folder.mkdir()
    telegram = TelegramFake()
    sandbox = create_app(folder=tmp_path / "fal", key=KEY, studio=STUDIO)
    with telegram.serving(), served_in_thread(sandbox) as fal:
        yield Place(folder, fal, telegram)


class Person:
    """Somebody at a terminal. Types a line when the words they wait for stand there."""

    def __init__(self, place: Place, *arguments: str, command: Sequence[str] = (), **env: str) -> None:
        """`command`: another program than `reelbot ARGUMENTS`. `env`: over that of the place."""
        program = list(command) or [sys.executable, "-m", "bot", *arguments]
        self.seen = ""
        self._from = 0
        self._pid, self._fd = pty.fork()
        if self._pid == 0:
            os.chdir(place.folder)
            os.execve(program[0], program, place.env | {"TERM": "xterm"} | env)

    def until(self, words: str, *, within_s: float = 60.0) -> None:
        end = time.monotonic() + within_s
        while words not in self.seen[self._from :]:
            if time.monotonic() > end:
                raise AssertionError(self.seen)
            ready, _, _ = select.select([self._fd], [], [], 0.1)
            if ready:
                self.seen += os.read(self._fd, 4096).decode(errors="replace")
        self._from = self.seen.index(words, self._from) + len(words)

    def types(self, line: str) -> None:
        os.write(self._fd, line.encode() + b"\n")

    def answers(self, words: str, line: str) -> None:
        self.until(words)
        self.types(line)

    def interrupts(self) -> None:
        os.write(self._fd, b"\x03")

    def end(self) -> int:
        while True:
            try:
                more = os.read(self._fd, 4096)
            except OSError:
                break
            if not more:
                break
            self.seen += more.decode(errors="replace")
        _, status = os.waitpid(self._pid, 0)
        os.close(self._fd)
        return os.waitstatus_to_exitcode(status)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_from_nothing_to_an_admin_at_a_terminal(place: Place) -> None:
    """Three answers and one message; what others write meanwhile waits for the bot."""
    place.file.write_text(REMARK + "OTHER=x\n")
    place.file.chmod(0o644)
    place.telegram.user_says(7, "is anybody there?")
    person = Person(place, "setup")
    person.answers("Enter: telegram", "telegramm")
    person.until("there is no chat telegramm")
    person.answers("Enter: telegram", "")
    person.answers("TELEGRAM_BOT_TOKEN", "what is that")
    person.until("as BotFather gave it")
    person.answers("TELEGRAM_BOT_TOKEN", "7000000001:" + "A" * 35)
    person.until("does not accept the bot's token")
    person.answers("(not shown as you type)", TOKEN)
    person.until("@reelbot")
    person.answers("(not shown as you type)", "wrong-key")
    person.until("fal refuses the key")
    assert place.file.read_text() == REMARK + "OTHER=x\n"  # nothing is written before all is answered
    person.answers("(not shown as you type)", KEY)
    person.until("Waiting for it")
    found = CODE.search(person.seen)
    assert found is not None
    place.telegram.user_says(66, "admin-22222-22222")
    place.telegram.user_says(42, f"/start {found[0]}")
    person.until("telegram:42 is an admin now")
    person.until("nothing is wrong, 0 warnings")
    assert person.end() == 0
    assert TOKEN not in person.seen
    assert KEY not in person.seen
    assert "/video a red fox" in person.seen
    assert mode(place.file) == 0o600
    assert place.file.read_text().startswith(REMARK + "OTHER=x\n")
    written = dotenv_values(place.file)
    assert written["TELEGRAM_BOT_TOKEN"] == TOKEN
    assert written["FAL_KEY"] == KEY
    assert written["REELBOT_ADMINS"] == "telegram:42"
    assert [each.name for each in place.folder.glob(".env*")] == [".env"]
    assert place.telegram.pending == 3  # not one was taken from the bot
    assert all("offset" not in call.params for call in place.telegram.calls("getUpdates"))


def test_ctrl_c_leaves_the_file_as_it_was(place: Place) -> None:
    before = f"{REMARK}FAL_KEY=old\n"
    place.file.write_text(before)
    person = Person(place, "setup")
    person.answers("Enter: telegram", "")
    person.answers("(not shown as you type)", TOKEN)
    person.until("FAL_KEY, ")
    person.interrupts()
    assert person.end() == 1
    assert "reelbot: interrupted" in person.seen
    assert "Traceback" not in person.seen
    assert place.file.read_text() == before


def test_a_silent_server_is_said_and_the_value_may_be_kept(place: Place) -> None:
    place.telegram.fail("getMe", "status", times=9, status=502, description="Bad Gateway")
    person = Person(place, "setup", "--wait", "0")
    person.answers("Enter: telegram", "")
    person.answers("(not shown as you type)", TOKEN)
    person.until("not checked, no answer")
    person.answers("Keep it unchecked?", "y")
    person.answers("(not shown as you type)", KEY)
    person.until("is written")
    person.end()
    assert dotenv_values(place.file)["TELEGRAM_BOT_TOKEN"] == TOKEN
    refused = place.run("setup", "--chats", "telegram", TELEGRAM_BOT_TOKEN=TOKEN, FAL_KEY=KEY)
    assert refused.code == 1
    assert "--unchecked writes it all the same" in refused.err


def test_by_flags_and_the_running_bot_takes_the_code(place: Place) -> None:
    (place.folder / "token").write_text(TOKEN + "\n")
    said = place.run("setup", "--chats", "telegram", "--secret", "TELEGRAM_BOT_TOKEN=token", FAL_KEY=KEY)
    assert said.code == 0, said.out + said.err
    assert CODE.search(said.err)
    assert dotenv_values(place.file)["FAL_KEY"] == KEY  # what only the environment says is written, too
    log = place.folder / "run.log"
    with log.open("wb") as out:
        run = subprocess.Popen(
            [sys.executable, "-m", "bot", "run"], cwd=place.folder, env=place.env, stdout=out, stderr=out
        )
    try:
        place.telegram.wait(lambda: place.telegram.calls("getUpdates"), within_s=60)
        person = Person(place, "setup", "--chats", "telegram", "--wait", "60")
        person.until("Waiting for it")
        found = CODE.search(person.seen)
        assert found is not None
        place.telegram.user_says(42, found[0])
        person.until("telegram:42 is an admin now")
        person.end()
        place.telegram.wait(lambda: "You are an admin" in "".join(place.telegram.texts(42)))
        before = len(place.telegram.texts(42))
        place.telegram.user_says(42, "/admin")
        place.telegram.wait(lambda: len(place.telegram.texts(42)) > before)
        assert "in the works" in place.telegram.texts(42)[-1]
        assert found[0] not in log.read_text()
    finally:
        run.send_signal(signal.SIGTERM)
        assert run.wait(60) == 0


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ((), 1, "there is no terminal to ask at"),
        (("--chats", "telegram"), 1, "TELEGRAM_BOT_TOKEN is missing"),
        (("--chats", "pigeons"), 2, "there is no chat pigeons"),
        (("--set", "TELEGRAM_BOT_TOKEN=x"), 2, "--secret TELEGRAM_BOT_TOKEN=FILE"),
        (("--set", "REELBOT_DATABASE_URL=postgresql://a:b@c/d"), 2, "--secret REELBOT_DATABASE_URL=FILE"),
        (("--set", "NOSUCH=1"), 2, "NOSUCH: no such setting"),
        (("--secret", "FAL_KEY=not-there"), 1, "not-there cannot be read"),
    ],
)
def test_what_is_missing_or_wrong_is_one_line_and_nothing_is_written(
    place: Place, arguments: tuple[str, ...], code: int, words: str
) -> None:
    said = place.run("setup", *arguments)
    assert said.code == code
    assert words in said.err.splitlines()[-1]
    assert said.err.splitlines()[-1].startswith("reelbot: ")
    assert not place.file.exists()
    assert not (place.folder / "output").exists()


def test_wechat_and_the_page_say_what_is_left_to_do(place: Place) -> None:
    fake = WeChatFake()
    with served_in_thread(fake) as fake.url:
        public = {"WECHAT_API_URL": fake.api_url, "WECHAT_APP_SECRET": WECHAT_SECRET, "FAL_KEY": KEY}
        options = ("--set", f"WECHAT_APP_ID={APP_ID}", "--set", "REELBOT_PUBLIC_URL=http://127.0.0.1:9/")
        said = place.run("setup", "--chats", "wechat,web", *options, **public)
        wrong = place.run("setup", "--chats", "wechat", *options, **(public | {"WECHAT_APP_SECRET": "n" * 32}))
    written = dotenv_values(place.file)
    assert "http://127.0.0.1:9/wechat" in said.err
    assert written["REELBOT_PUBLIC_URL"] == "http://127.0.0.1:9"  # Caddy would serve that one path
    assert "WECHAT_TOKEN" in said.err
    assert "nothing answers at http://127.0.0.1:9 yet" in said.err
    assert len(str(written["REELBOT_WEB_TOKEN"])) == 48
    assert str(written["REELBOT_WEB_TOKEN"]) not in said.out + said.err
    assert re.fullmatch("[0-9a-f]{32}", str(written["WECHAT_TOKEN"]))
    assert "start `reelbot run` now" in said.err
    assert wrong.code == 1
    assert "WECHAT_APP_SECRET" in wrong.err.splitlines()[-1]


def test_wecom_is_tried_as_typed_and_personal_wechat_points_to_its_login(place: Place) -> None:
    fake = WeComFake()
    with served_in_thread(fake) as url:
        known = fake.environment(url)
        person = Person(place, "setup", "--wait", "0", WECOM_BOT_URL=known["WECOM_BOT_URL"])
        person.until("ilink (Personal WeChat)")
        person.answers("Enter: telegram", "wecom, ilink")
        person.answers("使用长连接", "not a bot id")
        person.until("must be the Bot ID")
        person.answers("WECOM_BOT_ID", BOT_ID)
        person.answers("(not shown as you type)", "another-secret")
        person.until("WeCom refuses the bot (853000)")
        person.answers("WECOM_BOT_ID", BOT_ID)
        person.answers("(not shown as you type)", WECOM_SECRET)
        person.until(f"the bot {BOT_ID}")
        person.answers("(not shown as you type)", KEY)
        person.until("is written")
        person.end()
    assert "start `reelbot run` now" in person.seen  # who sends the code to it becomes the admin
    assert "write this to the bot in WeCom" in person.seen
    assert "`reelbot wechat login`" in person.seen
    assert WECOM_SECRET not in person.seen
    written = dotenv_values(place.file)
    assert (written["WECOM_BOT_ID"], written["WECOM_BOT_SECRET"]) == (BOT_ID, WECOM_SECRET)
    assert fake.violations == []


def test_a_bot_that_runs_is_not_thrown_out_by_the_check(place: Place) -> None:
    fake = WeComFake()
    with served_in_thread(fake) as url:
        known = fake.environment(url) | {"FAL_KEY": KEY}
        log = place.folder / "run.log"
        with log.open("w") as out:
            bot = subprocess.Popen(
                [sys.executable, "-m", "bot", "run"], cwd=place.folder, env=place.env | known, stdout=out, stderr=out
            )
        try:
            wait_for(f"http://127.0.0.1:{place.port}/readyz")
            until(lambda: fake.line is not None)
            line = fake.line
            said = place.run("setup", "--chats", "wecom", **known)
            assert "not checked: a bot runs" in said.err
            assert fake.line is line
        finally:
            bot.terminate()
            assert bot.wait(30) == 0


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not true():
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(0.05)


# The file


VALUES = [
    "plain", "a:b/c@d,e=f+g-h_i%20~", "with space", "tail ", "a#b", "a #b", "$HOME and `id`", "it's", 'say "so"',
    "中文，值", "a;b|c&d", "(x)", "*?[a]", "!x", "{}", "a'b c#d", "=", "#x",
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES)
def test_every_reader_reads_the_same(tmp_path: Path, value: str) -> None:
    """python-dotenv, a shell, and systemd by the rules of its manual."""
    path = tmp_path / ".env"
    path.write_text(env_file.changed(f"{REMARK}A=1\n", {"NAME": value, "LAST": "z"}))
    assert dotenv_values(path) == {"A": "1", "NAME": value, "LAST": "z"}
    shell = subprocess.run(
        [shutil.which("sh") or "sh", "-c", '. ./.env; printf %s "$NAME"'], cwd=tmp_path, capture_output=True, check=True
    )
    assert shell.stdout.decode() == value
    assert systemd_values(path.read_text()) == {"A": "1", "NAME": value, "LAST": "z"}


def systemd_values(text: str) -> dict[str, str]:
    """Read as systemd.exec(5) says of EnvironmentFile: shell-like quotes, no expansion, # only begins a line."""
    found = {}
    for line in text.splitlines():
        if line.strip() and not line.lstrip().startswith(("#", ";")):
            name, _, value = line.partition("=")
            parts = re.findall(r"""'([^']*)'|"((?:\\.|[^"\\])*)"|([^'"]+)""", value.strip())
            unescaped = [(one, re.sub(r"\\([\"\\`$])", r"\1", two), bare.rstrip()) for one, two, bare in parts]
            plain = ["".join(each) for each in unescaped]
            found[name.strip()] = "".join(plain)
    return found


@pytest.mark.parametrize("value", ["a\nb", "${HOME}", "back\\slash", 'it\'s "so"'])
def test_what_readers_read_differently_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="read differently"):
        env_file.changed("", {"NAME": value})


def test_the_file_keeps_all_that_is_not_asked_for() -> None:
    text = "# top\n\nB=2 # why\nexport FAL_KEY=old\n#REELBOT_ADMINS=\nbroken line\nFAL_KEY=older\n"
    changed = env_file.changed(text, {"FAL_KEY": "new", "REELBOT_ADMINS": "telegram:42", "NEW": "n"})
    assert changed == (
        "# top\n\nB=2 # why\nexport FAL_KEY=old\n#REELBOT_ADMINS=\nREELBOT_ADMINS=telegram:42\nbroken line\n"
        "FAL_KEY=new\nNEW=n\n"
    )
    assert env_file.changed("A=1\r\nB=2", {"A": "3"}) == "A=3\r\nB=2\r\n"
    assert env_file.changed("\ufeffA=1\n", {}) == "A=1\n"

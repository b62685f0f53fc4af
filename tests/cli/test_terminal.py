"""The shell as a person sees it: in a terminal of a given width, without one, and with streams that are closed."""

import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import time
from base64 import b64decode
from collections.abc import Iterator
from contextlib import suppress
from fcntl import ioctl
from pathlib import Path
from termios import TIOCSWINSZ

import pytest

from bot.cli.stills import commands
from bot.cli.terminal import Terminal
from core.sandbox import FAST, create_app
from tests.films import STUDIO
from tests.serving import served_in_thread

TOP = Path(__file__).parents[2]
_SEQUENCE = re.compile(r"\x1b(\[[0-9;?]*[A-Za-z]|_G[^\x1b]*\x1b\\|\][^\x07]*\x07)|\r")


@pytest.fixture(scope="module")
def fal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served_in_thread(create_app(folder=tmp_path_factory.mktemp("fal"), studio=FAST)) as address:
        yield address


@pytest.fixture
def env(fal: str, tmp_path: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "PYTHONPATH": str(TOP),
        "FAL_KEY": "key",
        "FAL_QUEUE_URL": fal,
        "REELBOT_ASSET_HOST": "fal",
        "TERM": "xterm-256color",
    }


def seen(folder: Path, env: dict[str, str], *arguments: str, columns: int = 80, after: str = "", keys: str = "") -> str:
    """What a terminal of this width is sent. `keys` are typed as soon as `after` is there."""
    process, terminal = pty.fork()
    if process == 0:
        with suppress(BaseException):
            os.chdir(folder)
            os.execve(sys.executable, [sys.executable, "-m", "bot", *arguments], env)
        os._exit(127)
    ioctl(terminal, TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    shown, until = b"", time.monotonic() + 60
    try:
        while time.monotonic() < until:
            if select.select([terminal], [], [], 0.1)[0]:
                try:
                    part = os.read(terminal, 65536)
                except OSError:  # the other side is closed
                    break
                if not part:
                    break
                shown += part
            if keys and after.encode() in shown:
                os.write(terminal, keys.encode())
                keys = ""
    finally:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL if time.monotonic() >= until else 0)
        code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
        os.close(terminal)
    return f"{shown.decode(errors='replace')}[exit {code}]"


def plain(shown: str) -> list[str]:
    """The lines, without what moves the cursor, colours and shows pictures."""
    return [line.rstrip() for line in _SEQUENCE.sub("", shown).splitlines()]


def test_a_bar_and_then_the_path(tmp_path: Path, env: dict[str, str]) -> None:
    shown = seen(tmp_path, env, "generate", "一只红狐狸", "在雪上", "--model", "budget", "--yes")
    lines = plain(shown)
    assert lines[0] == "Wan 2.5, 5 s, 480p: $0.25"
    assert "━" in shown
    assert "\x1b[?25h" in shown  # the cursor is back
    assert "\x1b_G" not in shown
    path = re.search(r"output/videos/\S+\.mp4", lines[-2])
    assert path is not None
    assert lines[-1] == "[exit 0]"
    listed = plain(seen(tmp_path, env, "jobs", columns=100))
    assert any("一只红狐狸 在雪上" in line for line in listed)  # the words, joined
    narrow = plain(seen(tmp_path, env, "jobs", columns=36))
    assert all(sum(2 if ord(sign) > 0x2E80 else 1 for sign in line) <= 36 for line in narrow[1:])
    assert any("delivered" in line and "一只" in line for line in narrow)


@pytest.mark.parametrize("given", [{"TERM": "dumb"}, {"TERM": ""}])
def test_a_dumb_terminal_is_sent_lines_alone(tmp_path: Path, env: dict[str, str], given: dict[str, str]) -> None:
    shown = seen(tmp_path, env | given, "generate", "a kite", "--model", "budget", "--yes")
    assert "\x1b" not in shown
    assert {"submitting", "downloading"} <= set(plain(shown))


def test_no_colours_where_none_are_wanted(tmp_path: Path, env: dict[str, str]) -> None:
    shown = seen(tmp_path, env | {"NO_COLOR": "1"}, "generate", "a kite", "--model", "budget", "--yes")
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]m", shown)
    assert not re.search(r"\x1b\[38;", shown)


@pytest.mark.parametrize(
    ("given", "begins"),
    [({"TERM": "xterm-kitty"}, "\x1b_Ga=T,f=100"), ({"TERM_PROGRAM": "iTerm.app"}, "\x1b]1337;File=inline=1")],
)
def test_a_still_in_terminals_that_show_pictures(
    tmp_path: Path, env: dict[str, str], given: dict[str, str], begins: str
) -> None:
    shown = seen(tmp_path, env | given, "generate", "a kite", "--model", "budget", "--yes")
    assert begins in shown
    assert plain(shown)[-1] == "[exit 0]"
    hidden = subprocess.run(
        [sys.executable, "-m", "bot", "generate", "a kite", "--model", "budget", "--yes"],
        cwd=tmp_path, env=env | given, capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert "\x1b" not in hidden.stdout + hidden.stderr


@pytest.mark.parametrize(
    ("given", "protocol"),
    [
        ({"TERM": "xterm-kitty"}, "kitty"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "ghostty"}, "kitty"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm"}, "iterm"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "vscode"}, None),
        ({"TERM": "xterm-kitty", "NO_COLOR": "1"}, None),
        ({"TERM": "xterm-kitty", "TMUX": "/tmp/x"}, None),
        ({"TERM": "screen-256color", "TERM_PROGRAM": "iTerm.app"}, None),
        ({"TERM": "dumb", "TERM_PROGRAM": "iTerm.app"}, None),
        ({}, None),
    ],
)
def test_which_terminals_show_pictures(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], protocol: str | None
) -> None:
    for name in ("TERM", "TERM_PROGRAM", "NO_COLOR", "TMUX"):
        monkeypatch.delenv(name, raising=False)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert Terminal().pictures == protocol


def test_a_picture_comes_in_pieces_that_kitty_takes() -> None:
    picture = bytes(range(256)) * 40
    pieces = [re.fullmatch(r"\x1b_G([^;]*);([^\x1b]*)\x1b\\", each) for each in commands(picture, "kitty", 40)]
    found = [piece for piece in pieces if piece is not None]
    assert len(found) == len(pieces) == 4
    assert [piece[1].rpartition("m=")[2] for piece in found] == ["1", "1", "1", "0"]
    assert all(len(piece[2]) <= 4096 for piece in found)
    assert b64decode("".join(piece[2] for piece in found)) == picture


def test_nothing_is_bought_by_a_no_or_by_ctrl_c(tmp_path: Path, env: dict[str, str]) -> None:
    asks = "Buy it? [y/N] "
    for keys, reason in (
        ("n\n", "not bought: answer y, or pass --yes"),
        ("\x04", "not bought: answer y, or pass --yes"),
        ("\x03", "interrupted: nothing was bought"),
    ):
        shown = seen(tmp_path, env, "generate", "a kite", after=asks, keys=keys)
        assert plain(shown)[-2:] == [f"reelbot: {reason}", "[exit 1]"]
    assert "no jobs yet" in seen(tmp_path, env, "jobs")
    assert plain(seen(tmp_path, env, "generate", "a kite", after=asks, keys="y\n"))[-1] == "[exit 0]"


def test_ctrl_c_says_what_is_paid_and_how_to_have_it(tmp_path: Path, env: dict[str, str]) -> None:
    with served_in_thread(create_app(folder=tmp_path / "fal", studio=STUDIO)) as address:
        given = env | {"FAL_QUEUE_URL": address, "TERM": "dumb"}
        shown = seen(
            tmp_path, given, "generate", "sandbox:until-cancelled kite", "--yes", after="rendering", keys="\x03"
        )
        line = next(line for line in plain(shown) if "ordered already" in line)
        found = re.search(r"ordered already: `reelbot poll (\S+)`, or the next `reelbot run`, fetches it", line)
        assert found is not None, shown
        assert line.endswith("it costs $0.70, fetching it costs nothing")
        assert shown.endswith("[exit 1]")


def test_words_from_standard_input(tmp_path: Path, env: dict[str, str]) -> None:
    def said(data: bytes, *more: str) -> subprocess.CompletedProcess[bytes]:
        command = [sys.executable, "-m", "bot", "generate", "-", "--model", "budget", *more]
        return subprocess.run(command, cwd=tmp_path, env=env, input=data, capture_output=True, check=False)

    assert said("一只红狐狸\n在雪上\n".encode(), "--yes").returncode == 0
    assert '"prompt": "\\u4e00\\u53ea\\u7ea2\\u72d0\\u72f8\\n\\u5728\\u96ea\\u4e0a"' in seen(
        tmp_path, env, "jobs", "--json", columns=4000
    )
    for data, reason in (
        (b"", b"The prompt is empty."),
        (b"\xff\xfe", b"no text in UTF-8"),
        (b"x" * 200_000, b"longer"),
    ):
        ended = said(data, "--yes")
        assert (ended.returncode, ended.stdout) == (2, b"")
        assert reason in ended.stderr


def test_streams_that_are_closed_and_readers_that_leave(tmp_path: Path, env: dict[str, str]) -> None:
    for script, code, out in (
        ("reelbot generate a kite --model budget <&-", 1, ""),
        ("reelbot generate - <&-", 2, ""),
        ("reelbot models >&-", 0, ""),
        ("reelbot jobs >&- 2>&-", 0, ""),
        ("reelbot models | head -1; exit ${PIPESTATUS[0]}", 0, "Wan 2.5  [wan-2.5]  tier: budget\n"),
        ("reelbot --help | true; exit ${PIPESTATUS[0]}", 0, ""),
        ("reelbot completion bash | head -1 > /dev/null; exit ${PIPESTATUS[0]}", 0, ""),
        ("reelbot models > /dev/full", 1, ""),
    ):
        begin = f'reelbot() {{ "{sys.executable}" -m bot "$@"; }}\n'
        ended = subprocess.run(
            ["bash", "-c", begin + script], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
        )
        assert (ended.returncode, ended.stdout) == (code, out), (script, ended.stderr)
        assert "Traceback" not in ended.stderr
        assert "Exception" not in ended.stderr
        assert "Errno" not in ended.stderr

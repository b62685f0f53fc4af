"""A port that is taken: the program that has it is named and left alone, and the way out is told."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.cli import doctor
from bot.cli.main import main
from bot.http.listener import bind, holder
from bot.settings import Settings

_LISTENS = """
import socket, sys
taken = socket.socket()
taken.bind(("127.0.0.1", 0))
taken.listen()
print(taken.getsockname()[1], flush=True)
sys.stdin.read()
"""


@pytest.fixture
def neighbour() -> object:
    process = subprocess.Popen([sys.executable, "-c", _LISTENS], stdin=-1, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    with process:
        yield process, int(process.stdout.readline())
        process.stdin.close()


def test_the_program_on_a_taken_port_is_named(neighbour: tuple[subprocess.Popen[str], int]) -> None:
    process, port = neighbour
    name = Path(f"/proc/{process.pid}/comm").read_text().strip()
    assert holder(port) == f"{name} (pid {process.pid})"
    with pytest.raises(OSError, match=f"port {port} on 127.0.0.1 is taken by") as caught:
        bind("127.0.0.1", port)
    assert f"(pid {process.pid})" in str(caught.value)
    assert "REELBOT_PORT" in str(caught.value)
    assert process.poll() is None


def test_the_console_says_so_in_one_line(
    neighbour: tuple[subprocess.Popen[str], int], capsys: pytest.CaptureFixture[str]
) -> None:
    process, port = neighbour
    assert main(["demo", "--port", str(port)]) == 1
    said = capsys.readouterr().err
    assert said.startswith(f"reelbot: port {port} on 127.0.0.1 is taken by ")
    assert said.count("\n") == 1
    assert process.poll() is None


def test_the_doctor_tells_who_has_the_port(
    neighbour: tuple[subprocess.Popen[str], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    process, port = neighbour
    for name, value in {"FAL_KEY": "x", "REELBOT_PORT": str(port)}.items():
        monkeypatch.setenv(name, value)
    found = doctor.check_port(Settings())
    assert (found.name, found.state) == ("port", "info")
    assert f"(pid {process.pid})" in found.text
    assert doctor.check_port(Settings.offline(port=0)).state == "ok"
    assert doctor.check_port(Settings.offline(port=0, host="192.0.2.1")).state == "wrong"


def test_nobody_holds_a_free_port() -> None:
    with bind("127.0.0.1", 0) as mine:
        port = mine.getsockname()[1]
        assert holder(port) == f"{Path('/proc/self/comm').read_text().strip()} (pid {os.getpid()})"
    assert holder(port) is None


def test_an_address_of_another_machine_is_told_apart() -> None:
    with pytest.raises(OSError, match=r"no address 192\.0\.2\.1: set REELBOT_HOST"):
        bind("192.0.2.1", 0)

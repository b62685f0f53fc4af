"""Every command's grammar through the real process: what cannot be meant ends with 2, in one sentence."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.cli.main import SHELLS, parser_of_all
from bot.cli.usage import EXAMPLE
from tests.desk import Said, reelbot
from tests.serving import free_port

TOP = Path(__file__).parents[2]


def shell(folder: Path, *arguments: str, **env: str) -> Said:
    given = {"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": str(TOP), "FAL_KEY": "key"}
    return reelbot(*arguments, folder=folder, env=given | {"FAL_QUEUE_URL": "http://127.0.0.1:9"} | env)


def left(folder: Path) -> list[str]:
    """What a command has made in its folder."""
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith(".said-"))


MISUSED = [
    (("setup", "--wait", "soon"), "--wait"),
    (("secret", "rotat"), "cannot be 'rotat' (is rotate meant?)"),
    (("jbos",), "there is no command 'jbos' (is jobs meant?)"),
    (("job", "K7", "--cancle"), "reelbot job has no option --cancle (is --cancel meant?)"),
    (("jobs", "--newest", "-3"), "--newest: -3 is not possible: 1 or more"),
    (("jobs", "--newest", "0"), "--newest: 0 is not possible: 1 or more"),
    (("jobs", "--newest", "many"), "--newest: 'many' is no whole number"),
    (("jobs", "--state", "qued"), "--state cannot be 'qued' (is queued meant?)"),
    (("jobs", "--user", "anna"), "--user: 'anna' is nobody's id: for example telegram:42"),
    (("jobs", "--user", "sms:1"), "--user: there is no chat 'sms'"),
    (("job", "K7 QX"), "ID: 'K7 QX' is no job"),
    (("spend", "--by", "dya"), "--by cannot be 'dya' (is day meant?)"),
    (("spend", "--csv", "--json"), "--json: not allowed with argument --csv"),
    (("generate", "a fox", "--model", "hapy-horse"), "--model: there is no model 'hapy-horse' (is happy-horse"),
    (("generate", "a fox", "--duration", "0"), "--duration: 0 is not possible: from 1 to 3600"),
    (("generate", "a fox", "--duration", "-5"), "--duration: -5 is not possible"),
    (("generate", "a fox", "--duration", "5s"), "--duration: '5s' is no whole number"),
    (("generate", "a fox", "--resolution", "big"), "--resolution: 'big' is no resolution: for example 480p"),
    (("generate", "a fox", "--aspect", "wide"), "--aspect: 'wide' is no aspect ratio: for example 16:9"),
    (("generate", "a fox", "--aspect", "100:1"), "“100:1” is no aspect ratio this model makes"),
    (("generate", "a fox", "--seed", "-4"), "--seed: -4 is not possible: from 0 to 2147483647"),
    (("generate", "a fox", "--yes", "runs"), "'runs' stands where nothing is expected"),
    (("generate", " ", "--yes"), "The prompt is empty"),
    (("generate", "a fox", "--image", "a.jpg", "--video", "b.mp4"), "--video: not allowed with argument --image"),
    (
        ("generate", "a fox", "--reference", "a.jpg", "--image", "b.jpg"),
        "--image: not allowed with argument --reference",
    ),
    (("generate", "a fox", "--last-image", "a.jpg"), "--last-image goes beside --image"),
    (("generate", "a fox", "--video", "a.mp4", "--last-image", "b.jpg"), "--last-image goes beside --image"),
    (("poll", "../etc/passwd"), "REQUEST_ID: '../etc/passwd' is no request id"),
    (("publish",), "required: FILE_OR_URL"),
    (("upscale",), "required: FILE"),
    (("backup",), "required: DIR"),
    (("models", "budget"), "'budget' stands where nothing is expected"),
    (("run", "--port", "1"), "reelbot run has no option --port"),
    (("doctor", "--jsn"), "reelbot doctor has no option --jsn (is --json meant?)"),
    (("demo", "--port", "99999"), "--port: 99999 is not possible: from 0 to 65535"),
    (("invite", "Anna!"), "a guest's name has up to 32 of a-z, 0-9 and -"),
    (("wechat", "mneu"), "cannot be 'mneu' (is menu meant?)"),
    (("wechat", "login", "--account", "a b"), "--account: 'a b' is not possible"),
    (("publish", "ftp://example.org/a.jpg"), "FILE_OR_URL: 'ftp://example.org/a.jpg' is neither a file nor"),
    (("publish", ""), "FILE_OR_URL: '' is neither a file nor"),
    (("setup", "--set", "REELBOT_PORT"), "--set takes NAME=VALUE"),
    (("setup", "--set", "REELBOT_PORT=abc"), "REELBOT_PORT: must be a whole number"),
    (("setup", "--set", "FAL_KEY=abc"), "FAL_KEY is a secret"),
    (("setup", "--chats", "telegarm"), "there is no chat telegarm"),
    (("completion", "bsh"), "SHELL cannot be 'bsh' (is bash meant?)"),
]


@pytest.mark.parametrize(("arguments", "words"), MISUSED, ids=[" ".join(arguments) for arguments, _ in MISUSED])
def test_what_cannot_be_meant_ends_with_two(tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    said = shell(tmp_path, *arguments)
    assert (said.code, said.out) == (2, "")
    reason = said.err.splitlines()[-1]
    assert reason.startswith("reelbot: ")
    assert words in reason
    assert "$" not in said.err  # no price before the refusal


def test_every_command_is_misused_once() -> None:
    assert {arguments[0] for arguments, _ in MISUSED} >= set(commands())


FAILED = [
    (("job", "K7QX2AB"), "there is no job K7QX2AB and no database yet"),
    (("job", "K7", "--user", "telegram:42"), "there is no job K7 of telegram:42 and no database yet"),
    (("generate", "a", "fox", "--image", "none.jpg", "--yes"), "none.jpg: no such file or directory"),
    (("generate", "a", "fox", "--video", ".", "--yes"), ".: it is a folder"),
    (("generate", "a", "fox", "--image", "junk.jpg", "--yes"), "junk.jpg: no kind of file that can be read"),
    (("generate", "a", "fox", "--image", "empty.jpg", "--yes"), "empty.jpg is empty"),
    (("publish", "none.jpg"), "none.jpg: no such file or directory"),
    (("publish", "junk.jpg"), "junk.jpg: no kind of file that can be read"),
    (("wechat", "menu"), "WeChat is not connected: set WECHAT_APP_ID"),
    (("invite", "anna"), "the web chat is off: set REELBOT_WEB_TOKEN"),
    (("invite", "anna", "--revoke"), "nobody called anna is invited"),
]


@pytest.mark.parametrize(("arguments", "words"), FAILED, ids=[" ".join(arguments) for arguments, _ in FAILED])
def test_what_fails_is_one_line(tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    (tmp_path / "junk.jpg").write_bytes(b"nothing that can be shown" * 40)
    (tmp_path / "empty.jpg").write_bytes(b"")
    said = shell(tmp_path, *arguments)
    assert (said.code, said.out) == (1, "")
    (line,) = said.err.splitlines()
    assert line.startswith("reelbot: ")
    assert words in line
    assert " me " not in line  # the shell sends nobody anything


@pytest.mark.parametrize(
    ("arguments", "empty"),
    [(("jobs",), "[]"), (("spend",), "[]"), (("invite", "--list"), "[]")],
    ids=["jobs", "spend", "invite"],
)
def test_a_look_up_makes_nothing_and_says_that_there_is_no_database(
    tmp_path: Path, arguments: tuple[str, ...], empty: str
) -> None:
    none_yet = f"database: none yet ({tmp_path}/output/reelbot.db)\n"
    for form in ((), ("--json",)):
        said = shell(tmp_path, *arguments, *form)
        assert said.code == 0
        assert said.err.startswith(none_yet)
        assert said.out.strip() == (empty if form else "")
    assert left(tmp_path) == []


def test_a_job_is_looked_for_in_a_database_that_is_named_as_it_is(tmp_path: Path) -> None:
    said = shell(tmp_path, "job", "K7")
    reason = (
        f"reelbot: there is no job K7 and no database yet ({tmp_path}/output/reelbot.db): `reelbot jobs` lists them"
    )
    assert (said.code, said.out, said.err) == (1, "", f"{reason}\n")


def test_a_look_up_in_an_empty_database_makes_no_table(tmp_path: Path) -> None:
    (tmp_path / "output").mkdir()
    (tmp_path / "output" / "reelbot.db").write_bytes(b"")
    said = shell(tmp_path, "jobs", "--json")
    assert (said.code, said.out) == (0, "[]\n")
    assert "none yet" in said.err
    assert (tmp_path / "output" / "reelbot.db").stat().st_size <= 4096  # SQLite's own first page, no table of ours


def test_a_database_that_is_away_is_named_without_its_password(tmp_path: Path) -> None:
    url = f"postgresql://anna:hunter2@127.0.0.1:{free_port()}/films"
    said = shell(tmp_path, "jobs", REELBOT_DATABASE_URL=url)
    assert (said.code, said.out) == (1, "")
    assert len(said.err.splitlines()) == 1
    assert "hunter2" not in said.err
    assert left(tmp_path) == []


def commands() -> Iterator[str]:
    for line in parser_of_all().format_help().partition("COMMAND\n")[2].splitlines():
        if line.startswith("    ") and line[4] != " ":
            yield line.split()[0]


@pytest.mark.parametrize("command", list(commands()))
def test_each_help_has_an_example_and_needs_no_settings(tmp_path: Path, command: str) -> None:
    said = shell(tmp_path, command, "--help", REELBOT_PORT="no number")
    assert (said.code, said.err) == (0, "")
    shown = said.out.partition(EXAMPLE)[2].split("\n")
    assert any(line.startswith(f"  reelbot {command}") for line in shown)
    assert max(len(line) for line in said.out.splitlines()) <= 80 or command == "completion"
    assert left(tmp_path) == []


def test_the_menus_help_needs_no_account(tmp_path: Path) -> None:
    assert shell(tmp_path, "wechat", "menu", "--help").code == 0


def test_a_port_that_is_taken_leaves_no_folder(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", "0"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={"PYTHONUNBUFFERED": "1"},
    ) as other:
        assert other.stdout is not None
        port = other.stdout.readline().split("port ")[1].split()[0]
        said = shell(tmp_path, "demo", "--port", port)
        other.kill()
    assert (said.code, said.out) == (1, "")
    assert f"port {port} on 127.0.0.1 is taken by" in said.err
    assert f"(pid {other.pid})" in said.err
    assert left(tmp_path) == []


@pytest.mark.parametrize("name", SHELLS)
def test_a_shell_completes_every_command(tmp_path: Path, name: str) -> None:
    said = shell(tmp_path, "completion", name)
    assert (said.code, said.err) == (0, "")
    for command in commands():
        assert command in said.out
    assert "--resolution" in said.out or "resolution" in said.out


def test_the_script_for_bash_completes(tmp_path: Path) -> None:
    (tmp_path / "reelbot.bash").write_text(shell(tmp_path, "completion", "bash").out)
    asks = """
    source reelbot.bash
    COMP_WORDS=(reelbot jo); COMP_CWORD=1; COMP_LINE="reelbot jo"; COMP_POINT=10
    $(complete -p reelbot | sed 's/.*-F \\([^ ]*\\).*/\\1/') reelbot jo reelbot
    echo "${COMPREPLY[@]}"
    """
    done = subprocess.run(["bash", "-c", asks], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert sorted(done.stdout.split()) == ["job", "jobs"]


def test_models_as_json(tmp_path: Path) -> None:
    said = shell(tmp_path, "models", "--json")
    assert (said.code, said.err) == (0, "")
    found = {each["key"]: each for each in json.loads(said.out)}
    budget = found["wan-2.5"]["modes"]["text-to-video"]
    assert found["wan-2.5"]["tier"] == "budget"
    assert budget["usd_per_s"]["480p"] == "0.05"
    assert budget["durations_s"] == [5, 10]

"""Whatever is mistyped in `.env`, `doctor` and `run` name the setting and say what to write; no secret is shown."""

import json
import os
from pathlib import Path

import pytest

from tests.desk import Said, reelbot

SECRET = "sec2ret5ofmine"
TOKEN = f"7000000001:{SECRET}AAAAAAAAAAAAAAAAAAAAAAAAAAA"
CASES: list[tuple[str, bytes, str, str, str]] = [
    # what, the file, the setting that must be named, its state, words that must be said
    ("wrong type", b"REELBOT_PORT=abc\n", "REELBOT_PORT", "wrong", "must be a whole number"),
    ("spaces around =", f"FAL_KEY = {SECRET}\n".encode(), "FAL_KEY", "warn", "write FAL_KEY=value"),
    ("an open quote", f'TELEGRAM_BOT_TOKEN="{TOKEN}\n'.encode(), "TELEGRAM_BOT_TOKEN", "wrong", "never closed"),
    ("words behind a quote", f"FAL_KEY='{SECRET}' x\n".encode(), "FAL_KEY", "wrong", "behind the closing"),
    ("curly quotes", f"FAL_KEY=“{SECRET}”\n".encode(), "FAL_KEY", "wrong", "typographic quotes"),
    ("corner quotes", f"FAL_KEY=「{SECRET}」\n".encode(), "FAL_KEY", "wrong", "typographic quotes"),
    ("a byte order mark", b"\xef\xbb\xbfFAL_KEY=" + SECRET.encode(), "FAL_KEY", "warn", "UTF-8 without BOM"),
    ("line ends of Windows", f"FAL_KEY={SECRET}\r\n".encode(), ".env", "warn", "line ends of Windows"),
    ("export", f"export FAL_KEY={SECRET}\n".encode(), "FAL_KEY", "warn", "begins with export"),
    ("twice", f"FAL_KEY={SECRET}\nFAL_KEY=b\n".encode(), "FAL_KEY", "warn", "lines 1 and 2"),
    ("a remark behind", f"FAL_KEY={SECRET} # mine\n".encode(), "FAL_KEY", "warn", "remark behind the value"),
    ("a full-width =", f"FAL_KEY＝{SECRET}\n".encode(), "FAL_KEY", "wrong", "full-width ＝"),
    ("a full-width name", f"ＦＡＬ_ＫＥＹ={SECRET}\n".encode(), "FAL_KEY", "wrong", "write FAL_KEY=value"),
    ("full-width digits", "REELBOT_PORT=８０８０\n".encode(), "REELBOT_PORT", "wrong", "full-width signs"),
    ("a full-width key", "FAL_KEY=ａｂｃ\n".encode(), "FAL_KEY", "wrong", "full-width signs"),
    ("a space at the end", f'FAL_KEY="{SECRET} "\n'.encode(), "FAL_KEY", "warn", "space at an end"),
    ("an unseen sign", f"FAL_KEY={SECRET}\u200b\n".encode(), "FAL_KEY", "wrong", "cannot be seen"),
    ("small letters", f"fal_key={SECRET}\n".encode(), "FAL_KEY", "warn", "small letters"),
    ("no =", f"FAL_KEY {SECRET}\n".encode(), "FAL_KEY", "wrong", "has no ="),
    ("a colon", f"FAL_KEY: {SECRET}\n".encode(), "FAL_KEY", "wrong", "has no ="),
    ("a name alone", b"FAL_KEY\n", "FAL_KEY", "wrong", "has no ="),
    ("a dash in the name", f"FAL-KEY={SECRET}\n".encode(), "FAL_KEY", "wrong", "write FAL_KEY=value"),
    ("the header's word", f"FAL_KEY=Key {SECRET}\n".encode(), "FAL_KEY", "wrong", "without “Key”"),
    ("no scheme", b"REELBOT_PUBLIC_URL=bot.example.org\n", "REELBOT_PUBLIC_URL", "wrong", "https://example.org"),
    ("no https", b"REELBOT_PUBLIC_URL=http://bot.example.org\n", "REELBOT_PUBLIC_URL", "wrong", "public https"),
    ("no such chat", b"REELBOT_ACCESS=telegram:42,wetchat:o\n", "REELBOT_ACCESS", "wrong", 'no channel "wetchat"'),
    ("no id", b"REELBOT_ADMINS=@anna\n", "REELBOT_ADMINS", "wrong", "telegram:42"),
    ("a name misspelt", f"TELEGRAM_TOKEN={TOKEN}\n".encode(), "TELEGRAM_TOKEN", "warn", "TELEGRAM_BOT_TOKEN meant"),
    ("run together", f"FALKEY={SECRET}\n".encode(), "FALKEY", "warn", "is FAL_KEY meant"),
    ("UTF-16", f"FAL_KEY={SECRET}\n".encode("utf-16"), ".env", "wrong", "UTF-16 text (FAL_KEY"),
    ("GBK", f"# 密钥\nFAL_KEY={SECRET}中\n".encode("gbk"), ".env", "wrong", "line 1 is not UTF-8"),
    ("GBK in a value", f"FAL_KEY={SECRET}密\n".encode("gbk"), ".env", "wrong", "line 1 (FAL_KEY) is not UTF-8"),
    ("a bot token cut", f"TELEGRAM_BOT_TOKEN=70000 {SECRET}\n".encode(), "TELEGRAM_BOT_TOKEN", "wrong", "BotFather"),
    (
        "an AES key cut",
        f"WECHAT_ENCODING_AES_KEY={SECRET}\n".encode(),
        "WECHAT_ENCODING_AES_KEY",
        "wrong",
        "43 letters",
    ),
    ("a short page token", b"REELBOT_WEB_TOKEN=abc\n", "REELBOT_WEB_TOKEN", "wrong", "16 characters"),
    ("no such model", b"REELBOT_DEFAULT_MODEL=happy-hose\n", "REELBOT_DEFAULT_MODEL", "wrong", "happy-horse"),
    (
        "a proxy's password with a slash",
        f"FAL_PROXY_URL=http://me:{SECRET}/x@proxy:3128\n".encode(),
        "FAL_PROXY_URL",
        "wrong",
        "%2F",
    ),
]


def command(folder: Path, *arguments: str, **more: str) -> Said:
    """A command in a folder, which no fal and no chat answers; nothing it says holds the secret."""
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": str(Path(__file__).parents[2])}
    env |= {"FAL_QUEUE_URL": "http://127.0.0.1:9", "TELEGRAM_API_URL": "http://127.0.0.1:9"} | more
    said = reelbot(*arguments, folder=folder, env=env)
    assert SECRET not in said.out + said.err
    return said


@pytest.mark.parametrize("case", CASES, ids=[case[0] for case in CASES])
def test_a_slip_is_answered_by_name(tmp_path: Path, case: tuple[str, bytes, str, str, str]) -> None:
    what, file, name, state, words = case
    (tmp_path / ".env").write_bytes(file)
    (tmp_path / ".env").chmod(0o600)
    more = {"FAL_QUEUE_URL": "https://queue.fal.run"} if what == "no https" else {}
    if state == "warn":  # else it goes on to ask servers: the settings alone are looked at
        more["REELBOT_JOBS"] = "0"
    said = command(tmp_path, "doctor", "--json", **more)
    assert said.code == 1
    found = [each for each in json.loads(said.out) if each["name"] == name and each["state"] == state]
    assert found, said.out
    assert words in found[0]["text"]
    assert not (tmp_path / "output").exists()
    ran = command(tmp_path, "run", **(more | {"REELBOT_JOBS": "0"}))  # which has something wrong in any case
    assert ran.code == 1
    assert ran.out == ""
    assert all(line.startswith("reelbot: ") for line in ran.err.splitlines())
    if state == "wrong":
        (line,) = [line for line in ran.err.splitlines() if line.startswith(f"reelbot: {name}: ")]
        assert words in line


def test_what_is_odd_is_said_by_run_in_a_line_each(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"export FAL_KEY={SECRET}\nREELBOT_ACESS=telegram:42\nREELBOT_PORT=99999999\n")
    ran = command(tmp_path, "run")
    assert ran.code == 1
    assert ran.err.splitlines() == ["reelbot: REELBOT_PORT: must be 65535 or less"]


def test_a_folder_in_the_place_of_the_file_and_one_elsewhere(tmp_path: Path) -> None:
    (tmp_path / ".env").mkdir()
    said = command(tmp_path, "run")
    assert (said.code, said.err.count("\n")) == (1, 1)
    assert said.err.startswith("reelbot: .env: is a folder")
    (tmp_path / ".env").rmdir()
    (tmp_path / ".env").write_text(f"FAL_KEY={SECRET}\n")
    (tmp_path / "inner").mkdir()
    said = command(tmp_path / "inner", "doctor", "--json", REELBOT_JOBS="0")
    (found,) = [each for each in json.loads(said.out) if each["name"] == ".env"]
    assert found["state"] == "warn"
    assert str(tmp_path / ".env") in found["text"]
    assert "start the command in its folder" in found["text"]


def test_addresses_are_shown_without_names_and_passwords(tmp_path: Path) -> None:
    proxies = {"HTTPS_PROXY": f"http://me:{SECRET}@proxy:8080", "FAL_PROXY_URL": f"http://me:{SECRET}@127.0.0.1:9"}
    said = command(tmp_path, "doctor", "--json", **proxies)
    found = {each["name"]: each["text"] for each in json.loads(said.out)}
    assert found["FAL_PROXY_URL"] == "http://***@127.0.0.1:9 (environment)"
    assert found["HTTPS_PROXY"].startswith("http://***@proxy:8080 is not used")
    wrong = command(tmp_path, "doctor", REELBOT_DATABASE_URL=f"postgresql://me:{SECRET}@127.0.0.1:9/x")
    assert wrong.code == 1
    lines = {line.split()[1]: line for line in wrong.out.splitlines() if line.startswith(("wrong", "off"))}
    assert "no access to the database (REELBOT_DATABASE_URL)" in lines["database"]
    for name in ("models", "chats"):  # one cause counts once
        assert lines[name].startswith("off")
        assert lines[name].endswith("first mend “database”")


def test_doctor_sorts_counts_and_makes_nothing(tmp_path: Path) -> None:
    said = command(tmp_path, "doctor", FAL_KEY=SECRET)
    assert said.code == 1
    lines = said.out.splitlines()
    states = [line.split()[0] for line in lines[:-1]]
    order = ["wrong", "warn", "ok", "off", "info"]
    assert states == sorted(states, key=order.index)
    assert (states.count("wrong"), lines[-1]) == (1, "1 thing must be mended, 0 warnings")  # nobody answers as fal
    assert "\x1b" not in said.out  # no terminal watches
    assert list(tmp_path.iterdir()) == []

"""Every slip that a person makes in `.env` is answered by the name of the setting, and what to write. In this process.

What a shell sees of it (exit codes, lines, no secret), tests/cli/test_env_slips.py tries.
"""

import os
from pathlib import Path

import pytest

from bot.channels.telegram.settings import TelegramSettings
from bot.channels.webchat.settings import WebSettings
from bot.channels.wecom.settings import WeComSettings
from bot.cli import setting_names, setting_problems
from bot.cli.doctor.values import examine_settings
from bot.settings import Settings
from core.config import FalSettings
from tests.known_settings import defaults

BOT = "7000000001:" + "A" * 35
KEY = "12345678-1234-1234-1234-123456789abc:0123456789abcdef0123456789abcdef"
GOOD = f"FAL_KEY={KEY}\nTELEGRAM_BOT_TOKEN={BOT}\nREELBOT_ADMINS=telegram:42\n"
LONG = "0123456789abcdef0123"

NAMES = {  # what is typed: what is meant
    "FAL_API_KEY": "FAL_KEY", "FAL_AI_KEY": "FAL_KEY", "FAL_SECRET": "FAL_KEY", "FAL": "FAL_KEY", "FAL_KEYS": "FAL_KEY",
    "FAL_ADMIN": "FAL_ADMIN_KEY", "API_KEY": "FAL_KEY",
    "BOT_TOKEN": "TELEGRAM_BOT_TOKEN", "TG_BOT_TOKEN": "TELEGRAM_BOT_TOKEN", "TELEGRAM_TOKEN": "TELEGRAM_BOT_TOKEN",
    "TELEGRAM_API_KEY": "TELEGRAM_BOT_TOKEN", "TELEGARM_BOT_TOKEN": "TELEGRAM_BOT_TOKEN",
    "TOKEN": "REELBOT_WEB_TOKEN or TELEGRAM_BOT_TOKEN or WECHAT_TOKEN",
    "ADMINS": "REELBOT_ADMINS", "REELBOT_ADMIN": "REELBOT_ADMINS", "TELEGRAM_ADMINS": "REELBOT_ADMINS",
    "ACCESS": "REELBOT_ACCESS", "REELBOT_USERS": "REELBOT_ACCESS", "TELEGRAM_ALLOWED": "REELBOT_ACCESS",
    "REELBOT_MODEL": "REELBOT_DEFAULT_MODEL", "REELBOT_TIER": "REELBOT_TIERS", "WEB_TOKEN": "REELBOT_WEB_TOKEN",
    "REELBOT_WEB_PASSWORD": "REELBOT_WEB_TOKEN", "PORT": "REELBOT_PORT", "PUBLIC_URL": "REELBOT_PUBLIC_URL",
    "REELBOT_URL": "REELBOT_PUBLIC_URL", "REELBOT_DOMAIN": "REELBOT_PUBLIC_URL",
    "DATABASE_URL": "REELBOT_DATABASE_URL", "REELBOT_DB_URL": "REELBOT_DATABASE_URL",
    "REELBOT_OUTPUT": "REELBOT_OUTPUT_DIR", "REELBOT_USER_USD": "REELBOT_USER_DAILY_USD",
    "REELBOT_DAILY_USB": "REELBOT_DAILY_USD", "REELBOT_LABEL": "REELBOT_AI_LABEL", "LOG_LEVEL": "REELBOT_LOG_LEVEL",
    "WECHAT_APPID": "WECHAT_APP_ID", "WX_APP_ID": "WECHAT_APP_ID", "WECHAT_SECRET": "WECHAT_APP_SECRET",
    "WECHAT_AES_KEY": "WECHAT_ENCODING_AES_KEY", "WECOM_SECRET": "WECOM_BOT_SECRET", "WECOM_TOKEN": "WECOM_BOT_SECRET",
    "WXWORK_BOT_ID": "WECOM_BOT_ID", "ILINK_ADDRESS": "ILINK_URL", "ILINK_CDN": "ILINK_CDN_URL",
}  # fmt: skip

WRONG: list[tuple[str, str]] = [  # a line of .env, whose name is the one that must be named, and what must be said
    ("REELBOT_PORT=:8080", "must be a whole number"),
    ("REELBOT_PORT=-1", "must be 0 or more"),
    ("REELBOT_HOST=http://0.0.0.0", "must be an address of this machine alone"),
    ("REELBOT_HOST=0.0.0.0:8080", "the port is REELBOT_PORT"),
    ("REELBOT_DAILY_USD=$20", "must be a number such as 20"),
    ("REELBOT_DAILY_USD=20,00", "digits and a point"),
    ("REELBOT_DAILY_USD=-5", "must be 0 or more"),
    ("REELBOT_CONFIRM_USD=inf", "must be a number"),
    ("REELBOT_USER_JOBS=2.5", "must be a whole number"),
    ("REELBOT_ASSET_TTL_HOURS=24h", "without a unit"),
    ("REELBOT_ASSET_TTL_HOURS=0", "must be more than 0"),
    ("REELBOT_VIDEO_TTL_DAYS=inf", "must be 100000 or less"),
    ("REELBOT_DEFAULT_MODEL=upscaler", "makes no film of words or a photo"),
    ("REELBOT_DEFAULT_MODEL=sora-2", "was shut down on"),
    ("REELBOT_AI_LABEL=on", "must be off, metadata or visible"),
    ("REELBOT_LOG_LEVEL=verbose", "must be debug, info, warning or error"),
    ("REELBOT_ASSET_CHECK=ture", "must be true or false"),
    ("TELEGRAM_WEBHOOK=ja", "must be true or false"),
    ("TELEGRAM_WEBHOOK=true", "needs REELBOT_PUBLIC_URL"),
    (f"TELEGRAM_API_URL=https://api.telegram.org/bot{BOT}", "must end before /bot and the token"),
    ("REELBOT_PUBLIC_URL=https://bot.example.org:abc", "must be an http(s) address"),
    ("REELBOT_PUBLIC_URL=https://bot.example.org:99999", "must be an http(s) address"),
    ("REELBOT_PUBLIC_URL=https://bot .example.org", "must be an http(s) address"),
    ("REELBOT_PUBLIC_URL=https://a.example.org, https://b.example.org", "and one alone"),
    ("REELBOT_PUBLIC_URL=https://<bot>.example.org", "must be an http(s) address"),
    ("REELBOT_PUBLIC_URL=https://bot.example.org。", "must be an http(s) address"),
    ("REELBOT_PUBLIC_URL=https://bot.example.org/wechat", "must end before the path: https://bot.example.org"),
    ("FAL_QUEUE_URL=https://fal.run", "https://queue.fal.run"),
    ("FAL_QUEUE_URL=https://queue.fal.run/fal-ai/veo3", "https://queue.fal.run"),
    ("FAL_API_URL=https://api.fal.ai", "https://api.fal.ai/v1"),
    ("REELBOT_DATABASE_URL=postgres://me:secret@h/db", "must be a PostgreSQL address such as postgresql://"),
    ("REELBOT_DATABASE_URL=mysql://h/db", "must be a PostgreSQL address"),
    ("REELBOT_DATABASE_URL=postgresql://me:pa/ss@h/db", "/ as %2F"),
    ("REELBOT_DATABASE_URL=postgresql://me:p@ss@h/db", "@ as %40"),
    ("REELBOT_OUTPUT_DIR=~/videos", "must be the folder itself"),
    ("REELBOT_OUTPUT_DIR=$HOME/videos", "must be the folder itself"),
    ("REELBOT_WEB_TOKEN=$(openssl rand -hex 24)", "is the command, not what it prints"),
    ("WECHAT_API_URL=https://api.weixin.qq.com", "must end with /cgi-bin"),
    ("WECOM_BOT_URL=wss://openws.work.weixin.qq.com:abc", "a number as its port"),
    (f"FAL_KEY==“{KEY}”", "more than one ="),
    (f"FAL_KEY=FAL_KEY={KEY}", "its own name"),
    (f"FAL_KEY=<{KEY}>", "without them"),
    (f'FAL_KEY={KEY}"', "a quote at the end"),
]

SHAPES: list[tuple[str, str, str]] = [  # a whole file, the name, what is said
    (f"FAL KEY={KEY}", "FAL_KEY", "line 1 does not begin with the name"),
    (f"set FAL_KEY={KEY}", "FAL_KEY", "does not begin with the name"),
    (f"- FAL_KEY={KEY}", "FAL_KEY", "does not begin with the name"),
    (f"~$ FAL_KEY={KEY}", "FAL_KEY", "does not begin with the name"),
    (f"**FAL_KEY**={KEY}", "FAL_KEY", "does not begin with the name"),
    (f"FAL\u200b_KEY={KEY}", "FAL_KEY", "does not begin with the name"),
    (f"FAL_KEY≡{KEY}", "FAL_KEY", "does not begin with the name"),
    (f"FAL_KEY={KEY[:40]}\n{KEY[40:]}", "FAL_KEY", "put all on one line"),
    ("WECHAT_APP_ID=wx0123456789abcdef", "WECHAT_APP_SECRET", "is needed beside WECHAT_APP_ID"),
    ("WECOM_BOT_SECRET=abc", "WECOM_BOT_ID", "is needed beside WECOM_BOT_SECRET"),
]

ODD: list[tuple[str, str, str]] = [  # a line, the name, the warning
    (
        f"WECHAT_TOKEN=a-b\nWECHAT_APP_ID=wx0123456789abcdef\nWECHAT_APP_SECRET={LONG}",
        "WECHAT_TOKEN",
        "3 to 32 letters",
    ),
    ("REELBOT_DAILY_USD=0", "REELBOT_DAILY_USD", "nothing can be ordered"),
    ("REELBOT_USER_DAILY_USD=50", "REELBOT_USER_DAILY_USD", "more than REELBOT_DAILY_USD (20)"),
    ("REELBOT_USER_JOBS=60", "REELBOT_USER_JOBS", "more than REELBOT_JOBS (50)"),
    ("REELBOT_DEFAULT_MODEL=hailuo-2.3-fast", "REELBOT_DEFAULT_MODEL", "nothing of words alone"),
    ("REELBOT_ASSET_HOST=folder", "REELBOT_ASSET_HOST", "needs REELBOT_PUBLIC_URL"),
    ("REELBOT_PUBLIC_URL=https://192.168.1.5", "REELBOT_PUBLIC_URL", "your own network alone"),
    (
        "REELBOT_PUBLIC_URL=https://bot.example.org/",
        "REELBOT_PUBLIC_URL",
        "write REELBOT_PUBLIC_URL=https://bot.example.org",
    ),
    ("REELBOT_PUBLIC_URL=https://机器人.example", "REELBOT_PUBLIC_URL", "=https://xn--gmqz0qc7o.example"),
    ("REELBOT_PUBLIC_URL=https://bot", "REELBOT_PUBLIC_URL", "your own network alone"),
    ("REELBOT_TRUSTED_PROXY=0.0.0.0/0", "REELBOT_TRUSTED_PROXY", "believes everybody"),
    ("REELBOT_WEB_TOKEN=aaaaaaaaaaaaaaaaaaaa", "REELBOT_WEB_TOKEN", "easily guessed"),
    ("REELBOT_WEB_TOKEN=passwordpassword", "REELBOT_WEB_TOKEN", "easily guessed"),
    ("REELBOT_WEB_TOKEN=xk3$PATH9vbn2m4q8z", "REELBOT_WEB_TOKEN", "has a $"),
    (f"FAL_KEY={KEY[:20]}", "FAL_KEY", "not as fal gives them"),
    (f"FAL_KEY={BOT}", "TELEGRAM_BOT_TOKEN", ""),
    ("FAL_KEY=your-key-here", "FAL_KEY", "not as fal gives them"),
    (f"FAL_KEY={KEY},", "FAL_KEY", "copy all of it"),
    ("FAL_ADMIN_KEY=abc", "FAL_ADMIN_KEY", "not as fal gives them"),
    (f"FAL_ADMIN_KEY={KEY}", "FAL_ADMIN_KEY", "the same as FAL_KEY"),
    ("WECHAT_LINK=true", "WECHAT_LINK", "does nothing without WECHAT_APP_ID"),
    ("WECOM_BOT_NAME=Fox", "WECOM_BOT_NAME", "does nothing without WECOM_BOT_ID"),
    (
        "WECHAT_APP_ID=wx0123456789abcdef\nWECHAT_APP_SECRET=s\nWECHAT_TOKEN=abc",
        "REELBOT_PUBLIC_URL",
        "WeChat cannot call",
    ),
    ("WECHAT_APP_ID=wx12\nWECHAT_APP_SECRET=s\nWECHAT_TOKEN=abc", "WECHAT_APP_ID", "not as WeChat gives them"),
]

FINE = [
    "",
    "REELBOT_AI_LABEL=Visible\nREELBOT_ASSET_HOST=FAL\nREELBOT_LOG_LEVEL=INFO",
    "REELBOT_AI_PRODUCER=示例（北京）科技有限公司\nWECOM_BOT_ID=a\nWECOM_BOT_SECRET=b\nWECOM_BOT_NAME=小狐狸（测试）",
    "REELBOT_PUBLIC_URL=HTTPS://Bot.Example.org",
    "REELBOT_TRUSTED_PROXY=loopback，10.0.0.1；10.0.1.0/24",
    "REELBOT_TIERS=budget=wan-3.0，balanced=h3-max",
    "REELBOT_ACCESS=telegram:43、Telegram：44",
    "REELBOT_DATABASE_URL=postgresql://me:p%40ss@h:5432/db",
    "REELBOT_WEB_TOKEN='xk3$PATH9vbn2m4q8z'",
    "# 密钥",
]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for `.env`; nothing of the environment is ours."""
    monkeypatch.chdir(tmp_path)
    for name in [*os.environ]:
        if name.startswith(("FAL_", "REELBOT_", "TELEGRAM_", "WECHAT_", "WECOM_", "ILINK_")):
            monkeypatch.delenv(name)
    return tmp_path


def found_in(place: Path, lines: str) -> dict[tuple[str, str], str]:
    """What is said about this file, by state and name: our own good lines stand where these say nothing else."""
    own = {line.partition("=")[0] for line in lines.splitlines()}
    rest = [line for line in GOOD.splitlines() if line.partition("=")[0] not in own]
    (place / ".env").write_text("\n".join([lines, *rest, ""]))
    return {(each.state, each.name): each.text for each in setting_problems.examine()}


@pytest.mark.parametrize(("line", "words"), WRONG, ids=lambda value: value[:40])
def test_a_wrong_value_is_named(place: Path, line: str, words: str) -> None:
    name = line.partition("=")[0]
    text = found_in(place, line)["wrong", name]
    assert words in text
    assert BOT not in text
    assert KEY not in text
    assert "secret" not in text


@pytest.mark.parametrize(("file", "name", "words"), SHAPES, ids=lambda value: value[:40])
def test_a_line_that_sets_nothing_is_named(place: Path, file: str, name: str, words: str) -> None:
    assert words in found_in(place, file)["wrong", name]


@pytest.mark.parametrize(("line", "name", "words"), ODD, ids=lambda value: value[:40])
def test_what_was_hardly_meant_is_named(place: Path, line: str, name: str, words: str) -> None:
    if name == "TELEGRAM_BOT_TOKEN":  # the two have changed places
        line, words = f"{line}\nTELEGRAM_BOT_TOKEN={KEY}", "not as BotFather gives them"
    found = found_in(place, line)
    assert words in found["warn", name]
    assert not [each for each in found if each[0] == "wrong"]


@pytest.mark.parametrize("lines", FINE, ids=lambda value: value[:40])
def test_nothing_is_said_about_what_is_well(place: Path, lines: str) -> None:
    assert found_in(place, lines) == {}


@pytest.mark.parametrize(("typed", "name"), NAMES.items())
def test_a_name_that_is_none_is_answered_with_the_one_that_was_meant(place: Path, typed: str, name: str) -> None:
    assert setting_names.meant(typed, defaults()) == name
    assert found_in(place, f"{typed}=x")["warn", typed] == f"no such setting; is {name} meant?"


@pytest.mark.parametrize("name", ["COMPOSE_PROJECT_NAME", "TZ", "PATH", "MYAPP_LOGIN", "DEBUG"])
def test_what_other_programs_read_from_the_file_is_none_of_ours(place: Path, name: str) -> None:
    assert found_in(place, f"{name}=x") == {}


def test_a_field_is_read_by_its_variables_name_alone(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """TOKEN, HOST, PORT and the like are other programs': one TOKEN was the token of three chats."""
    others = {
        "TOKEN": LONG,
        "HOST": "0.0.0.0",
        "PORT": "9",
        "ACCESS": "open",
        "SECRET": "s",
        "BOT_ID": "b",
        "JOBS": "3",
    }
    for name, value in others.items():
        monkeypatch.setenv(name, value)
    (place / ".env").write_text("".join(f"{name}={value}\n" for name, value in others.items()))
    settings = Settings()
    assert (settings.host, settings.port, settings.access, settings.jobs) == ("127.0.0.1", 8080, None, 50)
    assert TelegramSettings().token is None
    assert WebSettings().token is None
    assert WeComSettings().missing == ["WECOM_BOT_ID", "WECOM_BOT_SECRET"]
    assert Settings(port=1, host="::1").port == 1  # in code it may


def test_a_name_is_written_as_browsers_write_it() -> None:
    for given, shown in (("HTTPS://Bot.Example.ORG:8443/", "https://bot.example.org:8443"),
                         ("https://机器人.example", "https://xn--gmqz0qc7o.example")):  # fmt: skip
        assert FalSettings.offline(public_url=given).public_url == shown


@pytest.mark.parametrize("secret", [KEY, BOT], ids=["fal", "Telegram"])
def test_a_key_in_the_place_of_another_setting_is_not_shown(place: Path, secret: str) -> None:
    for name in sorted(defaults()):
        found = found_in(place, f"{name}={secret}")
        shown = [*found.values(), *(each.text for each in examine_settings())]
        assert not [text for text in shown if secret in text], name


def test_of_two_databases_the_one_that_is_not_read_is_named(place: Path) -> None:
    line = "REELBOT_DATABASE_URL=postgresql://me@h/db"
    assert found_in(place, line) == {}
    (place / "output").mkdir()
    (place / "output" / "reelbot.db").touch()
    assert f"not {place}/output/reelbot.db" in found_in(place, line)["warn", "REELBOT_DATABASE_URL"]


def test_the_line_ends_of_old_macs_are_named(place: Path) -> None:
    (place / ".env").write_bytes(GOOD.replace("\n", "\r").encode())
    (found,) = setting_problems.examine()
    assert (found.state, found.name, "old Macs" in found.text) == ("warn", ".env", True)

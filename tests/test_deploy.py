"""deploy/ is true: its files parse, say what we promise, and run where the tool for them is installed."""

import asyncio
import configparser
import json
import re
import signal
import subprocess
import sys
import tomllib
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from bot.cli.main import main
from bot.http.server import Health, NoWebhook, build
from bot.loops import Problem
from bot.settings import Settings
from tests.deploy_files import (
    DEPLOY,
    MEMORY_OF_CHILDREN,
    TOP,
    container_environment,
    dockerfile,
    final_stage,
    in_bytes,
    tool,
)
from tests.known_settings import defaults
from tests.serving import free_port, served_in_thread

# .env.example


def test_env_example_names_every_setting_with_its_default_and_sets_none() -> None:
    lines = (DEPLOY / ".env.example").read_text().splitlines()
    assert [line for line in lines if line and not line.startswith("#")] == []
    named = [line[1:].partition("=") for line in lines if re.fullmatch(r"#[A-Z0-9_]+=.*", line)]
    assert {name: value for name, _, value in named} == defaults()
    assert len(named) == len(defaults())


def test_env_example_uncommented_is_the_default_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (DEPLOY / ".env.example").read_text()
    (tmp_path / ".env").write_text(re.sub(r"^#(?=[A-Z0-9_]+=)", "", text, flags=re.MULTILINE))
    monkeypatch.chdir(tmp_path)
    for name in defaults():
        monkeypatch.delenv(name, raising=False)
    assert Settings().model_dump(exclude={"fal_api_url", "fal_rest_url"}) == Settings.offline().model_dump(
        exclude={"fal_api_url", "fal_rest_url"}
    )
    assert Settings().api_url == Settings.offline().api_url


# Dockerfile


def test_the_container_is_not_root_and_says_what_it_serves() -> None:
    stage = dict(final_stage())
    user, _, group = stage["USER"].partition(":")
    assert int(user) > 0
    assert int(group) > 0
    assert stage["EXPOSE"] == container_environment()["REELBOT_PORT"]
    assert stage["STOPSIGNAL"] == "SIGTERM"
    assert stage["VOLUME"] == container_environment()["REELBOT_OUTPUT_DIR"]
    words = [word for word, _ in final_stage()]
    assert words.index("RUN") < words.index("VOLUME") < words.index("USER")  # the folder's owner before it is a volume
    assert set(container_environment()) - set(defaults()) == {"PATH", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE"}


def test_the_containers_command_is_one_of_ours(capsys: pytest.CaptureFixture[str]) -> None:
    stage = dict(final_stage())
    assert json.loads(stage["ENTRYPOINT"]) == ["reelbot"]
    assert 'reelbot = "bot.__main__:main"' in (TOP / "pyproject.toml").read_text()
    with pytest.raises(SystemExit) as ended:
        main([*json.loads(stage["CMD"]), "--help"])
    assert ended.value.code == 0
    assert "serve every chat" in capsys.readouterr().out


def test_what_the_container_copies_exists_and_passes_the_ignore_file() -> None:
    let_in = [
        line[1:] for line in (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines() if line.startswith("!")
    ]
    copied = [
        path
        for word, rest in dockerfile()
        if word == "COPY" and not rest.startswith("--from")
        for path in rest.split()[:-1]
    ]
    assert sorted(copied) == sorted(let_in)
    assert all((TOP / path).exists() for path in copied)
    assert not any(".env" in path for path in let_in)


@pytest.mark.parametrize("ill", [False, True])
def test_the_containers_health_check_tells_well_from_ill(ill: bool, tmp_path: Path) -> None:
    health = Health()
    stuck, away = Problem("inbox loop is stuck", "inbox", restart_helps=True), Problem("jobs loop fails", "jobs")
    health.problems = lambda: [away, stuck] if ill else [away]  # what no restart cures must cause none
    (check,) = (rest for word, rest in final_stage() if word == "HEALTHCHECK")
    python, *arguments = json.loads(check.partition("CMD ")[2])
    assert python == "python"
    with served_in_thread(build(health=health, assets_dir=tmp_path, webhook=NoWebhook(), routes=[])) as address:
        environment = {"REELBOT_PORT": address.rpartition(":")[2], "http_proxy": "http://127.0.0.1:9"}
        ended = subprocess.run(
            [sys.executable, *arguments], env=environment, capture_output=True, check=False, timeout=20
        )
    assert (ended.returncode != 0) is ill


# Caddyfile


def test_caddyfile_by_its_own_checker(tmp_path: Path) -> None:
    caddy = tool("caddy")
    environment = {"HOME": str(tmp_path), "REELBOT_PUBLIC_URL": "https://bot.example.org"}
    checked = subprocess.run(
        [caddy, "validate", "--adapter", "caddyfile", "--config", DEPLOY / "Caddyfile"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert checked.returncode == 0, checked.stderr
    assert "Valid configuration" in checked.stdout + checked.stderr
    assert "not formatted" not in checked.stderr


@contextmanager
def caddy_before(upstream: str, home: Path) -> Iterator[str]:
    """Caddy with our file, in front of `upstream`, as plain http on loopback."""
    port = free_port()
    caddy = subprocess.Popen(
        [tool("caddy"), "run", "--adapter", "caddyfile", "--config", DEPLOY / "Caddyfile"],
        env={
            "HOME": str(home),
            "REELBOT_PUBLIC_URL": f"http://127.0.0.1:{port}",
            "REELBOT_UPSTREAM": upstream.removeprefix("http://"),
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        asyncio.run(_answers(port))
        yield f"http://127.0.0.1:{port}"
    finally:
        caddy.send_signal(signal.SIGTERM)
        caddy.wait(10)


async def _answers(port: int) -> None:
    async with asyncio.timeout(10):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.02)
            else:
                writer.close()
                return


def status(url: str, *, method: str = "GET", body: bytes | None = None) -> int:
    request = urllib.request.Request(url, data=body, method=method)
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


def test_caddy_lets_the_public_paths_through_and_nothing_else(tmp_path: Path) -> None:
    seen: list[tuple[str, str]] = []

    async def everything(request: Request) -> PlainTextResponse:
        seen.append((request.method, request.url.path))
        assert request.headers["host"].startswith("127.0.0.1:")  # the web chat checks the name that people typed
        return PlainTextResponse(f"{len(await request.body())}")

    upstream = Starlette(routes=[Route("/{path:path}", everything, methods=["GET", "POST"])])
    inside = ["/", "/chat/events", "/videos/a.mp4", "/fal-assets/abc.jpg", "/wechat"]
    posted = ["/fal/webhook/K3X9Q2.abc", "/telegram", "/wechat", "/chat/upload"]
    outside = ["/healthz", "/readyz", "/metrics", "/fal-assets", "/.env", "/wecom", "/fal/webhook"]
    with served_in_thread(upstream) as address, caddy_before(address, tmp_path) as front:
        assert [status(front + path) for path in inside] == [200] * len(inside)
        assert [status(front + path, method="POST", body=b"{}") for path in posted] == [200] * len(posted)
        assert [status(front + path) for path in outside] == [404] * len(outside)
    assert seen == [("GET", path) for path in inside] + [("POST", path) for path in posted]


# reelbot.service


def unit() -> configparser.ConfigParser:
    parser = configparser.ConfigParser(delimiters=("=",), comment_prefixes=("#",), strict=True, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read(DEPLOY / "reelbot.service")
    return parser


def test_the_unit_is_not_root_stops_in_time_and_keeps_its_state() -> None:
    service = unit()["Service"]
    assert service["User"] == "reelbot"
    assert service["ExecStart"].split()[1:] == ["run"]
    assert service["TimeoutStopSec"] == "30"
    state = f"/var/lib/{service['StateDirectory']}"
    assert service["WorkingDirectory"] == state  # `.env` is read from there, and `output` made there
    assert service["EnvironmentFile"] == f"{state}/.env"
    for switch in ("NoNewPrivileges", "PrivateTmp", "ProtectHome", "PrivateDevices", "RestrictSUIDSGID"):
        assert service[switch] == "yes"
    assert service["ProtectSystem"] == "strict"


def test_the_unit_limits_memory_processes_files_and_logs() -> None:
    service = unit()["Service"]
    assert MEMORY_OF_CHILDREN < in_bytes(service["MemoryHigh"]) < in_bytes(service["MemoryMax"])
    assert service["OOMPolicy"] == "continue"  # else a hostile film that is killed for its memory stops the bot
    assert 0 < int(service["TasksMax"]) <= 512
    assert int(service["LimitNOFILE"]) >= 2 * 800  # as many connections as the server takes, and files beside them
    assert service["LimitCORE"] == "0"
    assert int(service["LogRateLimitBurst"]) > 0
    assert service["LogRateLimitIntervalSec"] == "30s"


def test_the_unit_lets_a_child_shut_itself_in() -> None:
    allowed = unit()["Service"]["SystemCallFilter"].split()
    assert {"seccomp", "landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self"} <= set(allowed)
    assert not any(name.startswith("~") for name in allowed)
    kernel = subprocess.run(
        [tool("systemd-analyze"), "syscall-filter", "@known"], capture_output=True, text=True, check=True, timeout=30
    )
    assert {name for name in allowed if not name.startswith("@")} <= set(kernel.stdout.split())


def test_the_unit_by_systemds_own_checker(tmp_path: Path) -> None:
    checker = tool("systemd-analyze")
    text = (DEPLOY / "reelbot.service").read_text()
    here = tmp_path / "reelbot.service"
    here.write_text(re.sub(r"(?m)^ExecStart=\S+", f"ExecStart={sys.executable}", text))
    run: Callable[..., subprocess.CompletedProcess[str]] = lambda *command: subprocess.run(  # noqa: E731 - short
        command, capture_output=True, text=True, check=False, timeout=30
    )
    verified = run(checker, "verify", here)
    assert verified.returncode == 0, verified.stderr
    assert "reelbot.service" not in verified.stderr, verified.stderr
    hardened = run(checker, "security", "--offline=true", "--threshold=25", here)
    if "unrecognized option" not in hardened.stderr:  # systemd before 250 cannot
        assert hardened.returncode == 0, hardened.stdout


# The wheel that the container installs


def project() -> dict[str, Any]:
    return tomllib.loads((TOP / "pyproject.toml").read_text())


def test_every_file_that_is_not_python_is_packaged() -> None:
    rules = project()["tool"]["setuptools"]["package-data"]
    patterns = [f"{package.replace('.', '/')}/{rule}" for package, rules_ in rules.items() for rule in rules_]
    files = [
        str(path.relative_to(TOP))
        for package in ("core", "bot")
        for path in (TOP / package).rglob("*")
        if path.is_file() and path.suffix not in {".py", ".pyc"}
    ]
    listed = subprocess.run(["git", "ls-files"], cwd=TOP, capture_output=True, text=True, check=False)
    if not listed.returncode:  # in a clone, only what belongs to the project counts
        files = sorted(set(files) & set(listed.stdout.splitlines()))
    assert files
    # Chinese and English sentences, the page, the font; script.py.mako is only for whoever writes a migration
    left_out = [name for name in files if not any(fnmatch(name, rule) for rule in patterns)]
    assert [name for name in left_out if not name.endswith(".mako")] == []
    packages = [path.parent for package in ("core", "bot") for path in (TOP / package).rglob("*.py")]
    assert [str(folder) for folder in packages if not (folder / "__init__.py").exists()] == []

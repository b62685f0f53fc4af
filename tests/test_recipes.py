"""The README's recipes for a server, run as they stand: a folder in place of `/`, stubs for what changes a system."""

import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from core.sandbox import FAST, create_app
from tests.deploy_files import DEPLOY, TOP, tool
from tests.fakes.botapi import TelegramFake
from tests.known_settings import defaults
from tests.serving import WEB, free_port, served_in_thread
from tests.test_compose import compose
from tests.test_readme import section
from tests.web_run import TOKEN, wait_for

NAME = "https://bot.example.org"
# Each writes down how it was called. Those that change nothing but files do their work, in the folder.
STUBS = {
    "apt-get": "",
    "curl": "",
    "docker": "",
    "getent": "",
    "systemctl": "",
    "timedatectl": "",
    "ufw": "",
    "useradd": "",
    "git": f'mkdir -p "$3"; cp -r {TOP}/deploy "$3/deploy"',
    "make": f'mkdir -p "$2" && ln -s {sys.prefix} "$2/.venv"',
    "sudo": 'if [ "$1" = -u ]; then shift 2; fi; exec "$@"',
    "sudoedit": 'cat "$(dirname "$0")/../settings" >> "$1"',
    "install": """for word; do  # there is no such user here
    shift
    case "$word" in -o | -g) left=1 ;; *) [ "$left" ] || set -- "$@" "$word"; left= ;; esac
done
PATH=${PATH#*:} exec install "$@\"""",
}


class Server:
    """A folder that stands for a server's root, and the commands that were given there."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._calls = root / "calls"
        stubs = root / "stubs"
        stubs.mkdir()
        for name, script in STUBS.items():
            note = f'echo "{name} $*" >> {self._calls}\n'
            (stubs / name).write_text(f"#!/bin/sh\n{note}{script}\n")
            (stubs / name).chmod(0o755)
        for folder in ("etc/systemd/system", "etc/caddy", "opt", "var/lib", "home"):
            (root / folder).mkdir(parents=True)
        self._path = f"{stubs}:/usr/bin:/bin"

    def follow(self, title: str) -> list[str]:
        """Run a recipe, and return the calls that it made."""
        recipe = self.here(recipe_of(title)).replace("<this repository>", "the-repository")
        subprocess.run(
            ["bash", "-eu", "-o", "pipefail", "-c", recipe],
            cwd=self.root / "home",
            env={"PATH": self._path, "HOME": str(self.root / "home")},
            check=True,
            timeout=60,
        )
        return self._calls.read_text().replace(str(self.root), "").splitlines()

    def here(self, text: str) -> str:
        """Move the places that a text names into the folder."""
        return re.sub(r"(?<![\w/])(/opt|/var/lib|/etc)(?=/)", rf"{self.root}\1", text)

    def fill_in(self, **settings: str) -> None:
        """Say what the person writes into `.env` who is told to."""
        lines = "".join(f"{name}={value}\n" for name, value in settings.items())
        (self.root / "settings").write_text(lines)


def recipe_of(title: str) -> str:
    """The commands of one recipe."""
    found = re.search(rf"^### {title}\n.*?^```sh\n(.*?)^```", section("Deploying"), re.MULTILINE | re.DOTALL)
    assert found is not None, title
    return found[1]


def keys_of(file: Path) -> dict[str, str]:
    """The last value of each key of a unit."""
    lines = (line.partition("=") for line in file.read_text().splitlines() if not line.startswith("#"))
    return {key: value for key, _, value in lines}


@pytest.fixture
def server(tmp_path: Path) -> Server:
    return Server(tmp_path)


@pytest.fixture
def fal(tmp_path: Path) -> Iterator[str]:
    with served_in_thread(create_app(folder=tmp_path / "fal", studio=FAST)) as address:
        yield address


@contextmanager
def running(command: list[str], *, env: dict[str, str], folder: Path) -> Iterator[None]:
    """A service as systemd would start it, ended as systemd would."""
    path = folder / f"{Path(command[0]).name}.log"
    with path.open("w") as log:
        process = subprocess.Popen(command, cwd=folder, env=env, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        try:
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            code = process.wait(30)
    assert code == 0, path.read_text()


def test_the_bot_runs_as_the_unit_says_and_caddy_stands_before_it(server: Server, fal: str) -> None:
    port, outside = free_port(), free_port()
    public = f"http://127.0.0.1:{outside}"  # no certificate can be had here
    server.fill_in(FAL_KEY="key", FAL_QUEUE_URL=fal, REELBOT_WEB_TOKEN=TOKEN, REELBOT_PORT=str(port))
    server.follow("With systemd")  # its last line is the real doctor, who finds nothing wrong
    calls = server.follow("Caddy beside systemd")
    state = server.root / "var/lib/reelbot"
    assert f"{state.stat().st_mode:o}".endswith("750")
    assert f"{(state / '.env').stat().st_mode:o}".endswith("600")  # doctor asks for that
    assert "useradd --system --home-dir /var/lib/reelbot --shell /usr/sbin/nologin reelbot" in calls
    assert "systemctl enable --now reelbot" in calls
    assert calls.index("systemctl daemon-reload") < calls.index("systemctl restart caddy reelbot")
    service = keys_of(server.root / "etc/systemd/system/reelbot.service")
    program, word = shlex.split(server.here(service["ExecStart"]))
    assert Path(program).exists()
    assert server.here(service["WorkingDirectory"]) == str(state)
    assert server.here(service["EnvironmentFile"]) == str(state / ".env")
    dropped_in = keys_of(server.root / "etc/systemd/system/caddy.service.d/reelbot.conf")
    assert dropped_in["Environment"] == f"REELBOT_PUBLIC_URL={NAME}"  # and none of the keys
    with (state / ".env").open("a") as file:
        file.write(f"REELBOT_PUBLIC_URL={public}\n")
    bare = {"PATH": "/usr/bin:/bin", "HOME": str(state)}
    front = {"REELBOT_PUBLIC_URL": public, "REELBOT_UPSTREAM": f"127.0.0.1:{port}"}
    caddy = [tool("caddy"), "run", "--config", str(server.root / "etc/caddy/Caddyfile")]
    with running([program, word], env=bare, folder=state), running(caddy, env=bare | front, folder=server.root):
        wait_for(f"http://127.0.0.1:{port}/readyz")
        wait_for(f"{public}/fal-assets/none")
        page = WEB.get(f"{public}/", timeout=5)
        assert page.status_code == httpx.codes.OK
        assert page.headers["strict-transport-security"] == "max-age=31536000"
        policy = page.headers["content-security-policy"]
        assert policy.startswith("default-src 'self';")
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert WEB.get(f"{public}/fal-assets/none", timeout=5).status_code == httpx.codes.NOT_FOUND
        assert WEB.get(f"{public}/healthz", timeout=5).status_code == httpx.codes.NOT_FOUND
    assert TOKEN not in (state / "reelbot.log").read_text()
    open_to_others = [path for path in (state / "output").glob("*.db*") if path.stat().st_mode & 0o077]
    assert open_to_others == []


def test_docker_without_a_domain_is_a_bot_that_asks_telegram_itself(server: Server, fal: str) -> None:
    calls = server.follow("Docker without a domain")
    place = server.root / "home/reelbot/deploy"
    assert f"{(place / '.env').stat().st_mode:o}".endswith("600")
    asked = [shlex.split(call) for call in calls if call.startswith("docker ")]
    assert [words[1:4] for words in asked] == [["compose", "--file", "compose.home.yaml"]] * 2
    assert (place / "compose.home.yaml").exists()
    assert asked[1][4:] == ["exec", "bot", "reelbot", "doctor"]
    told = compose("compose.home.yaml")["services"]["bot"]["environment"]
    (place / "output").mkdir()
    given = {"FAL_KEY": "key", "FAL_QUEUE_URL": fal}
    moved = {"REELBOT_OUTPUT_DIR": str(place / "output"), "REELBOT_PORT": str(free_port())}
    with TelegramFake().serving() as telegram:
        env = {"PATH": "/usr/bin:/bin", "HOME": str(place)} | given | telegram.environment | told | moved
        with running([f"{sys.prefix}/bin/reelbot", "run"], env=env, folder=place):
            wait_for(f"http://127.0.0.1:{moved['REELBOT_PORT']}/readyz")
            telegram.wait(lambda: telegram.calls("getUpdates"))
            telegram.user_says(42, "/start")
            telegram.wait(lambda: any("telegram:42" in text for text in telegram.texts(42)))
        assert telegram.calls("setWebhook") == []


@pytest.mark.parametrize("title", ["A bare server", "With containers", "Docker without a domain"])
def test_a_recipe_runs_to_its_end(title: str, server: Server) -> None:
    calls = server.follow(title)
    first = {"A bare server": "sudo"}.get(title, "git")
    assert calls[0].split()[0] == first


def test_the_firewall_lets_ssh_in_before_it_closes(server: Server) -> None:
    calls = [call for call in server.follow("A bare server") if call.startswith("ufw ")]
    assert calls[0] == "ufw allow 22/tcp"
    assert calls[-1] == "ufw --force enable"
    published = {str(port).rpartition(":")[2] for port in compose()["services"]["caddy"]["ports"]}
    assert {each if "/" in each else f"{each}/tcp" for each in published} <= {call.split()[-1] for call in calls}


def test_each_recipe_installs_what_make_needs_and_names_settings_that_are() -> None:
    bare = recipe_of("A bare server")
    assert {"git", "make", "python3", "python3-venv"} <= set(bare.split())
    named = set(re.findall(r"\b[A-Z]+_[A-Z_]+\b", section("Deploying").partition("### What is served")[0]))
    assert named <= set(defaults()) | {"FAL_KEY"}
    assert os.access(DEPLOY / ".env.example", os.R_OK)

"""The compose files: one bot in both, hardened and limited, behind Caddy or with no way in."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # its stubs would be one more dependency

from tests.deploy_files import DEPLOY, MEMORY_OF_CHILDREN, container_environment, in_bytes
from tests.known_settings import defaults


def compose(file: str = "compose.yaml") -> dict[str, Any]:
    parsed: dict[str, Any] = yaml.safe_load((DEPLOY / file).read_text())
    return parsed


COMPOSE = ("compose.yaml", "compose.home.yaml")


def test_compose_keeps_the_bot_behind_caddy() -> None:
    bot, caddy = compose()["services"]["bot"], compose()["services"]["caddy"]
    assert "ports" not in bot
    assert bot["expose"] == [container_environment()["REELBOT_PORT"]]
    assert caddy["environment"]["REELBOT_UPSTREAM"] == f"bot:{bot['expose'][0]}"
    assert {"80:80", "443:443"} <= set(caddy["ports"])
    assert (DEPLOY / bot["build"]["context"] / bot["build"]["dockerfile"]).resolve() == DEPLOY / "Dockerfile"
    assert "./Caddyfile:/etc/caddy/Caddyfile:ro" in caddy["volumes"]
    assert bot["env_file"] == ".env"
    assert set(bot["environment"]) <= set(defaults())


def test_compose_at_home_is_the_same_bot_with_no_way_in() -> None:
    ours, theirs = compose("compose.home.yaml"), compose()
    assert list(ours["services"]) == ["bot"]
    assert ours["name"] == theirs["name"]  # so the volume with videos and database is the same one
    home, served = ours["services"]["bot"], theirs["services"]["bot"]
    assert "ports" not in home
    assert home["environment"].pop("REELBOT_HOST") == "127.0.0.1"
    assert home["environment"].pop("REELBOT_ASSET_HOST") == "fal"
    assert served["environment"].pop("REELBOT_HOST") == "0.0.0.0"
    assert served["environment"].pop("REELBOT_TRUSTED_PROXY")
    assert served.pop("expose")
    assert home == served


@pytest.mark.parametrize("file", COMPOSE)
def test_compose_hardens_all_and_loses_no_video(file: str) -> None:
    services, volumes = compose(file)["services"], compose(file)["volumes"]
    for service in services.values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]  # and docker's own seccomp profile: it lets a
        assert service["restart"] == "unless-stopped"  # process shut itself in further (seccomp, landlock_*)
        named = {volume.partition(":")[0] for volume in service["volumes"] if not volume.startswith(".")}
        assert named <= set(volumes)
    bot = services["bot"]
    assert bot["stop_grace_period"] == "30s"
    assert f"videos:{bot['environment']['REELBOT_OUTPUT_DIR']}" in bot["volumes"]
    assert any(each.startswith("/tmp:") for each in bot["tmpfs"])


@pytest.mark.parametrize("file", COMPOSE)
def test_compose_limits_memory_processes_files_and_logs(file: str) -> None:
    services = compose(file)["services"]
    for service in services.values():
        assert service["mem_limit"] == service["memswap_limit"]  # no swap beside it
        assert 0 < service["pids_limit"] <= 512
        assert service["ulimits"] == {"nofile": 8192, "core": 0}
        kept = service["logging"]["options"]
        assert in_bytes(kept["max-size"]) * int(kept["max-file"]) <= 100 * 1024**2
    assert in_bytes(services["bot"]["mem_limit"]) >= MEMORY_OF_CHILDREN + 1024**3
    # the bot's own check stands in its Dockerfile
    assert [name for name, service in services.items() if "healthcheck" not in service] == ["bot"]


@pytest.mark.parametrize("file", COMPOSE)
def test_compose_by_its_own_checker(file: str, tmp_path: Path) -> None:
    docker = shutil.which("docker")
    if docker is None or subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode:
        pytest.skip("docker compose is not installed, and no engine can be in CI")
    shutil.copytree(DEPLOY, tmp_path / "deploy")
    public = "REELBOT_PUBLIC_URL=https://bot.example.org\n" if file == "compose.yaml" else ""
    (tmp_path / "deploy" / ".env").write_text(f"{public}FAL_KEY=key\n")
    checked = [docker, "compose", "--file", file, "config", "--quiet"]
    subprocess.run(checked, cwd=tmp_path / "deploy", check=True, timeout=30)

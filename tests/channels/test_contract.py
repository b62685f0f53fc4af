"""Every channel that is found keeps the contract, and so does the throw-away one: the rules stand in contract.py."""

import asyncio
import json
import logging
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

import bot.channels
from bot.channels import manifests
from bot.channels.protocol import ChannelManifest
from bot.http.server import Health, NoWebhook, build
from tests.channels import contract
from tests.channels.connecting import Box, connected, secrets_of, served_fake, services, variables_of
from tests.channels.contract import Rule
from tests.channels.stands import ServerStand, Stand, stands_of
from tests.channels.throwaway.chats import pigeon
from tests.fakes.memory import Keys

TOP = Path(__file__).parents[2]
CHANNELS = {**manifests(), pigeon.MANIFEST.name: pigeon.MANIFEST}
Made = tuple[ChannelManifest, type[Stand]]
STOOD_UP = [(CHANNELS[name], kind) for name in CHANNELS for kind in stands_of(name)]
WITH_SERVER = [(manifest, kind) for manifest, kind in STOOD_UP if issubclass(kind, ServerStand)]
HEAVY = (
    "telegram",
    "wechatpy",
    "websockets",
    "starlette",
    "uvicorn",
    "dbos",
    "alembic",
    "sqlalchemy",
    "psycopg",
    "PIL",
    "av",
)


def name_of(value: Any) -> str:
    if isinstance(value, tuple):
        return str(value[1].__name__)
    return str(getattr(value, "name", None) or value.__name__)


def keep(
    rule: Rule,
    made: Made,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    log: pytest.LogCaptureFixture,
    **how: Any,
) -> None:
    """Play one rule; at the end nothing is left of the channel, and no log holds a secret or a person's words."""
    for logger in (None, "httpx", "httpcore", "telegram"):  # whatever an earlier test has made of them
        log.set_level(logging.DEBUG, logger=logger)
    manifest, kind = made
    known: set[str] = set()

    async def play() -> None:
        async with connected(manifest, kind(folder), monkeypatch.setenv, **how) as on:
            try:
                await rule(on)
            finally:
                known.update(on.known_secrets())

    asyncio.run(play())
    ours = [record for record in log.records if record.name.startswith("bot.")]
    fields = str([vars(record) for record in ours])
    assert known
    assert [secret for secret in known if secret in log.text + fields] == []
    assert contract.WORDS not in fields


@pytest.mark.parametrize("made", STOOD_UP, ids=name_of)
@pytest.mark.parametrize("rule", contract.RULES, ids=name_of)
def test_every_channel(
    rule: Rule, made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    keep(rule, made, tmp_path, monkeypatch, caplog)


@pytest.mark.parametrize("made", WITH_SERVER, ids=name_of)
@pytest.mark.parametrize("rule", contract.SERVER_RULES, ids=name_of)
def test_every_channel_whose_chat_has_a_server(
    rule: Rule, made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    keep(rule, made, tmp_path, monkeypatch, caplog)


@pytest.mark.parametrize("made", WITH_SERVER, ids=name_of)
@pytest.mark.parametrize("rule", contract.AWAY_RULES, ids=name_of)
def test_every_channel_whose_chat_is_away(
    rule: Rule, made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    keep(rule, made, tmp_path, monkeypatch, caplog, away=True)


# The manifest


def test_every_folder_has_a_manifest_and_every_name_is_its_own() -> None:
    folders = {path.parent.name for folder in bot.channels.__path__ for path in Path(folder).glob("*/__init__.py")}
    assert {each.connect.__module__ for each in manifests().values()} == {f"bot.channels.{name}" for name in folders}
    for name, manifest in CHANNELS.items():
        assert name == manifest.name
        assert re.fullmatch(r"[a-z][a-z0-9]*", name)
        assert manifest.title
        contract.limits_are_sane(manifest)


def test_a_channel_without_a_stand_is_told_what_it_needs() -> None:
    with pytest.raises(AssertionError, match=r'"smoke".*tests/fakes/smoke.*tests/channels/stands/smoke\.py.*STANDS'):
        stands_of("smoke")


@pytest.mark.parametrize("manifest", CHANNELS.values(), ids=name_of)
def test_a_manifest_loads_no_sdk(manifest: ChannelManifest) -> None:
    """Nothing from elsewhere but what the protocol and the settings load already."""
    code = (
        "import importlib, json, sys, bot.channels.protocol, core.config; base = set(sys.modules);"
        "importlib.import_module(sys.argv[1]); print(json.dumps(sorted(set(sys.modules) - base)))"
    )
    command = [sys.executable, "-c", code, manifest.connect.__module__]
    done = subprocess.run(command, cwd=TOP, capture_output=True, text=True, check=True, env=dict(os.environ))
    loaded = json.loads(done.stdout)
    assert manifest.settings.__module__ in loaded
    tops = {name.partition(".")[0] for name in loaded} - {"bot", "core", "tests"}
    assert tops - set(sys.stdlib_module_names) == set()
    assert not tops & set(HEAVY)


def test_no_path_is_claimed_twice() -> None:
    found = list(CHANNELS.values())
    pairs = [(one, other) for number, one in enumerate(found) for other in found[number + 1 :]]
    assert [contract.two_claim_the_same(one, other) for one, other in pairs] == [[]] * len(pairs)
    web = build(health=Health(), assets_dir=TOP, webhook=NoWebhook(), routes=())
    own = [str(getattr(route, "path")) for route in web.routes]  # noqa: B009 - the base class knows no path
    assert own
    claims = [claim for manifest in found for claim in manifest.routes]
    assert [(claim, path) for claim in claims for path in own if contract.covers(claim, path)] == []
    assert [claim for claim in claims if claim.startswith(("/fal", "/healthz", "/readyz"))] == []


# Its settings


@pytest.mark.parametrize("made", STOOD_UP, ids=name_of)
def test_it_is_off_until_its_hint_is_followed(made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing set: no channel. Each variable of the hint missing: none, or a sentence that names it. All set: there."""
    manifest, kind = made
    stand = kind(tmp_path)

    async def story() -> None:
        given = services(tmp_path, box=Box(), key_values=Keys())
        assert manifest.is_set_up is not None or manifest.connect(given) is None
        async with served_fake(stand, away=True):
            needed = [name for name in variables_of(manifest.settings) if re.search(rf"\b{name}\b", manifest.hint)]
            if manifest.is_set_up is not None:  # by a command, not by settings: built, and served once that was given
                await set_up_by_a_command(manifest, stand, tmp_path)
                return
            assert needed
            for missing in needed:
                with monkeypatch.context() as halves:
                    for name in set(needed) - {missing}:
                        halves.setenv(name, stand.environment[name])
                    try:
                        assert manifest.connect(given) is None
                    except ValueError as error:
                        assert missing in str(error)
            for name in needed:
                monkeypatch.setenv(name, stand.environment[name])
            channel = manifest.connect(given)
            assert channel is not None
            assert not [
                each for each in secrets_of(manifest.settings()) if each in f"{channel!r}{manifest.settings()!r}"
            ]
            await channel.stop_intake()
            await channel.stop()

    asyncio.run(story())


async def set_up_by_a_command(manifest: ChannelManifest, stand: Stand, folder: Path) -> None:
    assert manifest.is_set_up is not None
    keys = Keys()
    channel = manifest.connect(services(folder, box=Box(), key_values=keys))
    assert channel is not None
    assert not await manifest.is_set_up(channel)
    await stand.prepare(keys)
    assert await manifest.is_set_up(channel)
    await channel.stop_intake()
    await channel.stop()


@pytest.mark.parametrize("made", STOOD_UP, ids=name_of)
def test_the_demo_ignores_its_credentials(made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    manifest, kind = made
    stand = kind(tmp_path)

    async def story() -> None:
        if stand.opens_in_demo:
            async with connected(manifest, stand, monkeypatch.setenv, demo=True) as on:
                assert not [each for each in on.secrets if each in str(vars(on.channel))]
                await contract.a_text_arrives_with_its_ids(on)
            return
        async with served_fake(stand, away=True):
            for name, value in stand.environment.items():
                monkeypatch.setenv(name, value)
            assert manifest.connect(services(tmp_path, box=Box(), key_values=Keys(), demo=True)) is None

    asyncio.run(story())


@pytest.mark.parametrize("manifest", CHANNELS.values(), ids=name_of)
def test_a_secret_that_cannot_be_right_is_not_repeated(
    manifest: ChannelManifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = "hush/../me not"
    secret = [name for name, hidden in variables_of(manifest.settings).items() if hidden]
    assert secret or manifest.is_set_up is not None  # whose secrets stand in the channel's memory
    for name in secret:
        monkeypatch.setenv(name, wrong)
    try:
        assert wrong not in repr(manifest.settings())
    except ValidationError as error:
        assert wrong not in str(error)

"""Films that are signed (C2PA), read back by the library that others read them with."""

import asyncio
import json
import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import c2pa
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

import core
from core.errors import MediaError
from core.media.ai_label import AiLabel, labelled, sign, try_credentials
from core.media.renditions import RenditionCache
from tests.core.media.credentials import Key, credentials
from tests.core.test_generate import sandboxed
from tests.corpus import clip

FITS = 50_000_000
UNTRUSTED = {"signingCredential.untrusted"}  # nobody knows the tests' authority: all else has to hold


def claims(film: Path) -> dict[str, Any]:
    """What a reader finds: the claim on the film, and what is wrong."""
    with film.open("rb") as file, c2pa.Reader("video/mp4", file) as reader:
        told = json.loads(reader.json())
    wrong = {each["code"] for each in told.get("validation_status", ())} - UNTRUSTED
    newest = told["manifests"][told["active_manifest"]]
    said = {each["label"]: each["data"] for each in newest["assertions"]}
    return {
        "title": newest["title"],
        "actions": said["c2pa.actions.v2"]["actions"],
        "author": said["stds.schema-org.CreativeWork"]["author"][0]["name"],
        "before": [each["title"] for each in newest.get("ingredients", ())],
        "wrong": wrong,
    }


def signing(folder: Path, *, visible: bool = False, key: Key | None = None) -> AiLabel:
    folder.mkdir(exist_ok=True)
    return AiLabel("Studio 狐", visible=visible, credentials=credentials(folder, key))


@pytest.mark.parametrize("kind", ["P-256", "P-384", "RSA", "Ed25519"])
def test_a_new_film_is_signed_as_made_by_ai(tmp_path: Path, kind: str) -> None:
    keys: dict[str, Key] = {
        "P-256": ec.generate_private_key(ec.SECP256R1()),
        "P-384": ec.generate_private_key(ec.SECP384R1()),
        "RSA": rsa.generate_private_key(65537, 2048),
        "Ed25519": ed25519.Ed25519PrivateKey.generate(),
    }
    label, film = signing(tmp_path / "keys", key=keys[kind]), clip(tmp_path / "film.mp4")
    plain, into = film.rename(tmp_path / "film-plain.part"), tmp_path / "made.mp4"
    asyncio.run(labelled(plain, into, label))
    found = claims(into)
    (made,) = found["actions"]
    assert (made["action"], made["digitalSourceType"].rpartition("/")[2]) == ("c2pa.created", "trainedAlgorithmicMedia")
    assert (found["title"], found["author"], found["wrong"]) == ("made.mp4", "Studio 狐", set())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["keys", "made.mp4"]
    changed = bytearray(into.read_bytes())
    changed[-100] ^= 1
    into.write_bytes(changed)
    assert "assertion.bmffHash.mismatch" in claims(into)["wrong"]


@pytest.mark.parametrize(("visible", "max_bytes"), [(False, 120_000), (True, FITS)])
def test_what_a_chat_gets_is_signed_with_the_signature_of_its_original(
    tmp_path: Path, visible: bool, max_bytes: int
) -> None:
    label = signing(tmp_path / "keys", visible=visible)
    plain = clip(tmp_path / "film.mp4", seconds=3).rename(tmp_path / "film-plain.part")
    original = tmp_path / "made.mp4"

    async def story() -> list[Path]:
        await labelled(plain, original, label)
        cache = RenditionCache(tmp_path / "fitted", label=label)
        await cache.check(original, max_bytes=max_bytes)
        return [(await cache.rendition(original, max_bytes=max_bytes)).path for _ in range(2)]

    sent, again = asyncio.run(story())
    assert sent == again != original
    assert sent.stat().st_size <= max_bytes
    found = claims(sent)
    assert (found["before"], found["wrong"], found["author"]) == (["made.mp4"], set(), "Studio 狐")
    assert [each["action"] for each in found["actions"]] == ["c2pa.opened"]


def test_a_film_of_before_is_signed_when_it_is_sent_again(tmp_path: Path) -> None:
    film, label = clip(tmp_path / "film.mp4"), signing(tmp_path / "keys")

    async def story(with_label: AiLabel) -> Path:
        cache = RenditionCache(tmp_path / "fitted", label=with_label)
        return (await cache.rendition(film, max_bytes=FITS)).path

    unsigned = asyncio.run(story(AiLabel("Studio", visible=False)))
    with pytest.raises(c2pa.C2paError):
        claims(unsigned)
    found = claims(asyncio.run(story(label)))
    assert (found["before"], found["wrong"]) == ([], set())
    assert found["actions"][0]["action"] == "c2pa.created"


def test_a_signature_of_before_stays(tmp_path: Path) -> None:
    film, label = clip(tmp_path / "film.mp4"), signing(tmp_path / "keys")
    assert asyncio.run(sign(film, label, name="first.mp4"))
    before = film.read_bytes()
    assert not asyncio.run(sign(film, signing(tmp_path / "others"), name="second.mp4"))
    assert film.read_bytes() == before


def test_what_cannot_be_signed_comes_as_it_is_and_the_log_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    film, label = clip(tmp_path / "film.mp4"), signing(tmp_path / "keys")
    before = film.read_bytes()
    assert label.credentials is not None
    assert not asyncio.run(sign(film, label, name="film.mp4", max_bytes=len(before)))  # above the limit of the chat
    label.credentials.key.unlink()
    assert not asyncio.run(sign(film, label, name="film.mp4"))
    assert film.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["film.mp4", "keys"]
    told = [each for each in caplog.records if each.levelno == logging.WARNING]
    assert len(told) == 2
    assert str(tmp_path) not in caplog.text


def test_credentials_are_tried(tmp_path: Path) -> None:
    async def tried(which: str) -> str:
        try:
            return await try_credentials(made[which])
        except MediaError as error:
            return str(error.facts["reason"])

    for name in ("good", "locked", "mixed", "absent", "old"):
        (tmp_path / name).mkdir()
    made = {name: credentials(tmp_path / name) for name in ("good", "mixed", "absent")}
    made["old"] = credentials(tmp_path / "old", days=-1)
    made["locked"] = credentials(tmp_path / "locked", password=b"secret")
    made["mixed"].key.write_bytes(made["good"].key.read_bytes())
    made["absent"].certificate.unlink()
    found = {name: asyncio.run(tried(name)) for name in made}
    until = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
    assert found == {"good": until, "locked": "key", "mixed": "certificate", "absent": "files", "old": "ended"}


def test_a_film_that_comes_twice_with_the_same_damage_is_kept_and_signed(tmp_path: Path) -> None:
    """No two signatures are the same: what came is compared, not what became of it."""
    files, film = credentials(tmp_path), clip(tmp_path / "damaged.mp4", seconds=3)
    whole = bytearray(film.read_bytes())
    half = len(whole) // 2
    whole[half : half + 400] = bytes(400)
    film.write_bytes(whole)

    async def story() -> tuple[core.Video, int]:
        more = {"c2pa_certificate": files.certificate, "c2pa_key": files.key}
        async with sandboxed(tmp_path, ai_label="metadata", **more) as (settings, sandbox):
            sandbox.faults.add("file_other", times=9, body=str(film))
            video = await core.generate_video("a red fox", model="budget", settings=settings)
            return video, sum(call["path"].endswith(".mp4") for call in sandbox.log)

    video, fetched = asyncio.run(story())
    assert claims(video.local_path)["wrong"] == set()
    assert fetched == 2

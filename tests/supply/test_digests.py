"""`make digests`: true digests of the base images, or none."""

import json
import re
import shutil
from pathlib import Path

import pytest

from tests.supply import digests

INDEX = "application/vnd.oci.image.index.v1+json"
OLD, NEW = "sha256:" + "a" * 64, "sha256:" + "b" * 64


@pytest.fixture
def copies(tmp_path: Path) -> list[Path]:
    return [Path(shutil.copy(file, tmp_path / file.name)) for file in digests.FILES]


def docker(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Put a docker of ours on the path that answers as `script` says."""
    folder.mkdir(exist_ok=True)
    (folder / "docker").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "docker").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


def test_our_files_name_the_images_of_others_and_each_the_same_way() -> None:
    dockerfile, compose = (digests.images(file.read_text()) for file in digests.FILES)
    assert list(dockerfile) == ["python:3.13-slim"]
    assert list(compose) == ["caddy:2-alpine"]  # `reelbot` is built here
    froms = [line for line in digests.FILES[0].read_text().splitlines() if line.startswith("FROM ")]
    assert len({line.split()[1] for line in froms}) == 1  # both stages, with a digest or without


def test_a_digest_is_written_behind_each_tag_and_replaced_the_next_time(copies: list[Path]) -> None:
    before = [file.read_text() for file in copies]
    assert digests.write(copies, lambda tag: OLD) == {"python:3.13-slim": OLD, "caddy:2-alpine": OLD}
    assert copies[0].read_text().count(f"FROM python:3.13-slim@{OLD}") == 2
    assert f"FROM python:3.13-slim@{OLD} AS build" in copies[0].read_text()
    assert f"    image: caddy:2-alpine@{OLD} #" in copies[1].read_text()
    assert "    image: reelbot\n" in copies[1].read_text()
    digests.write(copies, lambda tag: NEW)
    after = [file.read_text() for file in copies]
    assert all(OLD not in text for text in after)
    bare = re.compile(r"@sha256:[0-9a-f]+")
    assert [bare.sub("", text) for text in after] == [bare.sub("", text) for text in before]


def test_nothing_is_written_unless_every_digest_is_known(copies: list[Path]) -> None:
    before = [file.read_text() for file in copies]

    def only_python(tag: str) -> str:
        if tag.startswith("caddy"):
            raise digests.NoDigestError(tag)
        return NEW

    with pytest.raises(digests.NoDigestError):
        digests.write(copies, only_python)
    assert [file.read_text() for file in copies] == before


def test_dockers_answer_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = json.dumps({"mediaType": INDEX, "digest": NEW, "size": 1})
    docker(tmp_path / "bin", monkeypatch, f"[ \"$4\" = python:3.13-slim ] && echo '{answer}'")
    assert digests.ask_docker("python:3.13-slim") == NEW


@pytest.mark.parametrize(
    "script",
    [
        "echo 'no such host' >&2; exit 1",
        "exit 1",
        "echo",
        "echo null",
        f'echo \'{{"mediaType": "{INDEX}", "digest": "sha256:12"}}\'',
        f'echo \'{{"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": "{NEW}"}}\'',  # one platform
    ],
)
def test_no_digest_is_made_up(
    script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = [file.read_text() for file in digests.FILES]
    docker(tmp_path / "bin", monkeypatch, script)
    assert digests.main() == 1
    assert "nothing was changed. " in capsys.readouterr().err
    assert [file.read_text() for file in digests.FILES] == before


def test_without_docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(digests.NoDigestError, match="docker does not answer"):
        digests.ask_docker("python:3.13-slim")

"""Pin the base images of deploy/ by digest. Docker asks their registry; a digest that it does not give is not written.

The digest is that of the index over all platforms, so one line serves x86-64 and ARM alike. Until this has run, the
files name tags only, and a registry decides what they mean on the day of the build.
"""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from tests.supply.pinned import TOP

FILES = tuple(TOP / "deploy" / name for name in ("Dockerfile", "compose.yaml"))
_IMAGE = re.compile(
    r"^(?P<before>FROM |\s+image: )(?P<tag>[a-z0-9./-]+:[\w.-]+)(?:@(?P<digest>sha256:[0-9a-f]{64}))?(?=\s|$)",
    re.MULTILINE,
)
_INDEXES = ("application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json")


class NoDigestError(Exception):
    """The registry was not reached, or gave no digest of an index over all platforms."""


def ask_docker(tag: str) -> str:
    """Ask for the digest of a tag's index.

    Raises:
        NoDigestError: there is none to be had.
    """
    command = ["docker", "buildx", "imagetools", "inspect", tag, "--format", "{{json .Manifest}}"]
    try:
        ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoDigestError(f"{tag}: docker does not answer: {error}") from error
    if ended.returncode:
        raise NoDigestError(f"{tag}: {ended.stderr.strip() or f'docker ended with {ended.returncode}'}")
    try:
        manifest = json.loads(ended.stdout)
        kind, digest = manifest["mediaType"], manifest["digest"]
    except (ValueError, KeyError, TypeError) as error:
        raise NoDigestError(f"{tag}: docker's answer cannot be read") from error
    if kind not in _INDEXES or not re.fullmatch(r"sha256:[0-9a-f]{64}", str(digest)):
        raise NoDigestError(f"{tag}: no index over all platforms, but {kind} {digest}")
    return str(digest)


def images(text: str) -> dict[str, str | None]:
    """Read the images of others that a file names, each with its digest if it has one."""
    return {found["tag"]: found["digest"] for found in _IMAGE.finditer(text)}


def write(files: Iterable[Path], digest_of: Callable[[str], str]) -> dict[str, str]:
    """Write a digest behind each tag; all are known before the first file changes.

    Raises:
        NoDigestError: one is not to be had; then nothing is written.
    """
    texts = {file: file.read_text(encoding="utf-8") for file in files}
    tags = sorted({tag for text in texts.values() for tag in images(text)})
    known = {tag: digest_of(tag) for tag in tags}
    for file, text in texts.items():
        file.write_text(_IMAGE.sub(lambda at: f"{at['before']}{at['tag']}@{known[at['tag']]}", text), encoding="utf-8")
    return known


def main() -> int:
    """Pin the images, or say why not: 0 done, 1 nothing was changed."""
    try:
        known = write(FILES, ask_docker)
    except NoDigestError as error:
        print(f"nothing was changed. {error}", file=sys.stderr)
        return 1
    for tag, digest in known.items():
        print(f"{tag}@{digest}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

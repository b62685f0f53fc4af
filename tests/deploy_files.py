"""The files of deploy/, read for the tests that check them."""

import os
import re
import shutil
from pathlib import Path

import pytest

TOP = Path(__file__).parent.parent
DEPLOY = TOP / "deploy"
MEMORY_OF_CHILDREN = 2 * 1_500_000_000
"""What two children that look at media may take: `core/media/worker/child.py`, twice at once."""


def tool(name: str) -> str:
    """The tool's path. Without it the test is skipped, but not in CI, where .ci/run has installed it."""
    found = shutil.which(name)
    if found is None:
        if os.environ.get("CI"):
            pytest.fail(f"{name} is not installed, and .ci/run should have done that")
        pytest.skip(f"{name} is not installed")
    return found


def dockerfile() -> list[tuple[str, str]]:
    """Instructions and their arguments, continued lines joined."""
    text = re.sub(r"^#.*\n", "", (DEPLOY / "Dockerfile").read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    return [
        (line.split(maxsplit=1)[0], line.split(maxsplit=1)[1].strip()) for line in text.splitlines() if line.strip()
    ]


def final_stage() -> list[tuple[str, str]]:
    lines = dockerfile()
    last = max(place for place, (word, _) in enumerate(lines) if word == "FROM")
    return lines[last:]


def container_environment() -> dict[str, str]:
    (environment,) = (rest for word, rest in final_stage() if word == "ENV")
    return dict(re.findall(r"(\w+)=(\S+)", environment))


def in_bytes(text: str) -> int:
    """`4g` of compose, `4G` of systemd."""
    power: int = {"k": 1, "m": 2, "g": 3}[text[-1].lower()]
    return int(float(text[:-1]) * 1024**power)

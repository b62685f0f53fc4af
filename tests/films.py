"""The studio of the tests: tiny films, and each is rendered once for a test process.

That films are rendered, from words, photos and videos: tests/core/sandbox.
"""

import atexit
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

from core.sandbox import FAST

ARCHIVE = Path(tempfile.mkdtemp(prefix="reelbot-films-"))
atexit.register(shutil.rmtree, ARCHIVE, ignore_errors=True)

STUDIO = replace(FAST, archive=ARCHIVE)

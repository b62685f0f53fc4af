"""Jobs of a test's own for media children: the real children and the real fork server, which find one module more."""

import json
import time
from pathlib import Path
from typing import Any

from core import media

_CHILD = Path(media.__file__).parent / "worker" / "__main__.py"

_SCRIPT = """
import runpy, sys, types
package = types.ModuleType("core.media.worker")
package.__path__ = {places!r}
sys.modules["core.media.worker"] = package
runpy.run_path({child!r}, run_name="__main__")
"""

_OPEN = """
def confine(**_files):
    pass

def hide_for_good():
    pass
"""


class Jobs:
    """`bodies`: functions of one module, `work` and after it `work1`, `work2` and so on. `script` is run in the place
    of core/media/worker/__main__.py. Without `confined` the child finds a confinement that shuts no door.
    """

    def __init__(self, folder: Path, *bodies: str, confined: bool = True) -> None:
        lines = ["import json, os, resource, signal, socket, sys, time"]
        for number, body in enumerate(bodies):
            lines.append(f"\n\ndef work{number or ''}(**given):\n{body}")
        (folder / "job_of_the_test.py").write_text("\n".join(lines))
        self.script = folder / "child.py"
        places = [str(_CHILD.parent), str(folder)]
        if not confined:
            (folder / "open").mkdir(exist_ok=True)
            (folder / "open" / "confinement.py").write_text(_OPEN)
            places.insert(0, str(folder / "open"))
        self.script.write_text(_SCRIPT.format(places=places, child=str(_CHILD)))

    def job(self, number: int = 0, *, cpu_s: int = 20, **given: Any) -> str:
        call = f"work{number or ''}"
        return json.dumps({"module": "job_of_the_test", "call": call, "cpu_s": cpu_s, "with": given})


def is_gone(pid: int) -> bool:
    """Ended; nobody may have read its end yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def wait_until_gone(pid: int) -> bool:
    """Give the kernel, which ends a killed group a moment after the call, its time; tell if the process ended."""
    deadline = time.monotonic() + 20
    while not is_gone(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    return is_gone(pid)

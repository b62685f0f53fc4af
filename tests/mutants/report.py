"""What a run found: a table by file, the survivors, and whether that is good enough."""

import tomllib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tests.mutants.sites import Mutant

Survivors = dict[str, dict[str, str]]
Outcome = Literal["killed", "late", "survived", "unreached", "untried"]

SURVIVORS = Path(__file__).parent / "survivors.toml"
_AIM = 0.95
_KILLED = {"killed", "late"}


@dataclass(frozen=True, slots=True)
class Result:
    """`late`: ran on far beyond the time that its tests take, as an endless loop does. `by`: the test that failed."""

    mutant: Mutant
    outcome: Outcome
    by: str = ""

    @property
    def line(self) -> str:
        mutant = self.mutant
        return f"{self.outcome:9} {mutant.file}:{mutant.first_line} {mutant.name}{f'  # {self.by}' if self.by else ''}"


def known_survivors() -> Survivors:
    """The reason why each harms nobody, by file and name."""
    return tomllib.loads(SURVIVORS.read_text()) if SURVIVORS.exists() else {}


def verdict(results: Sequence[Result], known: Survivors, *, whole: bool) -> int:
    """Print the table and the survivors that nobody has explained. The exit code: 0 when the aim is met."""
    _table(results)
    alive = [result for result in results if result.outcome not in _KILLED]
    unexplained = [result for result in alive if result.mutant.name not in known.get(result.mutant.file, {})]
    for result in sorted(unexplained, key=lambda each: (each.mutant.file, each.mutant.first_line)):
        print(result.line)
    if whole:
        _stale(results, known)
    share = 1 - len(alive) / len(results) if results else 0.0
    print(f"{share:.1%} killed (aim {_AIM:.0%}); {len(unexplained)} survivors are not explained in {SURVIVORS.name}")
    return 0 if share >= _AIM and not unexplained else 1


def _table(results: Sequence[Result]) -> None:
    columns = ("killed", "late", "survived", "unreached", "untried")
    print(f"{'':24}{'mutants':>9}" + "".join(f"{name:>11}" for name in columns) + f"{'killed %':>10}")
    for file in [*dict.fromkeys(result.mutant.file for result in results), ""]:
        counts = Counter[str](result.outcome for result in results if file in {"", result.mutant.file})
        share = 100 * (counts["killed"] + counts["late"]) / (counts.total() or 1)
        row = "".join(f"{counts[name]:>11}" for name in columns)
        print(f"{file or 'all':24}{counts.total():>9}{row}{share:>10.1f}")


def _stale(results: Sequence[Result], known: Survivors) -> None:
    """Explanations that explain nothing: the mutant is gone, or is killed by now."""
    alive = {(result.mutant.file, result.mutant.name) for result in results if result.outcome not in _KILLED}
    files = {result.mutant.file for result in results}
    for file in sorted(files & known.keys()):
        for name in known[file]:
            if (file, name) not in alive:
                print(f"no more needed in {SURVIVORS.name}: {file}: {name}")

"""What a run has reached: rules, faults, states. A prover that never gets somewhere proves nothing about it."""

from collections import Counter
from collections.abc import Iterable


class Reached:
    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def note(self, what: str) -> None:
        self.counts[what] += 1

    def missing(self, wanted: Iterable[str]) -> list[str]:
        return sorted(each for each in wanted if not self.counts[each])

    def report(self) -> str:
        """Grouped by the word before the colon, the rarest first."""
        groups: dict[str, list[tuple[int, str]]] = {}
        for what, count in self.counts.items():
            group, _, name = what.partition(": ")
            groups.setdefault(group, []).append((count, name))
        lines = [
            f"{group}: " + ", ".join(f"{name} {count}" for count, name in sorted(rows))
            for group, rows in sorted(groups.items())
        ]
        return "\n".join(lines)


WANTED: tuple[str, ...] = ()

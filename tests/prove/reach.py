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


_STATES = (
    "queued",
    "preparing",
    "submitting",
    "submit-unconfirmed",
    "rendering",
    "downloading",
    "parked",
    "ready",
    "uploading",
)
_ENDS = ("delivered", "undelivered", "delivery-unconfirmed", "failed", "cancelled")
_ORDERS = ("ok", "not sent", "lost", "cut", "late", "very late", "silent", "refused", "busy", "locked", "500 taken")
_ODD_ORDERS = ("500 not taken", "html taken", "no id", "repeated id", "502 not taken", "cut not taken", "odd charge")
_REFUSED_ORDERS = ("429 taken", "429 not taken", "403 taken", "422 charged, taken", "422 charged")
_FATES = ("broken at the model", "ended by fal", "refused, charged", "refused, free", "cancelled", "video")
_SHAPES = ("bare", "envelope", "nested", "listed", "string", "non-ascii", "long", "foreign host first")
_ODD_SHAPES = ("no video first", "given once")
_CHATS = ("away", "unconfirmed", "lost", "refuses", "gone", "slow")
_MACHINES = ("away", "slow to answer", "full", "commits and fails", "clock set", "clock jumped", "slept")
_PROCESSES = ("killed", "stopped", "frozen", "thawed", "beside another", "thawed beside another", "cut off")
_FALS = (
    "fal away", "fal slow", "status html 404", "status json 404", "status 410", "status 502", "status locked",
    "status odd", "status failed", "stream breaks", "result html 404", "result json 404", "result 410", "result 500",
    "result html 200", "list down", "list empty", "list late", "list cut", "list slow", "list circle", "file 404",
    "file html", "file cut", "file odd range", "file elsewhere", "file type", "webhooks lost", "webhooks late",
    "webhooks twice", "bill down", "bill twice", "bill cut",
)  # fmt: skip

WANTED: tuple[str, ...] = (
    *(f"state: {each}" for each in _STATES + _ENDS),
    *(f"order: {each}" for each in _ORDERS + _ODD_ORDERS + _REFUSED_ORDERS),
    *(f"fate: {each}" for each in _FATES),
    *(f"result: {each}" for each in _SHAPES + _ODD_SHAPES),
    *(f"chat: {each}" for each in _CHATS),
    *(f"machine: {each}" for each in _MACHINES),
    *(f"process: {each}" for each in _PROCESSES),
    *(f"fal: {each}" for each in _FALS),
    *("caps: weighed", "another program: ordered", "list: a second page", "file: resumed", "bill: asked"),
    *("webhook: right", "webhook: forged", "people: pressed again", "people: pressed cancel"),
    *("database: a slow transaction", "database: rolled back by a death"),
    *("database: given up in the midst of a transaction", "law: a worker that stood still"),
    *("process: woke when others had its work", "caps: an order at a settling"),
    *("backup: made", "backup: a plain copy", "backup: put back", "backup: put back, the folder lost", "backup: found"),
    *("backup: owner asked", "backup: owner agreed"),
)
"""What a long run has to reach."""

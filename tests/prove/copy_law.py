"""What may be otherwise once a copy of the database was put back, and what must hold all the same.

The database has forgotten what came after the copy; fal, the chat and the receipts have not.
"""

from collections.abc import Iterator, Sequence

from tests.prove.backups import Copy
from tests.prove.books import Request
from tests.prove.fal import Fal
from tests.prove.reach import Reached

_ASKED = ("awaiting-confirmation", "restored")


class CopyLaw:
    """Of one run."""

    def __init__(self, fal: Fal, reached: Reached) -> None:
        self._fal = fal
        self._reached = reached
        self._at: float | None = None  # seconds UTC, fal's clock
        self.may_be_supposed = False
        """The clock was an hour ahead. Where the folder noted that, and is full when the clock is right again, the
        database seems to be older than its folder: then a look too many is made, and never one too few.
        """
        self._looks_first: frozenset[str] = frozenset()
        self._forgotten: set[str] = set()
        self._asked: set[str] = set()
        self._agreed: set[str] = set()

    def put_back(self, copy: Copy, *, known: set[str]) -> None:
        """`known`: the jobs that there were until now."""
        self._at = self._fal.now()
        self._forgotten = (self._forgotten | known) - copy.jobs
        self._looks_first = copy.free if copy.stamped else frozenset()
        self._asked &= copy.jobs
        for request in self._fal.books.requests.values():
            request.asked_after = False  # an answer that repeats its id could not be told from a right one now

    def forgotten(self, job_id: str | None) -> bool:
        return job_id in self._forgotten

    def asked(self, job_id: str) -> bool:
        """Whether its owner was asked: what fal may have of it is theirs to decide."""
        return job_id in self._asked

    def agrees(self, job_id: str) -> None:
        """Its owner orders it, where they were asked: then it may be paid twice."""
        if job_id in self._asked:
            self._agreed.add(job_id)
            self._reached.note("backup: owner agreed")

    def told(self, job_id: str, state: str, why: str | None, *, disturbed: bool) -> Iterator[str]:
        """A line of history. `disturbed`: the machine had trouble since the copy is served."""
        if (state, why) == ("submitting", "restored"):
            self._reached.note("backup: found")
        if (state, why) != _ASKED:
            return
        self._asked.add(job_id)
        self._reached.note("backup: owner asked")
        if self._at is None and self.may_be_supposed:
            return
        if self._at is None:
            yield f"the owner of {job_id} is asked as for a copy, and none was put back"
        elif not disturbed and self._fal.list_failed_at < self._at:
            yield f"the owner of {job_id} is asked, and fal's list could be read"

    def posted(self, job_id: str) -> Iterator[str]:
        """An order that leaves now."""
        if self._at is None or job_id not in self._looks_first or job_id in self._agreed:
            return
        if self._fal.looked.get(job_id, 0.0) < self._at:
            yield f"{job_id} waited in the copy, and is ordered without a look into fal's list"

    def ordered(self, job_id: str, taken: Sequence[Request], held: dict[str, str]) -> int:
        """How often, as far as somebody could have known. `held`: by request, which job has it.

        Another job in the same words may have adopted one of them; and what the list did not show cannot be known.
        """
        if self._at is None:
            return len(taken)
        if job_id in self._agreed or any(each.unlisted for each in taken):
            return min(1, len(taken))
        return sum(held.get(each.id, job_id) == job_id for each in taken)

    def may_adopt(self, adopted: Request, *, same_words: bool) -> bool:
        """One of a job that the database does not know any more, or of another program in the very same words."""
        if self._at is None or not same_words:
            return False
        return adopted.job is None or adopted.job in self._forgotten

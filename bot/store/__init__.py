"""Our own tables beside the engine's: inbox, jobs, claims, ledger, facts, people, journal; and their migrations."""

from dataclasses import dataclass

from bot.store.billing import Bills
from bot.store.database import Database
from bot.store.facts import Facts
from bot.store.inbox import InboxRows
from bot.store.jobs import Jobs
from bot.store.ledger import Ledger
from bot.store.mail import Mail
from bot.store.memory import Allowances, Memory
from bot.store.pace import Pace
from bot.store.people import JournalRows, People
from bot.store.submits import Submits
from bot.store.unreadable import UnreadableJobs


@dataclass(frozen=True, slots=True)
class Store:
    database: Database
    inbox: InboxRows
    jobs: Jobs
    submits: Submits
    ledger: Ledger
    bills: Bills
    facts: Facts
    people: People
    journal: JournalRows
    mail: Mail
    memory: Memory
    allowances: Allowances
    pace: Pace
    unreadable: UnreadableJobs

    @classmethod
    async def open(cls, url: str) -> "Store":
        """Open (and create or migrate) the tables at `url`: `sqlite:////abs/file.db` or `postgresql://...`."""
        database = Database(url)
        try:
            await database.migrate()
        except BaseException:
            database.close()
            raise
        return cls.over(database)

    @classmethod
    def over(cls, database: Database) -> "Store":
        """On a database whose tables are there already."""
        return cls(
            database=database,
            inbox=InboxRows(database),
            jobs=Jobs(database),
            submits=Submits(database),
            ledger=Ledger(database),
            bills=Bills(database),
            facts=Facts(database),
            people=People(database),
            journal=JournalRows(database),
            mail=Mail(database),
            memory=Memory(database),
            allowances=Allowances(database),
            pace=Pace(database),
            unreadable=UnreadableJobs(database),
        )

    def close(self) -> None:
        self.database.close()

"""Our own tables beside the engine's: inbox, jobs, claims, ledger, facts, people, journal; and their migrations."""

from dataclasses import dataclass

from bot.store import schema
from bot.store.admin_codes import AdminCodes
from bot.store.admissions import Admissions
from bot.store.billing import Bills
from bot.store.callback_replies import CallbackReplies
from bot.store.copies import Copies
from bot.store.database import Database
from bot.store.dialogues import Dialogues
from bot.store.drifts import Drifts
from bot.store.forgotten import Forgotten
from bot.store.inbox import InboxRepository
from bot.store.installation import InstallationState
from bot.store.invitations import Invitations
from bot.store.jobs import Jobs
from bot.store.key_values import KeyValueStore, SendQuota
from bot.store.leases import Leases
from bot.store.ledger import Ledger
from bot.store.message_map import MessageMap
from bot.store.moves import Moves
from bot.store.outbox import Outbox
from bot.store.pause import Pause
from bot.store.payloads import Payloads
from bot.store.people import People
from bot.store.preferences import Preferences
from bot.store.render_times import RenderTimes
from bot.store.short_codes import ShortCodes
from bot.store.spending import SpendingReports
from bot.store.strangers import Strangers
from bot.store.submits import Submits
from bot.store.transcript import Transcript
from bot.store.unreadable import UnreadableJobs
from bot.store.web_people import WebPeople
from bot.store.work import LEASE_MS


@dataclass(frozen=True, slots=True)
class Store:
    """The repositories of one database."""

    database: Database
    inbox: InboxRepository
    jobs: Jobs
    submits: Submits
    leases: Leases
    ledger: Ledger
    spending: SpendingReports
    bills: Bills
    payloads: Payloads
    installation: InstallationState
    copies: Copies
    people: People
    preferences: Preferences
    admissions: Admissions
    admin_codes: AdminCodes
    forgotten: Forgotten
    strangers: Strangers
    moves: Moves
    invitations: Invitations
    web_people: WebPeople
    pause: Pause
    transcript: Transcript
    callback_replies: CallbackReplies
    dialogues: Dialogues
    message_map: MessageMap
    short_codes: ShortCodes
    outbox: Outbox
    key_values: KeyValueStore
    send_quota: SendQuota
    render_times: RenderTimes
    unreadable: UnreadableJobs
    drifts: Drifts

    @classmethod
    async def open(cls, url: str, *, lease_ms: int = LEASE_MS) -> "Store":
        """Open (and create or migrate) the tables at `url`: `sqlite:////abs/file.db` or `postgresql://...`."""
        database = Database(url)
        try:
            await database.migrate()
        except BaseException:
            database.close()
            raise
        return cls.over(database, lease_ms=lease_ms)

    @staticmethod
    async def prepare(url: str) -> None:
        """Migrate the tables at `url` in a process of its own, so that this one loads nothing for it.

        Raises ConnectionError, ValueError.
        """
        database = Database(url)
        try:
            current = await database.is_current()
        finally:
            database.close()
        if not current:
            await schema.upgrade_in_child(url)

    @classmethod
    def over(cls, database: Database, *, lease_ms: int = LEASE_MS) -> "Store":
        """Build the repositories on a database whose tables exist already."""
        return cls(
            database=database,
            inbox=InboxRepository(database),
            jobs=Jobs(database),
            submits=Submits(database),
            leases=Leases(database, term_ms=lease_ms),
            ledger=Ledger(database),
            spending=SpendingReports(database),
            bills=Bills(database),
            payloads=Payloads(database),
            installation=InstallationState(database),
            copies=Copies(database),
            people=People(database),
            preferences=Preferences(database),
            admissions=Admissions(database),
            admin_codes=AdminCodes(database),
            forgotten=Forgotten(database),
            strangers=Strangers(database),
            moves=Moves(database),
            invitations=Invitations(database),
            web_people=WebPeople(database),
            pause=Pause(database),
            transcript=Transcript(database),
            callback_replies=CallbackReplies(database),
            dialogues=Dialogues(database),
            message_map=MessageMap(database),
            short_codes=ShortCodes(database),
            outbox=Outbox(database),
            key_values=KeyValueStore(database),
            send_quota=SendQuota(database),
            render_times=RenderTimes(database),
            unreadable=UnreadableJobs(database),
            drifts=Drifts(database),
        )

    def close(self) -> None:
        """Close the database."""
        self.database.close()

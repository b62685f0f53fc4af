"""Builds every part of one process and wires it to the others. Nothing here runs yet."""

import os
import secrets
import socket
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bot.channels import manifests
from bot.channels.protocol import ChannelPort
from bot.channels.signing_secret import SigningSecret
from bot.conversation.access import Access, Owners, OwnersNow
from bot.conversation.admin_handler import AdminHandler
from bot.conversation.admission import Admission
from bot.conversation.balance import BalanceHandler
from bot.conversation.chat_moves import ChatMoves
from bot.conversation.forget_commands import AtFal, ForgetCommands
from bot.conversation.handler import MessageHandler
from bot.conversation.inbox import GATHER_S, InboxWorker
from bot.conversation.intake import MessageIntake
from bot.conversation.ordering import OrderService
from bot.conversation.passive_replies import PassiveReplies
from bot.conversation.planning import Planner
from bot.conversation.refusals import Refusals
from bot.conversation.reply_strategies import AnswerSignals, CallbackStrategy, PushStrategy
from bot.conversation.settings_handler import SettingsHandler
from bot.conversation.stranger_notices import StrangerNotices
from bot.jobs.billing import BillSync
from bot.jobs.collect import Collector
from bot.jobs.delivery import Delivery
from bot.jobs.engine import Engine
from bot.jobs.fal_webhook import Webhook
from bot.jobs.guard import FIRST_S, Guard
from bot.jobs.lease_holder import RENEW_S, LeaseHolder
from bot.jobs.payload_removal import AFTER_S, PayloadRemoval, is_refused
from bot.jobs.poller import PollerPauses, StatusPoller
from bot.jobs.prepare import Preparer
from bot.jobs.quarantine import Quarantine
from bot.jobs.reconciler import Reconciler
from bot.jobs.restored_jobs import RestoredJobs
from bot.jobs.status_messages import StatusMessages
from bot.jobs.submit import Submitter
from bot.jobs.submit_reconciliation import SubmitReconciler
from bot.jobs.video_files import checks
from bot.jobs.works import RESOLVE_LOOKS_S, Works
from bot.loops import MARGIN_S, Loop
from bot.messages import job_messages
from bot.messages.admin_alerts import Alerts
from bot.messages.held_messages import HeldMessages
from bot.settings import Settings
from bot.store import Store
from bot.store.database import now_ms
from bot.store.leases import SlotLimits
from bot.store.ledger import caps_of
from bot.store.records import Destination, Job
from bot.store.work import LEASE_MS
from bot.workers.cleanup import Cleanup
from bot.workers.forgotten_people import ForgottenPeople
from bot.workers.leader_election import LeaderElection
from bot.workers.watchdog import Watchdog
from core.fal.admin_api import AdminApi
from core.fal.billing import Billing
from core.fal.client import FalQueue
from core.fal.receipts import FolderReceipts
from core.fal.schemas import Schemas
from core.fal.webhooks import JwksCache, callback_token


@dataclass(frozen=True, slots=True)
class Timing:
    """Pauses, in seconds, that a test may shorten.

    Before each look for a lost order, between two searches for all of them, those of the poller; for how long jobs and
    roles are held, how often that is renewed, and how much sooner they are let go of; how long a problem lasts before
    the admins hear of it, and how often that is looked at; for how long more photos may follow one; how soon after the
    start fal's models may be looked at; for how long fal keeps what it has of a job that has ended.
    """

    search_s: float = 300.0
    resolve_looks_s: tuple[float, ...] = RESOLVE_LOOKS_S
    watch: PollerPauses = PollerPauses()  # noqa: RUF009 - frozen
    term_s: float = LEASE_MS / 1000
    renew_s: float = RENEW_S
    margin_s: float = MARGIN_S
    problem_lasts_s: float = 60.0
    problem_looks_s: float = 10.0
    gather_s: float = GATHER_S
    guard_first_s: float = FIRST_S
    payloads_after_s: float = AFTER_S


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of one process. `channels` is filled when chats are connected.

    `books` is None without an admin key, `payload_removal` also where it is not wanted.
    """

    channels: dict[str, ChannelPort]
    roles: LeaderElection
    engine: Engine
    leases: LeaseHolder
    reconciler: Reconciler
    queue: FalQueue
    books: Billing | None
    bill_sync: BillSync | None
    schemas: Schemas
    guard: Guard
    payload_removal: PayloadRemoval | None
    keys: JwksCache
    alerts: Alerts
    poller: StatusPoller
    lost_orders: SubmitReconciler
    quarantine: Quarantine
    status_messages: StatusMessages
    submitter: Submitter
    delivery: Delivery
    orders: OrderService
    handler: MessageHandler
    intake: MessageIntake
    chat_moves: ChatMoves
    owners: Owners
    is_admin: Callable[[str], bool]
    inbox: InboxWorker
    passive: PassiveReplies
    cleanup: Cleanup
    forgotten_people: ForgottenPeople
    watchdog: Watchdog
    webhook: Webhook


class _Calls:
    """Calls from parts to parts that are built after them."""

    def __init__(self, settings: Settings, secret: SigningSecret, roles: LeaderElection) -> None:
        self._public_url = settings.public_url
        self._secret = secret
        self._roles = roles
        self.delivery: Delivery
        self.poller: StatusPoller
        self.reconciler: Reconciler

    def notify_inbox(self) -> None:
        """Notify the inbox's reader, which may be another process, of a new message."""
        self._roles.notify("inbox")

    def watch(self) -> None:
        """There is a new request to ask fal about; the poller may run in another process."""
        self._roles.notify("poller")
        self.reconciler.notify()

    def due(self) -> None:
        """Notify the reconciler that a row is due."""
        self.reconciler.notify()

    async def send_again(self, job: Job, to: Destination | None = None) -> bool:
        return await self.delivery.send_again(job, to)

    async def tell_unconfirmed(self, job: Job) -> None:
        """Tell a job's owner that fal is silent about the order."""
        await self.delivery.announce(job, job_messages.unconfirmed(job))

    async def tell_offer(self, job: Job) -> None:
        """Ask a job's owner whether to buy it."""
        await self.delivery.announce(job, job_messages.status(job, place=0, now_ms=now_ms()))

    async def webhook_url(self, job_id: str) -> str | None:
        base = self._public_url
        if not base:
            return None
        await self._secret.refresh()
        return f"{base}/fal/webhook/{callback_token(self._secret.value, job_id)}"


def _notify(*loops: Loop | None) -> None:
    for loop in loops:
        if loop is not None:
            loop.notify()


async def _at_fal(store: Store, *, deletes: bool) -> AtFal:
    if not deletes:
        return "stays"
    return "refused" if await is_refused(store) else "goes"


def build(
    settings: Settings,
    store: Store,
    secret: SigningSecret,
    *,
    engine: Engine,
    demo: bool,
    room: Callable[[Path], int],
    timing: Timing,
) -> Parts:
    """Wire everything. Raises ValueError for settings that do not fit."""
    owner = f"run:{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
    channels: dict[str, ChannelPort] = {}
    roles = LeaderElection(
        store.database, owner=owner, beat_s=timing.renew_s, term_s=timing.term_s, margin_s=timing.margin_s
    )
    calls = _Calls(settings, secret, roles)
    queue = FalQueue.from_settings(settings)
    access = Access.from_settings(settings.access, settings.admins, chats=manifests(), demo=demo)
    caps = caps_of(settings)
    alerts = Alerts(store=store, channels=channels, admins=access.admins, others=OwnersNow(access), caps=caps)
    receipts = FolderReceipts(settings.receipts_dir)
    leases = LeaseHolder(
        store.leases,
        alone=store.database.is_sqlite,
        term_s=timing.term_s,
        renew_s=timing.renew_s,
        margin_s=timing.margin_s,
    )
    collector = Collector(
        store=store,
        queue=queue,
        receipts=receipts,
        settings=settings,
        alerts=alerts,
        check=checks(settings, channels),
        watch=calls.watch,
    )
    lost_orders = SubmitReconciler(
        store=store,
        queue=queue,
        receipts=receipts,
        settings=settings,
        alerts=alerts,
        watch=calls.watch,
        gap_s=timing.search_s,
    )
    calls.poller = poller = StatusPoller(
        store=store, queue=queue, webhooks=settings.public_url is not None, due=calls.due, pauses=timing.watch
    )
    status_messages = StatusMessages(store=store, channels=channels)
    preparer = Preparer(
        store=store, channels=channels, settings=settings, alerts=alerts, room=room, film_of=collector.files.original
    )
    submitter = Submitter(
        store=store,
        queue=queue,
        receipts=receipts,
        settings=settings,
        alerts=alerts,
        webhook_url=calls.webhook_url,
        watch=calls.watch,
        unconfirmed=calls.tell_unconfirmed,
        still_ours=leases.is_valid,
        first_look_s=timing.resolve_looks_s[0],
    )
    calls.delivery = delivery = Delivery(
        store=store,
        channels=channels,
        held_messages=HeldMessages(store=store, channels=channels),
        settings=settings,
        alerts=alerts,
        files=collector.files,
        due=calls.due,
        still_ours=leases.is_valid,
    )
    restored = RestoredJobs(
        store=store,
        queue=queue,
        receipts=receipts,
        settings=settings,
        lost_orders=lost_orders,
        alerts=alerts,
        watch=calls.watch,
        tell=calls.tell_offer,
        looks_s=timing.resolve_looks_s,
    )
    works = Works(
        store=store,
        preparer=preparer,
        submitter=submitter,
        lost_orders=lost_orders,
        collector=collector,
        delivery=delivery,
        alerts=alerts,
        restored=restored,
        resolve_looks_s=timing.resolve_looks_s,
    )
    quarantine = Quarantine(store=store, channels=channels, alerts=alerts)
    calls.reconciler = reconciler = Reconciler(
        store=store,
        owner=owner,
        limits=SlotLimits(settings.jobs, settings.user_jobs),
        leases=leases,
        bodies=works.bodies,
        begin=engine.begin,
        may_begin=preparer.has_room,
        set_aside=works.set_aside,
        unreadable=quarantine.found,
    )
    planner = Planner(store=store, channels=channels, default_model=settings.default_model)
    admission = Admission(access=access, store=store)
    orders = OrderService(
        store=store,
        channels=channels,
        settings=settings,
        alerts=alerts,
        planner=planner,
        due=calls.due,
        has_own_purse=admission.lists,
    )
    admin_api = AdminApi.from_settings(settings) if settings.forget_at_fal else None
    removal = (
        PayloadRemoval(
            store=store, api=admin_api, alerts=alerts, videos_dir=settings.videos_dir, after_s=timing.payloads_after_s
        )
        if admin_api is not None
        else None
    )
    forgotten_people = ForgottenPeople(store=store, channels=channels, settings=settings)
    handler = MessageHandler(
        store=store,
        channels=channels,
        orders=orders,
        send_again=delivery.send_again,
        send_original=delivery.send_original,
        ask_fal_now=poller.say_due,
        due=calls.due,
        forget=ForgetCommands(
            store=store,
            due=calls.due,
            forgotten=lambda: _notify(forgotten_people.loop, removal.loop if removal is not None else None),
            at_fal=partial(_at_fal, store, deletes=removal is not None),
        ),
        right=admission.right,
        balance=BalanceHandler(store=store, planner=planner, channels=channels, caps=caps, is_admin=admission.is_admin),
        settings=SettingsHandler(
            store=store,
            planner=planner,
            channels=channels,
            default_model=settings.default_model,
            is_admin=admission.is_admin,
        ),
        admin=AdminHandler(
            store=store,
            access=access,
            right=admission.right,
            channels=channels,
            manifests=manifests(),
            caps=caps,
            tell=delivery.announce,
            ask_fal_now=poller.say_due,
            due=calls.due,
        ),
    )
    strangers = StrangerNotices(store=store, alerts=alerts)
    refusals, signals = Refusals(handler=handler, channels=channels, strangers=strangers), AnswerSignals()
    passive = PassiveReplies(store=store, handler=handler, channels=channels, send_again=delivery.send_again)
    pushed = PushStrategy(store=store, orders=orders, handler=handler, channels=channels, refusals=refusals)
    fetched = CallbackStrategy(
        store=store, orders=orders, handler=handler, passive=passive, channels=channels, signals=signals
    )
    inbox = InboxWorker(
        store=store,
        handler=handler,
        strategy_of=lambda incoming: fetched if passive.serves(incoming) else pushed,
        handled=status_messages.notify,
        alerts=alerts,
        gather_s=timing.gather_s,
    )
    intake = MessageIntake(
        store=store,
        admission=admission,
        channels=channels,
        refusals=refusals,
        signals=signals,
        notify=calls.notify_inbox,
        quote=handler.quote,
        became_admin=alerts.became_admin,
    )
    books, keys, schemas = Billing.from_settings(settings), JwksCache(settings), Schemas.from_settings(settings)
    return Parts(
        channels=channels,
        roles=roles,
        engine=engine,
        leases=leases,
        reconciler=reconciler,
        queue=queue,
        books=books,
        bill_sync=BillSync(store=store, books=books, alerts=alerts, daily_micro=caps.all_micro) if books else None,
        schemas=schemas,
        guard=Guard(store=store, schemas=schemas, alerts=alerts, first_s=timing.guard_first_s),
        payload_removal=removal,
        keys=keys,
        alerts=alerts,
        poller=poller,
        lost_orders=lost_orders,
        quarantine=quarantine,
        status_messages=status_messages,
        submitter=submitter,
        delivery=delivery,
        orders=orders,
        handler=handler,
        intake=intake,
        owners=access.owners,
        is_admin=access.is_admin,
        chat_moves=ChatMoves(store=store, access=access, alerts=alerts),
        inbox=inbox,
        passive=passive,
        cleanup=Cleanup(store=store, engine=engine, settings=settings),
        forgotten_people=forgotten_people,
        watchdog=Watchdog(
            alerts=alerts,
            channels=channels,
            runs_elsewhere=roles.waiting,
            silence=roles.problem,
            more=lambda: filter(None, (preparer.problem(),)),
            lasts_s=timing.problem_lasts_s,
            look_s=timing.problem_looks_s,
        ),
        webhook=Webhook(
            store=store,
            poller=poller,
            lost_orders=lost_orders,
            keys=keys,
            secret=secret,
        ),
    )

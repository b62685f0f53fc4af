"""Builds every part of one process and wires it to the others. Nothing here runs yet."""

import os
import secrets
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bot.channels import manifests
from bot.channels.protocol import ChannelPort
from bot.conversation.access import Access
from bot.conversation.handler import MessageHandler
from bot.conversation.inbox import InboxWorker
from bot.conversation.intake import MessageIntake
from bot.conversation.ordering import OrderService
from bot.conversation.passive_replies import PassiveReplies
from bot.conversation.refusals import Refusals
from bot.conversation.reply_strategies import AnswerSignals, CallbackStrategy, PushStrategy
from bot.jobs.billing import BillSync
from bot.jobs.collect import Collector
from bot.jobs.delivery import Delivery
from bot.jobs.engine import LISTEN_S, Engine
from bot.jobs.fal_webhook import Webhook
from bot.jobs.poller import Watcher, WatchPauses
from bot.jobs.prepare import Preparer
from bot.jobs.quarantine import Quarantine
from bot.jobs.status_messages import StatusMessages
from bot.jobs.submit import Submitter
from bot.jobs.submit_reconciliation import Doubts
from bot.jobs.video_files import checks
from bot.jobs.workflows import RESOLVE_LOOKS_S, Render
from bot.messages import job_messages
from bot.messages.admin_alerts import Alerts
from bot.messages.held_messages import HeldMessages
from bot.settings import Settings
from bot.store import Store
from bot.store.ledger import caps_of
from bot.store.records import Job
from bot.workers.cleanup import Cleanup
from bot.workers.failover import Reaper
from bot.workers.leader_election import Roles
from core.fal.billing import Billing
from core.fal.client import FalQueue
from core.fal.receipts import FolderReceipts
from core.fal.webhooks import JwksCache, callback_token


@dataclass(frozen=True, slots=True)
class Timing:
    """Pauses, in seconds, that a test may shorten.

    Between two readings of the queue, before each search for a lost order, and those of the poller.
    """

    listen_s: float = LISTEN_S
    resolve_looks_s: tuple[float, ...] = RESOLVE_LOOKS_S
    watch: WatchPauses = WatchPauses()  # noqa: RUF009 - frozen


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of one process. `channels` is filled when chats are connected; `books` is None without an admin key."""

    channels: dict[str, ChannelPort]
    roles: Roles
    engine: Engine
    queue: FalQueue
    books: Billing | None
    bill_sync: BillSync | None
    keys: JwksCache
    alerts: Alerts
    watcher: Watcher
    quarantine: Quarantine
    status_messages: StatusMessages
    submitter: Submitter
    render: Render
    delivery: Delivery
    orders: OrderService
    handler: MessageHandler
    intake: MessageIntake
    inbox: InboxWorker
    passive: PassiveReplies
    cleanup: Cleanup
    reaper: Reaper
    webhook: Webhook


class _Calls:
    """Calls from parts to parts that are built after them."""

    def __init__(self, settings: Settings, secret: bytes, roles: Roles) -> None:
        self._public_url = settings.public_url
        self._secret = secret
        self._roles = roles
        self.delivery: Delivery
        self.watcher: Watcher

    def notify_inbox(self) -> None:
        """Notify the inbox's reader, which may be another process, of a new message."""
        self._roles.kick("inbox")

    def notify_watcher(self) -> None:
        """Notify the poller, which may run in another process, of a new request."""
        self._roles.kick("watcher")

    async def wake(self, job_id: str) -> None:
        """Wake a job's workflow, which waits for a film that is another's."""
        await self.watcher.wake(job_id)

    async def deliver(self, job: Job) -> bool:
        return await self.delivery.redeliver(job)

    async def tell_unconfirmed(self, job: Job) -> None:
        """Tell a job's owner that fal is silent about the order."""
        await self.delivery.announce(job, job_messages.unconfirmed(job))

    async def ask_fal_now(self, job: Job) -> None:
        """Ask fal about a parked job now, before its next turn."""
        await self.watcher.ask_now(job)
        self.notify_watcher()

    def webhook_url(self, job_id: str) -> str | None:
        base = self._public_url
        return f"{base}/fal/webhook/{callback_token(self._secret, job_id)}" if base else None


def build(
    settings: Settings,
    store: Store,
    secret: bytes,
    *,
    engine: Engine,
    demo: bool,
    room: Callable[[Path], int],
    timing: Timing,
) -> Parts:
    """Build and wire every part. Raises ValueError for settings that do not fit."""
    owner = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
    channels: dict[str, ChannelPort] = {}
    roles = Roles(store.database, owner=owner)
    calls = _Calls(settings, secret, roles)
    queue = FalQueue.from_settings(settings)
    access = Access.from_settings(settings.access, settings.admins, chats=manifests(), demo=demo)
    caps = caps_of(settings)
    alerts = Alerts(store=store, channels=channels, admins=access.admins, caps=caps)
    receipts = FolderReceipts(settings.receipts_dir)
    collector = Collector(
        store=store,
        queue=queue,
        receipts=receipts,
        settings=settings,
        alerts=alerts,
        check=checks(settings, channels),
    )
    doubts = Doubts(
        store=store,
        queue=queue,
        receipts=receipts,
        settings=settings,
        alerts=alerts,
        watch=calls.notify_watcher,
        wake=calls.wake,
    )
    calls.watcher = watcher = Watcher(
        engine=engine,
        store=store,
        queue=queue,
        doubts=doubts,
        collector=collector,
        deliver=calls.deliver,
        webhooks=settings.public_url is not None,
        pauses=timing.watch,
    )
    status_messages = StatusMessages(store=store, channels=channels)
    submitter = Submitter(
        store=store,
        queue=queue,
        receipts=receipts,
        settings=settings,
        alerts=alerts,
        webhook_url=calls.webhook_url,
        watch=calls.notify_watcher,
        wake=calls.wake,
        unconfirmed=calls.tell_unconfirmed,
    )
    render = Render(
        engine=engine,
        store=store,
        preparer=Preparer(store=store, channels=channels, settings=settings, alerts=alerts, room=room),
        submitter=submitter,
        collector=collector,
        doubts=doubts,
        alerts=alerts,
        resolve_looks_s=timing.resolve_looks_s,
    )
    calls.delivery = delivery = Delivery(
        engine=engine,
        store=store,
        channels=channels,
        held_messages=HeldMessages(store=store, channels=channels),
        settings=settings,
        alerts=alerts,
        fetch_again=collector.fetch_again,
    )
    orders = OrderService(store=store, engine=engine, channels=channels, settings=settings, alerts=alerts)
    handler = MessageHandler(
        store=store,
        engine=engine,
        orders=orders,
        send_again=delivery.redeliver_for_owner,
        ask_fal_now=calls.ask_fal_now,
        is_admin=access.is_admin,
    )
    refusals, signals = Refusals(handler=handler, channels=channels), AnswerSignals()
    passive = PassiveReplies(store=store, handler=handler, channels=channels, send_again=delivery.redeliver_for_owner)
    pushed = PushStrategy(store=store, orders=orders, handler=handler, channels=channels, refusals=refusals)
    fetched = CallbackStrategy(store=store, orders=orders, passive=passive, channels=channels, signals=signals)
    inbox = InboxWorker(
        store=store,
        handler=handler,
        strategy_of=lambda incoming: fetched if passive.serves(incoming) else pushed,
        handled=status_messages.notify,
        alerts=alerts,
    )
    intake = MessageIntake(
        store=store,
        access=access,
        channels=channels,
        refusals=refusals,
        signals=signals,
        notify=calls.notify_inbox,
    )
    books, keys = Billing.from_settings(settings), JwksCache(settings)
    return Parts(
        channels=channels,
        roles=roles,
        engine=engine,
        queue=queue,
        books=books,
        bill_sync=BillSync(store=store, books=books, alerts=alerts, daily_micro=caps.all_micro) if books else None,
        keys=keys,
        alerts=alerts,
        watcher=watcher,
        quarantine=Quarantine(store=store, channels=channels, alerts=alerts, wake=watcher.wake),
        status_messages=status_messages,
        submitter=submitter,
        render=render,
        delivery=delivery,
        orders=orders,
        handler=handler,
        intake=intake,
        inbox=inbox,
        passive=passive,
        cleanup=Cleanup(store=store, engine=engine, settings=settings),
        reaper=Reaper(engine=engine, store=store, owner=owner, tell=delivery.redeliver),
        webhook=Webhook(
            store=store,
            watcher=watcher,
            keys=keys,
            secret=secret,
            notify=calls.notify_watcher,
        ),
    )

"""Starts and stops one process: what begins when, and what ends in which order. Its parts: parts.py."""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import threading
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import TypeVar

from pydantic_settings import BaseSettings

from bot import logs, parts
from bot.channels import manifests
from bot.channels.protocol import ChannelManifest, ChannelPort
from bot.channels.services import Services
from bot.channels.signing_secret import SigningSecret
from bot.channels.video_links import VideoLinks
from bot.channels.web_names import DEMO, OPERATOR
from bot.http.pages import Words
from bot.http.server import Health, Server, WebApp, bind, build, front_page, stand_in
from bot.http.signed_videos import signed_videos
from bot.jobs.engine import Engine
from bot.jobs.prepare import free_bytes
from bot.loops import Loop
from bot.messages.i18n import translate
from bot.messages.languages import LANGUAGES, pick
from bot.parts import Timing
from bot.settings import Settings
from bot.store import Store
from bot.store.call_counts import CallCounts
from bot.store.drifts import CHANGED
from bot.store.installation import ROTATED
from bot.store.relay import Relay
from bot.store.workers import Workers
from bot.workers.heartbeat import Heartbeat, Notice, examine_database
from core import media
from core.assets.publish import prepare_folder
from core.config import EnvSettings
from core.io import disk

log = logging.getLogger(__name__)

S = TypeVar("S", bound=BaseSettings)

_LATE_S = 2.0
_SWEEP_S = 20.0
_TIDY_S = 600.0
_LONG_TURN_S = 1800.0
_PLAY_MONEY = 10_000  # nothing costs anything in the demo: nobody shall meet a cap there
MARKER = ".reelbot-folder"  # tells the workers of one database whether they see the same output folder
_LAST_S = 40.0  # a stop without a database may hang; nobody waits longer than this for it


_USUAL = Timing()


class App:
    """One process with all its parts. `start`, then `stop`; `serve` does both around a signal."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        secret: bytes,
        *,
        demo: bool,
        room: Callable[[Path], int],
        timing: Timing = _USUAL,
        engine: Engine | None = None,
    ) -> None:
        self._settings = settings
        self.store = store
        self.secret = SigningSecret(secret, store.installation.secret)
        self._demo = demo
        engine = engine or Engine(store.database)
        self.parts = parts.build(settings, store, self.secret, engine=engine, demo=demo, room=room, timing=timing)
        self.channels = self.parts.channels
        self.found: dict[str, ChannelPort] = {}
        self.health = Health()
        self._workers = Workers(store.database, term_ms=int(timing.term_s * 1000))
        self.heartbeat = Heartbeat(store, settings.output_dir)
        self._loops: list[Loop] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._server: Server | None = None
        self.web: WebApp | None = None

    @classmethod
    async def build(
        cls,
        settings: Settings,
        *,
        demo: bool = False,
        room: Callable[[Path], int] = free_bytes,
        timing: Timing = _USUAL,
    ) -> "App":
        """Build folders, tables and every part; nothing runs yet. Raises ValueError for settings that do not fit."""
        await asyncio.to_thread(_make_folders, settings)
        store = await Store.open(settings.store_url, lease_ms=int(timing.term_s * 1000))
        app = cls(settings, store, await store.installation.secret(), demo=demo, room=room, timing=timing)
        app._connect()
        await app._admit_chats()
        return app

    def _connect(self) -> None:
        services = Services(
            inbox=self.parts.intake,
            transcript=self.store.transcript,
            invitations=self.store.invitations,
            key_values=self.store.key_values,
            send_quota=self.store.send_quota,
            translate=translate,
            alert=self.parts.alerts.tell,
            language_of=self.store.people.language,
            secret=self.secret,
            videos_dir=self._settings.videos_dir,
            uploads_dir=self._settings.uploads_dir,
            public_url=self._settings.public_url,
            port=self._settings.port,
            demo=self._demo,
            load=self._load,
            languages=LANGUAGES,
            pick_language=pick,
            run_alone=self.parts.roles.run,
            quote=self.parts.intake.quote,
            moved=self.parts.chat_moves.moved,
            is_admin=self.parts.is_admin,
            owners=self.parts.owners.put,
            hide=lambda secret: logs.hide([secret]),
            call_counts=CallCounts(self.store.database, processes=self.parts.roles.processes),
            relay=self._relay(),
        )
        for manifest in manifests().values():
            channel = _connected(manifest, services)
            if channel is not None:
                self.found[channel.name] = channel

    async def _admit_chats(self) -> None:
        """Serve each chat that is set up; one that is set up later is served then, without a restart."""
        for name, channel in self.found.items():
            if name not in self.channels:
                is_set_up = channel.manifest.is_set_up
                if is_set_up is None or await is_set_up(channel):
                    self.channels[name] = channel

    def _relay(self) -> Relay | None:
        """Return the way to another process's connection to a chat; None on SQLite, where there is no other process."""
        if self.store.database.is_sqlite:
            return None
        roles = self.parts.roles
        return Relay(self.store.database, notify=roles.notify, on_notify=roles.on_notify)

    def _load(self, cls: type[S]) -> S:
        if self._demo and issubclass(cls, EnvSettings):
            return cls.offline()
        return cls()

    async def start(self, listener: socket.socket) -> None:
        """Start every part, in well under two seconds: nothing here waits for the outside.

        Raises AlreadyRunning; on PostgreSQL ValueError (an output folder of our own, workers of 0.1).
        """
        self.parts.engine.register(self.parts.reconciler.work)
        routes = [route for channel in self.found.values() for route in channel.routes()]
        routes.append(signed_videos(self._settings.videos_dir, VideoLinks(self.secret)))
        words = Words(translate, pick)
        front = (
            None
            if "web" in self.channels
            else front_page(words, [each.manifest.title for each in self.channels.values()])
        )
        self.web = build(
            health=self.health,
            assets_dir=self._settings.assets_dir,
            webhook=self.parts.webhook,
            routes=routes,
            front=front,
            secret=self.secret,
        )
        self._server = Server(self.web, listener, trusted_proxies=self._settings.trusted_proxies, words=words)
        await self.parts.engine.start(owner=self.parts.roles.owner)
        await self._join_the_others()
        copy = await self.notice_copy()
        await self.store.web_people.unite(DEMO if self._demo else OPERATOR)
        await self._server.start()
        await self.parts.guard.refresh()
        for loop in (
            self.heartbeat.loop,
            self.parts.reconciler.loop,
            self.parts.leases.loop,
            self.parts.roles.loop,
            self.parts.guard.follower,
        ):
            self._begin(loop, loop.run())
        for loop, run in self.loops():
            self._begin(loop, self.parts.roles.run(loop.name, run))
        if len(self.channels) < len(self.found):
            late = Loop("late chats", self._admit_chats, pause_s=lambda: _LATE_S)
            self._begin(late, late.run())
        for channel in self.found.values():
            await channel.start()
        self.parts.roles.on_notify("inbox", self.parts.inbox.notify)
        self.parts.roles.on_notify("poller", self.parts.poller.notify)
        self.parts.roles.on_notify(ROTATED, self.secret.expire)
        self.parts.roles.on_notify(CHANGED, self.parts.guard.follower.notify)
        self._tasks.append(asyncio.create_task(self.parts.roles.listen(), name="calls"))
        if copy is not None:
            self.parts.alerts.tell("copy", copy.words, files=copy.files)
        for user in await self.store.admin_codes.untold():
            self.parts.alerts.became_admin(user)
        self.parts.watchdog.watch(self._loops, self._tasks)
        self._tasks.append(asyncio.create_task(self.parts.watchdog.loop.run(), name="watchdog"))
        self.health.problems = self.parts.watchdog.problems
        self.health.reason = None

    async def notice_copy(self) -> Notice | None:
        """Return what is odd about the database. It is served all the same: what waits in it is looked for first."""
        notice = await examine_database(self.store, self._settings)
        if notice is not None:
            facts = {"origin": notice.origin, "files": notice.files}
            log.warning("this database is not the one that was served last with this folder", extra=facts)
            await self.parts.delivery.erasure.catch_up()
            await self.parts.forgotten_people.catch_up()
            await self.store.copies.serve_as_copy(notice.origin)
        return notice

    def _begin(self, loop: Loop, run: Coroutine[None, None, None]) -> None:
        self._loops.append(loop)
        self._tasks.append(asyncio.create_task(run, name=loop.name))

    def loops(self) -> list[tuple[Loop, Callable[[], Coroutine[None, None, None]]]]:
        """Return the loops that run beside the jobs, each in one process at a time, with what runs each."""
        sweeper = Loop("sweeper", self._sweep, pause_s=lambda: _SWEEP_S, stuck_s=_LONG_TURN_S)
        cleanup = Loop("clean-up", self.parts.cleanup.turn, pause_s=lambda: _TIDY_S, stuck_s=_LONG_TURN_S)
        loops: list[tuple[Loop, Callable[[], Coroutine[None, None, None]]]] = [
            (self.parts.inbox.loop, self.parts.inbox.run),
            (self.parts.poller.loop, self.parts.poller.run),
            (self.parts.lost_orders.loop, self.parts.lost_orders.loop.run),
            (self.parts.quarantine.loop, self.parts.quarantine.loop.run),
            (self.parts.status_messages.loop, self.parts.status_messages.run),
            (sweeper, sweeper.run),
            (cleanup, cleanup.run),
            (self.parts.forgotten_people.loop, self.parts.forgotten_people.loop.run),
            (self.parts.guard.loop, self.parts.guard.loop.run),
        ]
        if self.parts.bill_sync is not None:
            loops.append((self.parts.bill_sync.loop, self.parts.bill_sync.loop.run))
        if self.parts.payload_removal is not None:
            loops.append((self.parts.payload_removal.loop, self.parts.payload_removal.loop.run))
        return loops

    async def _join_the_others(self) -> None:
        """Be known as living. On SQLite nobody else is: what this database's last process was at is due now."""
        if self.store.database.is_sqlite:
            await self.store.leases.free(owners_like="run:%")
            return
        owner = self.parts.roles.owner
        await self._workers.enter(owner)
        marker = self._settings.output_dir / MARKER
        if not await self._workers.same_folder(owner, marker) and self._needs_one_folder():
            raise ValueError(
                f"another worker on this database uses another output folder than {self._settings.output_dir}: give "
                "all of them the same shared folder as REELBOT_OUTPUT_DIR, or set REELBOT_ASSET_HOST=fal, serve no web "
                "chat and no WeCom and leave REELBOT_FORGET_AT_FAL off"
            )

    def _needs_one_folder(self) -> bool:
        """Return whether workers must share one folder.

        fal and pages fetch files from whichever they reach; and a film that is deleted at fal must be here for all.
        """
        return (
            self._settings.assets_from_folder
            or self._settings.forget_at_fal
            or any(channel.manifest.serves_files or channel.manifest.keeps_files for channel in self.channels.values())
        )

    async def stop(self) -> None:
        """Stop in order.

        First no new update, claim or sending is begun; then paid requests and sendings under way are answered and
        recorded; then everything ends.
        """
        self.health.reason = "stopping"
        for channel in self.found.values():
            await channel.stop_intake()
        self.parts.intake.close()
        self.parts.inbox.close()
        self.parts.handler.prober.close()
        self.parts.reconciler.close()
        await self._end_loops()
        await asyncio.gather(self.parts.submitter.close(), self.parts.delivery.close())
        await self.parts.engine.stop()
        await self.parts.alerts.close()
        await self._leave_the_others()
        await self.parts.roles.close()
        for channel in self.found.values():
            await channel.stop()
        if self._server is not None:
            await self._server.stop()
        await self.close()

    async def _end_loops(self) -> None:
        """End the loops and give the roles back: the others have them at once, our jobs only after the paid answers."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._unless_away(self.parts.roles.release())

    async def _leave_the_others(self) -> None:
        owner = self.parts.roles.owner
        await self._unless_away(self.store.leases.give_back(owner))
        await self._unless_away(self._workers.leave(owner))

    async def _unless_away(self, word: Awaitable[None]) -> None:
        try:
            await word
        except Exception:  # noqa: BLE001 - without a database nothing can be said; they will see that we are gone
            log.warning("the other workers were not told")

    async def close(self) -> None:
        """Close what `build` opened; for a program that was never started."""
        await self.parts.queue.close()
        await self.parts.keys.close()
        await self.parts.schemas.close()
        if self.parts.books is not None:
            await self.parts.books.close()
        if self.parts.payload_removal is not None:
            await self.parts.payload_removal.close()
        self.store.close()

    async def _sweep(self) -> None:
        """Do what only time brings: offers that lapse, old doubts, old copies.

        One that fails does not keep the others from their turn.
        """
        jobs = self.store.jobs
        works = (
            self.parts.delivery.tidy,
            jobs.lapse,
            jobs.settle_old_unconfirmed,
            self._close_unconfirmed,
        )
        failed = None
        for work in works:
            try:
                await work()
            except Exception as error:
                log.exception("sweeper")
                failed = error
        if failed is not None:
            raise failed

    async def _close_unconfirmed(self) -> None:
        for name, channel in self.channels.items():
            after_s = channel.limits.unconfirmed_s
            if after_s is not None:
                for each in await self.store.jobs.close_unconfirmed(name, after_s=after_s):
                    topic = f"unconfirmed {each.job_id}"
                    self.parts.alerts.tell(topic, "alert-unconfirmed", but=each.user, job=each.job_id, user=each.user)


def _connected(manifest: ChannelManifest, services: Services) -> ChannelPort | None:
    """Connect one chat. Raises ValueError that names it, whatever is wrong with it."""
    try:
        return manifest.connect(services)
    except ValueError:
        raise  # its settings, in words of their own
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise ValueError(f"the chat {manifest.name} cannot be connected ({reason})") from error


async def serve(
    settings: Settings,
    *,
    demo: bool = False,
    on_ready: Callable[[App, str], Awaitable[None]] | None = None,
    timing: Timing = _USUAL,
) -> None:
    """Run until SIGTERM or SIGINT, then stop cleanly. Raises OSError (port taken), ValueError, AlreadyRunning."""
    media.hide_process()  # the keys are in its environment and memory
    listener = bind(settings.host, settings.port)
    settings = settings.model_copy(update={"port": listener.getsockname()[1]})
    try:
        await Store.prepare(settings.store_url)
        app = await App.build(settings, demo=demo, timing=timing)
    except BaseException:
        listener.close()
        raise
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    doors: asyncio.Task[None] | None = None
    try:
        await app.start(listener)
        doors = asyncio.create_task(media.warn_of_open_doors(), name="doors")
        if on_ready is not None:
            await on_ready(app, f"http://{_shown(settings.host)}:{settings.port}/")
        await stop.wait()
    finally:
        last = threading.Timer(_LAST_S, os._exit, (1,))
        last.daemon = True
        last.start()
        if doors is not None:
            doors.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await app.stop()
        last.cancel()


def _make_folders(settings: Settings) -> None:
    """Make what is not there yet, and take from all others the rights to what holds secrets or people's own."""
    prepare_folder(settings.assets_dir)
    for folder in (settings.videos_dir, settings.uploads_dir, settings.work_dir):
        folder.mkdir(parents=True, exist_ok=True)
    database = settings.database_file
    with_it = (database.with_name(database.name + ending) for ending in ("", "-wal", "-shm", ".lock"))
    for path in (settings.uploads_dir, settings.work_dir, settings.receipts_dir, *with_it):
        disk.keep_private(path)


async def serve_demo(*, output_dir: Path, port: int, on_ready: Callable[[App, str], Awaitable[None]]) -> None:
    """Serve the whole product on loopback: the sandbox replaces fal, the web chat is open, no setting is read."""
    folder = output_dir / "demo"
    bind(Settings.offline().host, port).close()  # taken: nothing is made then
    listener = bind("127.0.0.1", 0)
    sandbox = Server(demo_fal(folder / "sandbox"), listener)
    await sandbox.start()
    settings = Settings.offline(
        fal_key="sandbox",
        fal_queue_url=f"http://127.0.0.1:{listener.getsockname()[1]}",
        output_dir=folder,
        port=port,
        daily_usd=_PLAY_MONEY,
        user_daily_usd=_PLAY_MONEY,
    )
    try:
        await serve(settings, demo=True, on_ready=on_ready)
    finally:
        await sandbox.stop()


def demo_fal(folder: Path) -> WebApp:
    """Build the demo's stand-in for fal. A page in the same browser can reach it, so it has our headers, too."""
    from core.sandbox import create_app  # noqa: PLC0415 - the demo alone needs it, and it is heavy

    return stand_in(create_app(folder=folder))


def _shown(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)

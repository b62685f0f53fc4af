"""A stage for dialogues: fal, Telegram and WeChat here, the bot in processes of its own that may be killed."""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import sqlalchemy as sa

from bot.store.database import Database
from bot.store.invitations import Invitations
from bot.store.records import ACTIVE
from bot.store.tables import inbox, jobs, ledger
from core.sandbox import create_app
from tests.fakes.botapi import TelegramFake
from tests.fakes.wechat import WeChatFake
from tests.films import STUDIO
from tests.fresh import fresh_sqlite
from tests.serving import WEB, free_port, served_in_thread
from tests.warm import Started, Warm

KEY = "fal-key-of-the-turns-0123456789"
WEB_TOKEN = "a-token-of-the-turns-0123"
LONGEST_S = 30.0
STARTED_S = 90.0
OPEN = "awaiting-confirmation"


@dataclass(frozen=True, slots=True)
class Purchase:
    """A job for which money was set aside, as its row stands. `files`: its photos, in their order."""

    job_id: str
    user: str
    prompt: str
    model: str
    seconds: int | None
    shape: str | None
    sources: int
    price_micro: int
    again_of: str | None
    follows: str | None
    origin: str
    files: tuple[str, ...] = ()
    step: str | None = None
    resolution: str | None = None
    sound: bool | None = None


class Stage:
    """`second`: another worker serves the same database (PostgreSQL). `settings`: over the usual ones."""

    def __init__(
        self, folder: Path, database_url: str, *, second: bool = False, fault: str = "", **settings: str
    ) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.telegram = TelegramFake(state=folder / "telegram")
        self.wechat = WeChatFake()
        sandbox = create_app(folder=folder / "fal", key=KEY, studio=STUDIO)
        self.fal = sandbox.state.sandbox
        self._stack = ExitStack()
        fal_url = self._stack.enter_context(served_in_thread(sandbox))
        self.telegram.url = self._stack.enter_context(served_in_thread(self.telegram))
        self.wechat.url = self._stack.enter_context(served_in_thread(self.wechat))
        self._with_second = second
        self._ports = [free_port(), free_port()]
        self._workers: dict[int, Started] = {}
        self._database_url = database_url
        is_file = database_url.startswith("sqlite")
        if is_file and not (folder / "out" / "reelbot.db").exists():
            fresh_sqlite(folder / "out" / "reelbot.db")
        url = database_url if is_file else database_url.replace("postgresql:", "postgresql+psycopg:")
        self._engine = sa.create_engine(url, poolclass=sa.NullPool) if is_file else sa.create_engine(url)
        self._env = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "FAL_KEY": KEY,
            "FAL_QUEUE_URL": fal_url,
            "REELBOT_OUTPUT_DIR": str(folder / "out"),
            "REELBOT_ACCESS": "open",
            "REELBOT_WEB_TOKEN": WEB_TOKEN,
            "REELBOT_DAILY_USD": "10000",
            "REELBOT_USER_DAILY_USD": "200",
            "REELBOT_USER_JOBS": "5",
            "REELBOT_JOBS": "100",
            **({} if is_file else {"REELBOT_DATABASE_URL": database_url}),
            **self.telegram.environment,
            **self.wechat.environment,
            **({"TURNS_FAULT": fault} if fault else {}),
            **settings,
        }

    # Workers

    def start(self) -> None:
        for number in range(1 + self._with_second):
            if number not in self._workers:
                self._launch(number)
        for number in list(self._workers):
            ready = partial(self._is_ready, f"http://127.0.0.1:{self._ports[number]}/readyz")
            self.until(ready, STARTED_S, what=f"worker {number} is ready")
        self._point()

    @staticmethod
    def _is_ready(address: str) -> bool:
        return WEB.get(address).status_code == 200

    def _launch(self, number: int) -> None:
        log = self.folder / "log.txt"
        env = {**self._env, "REELBOT_PORT": str(self._ports[number])}
        self._workers[number] = Warm(["-m", "tests.turns.worker"], folder=self.folder, env=env, out=log, err=log)

    def _point(self) -> None:
        self.wechat.caller.url = f"{self.page_url}/wechat"

    @property
    def page_url(self) -> str:
        """Where the first living worker serves."""
        return f"http://127.0.0.1:{self._ports[min(self._workers, default=0)]}"

    def stop(self, *, hard: bool, number: int = 0) -> None:
        """End a worker: by SIGKILL, or as systemd does."""
        if number in self._workers:
            worker = self._workers.pop(number)
            worker.send_signal(signal.SIGKILL if hard else signal.SIGTERM)
            worker.wait(30)
        if self._workers:
            self._point()

    def restart(self, *, hard: bool) -> None:
        """End the first worker and start it again."""
        self.stop(hard=hard)
        self.start()

    def close(self) -> None:
        for number in list(self._workers):
            self.stop(hard=True, number=number)
        self._stack.close()
        self._engine.dispose()

    # What can be seen from outside

    def until(self, true: Callable[[], Any], seconds: float = LONGEST_S, *, what: str = "") -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                if true():
                    return
            except (httpx.HTTPError, sa.exc.OperationalError):
                pass
            time.sleep(0.01)
        raise AssertionError(f"never came true{what and f' ({what})'}\n{self.log()[-3000:]}")

    def log(self) -> str:
        return (self.folder / "log.txt").read_text()

    def read(self, query: sa.Select[Any]) -> list[Any]:
        with self._engine.connect() as connection:
            return list(connection.execute(query))

    def outside(self) -> sa.Connection:
        """A look into the database."""
        return self._engine.connect()

    def invitation(self, name: str) -> str:
        """Invite a guest to the page, as `reelbot invite` does."""
        database = Database(self._database_url)
        try:
            return asyncio.run(Invitations(database).invite(name))
        finally:
            database.close()

    def purchases(self, user: str, chat: str) -> list[Purchase]:
        """Every job of this person in this chat that money was ever set aside for, in order; one line for each time."""
        query = sa.select(jobs, ledger.c.event).join(ledger, ledger.c.job_id == jobs.c.id)
        query = query.where(ledger.c.user == user, jobs.c.chat == chat, ledger.c.event == "reserve").order_by(
            ledger.c.id
        )
        return [
            Purchase(
                row.id,
                row.user,
                row.request["prompt"],
                row.request["model"],
                row.request.get("duration_s"),
                row.request.get("aspect_ratio"),
                (row.incoming.get("attachment") is not None) + len(row.incoming.get("also") or ()),
                row.price_micro,
                row.again_of,
                row.follows,
                row.origin,
                _photos(row.incoming),
                (row.step or {}).get("kind"),
                row.request.get("resolution"),
                row.request.get("sound"),
            )
            for row in self.read(query)
        ]

    def orders(self) -> int:
        """So many jobs, of whomever, money was ever set aside for."""
        query = sa.select(sa.func.count(sa.distinct(ledger.c.job_id))).where(ledger.c.event == "reserve")
        return int(self.read(query)[0][0])

    def rests(self, user: str, chat: str) -> bool:
        """Whether all that this person said is decided and answered, and nothing of theirs is on its way."""
        if any(_sender(update) == user for update in list(self.telegram.world.updates)):
            return False
        unanswered = sa.select(inbox.c.id).where(inbox.c.chat == chat, inbox.c.state == "new")
        active = sa.select(jobs.c.id).where(jobs.c.user == user, jobs.c.state.in_(ACTIVE))
        offers = sa.select(jobs.c.id).where(jobs.c.user == user, jobs.c.state == OPEN, jobs.c.status_ref.is_(None))
        unshown = offers.where(sa.not_(jobs.c.user.startswith("wechat:")))
        return not any(self.read(query) for query in (unanswered, active, unshown))

    def open_offers(self, user: str, chat: str) -> set[str | None]:
        """The codes of this person's offers in this chat that could be taken."""
        query = sa.select(jobs.c.id).where(jobs.c.user == user, jobs.c.chat == chat, jobs.c.state == OPEN)
        return {row.id for row in self.read(query)}


def _photos(incoming: dict[str, Any]) -> tuple[str, ...]:
    sources = [incoming.get("attachment"), *(incoming.get("also") or ())]
    return tuple(each["file_id"] for each in sources if each is not None and each["kind"] == "image")


def _sender(update: dict[str, Any]) -> str:
    held = update.get("message") or update.get("edited_message") or update.get("callback_query") or {}
    return f"telegram:{held.get('from', {}).get('id')}"


@contextmanager
def stage(folder: Path, database_url: str, **more: Any) -> Iterator[Stage]:
    made = Stage(folder, database_url, **more)
    try:
        made.start()
        yield made
    finally:
        made.close()

"""The first part of `make bench`: six ways to wait for the same films, one after the other against one sandbox.

Each film has its render time drawn from the seed, the same in every way. "late" counts from the moment fal is done.
"""

import json
import random
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bot.store.records import State
from bot.store.tables import history, jobs, submits
from tests.benchmarks.stage import KEY, TOP, Stage, cpu_s
from tests.fakes.botapi import TOKEN

RENDER_S = (5.0, 10.0)
_ENDPOINT = "alibaba/happy-horse/text-to-video"
_BODY = {"duration": 5, "resolution": "720p", "aspect_ratio": "16:9"}
_WITHIN_S = 8.0  # the jobs begin at random moments within this
_SETTLE_S = 3.0
_OF_A_REQUEST = re.compile(r"/requests/(?P<id>[^/]+)(?P<what>/status/stream|/status|/cancel|)$")


@dataclass(frozen=True, slots=True)
class Lap:
    """One way, as medians over its jobs; seconds. `media_*`: checking the file, and fitting it for the chat."""

    name: str
    on_disk_late: float
    on_disk_worst: float
    delivered_late: float
    media_disk: float
    media_chat: float
    calls: float
    cpu_ms: float
    media_cpu_ms: float | None
    idle_cpu_ms: float | None  # of `cpu_ms`: what the same bot would have used in that time without any job


@dataclass(frozen=True, slots=True)
class Race:
    stage: Stage
    seed: int
    count: int
    peer: str  # a Python that has fal-client

    def laps(self) -> list[Lap]:
        webhooks = {"REELBOT_PUBLIC_URL": f"http://127.0.0.1:{self.stage.port}"}
        return [
            self.loop("(a) the seed's loop", "seed", self.peer),
            self.loop("(b) fal-client", "fal-client", self.peer),
            self.loop("(l) reelbot's library", "reelbot", sys.executable),
            self.reelbot("(o) as (c), media as before", program="tests.benchmarks.old_media"),
            self.reelbot("(c) reelbot, status stream"),
            self.reelbot("(d) reelbot, webhooks", env=webhooks),
            self.reelbot("(e) reelbot, looks alone", before=self._refuse_streams),
        ]

    def plan(self) -> list[dict[str, Any]]:
        chance = random.Random(self.seed)
        return [
            {"prompt": f"a red fox, take {number}", "after_s": chance.uniform(0, _WITHIN_S)}
            for number in range(self.count)
        ]

    def loop(self, name: str, which: str, python: str) -> Lap:
        stage, since = self.stage, time.time()
        chat = 7000
        stage.telegram("says", chat=chat, text="hello")
        certificate = str(stage.folder / "fal.pem")
        plan = {"key": KEY, "fal": stage.fal_url, "endpoint": _ENDPOINT, "body": _BODY, "chat": chat}
        plan |= {"jobs": self.plan(), "folder": str(stage.folder)}
        plan["telegram"] = f"http://127.0.0.1:{stage.telegram_port}/bot{TOKEN}"
        host = f"127.0.0.1:{stage.fal_port}"
        env = {"PYTHONPATH": str(TOP), "SSL_CERT_FILE": certificate, "FAL_RUN_HOST": host, "FAL_QUEUE_RUN_HOST": host}
        done = subprocess.run(
            [python, str(Path(__file__).with_name("loops.py")), which],
            input=json.dumps(plan),
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(done.stderr[-2000:])
        report = json.loads(done.stdout)
        ended = self._ended(since)
        disk = [job["on_disk"] - ended[job["request_id"]] for job in report["jobs"]]
        chatted = [job["delivered"] - job["check"] - ended[job["request_id"]] for job in report["jobs"]]
        check = _median(job["check"] for job in report["jobs"])
        cpu_ms = report["cpu_s"] * 1000 / self.count
        return Lap(name, _median(disk), max(disk), _median(chatted), check, 0, self._calls(since), cpu_ms, None, None)

    def reelbot(
        self,
        name: str,
        *,
        before: Callable[[], None] | None = None,
        env: Mapping[str, str] | None = None,
        program: str = "bot",
    ) -> Lap:
        stage, since = self.stage, time.time()
        rich = {"REELBOT_JOBS": "100", "REELBOT_USER_JOBS": "100", "FAL_CA_FILE": str(stage.folder / "fal.pem")}
        pid = stage.start_bot(program, **rich, **(env or {}))
        if before is not None:
            before()
        time.sleep(_SETTLE_S)
        idle = _used(pid, lambda: time.sleep(_SETTLE_S))
        begun = time.monotonic()
        busy = _used(pid, lambda: self._ask_and_wait(since))
        took = time.monotonic() - begun
        if stage.end_bot() != 0:
            raise RuntimeError(stage.tail())
        each = 1000 / self.count
        calls = self._calls(since)
        times = [self._times(job, ended) for job, ended in self._jobs(since)]
        disk, verify, fit, chatted = zip(*times, strict=True)
        return Lap(
            name, _median(disk), max(disk), _median(chatted), _median(verify), _median(fit), calls,
            busy[0] * each, busy[1] * each, idle[0] / _SETTLE_S * took * each,
        )  # fmt: skip

    def _ask_and_wait(self, since: float) -> None:
        """The messages at their moments, each from a person of its own; until every film is delivered."""
        begun = time.monotonic()
        for number, job in sorted(enumerate(self.plan()), key=lambda each: each[1]["after_s"]):
            time.sleep(max(0.0, begun + job["after_s"] - time.monotonic()))
            self.stage.telegram("says", chat=8000 + number, text=f"/video {job['prompt']}")
        query = sa.select(sa.func.count()).where(jobs.c.state == State.DELIVERED, jobs.c.created >= since * 1000)
        self.stage.until(lambda: self.stage.read(query)[0][0] == self.count, 120)

    def _refuse_streams(self) -> None:
        self.stage.fal("faults", kind="no_stream", times=100_000)

    def _ended(self, since: float) -> dict[str, float]:
        """Request id -> when fal was done, of the requests since then."""
        return {each["id"]: each["completed"] for each in self.stage.fal("requests") if each["created"] >= since}

    def _calls(self, since: float) -> float:
        """Calls of fal's queue per job: submit, status, stream, result. Files are not counted in any way."""
        ended = self._ended(since)
        matches = (_OF_A_REQUEST.search(call["path"]) for call in self.stage.fal("log"))
        return 1 + sum(match is not None and match["id"] in ended for match in matches) / len(ended)

    def _jobs(self, since: float) -> list[tuple[Any, float]]:
        ended = self._ended(since)
        query = sa.select(jobs, submits.c.request_id).join(submits, submits.c.job_id == jobs.c.id)
        return [(row, ended[row.request_id]) for row in self.stage.read(query) if row.request_id in ended]

    def _times(self, job: Any, ended: float) -> tuple[float, float, float, float]:
        """Late on disk, the check of the file, the fitting for the chat, late in the chat (without those two)."""
        rows = self.stage.read(sa.select(history.c.state, history.c.at).where(history.c.job_id == job.id))
        at = {row.state: row.at / 1000 for row in rows}
        on_disk = (self.stage.folder / "out" / "videos" / job.video["name"]).stat().st_mtime
        verify, fit = at[State.READY] - on_disk, at[State.UPLOADING] - at[State.READY]
        return on_disk - ended, verify, fit, at[State.DELIVERED] - ended - verify - fit


def _used(pid: int, work: Callable[[], None]) -> tuple[float, float]:
    """Processor time of the process and of its children, while `work` runs."""
    before = cpu_s(pid)
    work()
    after = cpu_s(pid)
    return after[0] - before[0], after[1] - before[1]


def _median(values: Iterable[float]) -> float:
    return statistics.median(values)


def certificate(path: Path) -> None:
    """A self-signed certificate and its key for 127.0.0.1: fal-client speaks https only."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "the sandbox")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + signed.public_bytes(serialization.Encoding.PEM))

"""Stores the sandbox's requests in one JSON file each, so that a killed demo goes on where it was."""

import asyncio
import json
import secrets
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from core.io import disk


@dataclass(frozen=True, slots=True)
class Request:
    """One submitted request. `answer` is the HTTP status and body of its result once it is completed."""

    id: str
    endpoint: str
    app: str
    body: dict[str, Any]
    webhook: str | None
    created: float
    state: str = "IN_QUEUE"
    started: float | None = None
    completed: float | None = None
    answer_status: int = 0
    answer: dict[str, Any] | None = None
    error: str | None = None
    error_type: str | None = None
    units: str = "0"
    cancelled: bool = False
    forgotten: bool = False  # its payloads were deleted


@dataclass
class Fault:
    """A fault to come: `times` times, for requests whose endpoint, prompt or path contains `match`."""

    kind: str
    times: int = 1
    match: str = ""
    status: int = 500
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0


class Faults:
    """The faults to come, for tests."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def add(self, kind: str, *, times: int = 1, match: str = "", **more: Any) -> None:
        """Add a fault of this kind."""
        self._waiting.append(Fault(kind, times, match, **more))

    def clear(self) -> None:
        """Remove all faults."""
        self._waiting.clear()

    def take(self, kind: str, *texts: str) -> Fault | None:
        """Return the next fault of this kind that fits, used up once."""
        for fault in self._waiting:
            if fault.kind == kind and fault.times > 0 and (not fault.match or any(fault.match in t for t in texts)):
                fault.times -= 1
                return fault
        return None


class Memory:
    """All requests, kept on disk. `changed` wakes whoever streams a status."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files = folder / "files"
        self._requests = folder / "requests"
        self.changed = asyncio.Condition()
        self.version = 0
        for each in (self.files, self._requests):
            each.mkdir(parents=True, exist_ok=True)
        self.requests: dict[str, Request] = {}
        for path in sorted(self._requests.glob("*.json")):
            request = Request(**json.loads(path.read_text(encoding="utf-8")))
            self.requests[request.id] = request

    async def changed_since(self, version: int) -> None:
        """Wait, with `changed` held, until something is newer than `version`."""
        await self.changed.wait_for(lambda: self.version != version)

    def unfinished(self) -> list[Request]:
        """Return the requests that have no answer yet."""
        return [request for request in self.requests.values() if request.state != "COMPLETED"]

    def add(self, *, endpoint: str, app: str, body: dict[str, Any], webhook: str | None) -> Request:
        """Store a new request."""
        request = Request(_uuid(), endpoint, app, body, webhook, time.time())
        self._keep(request)
        return request

    async def change(self, request_id: str, **values: Any) -> Request:
        """Change a stored request and wake all who wait."""
        request = replace(self.requests[request_id], **values)
        self._keep(request)
        self.version += 1
        async with self.changed:
            self.changed.notify_all()
        return request

    def _keep(self, request: Request) -> None:
        self.requests[request.id] = request
        with disk.whole(self._requests / f"{request.id}.json") as draft:
            draft.write_text(json.dumps(asdict(request)), encoding="utf-8")

    def place(self, request: Request) -> int:
        """Return how many requests are before it in the queue."""
        return sum(other.state == "IN_QUEUE" and other.created < request.created for other in self.requests.values())


def _uuid() -> str:
    text = secrets.token_hex(16)
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))

"""Receipts: they make a paid request happen at most once, and let it be found again.

A file of its full size is created and synced before the POST (no receipt, no POST), fal's answer is written into it
before anything else is done with it, and then what was bought. All of it is private: mode 0600 in a folder of 0700.
"""

import asyncio
import base64
import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from core.catalogue import MODELS, app_of
from core.fal import protocol
from core.io import disk
from core.types import RawReply, RequestHandle

_ORDER_BYTES = 4096
_ANSWER_BYTES = 12 * 1024  # fal's answer to an order has about 700
_MOST_RESULTS = 8
_QUEUE = f"https://{protocol.QUEUE_HOST}"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was bought: enough to fetch it later without paying again."""

    handle: RequestHandle
    model: str
    usd: Decimal | None
    duration_s: int | None
    resolution: str | None


@dataclass(frozen=True, slots=True)
class Order:
    """What is going to be bought: with it an answer can be found that was kept but never recorded."""

    endpoint: str
    model: str
    usd: Decimal | None
    duration_s: int | None
    resolution: str | None


class FolderReceipts:
    """A folder with one file per purchase, and one per result that fal gave for it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def reserve(self, name: str, *, order: Order | None = None) -> bool:
        """Reserve the receipt. True once per name, ever: the permission to POST.

        Raises OSError: no receipt can be written, so no POST.
        """
        return await asyncio.to_thread(self._reserve, name, order)

    def _reserve(self, name: str, order: Order | None) -> bool:
        self._prepare()
        path = self._path(name)
        head = json.dumps(asdict(order), default=str).encode() if order else b""
        try:
            descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        except FileExistsError:
            return False
        try:
            with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor
                file.write(head.ljust(_ORDER_BYTES) + b" " * _ANSWER_BYTES)
                file.flush()
                os.fsync(file.fileno())
            disk.sync(self._folder)
        except OSError:
            path.unlink(missing_ok=True)  # nothing is posted without a receipt: this one stands for nothing
            raise
        return True

    async def fill(self, name: str, reply: RawReply) -> None:
        """Write the answer into the reserved file, where it needs no room on the disk. Raises OSError."""
        await asyncio.to_thread(self._fill, name, reply)

    def _fill(self, name: str, reply: RawReply) -> None:
        with self._path(name).open("r+b") as file:
            file.seek(_ORDER_BYTES)
            file.write(_packed(reply).ljust(_ANSWER_BYTES))
            file.truncate()
            file.flush()
            os.fsync(file.fileno())

    async def read(self, name: str) -> RawReply | None:
        """Return the answer as fal gave it; None while there is none, or for one that was written in part only."""
        return await asyncio.to_thread(self._read, name)

    def _read(self, name: str) -> RawReply | None:
        return _unpacked(_content(self._path(name))[_ORDER_BYTES:])

    async def attempts(self, order: str) -> list[int]:
        """Return which attempts of this order have a receipt `<order>-<attempt>`, the newest first."""
        return await asyncio.to_thread(self._attempts, order)

    def _attempts(self, order: str) -> list[int]:
        found = self._folder.glob(f"{order}-*.json") if self._folder.is_dir() else ()
        numbers = [path.stem.rpartition("-")[2] for path in found]
        return sorted((int(each) for each in numbers if each.isdecimal()), reverse=True)

    async def keep_result(self, name: str, reply: RawReply) -> None:
        """Keep a 2xx result as fal gave it: each different one once, the first ones and the newest. Raises OSError."""
        await asyncio.to_thread(self._keep_result, name, reply)

    def _keep_result(self, name: str, reply: RawReply) -> None:
        self._prepare()
        stored = self._result_paths(name)
        mark = hashlib.sha256(reply.body).hexdigest()[:16]
        if any(path.name.endswith(f"-{mark}.result") and _unpacked(_content(path)) for path in stored):
            return
        number = int(stored[-1].name.split("-")[-2]) + 1 if stored else 0
        self._write(self._folder / f"{name}-{number:06}-{mark}.result", _packed(reply))
        for path in stored[_MOST_RESULTS - 1 :]:
            path.unlink(missing_ok=True)

    async def results(self, name: str) -> list[RawReply]:
        """Return the stored results, the oldest first."""
        return await asyncio.to_thread(self._results, name)

    def _results(self, name: str) -> list[RawReply]:
        replies = (_unpacked(_content(path)) for path in self._result_paths(name))
        return [reply for reply in replies if reply is not None]

    def _result_paths(self, name: str) -> list[Path]:
        found = self._folder.glob("*.result") if self._folder.is_dir() else ()
        return sorted(path for path in found if path.name.rsplit("-", 2)[0] == name)

    async def record(self, name: str, receipt: Receipt) -> None:
        """Record what was bought. Raises OSError."""
        await asyncio.to_thread(self._record, name, receipt)

    def _record(self, name: str, receipt: Receipt) -> None:
        self._prepare()
        self._write(self._path(name), json.dumps(asdict(receipt), default=str).encode())

    async def find(self, request_id: str) -> Receipt | None:
        """Find the purchase with this request id, recorded or only answered. A damaged file is passed over."""
        return await asyncio.to_thread(self._find, request_id)

    def _find(self, request_id: str) -> Receipt | None:
        from_answer = None
        for path in self._folder.glob("*.json"):
            content = _content(path)
            if request_id.encode() not in content and b"body" not in content:
                continue
            receipt = _recorded(content)
            if receipt is not None and receipt.handle.request_id == request_id:
                return receipt
            from_answer = from_answer or _from_answer(content, request_id)
        return from_answer

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.json"

    def _prepare(self) -> None:
        if not self._folder.is_dir():
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            disk.sync(self._folder.parent)
        self._folder.chmod(0o700)

    def _write(self, path: Path, content: bytes) -> None:
        """Write the whole file or none, synced to the disk."""
        with disk.whole(path, durable=True) as draft, open(draft, "wb", opener=_private) as file:
            file.write(content)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _content(path: Path) -> bytes:
    """Read a file; empty for one that is not there, or cannot be read."""
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _packed(reply: RawReply) -> bytes:
    body = base64.b64encode(reply.body).decode()
    return json.dumps({"status": reply.status, "headers": reply.headers, "body": body}).encode()


def _unpacked(content: bytes) -> RawReply | None:
    values = protocol.parsed(content)
    try:
        return RawReply(int(values["status"]), dict(values["headers"]), base64.b64decode(values["body"], validate=True))
    except (KeyError, TypeError, ValueError):
        return None


def _recorded(content: bytes) -> Receipt | None:
    """Read what was bought, also in the words of 0.1.0. None for a file that holds something else."""
    values = protocol.parsed(content)
    try:
        handle, usd = RequestHandle(**values["handle"]), values["usd"]
        return Receipt(**{**values, "handle": handle, "usd": Decimal(usd) if usd else None})
    except (KeyError, TypeError, ValueError, ArithmeticError):
        return None


def _from_answer(content: bytes, request_id: str) -> Receipt | None:
    """Read fal's answer, when the process died before it was recorded; the price is the one of the order."""
    reply = _unpacked(content[_ORDER_BYTES:])
    answer = protocol.parsed(reply.body) if reply else None
    if not isinstance(answer, dict) or answer.get("request_id") != request_id:
        return None
    order = _order(content) or _order_by_place(answer)
    handle = protocol.handle_from(answer, endpoint=order.endpoint, queue_url=_QUEUE) if order else None
    if order is None or handle is None:
        return None
    return Receipt(handle, order.model, order.usd, order.duration_s, order.resolution)


def _order(content: bytes) -> Order | None:
    values = protocol.parsed(content[:_ORDER_BYTES])
    try:
        return Order(**{**values, "usd": Decimal(values["usd"]) if values["usd"] else None})
    except (KeyError, TypeError, ValueError, ArithmeticError):
        return None


def _order_by_place(answer: dict[str, Any]) -> Order | None:
    """Derive the order from the answer's addresses, for a receipt that was reserved without its order."""
    place = answer.get("response_url")
    path = urlsplit(place).path if isinstance(place, str) else ""
    for endpoint in _endpoints():
        app = app_of(endpoint)
        if f"/{app}/requests/" in path:
            return Order(endpoint, app.rpartition("/")[2], None, None, None)
    return None


def _endpoints() -> Iterator[str]:
    for model in MODELS:
        for endpoint in model.modes.values():
            yield endpoint.id

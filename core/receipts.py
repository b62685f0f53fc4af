"""Receipts: what makes a paid request happen at most once for users of the library, and lets them find it again.

A file is created exclusively before the POST and completed after it. The bot keeps the same in its database.
"""

import asyncio
import json
import os
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path

from core.types import RequestHandle


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was bought: enough to fetch it later without paying again."""

    handle: RequestHandle
    model: str
    usd: Decimal | None
    duration_s: int | None
    resolution: str | None


class FolderReceipts:
    """One JSON file per purchase in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def claim(self, name: str) -> bool:
        """True once per name, ever: the permission to POST."""
        return await asyncio.to_thread(self._claim, name)

    def _claim(self, name: str) -> bool:
        self._folder.mkdir(parents=True, exist_ok=True)
        try:
            descriptor = os.open(self._folder / f"{name}.json", os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        except FileExistsError:
            return False
        os.fsync(descriptor)
        os.close(descriptor)
        return True

    async def record(self, name: str, receipt: Receipt) -> None:
        await asyncio.to_thread(self._record, name, receipt)

    def _record(self, name: str, receipt: Receipt) -> None:
        path = self._folder / f"{name}.json"
        draft = path.with_suffix(".draft")
        with draft.open("w", encoding="utf-8") as file:
            json.dump(asdict(receipt), file, default=str)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)

    async def find(self, request_id: str) -> Receipt | None:
        """The purchase with this request id."""
        return await asyncio.to_thread(self._find, request_id)

    def _find(self, request_id: str) -> Receipt | None:
        for path in self._folder.glob("*.json"):
            receipt = _read(path)
            if receipt is not None and receipt.handle.request_id == request_id:
                return receipt
        return None


def _read(path: Path) -> Receipt | None:
    """None for a claim whose answer never came."""
    text = path.read_text(encoding="utf-8")
    if not text:
        return None
    values = json.loads(text)
    return Receipt(
        **{
            **values,
            "handle": RequestHandle(**values["handle"]),
            "usd": Decimal(values["usd"]) if values["usd"] else None,
        }
    )

"""Receipts: one per order, on the disk before the POST, filled in place, private, and found whatever broke."""

import asyncio
import json
import stat
from collections.abc import Awaitable, Callable
from dataclasses import asdict, replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.fal.receipts import FolderReceipts, Order, Receipt
from core.types import RawReply, RequestHandle
from tests.samples import reply

ENDPOINT = "bytedance/seedance-2.0/fast/text-to-video"
HANDLE = RequestHandle("r-1", "a/b", "s", "r", "c")
RECEIPT = Receipt(HANDLE, "wan-2.5", Decimal("0.25"), 5, "480p")
ORDER = Order(ENDPOINT, "seedance-2.0", Decimal("1.21"), 5, "720p")
ANSWER = RawReply(200, {"content-type": "application/json"}, json.dumps(reply("submit")).encode())
REQUEST_ID = reply("submit")["request_id"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "out" / "receipts"


def play(story: Callable[[], Awaitable[None]]) -> None:
    async def run() -> None:
        await story()

    asyncio.run(run())


def test_a_receipt_is_given_once_and_found_again(folder: Path) -> None:
    async def story() -> None:
        receipts = FolderReceipts(folder)
        given = await asyncio.gather(*(receipts.reserve("job") for _ in range(5)))
        assert sorted(given) == [False] * 4 + [True]
        assert await receipts.find("r-1") is None
        await receipts.record("job", RECEIPT)
        assert await receipts.find("r-1") == RECEIPT
        assert not await receipts.reserve("job")

    play(story)


def test_an_answer_needs_no_room_and_is_read_as_it_came(folder: Path) -> None:
    async def story() -> None:
        receipts = FolderReceipts(folder)
        await receipts.reserve("job-1")
        path = folder / "job-1.json"
        before = path.stat()
        assert await receipts.read("job-1") is None
        await receipts.fill("job-1", ANSWER)
        after = path.stat()
        assert (after.st_ino, after.st_size, after.st_blocks) == (before.st_ino, before.st_size, before.st_blocks)
        assert await receipts.read("job-1") == ANSWER
        assert await receipts.read("job-2") is None

    play(story)


@pytest.mark.parametrize("size", [0, 1, 9_000, 50_000])
def test_any_answer_is_kept_whatever_its_size_and_bytes(folder: Path, size: int) -> None:
    async def story() -> None:
        receipts = FolderReceipts(folder)
        await receipts.reserve("job", order=ORDER)
        for answer in (RawReply(502, {"retry-after": "7"}, b"\xff\x00<" * (size // 3)), ANSWER):
            await receipts.fill("job", answer)  # a shorter one after a longer one leaves nothing of it
            assert await receipts.read("job") == answer

    play(story)


def test_nothing_is_readable_for_others(folder: Path) -> None:
    async def story() -> None:
        receipts = FolderReceipts(folder)
        await receipts.reserve("job")
        await receipts.fill("job", ANSWER)
        await receipts.keep_result("job", ANSWER)
        await receipts.record("done", RECEIPT)

    play(story)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert len(list(folder.iterdir())) == 3


def test_a_folder_of_0_1_0_is_closed_and_its_receipts_are_read(folder: Path) -> None:
    folder.mkdir(parents=True, mode=0o755)
    (folder / "claimed.json").touch()
    (folder / "old.json").write_text(json.dumps(asdict(RECEIPT), default=str))
    (folder / "free.json").write_text(
        json.dumps(asdict(replace(RECEIPT, usd=None, handle=replace(HANDLE, request_id="r-2"))), default=str)
    )

    async def story() -> None:
        receipts = FolderReceipts(folder)
        assert await receipts.find("r-1") == RECEIPT
        assert (await receipts.find("r-2")) == replace(RECEIPT, usd=None, handle=replace(HANDLE, request_id="r-2"))
        assert not await receipts.reserve("claimed")
        assert await receipts.read("claimed") is None
        assert await receipts.read("old") is None
        await receipts.reserve("new")

    play(story)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_without_a_folder_nothing_is_found_and_none_is_made(folder: Path) -> None:
    async def story() -> None:
        receipts = FolderReceipts(folder)
        assert await receipts.find("r-1") is None
        assert await receipts.read("job") is None
        assert await receipts.results("job") == []

    play(story)
    assert not folder.exists()


def test_no_receipt_no_permission(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    async def story() -> None:
        with pytest.raises(OSError, match="file"):
            await FolderReceipts(tmp_path / "file" / "receipts").reserve("job")
        with pytest.raises(FileNotFoundError):
            await FolderReceipts(tmp_path).fill("never-reserved", ANSWER)

    play(story)


def test_an_answer_that_was_never_recorded_is_found_with_its_order(folder: Path) -> None:
    async def story() -> None:
        receipts = FolderReceipts(folder)
        await receipts.reserve("job", order=ORDER)
        await receipts.fill("job", ANSWER)
        found = await receipts.find(REQUEST_ID)
        assert found is not None
        assert (found.model, found.usd, found.duration_s, found.resolution) == (
            "seedance-2.0", Decimal("1.21"), 5, "720p",
        )  # fmt: skip
        assert (found.handle.request_id, found.handle.endpoint) == (REQUEST_ID, ENDPOINT)
        assert found.handle.status_url == reply("submit")["status_url"]
        assert await receipts.find("another") is None

    play(story)


def test_without_its_order_the_answers_own_place_tells_the_app(folder: Path) -> None:
    async def story() -> None:
        receipts = FolderReceipts(folder)
        await receipts.reserve("job-7-1")
        await receipts.fill("job-7-1", ANSWER)
        found = await receipts.find(REQUEST_ID)
        assert found is not None
        assert (found.model, found.usd) == ("seedance-2.0", None)
        assert found.handle.status_url == reply("submit")["status_url"]
        bare = RawReply(200, {}, json.dumps({"request_id": "bare"}).encode())
        await receipts.reserve("job-8-1")
        await receipts.fill("job-8-1", bare)
        assert await receipts.find("bare") is None  # nobody says where it is

    play(story)


DAMAGES: list[bytes] = [
    b"", b" " * 5000, b"{", b"null", b"[]", b"7", b'"body"', b'{"handle": null, "usd": 1, "body": 1}', b"\xff" * 20_000,
    b'{"handle": {"request_id": "r-1"}, "usd": "0.1"}', b'{"handle": {}, "usd": "x"}',
    json.dumps(asdict(RECEIPT) | {"usd": "many"}, default=str).encode(),
    json.dumps(asdict(RECEIPT) | {"more": 1}, default=str).encode(),
    b" " * 4096 + b'{"status": 200, "headers": {}, "body": "r-1',
    b" " * 4096 + b'{"status": "x", "headers": 7, "body": "!"}',
]  # fmt: skip


def test_a_damaged_file_never_breaks_the_search(folder: Path) -> None:
    folder.mkdir(parents=True)
    for number, damage in enumerate(DAMAGES):
        (folder / f"{number}.json").write_bytes(damage)
        (folder / f"job-{number:06}-{'0' * 16}.result").write_bytes(damage)
    (folder / "folder.json").mkdir()

    async def story() -> None:
        receipts = FolderReceipts(folder)
        assert await receipts.find("r-1") is None
        assert [await receipts.read(str(number)) for number in range(len(DAMAGES))] == [None] * len(DAMAGES)
        assert await receipts.results("job") == []
        await receipts.record("whole", RECEIPT)
        assert await receipts.find("r-1") == RECEIPT

    play(story)


@given(cut=st.integers(0, 3000))
def test_a_torn_answer_is_none_or_the_whole(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    """A machine that stops in the middle of a write leaves some of the new bytes before the old ones."""
    folder = tmp_path_factory.mktemp("torn")

    async def story() -> None:
        receipts = FolderReceipts(folder)
        await receipts.reserve("job")
        path = folder / "job.json"
        empty = path.read_bytes()
        await receipts.fill("job", ANSWER)
        full = path.read_bytes()
        size = len(full[4096:].rstrip())
        path.write_bytes(full[: 4096 + cut] + empty[4096 + cut :])
        assert await receipts.read("job") == (ANSWER if cut >= size else None)

    play(story)


def result(number: int) -> RawReply:
    return RawReply(200, {"x-fal-billable-units": "5"}, b'{"number": %d}' % number)


def test_each_different_result_is_kept_once_and_not_without_end(folder: Path) -> None:
    async def story() -> None:
        receipts = FolderReceipts(folder)
        for number in (1, 2, 1, 2, 3):
            await receipts.keep_result("job-1", result(number))
        await receipts.keep_result("job", result(9))
        assert await receipts.results("job-1") == [result(1), result(2), result(3)]
        assert await receipts.results("job") == [result(9)]
        for number in range(4, 30):
            await receipts.keep_result("job-1", result(number))
        kept = await receipts.results("job-1")
        assert kept == [*(result(number) for number in range(1, 8)), result(29)]  # the first ones, and the newest

    play(story)


def test_a_result_that_was_torn_is_kept_anew(folder: Path) -> None:
    async def story() -> None:
        receipts = FolderReceipts(folder)
        await receipts.keep_result("job", result(1))
        path = next(folder.glob("*.result"))
        path.write_bytes(path.read_bytes()[:20])
        assert await receipts.results("job") == []
        await receipts.keep_result("job", result(1))
        assert await receipts.results("job") == [result(1)]

    play(story)

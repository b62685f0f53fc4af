"""Bodies with a cap: what comes in pieces of any size is whole, or an error before it is too much."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.io.bodies import BodyTooLarge, first_bytes, read_body, write_body

pieces = st.lists(st.binary(max_size=20), max_size=8)


async def coming(chunks: list[bytes]) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


@given(chunks=pieces, spare=st.integers(-3, 3))
def test_a_body_is_read_whole_up_to_its_cap_and_no_further(chunks: list[bytes], spare: int) -> None:
    whole = b"".join(chunks)
    most = len(whole) + spare
    if spare >= 0:
        assert asyncio.run(read_body(coming(chunks), most_bytes=most)) == whole
    else:
        with pytest.raises(BodyTooLarge):
            asyncio.run(read_body(coming(chunks), most_bytes=most))


@given(chunks=pieces, enough=st.integers(1, 60))
def test_the_first_bytes_and_what_follows_are_the_file(
    tmp_path_factory: pytest.TempPathFactory, chunks: list[bytes], enough: int
) -> None:
    path, whole = tmp_path_factory.getbasetemp() / "body", b"".join(chunks)

    async def story() -> tuple[bytes, int]:
        body = coming(chunks)
        head = await first_bytes(body, enough=enough)
        return head, await write_body(body, path, most_bytes=len(whole), head=head)

    head, size = asyncio.run(story())
    assert whole.startswith(head)
    assert len(head) >= min(enough, len(whole))
    assert (path.read_bytes(), size) == (whole, len(whole))


def test_what_stands_in_the_file_before_the_start_stays_and_counts(tmp_path: Path) -> None:
    path = tmp_path / "film.part"
    path.write_bytes(b"0123456789")
    assert asyncio.run(write_body(coming([b"ab", b"cd"]), path, most_bytes=12, start=8)) == 12
    assert path.read_bytes() == b"01234567abcd"
    with pytest.raises(BodyTooLarge):
        asyncio.run(write_body(coming([b"ab", b"cd"]), path, most_bytes=11, start=8))


def test_not_a_byte_past_the_cap_reaches_the_disk(tmp_path: Path) -> None:
    with pytest.raises(BodyTooLarge):
        asyncio.run(write_body(coming([b"1234", b"5678"]), tmp_path / "body", most_bytes=7))
    assert (tmp_path / "body").read_bytes() == b"1234"
    with pytest.raises(BodyTooLarge):
        asyncio.run(write_body(coming([]), tmp_path / "none", most_bytes=3, head=b"1234"))
    assert not (tmp_path / "none").exists()


def test_who_is_cancelled_while_a_thread_opens_the_file_leaves_none_open(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)  # its opening waits for a reader

    async def story() -> int:
        writing = asyncio.create_task(write_body(coming([b"body"]), pipe, most_bytes=9))
        await asyncio.sleep(0)
        await asyncio.to_thread(int)  # a second thread: the first has begun
        writing.cancel()
        with suppress(asyncio.CancelledError):
            await writing
        return os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)

    reader = asyncio.run(story())
    os.close(reader)
    assert not any(link.samefile(pipe) for link in Path("/proc/self/fd").iterdir() if link.exists())

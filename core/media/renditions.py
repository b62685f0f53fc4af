"""Makes a finished video's rendition for a chat: once for each limit, shared by all who ask. The original stays.

The results of the check lie in the folder beside a note (`<name>.json`), so that a delivery of what plays as it is
starts no child. The note counts only while its files are unchanged; else all is made again.
"""

import asyncio
import contextlib
import logging
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

from core import media
from core.errors import MediaError
from core.media.ai_label import SIGNATURE_ROOM, AiLabel, sign
from core.media.rendition_notes import Copy, Note, Stamp, read_note, write_note

log = logging.getLogger(__name__)

_DRAFT = ".draft-"
_OF_THIS_MACHINE = frozenset({"timeout", "crashed"})


@dataclass(frozen=True, slots=True)
class Rendition:
    """A file that plays natively everywhere and is small enough; the original itself where that already holds.

    `width` x `height` in displayed pixels.
    """

    path: Path
    thumbnail: Path
    width: int
    height: int
    duration_s: float
    size: int


class RenditionCache:
    """A cache of renditions in `folder`, removed when they are old.

    Who asks for one that is being made waits for it. `label`: what the renditions are labelled with as made by AI; then
    the original is one only where it says so itself, and need not show it.
    """

    def __init__(self, folder: Path, *, label: AiLabel | None = None) -> None:
        self._folder = folder
        self._label = label
        self._how = label.how if label is not None else "off"
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def check(self, original: Path, *, max_bytes: int, lenient: bool = False) -> media.Probe:
        """Decode the video whole and keep what its delivery to a chat with this limit needs.

        Raises MediaError: it is damaged (with `lenient`: it does not open).
        """
        async with self._lock(original):
            return (await self._check_and_note(original, max_bytes, lenient=lenient)).probe

    async def rendition(self, original: Path, *, max_bytes: int, lenient: bool = False) -> Rendition:
        """Return a rendition of at most `max_bytes`, made where there is none yet.

        Raises MediaError: the original is damaged (with `lenient`: it does not even open), or nothing watchable fits
        into `max_bytes`.
        """
        async with self._lock(original):
            note = await asyncio.to_thread(read_note, self._note(original), original)
            if note is None:
                note = await self._check_as_far(original, max_bytes, lenient=lenient)
            found = self._found(note, original, max_bytes)
            if found is None:
                found = await self._encode(note, original, max_bytes)
        path, probe = found
        return Rendition(path, self._thumbnail(original), probe.width, probe.height, probe.duration_s, probe.size)

    def remove_old(self, *, older_than_s: float) -> None:
        """Remove what is older. It is made again when somebody asks again."""
        oldest = time.time() - older_than_s
        for path in self._folder.glob("*"):
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_mtime < oldest:
                    path.unlink()

    def _lock(self, original: Path) -> asyncio.Lock:
        return self._locks.setdefault(original.stem, asyncio.Lock())

    def _note(self, original: Path) -> Path:
        return self._folder / f"{original.stem}.json"

    def _thumbnail(self, original: Path) -> Path:
        return self._folder / f"{original.stem}.jpg"

    def _copy(self, original: Path, what: str) -> Path:
        label = "" if self._label is None else f"-{self._how}"
        return self._folder / f"{original.stem}-{what}{label}.mp4"

    def _as_labelled(self, original: Path) -> dict[str, Any]:
        if self._label is None:
            return {}
        return {"record": self._label.record(original), "mark": self._label.visible}

    def _room(self, max_bytes: int) -> int:
        """Return how large a copy may be before it is signed."""
        is_signed = self._label is not None and self._label.credentials is not None
        return max(max_bytes - SIGNATURE_ROOM, 1) if is_signed else max_bytes

    async def _signed(self, copy: Path, probe: media.Probe, name: str, original: Path, max_bytes: int) -> media.Probe:
        """Sign a copy where that is asked for; return what it is then."""
        if self._label is None or not await sign(copy, self._label, name=name, copy_of=original, max_bytes=max_bytes):
            return probe
        return replace(probe, size=copy.stat().st_size, signed=True)

    def _found(self, note: Note, original: Path, max_bytes: int) -> tuple[Path, media.Probe] | None:
        """Return the original, or an unchanged copy that fits; None when there is neither."""
        shown_as_it_is = self._label is None or (
            note.probe.labelled and not self._label.visible and (note.probe.signed or self._label.credentials is None)
        )
        if note.probe.playable and note.probe.size <= max_bytes and shown_as_it_is:
            return original, note.probe
        for copy in note.copies:
            path = self._folder / copy.name
            if copy.label == self._how and copy.fits(max_bytes) and Stamp.of(path) == copy.stamp:
                return path, copy.probe
        return None

    async def _check_as_far(self, original: Path, max_bytes: int, *, lenient: bool) -> Note:
        """Check as far as it goes: running out of time or memory says nothing against a film that opens."""
        try:
            return await self._check_and_note(original, max_bytes, lenient=lenient)
        except MediaError as error:
            if lenient or not is_of_this_machine(error):
                raise
        return await self._check_and_note(original, max_bytes, lenient=True)

    async def _check_and_note(self, original: Path, max_bytes: int, *, lenient: bool) -> Note:
        stamp = Stamp.of(original)
        with self._drafts(self._thumbnail(original), self._copy(original, "remuxed")) as drafts:
            (still, thumbnail), (draft, remuxed) = drafts
            checked = await media.check(
                original,
                thumbnail=still,
                into=draft,
                max_bytes=self._room(max_bytes),
                lenient=lenient,
                **self._as_labelled(original),
            )
            still.replace(thumbnail)
            copies: tuple[Copy, ...] = ()
            if checked.copy is not None:
                probe = await self._signed(draft, checked.copy, remuxed.name, original, max_bytes)
                draft.replace(remuxed)
                copies = (Copy(remuxed.name, None, probe, Stamp.of(remuxed), self._how),)
        note = Note(stamp, checked.probe, Stamp.of(thumbnail), copies)
        await self._write(note, original)
        return note

    async def _encode(self, note: Note, original: Path, max_bytes: int) -> tuple[Path, media.Probe]:
        with self._drafts(self._copy(original, str(max_bytes))) as [(draft, path)]:
            room = self._room(max_bytes)
            rendition = await media.make_playable(original, draft, max_bytes=room, **self._as_labelled(original))
            probe = await self._signed(draft, rendition.probe, path.name, original, max_bytes)
            draft.replace(path)
        made = Copy(path.name, max_bytes, probe, Stamp.of(path), self._how)
        others = (each for each in note.copies if Stamp.of(self._folder / each.name) == each.stamp)
        await self._write(replace(note, copies=(*others, made)), original)
        log.info("a rendition was made", extra={"how": rendition.how, "size": probe.size})
        return path, probe

    async def _write(self, note: Note, original: Path) -> None:
        """Write the note. A failure is ignored: all is made once more then."""
        try:
            await asyncio.to_thread(write_note, note, self._note(original))
        except OSError as error:
            log.warning("a note on a film was not kept", extra={"reason": error.strerror})

    @contextmanager
    def _drafts(self, *paths: Path) -> Iterator[list[tuple[Path, Path]]]:
        """Yield a list for pairs of draft and final name; a draft that does not get its name is removed.

        Not `disk.whole`: a child writes several, and only its answer says which of them count.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        drafts = [(self._folder / f"{_DRAFT}{secrets.token_hex(6)}{path.suffix}", path) for path in paths]
        try:
            yield drafts
        finally:
            for draft, _ in drafts:
                draft.unlink(missing_ok=True)


def is_cut_short(path: Path, size: int) -> bool:
    """Return whether less of the file is there than the `size` bytes that were checked when it came."""
    return path.stat().st_size < size


async def is_damaged(path: Path) -> bool:
    """Return whether the file itself does not play to its end.

    A check that ran out of time or memory says nothing of it.
    """
    try:
        await media.verify(path)
    except MediaError as error:
        return not is_of_this_machine(error)
    return False


def is_of_this_machine(error: MediaError) -> bool:
    """Return whether the child ended for what may be no fault of the file: time, memory."""
    return error.facts.get("reason") in _OF_THIS_MACHINE

"""Labels films as made by AI: a record in the file, perhaps a signature, perhaps a mark that is seen."""

import asyncio
import json
import logging
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from core.config import FalSettings
from core.errors import MediaError
from core.io import disk
from core.media.client import in_child

log = logging.getLogger(__name__)

_MADE_BY_AI = "1"

SIGNATURE_ROOM = 65_536
"""Bytes left free in a copy that will be signed: the signature, the certificates, and those of the original."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What films are signed with (C2PA): a chain of certificates, the signer's first, and the signer's key; PEM."""

    certificate: Path
    key: Path

    @property
    def paths(self) -> list[str]:
        """Return the files as a child is told of them."""
        return [str(self.certificate.resolve()), str(self.key.resolve())]


@dataclass(frozen=True, slots=True)
class AiLabel:
    """What a film is labelled with.

    `producer`: who offers this service, by name or code. `visible`: it is seen, too. `credentials`: it is signed with
    these.
    """

    producer: str
    visible: bool
    credentials: Credentials | None = None

    @property
    def how(self) -> str:
        """Return how films are labelled, in a word that differs where they would."""
        return ("visible" if self.visible else "metadata") + ("-signed" if self.credentials is not None else "")

    def record(self, film: Path) -> str:
        """Return the record of GB 45438-2025, annex E, for the film of this name."""
        return json.dumps(
            {
                "Label": _MADE_BY_AI,
                "ContentProducer": self.producer,
                "ProduceID": film.stem,
                "ReservedCode1": "",
                "ContentPropagator": self.producer,
                "PropagateID": film.stem,
                "ReservedCode2": "",
            },
            ensure_ascii=False,
        )


def label_of(settings: FalSettings) -> AiLabel | None:
    """Return the label that the settings ask for."""
    if settings.ai_label == "off":
        return None
    certificate, key = settings.c2pa_certificate, settings.c2pa_key
    credentials = Credentials(certificate, key) if certificate is not None and key is not None else None
    return AiLabel(settings.ai_producer, visible=settings.ai_label == "visible", credentials=credentials)


async def labelled(plain: Path, into: Path, label: AiLabel) -> None:
    """Give a new film its label and its name `into`; `plain` is gone then."""
    await add_label(plain, label, becomes=into)
    await asyncio.to_thread(disk.install, plain, into)


async def add_label(film: Path, label: AiLabel | None, *, becomes: Path) -> None:
    """Give a new film its record and its signature where it lies. `becomes`: the name that it will have.

    One that has a record or signature already, or that cannot be given one, keeps its bytes: whether it is good is
    found out by its check.
    """
    if label is not None:
        await _add_record(film, becomes, label)
        await sign(film, label, name=becomes.name)


async def _add_record(film: Path, into: Path, label: AiLabel) -> None:
    draft = film.with_name(f"{film.stem}-labelled.part")
    try:
        answer = await in_child("labels", "label", path=film, into=draft, record=label.record(into))
        if answer["labelled"]:
            await _take_place(draft, film)
    except (MediaError, OSError) as error:
        draft.unlink(missing_ok=True)
        log.info("a film got no record", extra={"reason": type(error).__name__})


async def sign(
    film: Path, label: AiLabel, *, name: str, copy_of: Path | None = None, max_bytes: int | None = None
) -> bool:
    """Sign a film where it lies, as `name`, if the label asks for it; return whether that was done.

    A signature of before stays. `copy_of`: the film whose signature speaks for this one, too, if it has one.
    `max_bytes`: above that it keeps its bytes, as it does where it cannot be signed: it was paid for.
    """
    if label.credentials is None:
        return False
    draft = film.with_name(f"{film.stem}-signed.part")
    paths = [*label.credentials.paths, *([str(copy_of.resolve())] if copy_of is not None else [])]
    try:
        answer = await in_child(
            "signing", "sign", path=film, into=draft, paths=paths, title=name, producer=label.producer
        )
        if not answer["signed"]:
            return False
        if max_bytes is not None and draft.stat().st_size > max_bytes:
            return _stays_unsigned(draft, "size")
        await _take_place(draft, film)
    except MediaError as error:
        return _stays_unsigned(draft, error.facts.get("reason", error.code))
    except OSError as error:
        return _stays_unsigned(draft, type(error).__name__)
    return True


def _stays_unsigned(draft: Path, reason: object) -> Literal[False]:
    draft.unlink(missing_ok=True)
    log.warning("a film was not signed; reelbot doctor says more", extra={"reason": reason})
    return False


async def try_credentials(credentials: Credentials) -> str:
    """Sign something with them and return the day until which they hold, as YYYY-MM-DD. Raises MediaError."""
    answer = await in_child("signing", "try_out", paths=credentials.paths)
    return str(answer["until"])


async def _take_place(draft: Path, film: Path) -> None:
    draft.chmod(stat.S_IMODE(film.stat().st_mode))
    await asyncio.to_thread(draft.replace, film)

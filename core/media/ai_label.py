"""Labels films as made by AI: a record in the file, and perhaps a mark that is seen."""

import asyncio
import json
import logging
import stat
from dataclasses import dataclass
from pathlib import Path

from core.config import FalSettings
from core.errors import MediaError
from core.io import disk
from core.media.client import in_child

log = logging.getLogger(__name__)

_MADE_BY_AI = "1"


@dataclass(frozen=True, slots=True)
class AiLabel:
    """What a film is labelled with.

    `producer`: who offers this service, by name or code. `visible`: it is seen, too.
    """

    producer: str
    visible: bool

    @property
    def how(self) -> str:
        """Return the setting that asks for it."""
        return "visible" if self.visible else "metadata"

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
    return AiLabel(settings.ai_producer, visible=settings.ai_label == "visible")


async def labelled(plain: Path, into: Path, label: AiLabel) -> None:
    """Give a new film its record and its name `into`; `plain` is gone then.

    One that has a record already, or that cannot be given one, keeps its bytes: whether it is good is found out by its
    check.
    """
    if not await _with_record(plain, into, label):
        await asyncio.to_thread(disk.install, plain, into)
    plain.unlink(missing_ok=True)


async def _with_record(plain: Path, into: Path, label: AiLabel) -> bool:
    draft = into.with_name(f"{into.stem}-labelled.part")
    try:
        answer = await in_child("labels", "label", path=plain, into=draft, record=label.record(into))
        if not answer["labelled"]:
            return False
        draft.chmod(stat.S_IMODE(plain.stat().st_mode))
        await asyncio.to_thread(disk.install, draft, into)
    except (MediaError, OSError) as error:
        draft.unlink(missing_ok=True)
        log.info("a film got no record", extra={"reason": type(error).__name__})
        return False
    return True

"""Photos and videos, looked at and remade in child processes."""

from core.media.client import (
    Photo,
    Probe,
    looked_at_by,
    make_playable,
    normalise_photo,
    on_behalf_of,
    prepare_video,
    probe,
    run_child,
    sniff_kind,
    sniff_mime,
    thumbnail,
    to_widescreen,
    verify,
)

__all__ = [
    "Photo",
    "Probe",
    "looked_at_by",
    "make_playable",
    "normalise_photo",
    "on_behalf_of",
    "prepare_video",
    "probe",
    "run_child",
    "sniff_kind",
    "sniff_mime",
    "thumbnail",
    "to_widescreen",
    "verify",
]

"""The nouns of the rows: a job as a frozen value, its states, and the JSON forms of what rows hold."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal

import sqlalchemy as sa

from bot.channels.types import Address, AttachmentRef, Incoming
from bot.store.stored import Finite, Moment, Unreadable, UnreadableJob, record, restored
from core import pricing
from core.pricing import SourceFacts
from core.types import Adjustment, Kind, Mode, Plan, RequestHandle, VideoRequest

__all__ = ["record"]

MICRO = Decimal(1_000_000)
SHELL = "shell"
"""The channel of jobs that `reelbot generate` began."""
Charge = Literal["none", "yes", "possibly"]
"""What the ledger says of a job in the end: nothing was charged, it was, or nobody can say (and it counts as spent)."""
Fallback = Literal["shorter-prompt", "wide-photo"]
"""What a reorder changes of the job that failed."""
StepKind = Literal["continue", "upscale", "enhance", "full", "sound", "silent"]
"""What is made of a finished film: it goes on, gets more pixels, is made whole of a draft (from what fal kept of it, or
anew), or is made anew with sound or without.
"""
FROM_FILM = frozenset({"continue", "upscale"})
"""The film itself, or its last frame, is what these are made from."""
OF_FILM = FROM_FILM | {"enhance"}
"""These are made from what another job left; all others from what a person sent, or from words."""


class State(StrEnum):
    """The state of a job, exactly one at any time. The order is the order of a job's life."""

    AWAITING_CONFIRMATION = "awaiting-confirmation"  # the price, or the same that runs already; nothing is reserved
    QUEUED = "queued"  # accepted; waits for its turn
    PREPARING = "preparing"  # source is fetched, cleaned and published
    SUBMITTING = "submitting"  # the claim is committed, the paid request is under way
    RENDERING = "rendering"  # fal has it
    DOWNLOADING = "downloading"  # fal is done, the file is on its way here
    READY = "ready"  # the checked mp4 is on this disk
    UPLOADING = "uploading"  # being sent to the chat
    DELIVERED = "delivered"
    SENT_AS_REPLY = "sent-as-reply"  # given as the answer to its owner's message, which no chat confirms
    UNDELIVERED = "undelivered"  # the chat does not take it now; it waits, and is tried again
    DELIVERY_UNCONFIRMED = "delivery-unconfirmed"  # sent, but the chat never confirmed
    SUBMIT_UNCONFIRMED = "submit-unconfirmed"  # fal may have been paid, and did not say
    PARKED = "parked"  # fal has it, and has said nothing that can be understood for a while; it is asked again, rarely
    FAILED = "failed"
    CANCELLED = "cancelled"
    DELETED = "deleted"  # its owner had the film removed; the row and its account stay


FREE = frozenset({State.QUEUED, State.PREPARING})
"""Nothing is bought yet: a cancel costs nothing."""
AT_FAL = frozenset({State.SUBMITTING, State.RENDERING, State.DOWNLOADING})
KNOWN_AT_FAL = frozenset({State.RENDERING, State.DOWNLOADING})
"""Fal has it, by an id that we know, and is asked about it."""
ACTIVE = FREE | AT_FAL | {State.READY, State.UPLOADING}
"""A person sees these move."""
ENDED = frozenset(State) - ACTIVE - {State.AWAITING_CONFIRMATION}
HAD = frozenset({State.DELIVERED, State.SENT_AS_REPLY})
"""Its owner has had the film."""
FILM = HAD | {State.READY, State.UPLOADING, State.UNDELIVERED, State.DELIVERY_UNCONFIRMED}
"""There is a film: it can be sent, and deleted."""
OVER = HAD | {State.FAILED, State.CANCELLED, State.DELETED}
"""Nothing more happens, once its owner has been told."""
NEEDS_SOURCE = FREE | AT_FAL | {State.AWAITING_CONFIRMATION, State.SUBMIT_UNCONFIRMED, State.PARKED}
"""Its published photo or video may still be fetched by fal."""


@dataclass(frozen=True, slots=True)
class VideoFile:
    """The finished file in the videos folder, by its name there. `size` in bytes, sides in pixels; 0: not known.

    `parts`: of how many it was joined.
    """

    name: str
    size: int = 0
    width: int = 0
    height: int = 0
    duration_s: float = 0.0
    parts: int = 1


@dataclass(frozen=True, slots=True)
class FilmStep:
    """What a job does with a film, another job's (`Job.follows`), and what is known of that film.

    `parts`: of how many that film was joined. `model`: by which it was made.
    """

    kind: StepKind
    parts: int = 1
    size: int = 0
    width: int = 0
    height: int = 0
    duration_s: float = 0.0
    model: str = ""

    def facts(self, mode: Mode) -> SourceFacts:
        """Return what the price of a request in this mode depends on."""
        return SourceFacts(pricing.mode_kind(mode), self.width, self.height, self.duration_s or None, self.size)


@dataclass(frozen=True, slots=True)
class JobError:
    """The error that a job ended with, or waits with."""

    code: str
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Confirmation:
    """A question that a person has to agree to before anything is bought.

    "words" (plain words, no command), "forward" and "heard" (not the person's own typed words), "asks" (a question),
    "photo" (with or without what lay on the table), "speak" (a photo speaks a recording), of several photos "frames"
    (from the first to the second), "likeness" (one film of what all show), "each" (a yes takes its way of that name),
    "many" (the first of them), "unable" (the first, where the model makes no film of all), "first" (the first, where a
    cap forbids a video of each), "one" (the first of several, where each has no price known before), "lone" (the photo
    they speak of could not reach the bot, so it would be made without), "price" (it is dear), "same" (that job runs
    already), "again" (a repeat), "instead" (that job's message was edited while it was free: it is cancelled by the
    yes), "edited" (the same when it was bought), "restored" (a copy of the database was put back, and it may have been
    bought already), "gone" (fal does not take what was offered before; this comes nearest), "film" (something is to be
    made of a finished film).
    """

    why: str
    job: str | None = None


@dataclass(frozen=True, slots=True)
class Way:
    """One way to take an offer: what would be ordered, one job for each source (None: from words alone).

    `joint`: one job of all sources. `price_micro`: of one job. `key` names the way ("without", "each", "first", "last",
    "frames", "likeness") for its button.
    """

    key: str
    request: VideoRequest
    adjustments: tuple[Adjustment, ...]
    price_micro: int
    up_to: bool
    sources: tuple[AttachmentRef | None, ...]
    joint: bool = False

    @property
    def jobs(self) -> int:
        """Return how many jobs it becomes."""
        return 1 if self.joint else len(self.sources)

    @property
    def total_usd(self) -> Decimal:
        """Return the price of all its jobs together, in dollars."""
        return self.price_micro * self.jobs / MICRO


@dataclass(frozen=True, slots=True)
class Destination:
    """Where an outcome goes: a chat, and the message there that it answers."""

    address: Address
    reply_to: str | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """A row of the jobs table."""

    id: str
    origin: str
    user: str
    incoming: Incoming
    language: str
    request: VideoRequest
    adjustments: tuple[Adjustment, ...]
    usd: Decimal
    up_to: bool
    state: State
    fal_position: int | None
    cancel_asked: bool
    error: JobError | None
    video: VideoFile | None
    status_ref: str | None
    status_shown: str | None
    outcome_ref: str | None
    created: int
    changed: int
    rendering_since: int | None
    reserved_micro: int
    charge: Charge | None
    question: Confirmation | None
    chat: str | None
    ways: tuple[Way, ...]
    replaced_ref: str | None
    send_to: Destination | None
    again_of: str | None
    fallback: Fallback | None
    model_name: str | None
    usual_render_s: float | None
    odd_since: int | None
    odd: str | None
    due: int | None
    owner: str | None
    epoch: int
    lease_until: int | None
    attempt: int
    lapses: int
    billed_nano: int | None
    bill_after: int | None
    group_chat: str | None = None
    delete_asked: int | None = None
    file_to: Destination | None = None
    purse: str | None = None
    forgotten: int | None = None
    follows: str | None = None
    step: FilmStep | None = None

    @property
    def has_source(self) -> bool:
        """Return whether it is made from something: what a person sent, or what another job left."""
        return bool(self.incoming.sources) or (self.step is not None and self.step.kind in OF_FILM)

    @property
    def replaced_refs(self) -> tuple[str, ...]:
        """Return the messages whose place its card has taken, and which still stand: of itself, or of older offers."""
        return tuple((self.replaced_ref or "").split())

    @property
    def has_film(self) -> bool:
        """Return whether there is a film that was not deleted."""
        return self.video is not None and self.state is not State.DELETED

    @property
    def first_way(self) -> int:
        """Return the number of the way that a plain yes takes; 0: the request itself."""
        if self.question is None or self.question.why != "each":
            return 0
        return next((number for number, way in enumerate(self.ways, 1) if way.key == "each"), 0)

    @property
    def offered_sources(self) -> tuple[AttachmentRef, ...]:
        """Return every photo or video that an offer is about, whichever way of it is taken, in their order."""
        ways = [tuple(source for source in way.sources if source is not None) for way in self.ways]
        return max((self.incoming.sources, *ways), key=len)

    @property
    def address(self) -> Address:
        """Return the address of the chat that asked for it."""
        return self.incoming.address

    @property
    def destination(self) -> "Destination":
        """Return where its outcome goes."""
        return self.send_to or Destination(self.incoming.address, self.incoming.reply_to)


@dataclass(frozen=True, slots=True)
class JobDraft:
    """What the front desk decided to start: goes into the tables in the transaction that closes its inbox row.

    `owner`: the command of the shell that works on it itself. `ways`: how else an offer can be taken. `replaces`: the
    open offer whose place it takes; with `takes_card` also that one's message in the chat. `group`: the group
    (`telegram:-100123`) that it was asked for in, whose cap counts. `purse`: who pays, if not who asked. `follows`: the
    job whose film it does `step` with.
    """

    incoming: Incoming
    language: str
    plan: Plan
    question: Confirmation | None = None
    again_of: str | None = None
    fallback: Fallback | None = None
    owner: str | None = None
    ways: tuple[Way, ...] = ()
    replaces: str | None = None
    takes_card: bool = False
    group: str | None = None
    purse: str | None = None
    follows: str | None = None
    step: FilmStep | None = None


@dataclass(frozen=True, slots=True)
class Submit:
    """The claim of one job. `sending` with no living process behind it means: fal may have been paid.

    `body`: exactly what was posted. `claimed`, `answered`: when this attempt was claimed and its POST ended (None: the
    process died before that, or the row is of 0.1.0). `known_by`: what named its request (store/evidence.py).
    `search_until`: refused, perhaps not by fal, so it is looked for until a search begun after this. Milliseconds UTC.
    """

    job_id: str
    state: str
    attempt: int
    handle: RequestHandle | None
    hint: str | None
    created: int
    body: str | None
    claimed: int
    answered: int | None
    known_by: str | None = None
    search_until: int | None = None


def incoming_from(value: object) -> Incoming:
    """Read a stored message. Raises Unreadable."""
    return restored(Incoming, value, where="incoming")


def job_from(row: sa.Row[Any]) -> Job:
    """Read a job's row. Raises UnreadableJob."""
    try:
        return _job_from(row)
    except Unreadable as error:
        raise UnreadableJob(row.id, error.what, user=row.user) from None


def _job_from(row: sa.Row[Any]) -> Job:
    values = row._asdict()
    restored(_Plain, values, where="columns")
    price, up_to = values.pop("price_micro"), values.pop("price_up_to")
    return Job(
        **{
            **values,
            "incoming": incoming_from(values["incoming"]),
            "request": restored(VideoRequest, _with_sources(values["request"]), where="request"),
            "adjustments": restored(tuple[Adjustment, ...], values["adjustments"], where="adjustments"),
            "usd": price / MICRO,
            "up_to": up_to,
            "state": restored(State, values["state"], where="state"),
            "error": restored(JobError, values["error"], where="error") if values["error"] else None,
            "video": restored(VideoFile, values["video"], where="video") if values["video"] else None,
            "ways": restored(tuple[Way, ...], _ways_with_sources(values["ways"] or ()), where="ways"),
            "send_to": restored(Destination, values["send_to"], where="send_to") if values["send_to"] else None,
            "file_to": restored(Destination, values["file_to"], where="file_to") if values["file_to"] else None,
            "step": restored(FilmStep, values["step"], where="step") if values["step"] else None,
            "question": restored(Confirmation, values["question"], where="question") if values["question"] else None,
        }
    )


def _with_sources(request: object) -> object:
    """Return a stored request as it is written today: before, it held the address of its only source."""
    if not isinstance(request, Mapping) or "sources" in request or request.get("mode") not in set(Mode):
        return request
    roles = pricing.roles_of(Mode(request["mode"]))
    return {**request, "sources": [{"role": role, "url": request.get("source_url")} for role in roles]}


def _ways_with_sources(ways: object) -> object:
    if not isinstance(ways, list):
        return ways
    return [{**way, "request": _with_sources(way.get("request"))} if isinstance(way, dict) else way for way in ways]


def addresses_in(request: Mapping[str, Any]) -> list[str]:
    """Return the addresses of the sources in a stored request, whoever wrote it."""
    sources = request.get("sources")
    listed = [each.get("url") for each in sources if isinstance(each, Mapping)] if isinstance(sources, list) else []
    return [url for url in (request.get("source_url"), *listed) if isinstance(url, str)]


@dataclass(frozen=True, slots=True)
class _Plain:
    """The columns of a job that hold no JSON: SQLite takes anything for any of them."""

    user: str
    language: str
    price_micro: int
    price_up_to: bool
    fal_position: int | None
    cancel_asked: bool
    status_ref: str | None
    status_shown: str | None
    outcome_ref: str | None
    created: Moment
    changed: Moment
    rendering_since: Moment | None
    reserved_micro: int
    again_of: str | None
    model_name: str | None
    usual_render_s: Finite | None
    odd_since: Moment | None
    odd: str | None
    billed_nano: int | None
    group_chat: str | None
    delete_asked: Moment | None
    purse: str | None
    forgotten: Moment | None
    follows: str | None


def readable(rows: Iterable[sa.Row[Any]]) -> list[Job]:
    """Read the jobs of these rows, without those that cannot be read: store/unreadable.py sees to them."""
    found = []
    for row in rows:
        with suppress(UnreadableJob):
            found.append(job_from(row))
    return found


def submit_from(row: sa.Row[Any]) -> Submit:
    """Read a claim. Raises UnreadableJob."""
    try:
        handle = restored(RequestHandle, row.handle, where="handle") if row.handle else None
    except Unreadable as error:
        raise UnreadableJob(row.job_id, error.what) from None
    return replace(claim_from(row), handle=handle)


def claim_from(row: sa.Row[Any]) -> Submit:
    """Read a claim whose request is not known: what stands for its handle, if anything, is not looked at."""
    claimed = row.claimed or row.created
    return Submit(
        job_id=row.job_id,
        state=row.state,
        attempt=row.attempt,
        handle=None,
        hint=row.hint,
        created=row.created,
        body=row.body,
        claimed=claimed,
        answered=row.answered,
        known_by=row.known_by,
        search_until=row.search_until,
    )


def micro(usd: Decimal) -> int:
    """Convert to whole micro-dollars, a fraction rounded up: a price is never understated."""
    return int((usd * MICRO).to_integral_value(rounding="ROUND_CEILING"))


def source_kind(incoming: Incoming) -> Kind | None:
    """Return the kind of the message's attachment, None without one."""
    return Kind(incoming.attachment.kind) if incoming.attachment else None

"""Decides what can be made of a finished film, each with its plan: how it goes on, more pixels, a draft in full. Pure.

A film goes on by the model that made it: natively, where that takes films of this length, size and kind of sound, else
by a photo-to-video from its last frame. What nobody asks for now is not told: the values of the film before are only
where the new one starts from.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from decimal import Decimal

from bot.store.records import OF_FILM, FilmStep, Job, StepKind, VideoFile
from core import pricing
from core.catalogue import Endpoint, Model
from core.errors import BadRequest
from core.types import Adjustment, Mode, Plan, VideoRequest

UPSCALER = "upscaler"
_DRAFTS, _WHOLE_OF_DRAFT = "flux-3-draft", "flux-3"
LONGEST_S = 300
"""A film that was joined is at most so long, in seconds."""
_WHOLE_S = 0.05
_SIDES = {"1080p": 1080, "4k": 2160}


@dataclass(frozen=True, slots=True)
class Choices:
    """What a person asks for now, where they do."""

    prompt: str | None = None
    model: str | None = None
    duration_s: int | None = None
    resolution: str | None = None
    aspect_ratio: str | None = None
    seed: int | None = None
    sound: bool | None = None

    def asked(self, field: str) -> bool:
        """Return whether the person asks for a value of this field of an adjustment."""
        return getattr(self, {"duration": "duration_s"}.get(field, field), None) is not None


NOTHING = Choices()


@dataclass(frozen=True, slots=True)
class NextFilm:
    """What would be made of a film: what is done with that, the request and its price."""

    step: FilmStep
    plan: Plan

    @property
    def usd(self) -> Decimal:
        """Return the price of the new part alone, in dollars."""
        return self.plan.quote.usd


def continued(job: Job, choices: Choices = NOTHING) -> NextFilm:
    """Plan how a film goes on. Raises BadRequest."""
    film, made = _film(job), job.request
    step = _step("continue", job, film)
    model = _sold(choices.model or step.model)
    mode = _way_on(model, job, film)
    endpoint = model.modes.get(mode)
    prompt = choices.prompt or made.prompt
    plan = pricing.plan(
        prompt,
        model=model.key,
        mode=mode,
        duration=choices.duration_s or made.duration_s,
        resolution=choices.resolution or _if_any(made.resolution, endpoint and endpoint.resolutions, made),
        aspect_ratio=choices.aspect_ratio or _if_any(made.aspect_ratio, endpoint and endpoint.aspect_ratios, made),
        seed=choices.seed,
        sound=made.sound if choices.sound is None else choices.sound,
        negative_prompt=made.negative_prompt if endpoint is not None and endpoint.negative_field else None,
        source=step.facts(mode),
    )
    if film.duration_s + (plan.request.duration_s or 0) > LONGEST_S:
        raise BadRequest("chain_too_long", max_duration=LONGEST_S)
    plan = _quiet(plan, choices)
    if made.mode is Mode.AUDIO_TO_VIDEO:
        plan = replace(plan, adjustments=(*plan.adjustments, Adjustment("sound_ends", "recording", "own")))
    return NextFilm(step, plan)


def continued_instead(job: Job, choices: Choices, error: BadRequest) -> NextFilm | None:
    """Plan how a film goes on by what stands in for its own model, which fal does not take now; None: nothing does.

    `error`: what `continued` raised. Raises BadRequest.
    """
    instead = str(error.facts.get("instead_key") or "")
    if error.code != "model_unavailable" or not instead or choices.model is not None:
        return None
    found = continued(job, replace(choices, model=instead))
    note = Adjustment("model_unavailable", str(error.facts["model"]), str(error.facts["instead"]))
    shown = (note, *(each for each in found.plan.adjustments if each.field != "model"))
    return replace(found, plan=replace(found.plan, adjustments=shown))


def upscaled(job: Job, resolution: str) -> NextFilm:
    """Plan a copy of a film with more pixels. Raises BadRequest."""
    film = _film(job)
    step = _step("upscale", job, film)
    mode = Mode.UPSCALE_VIDEO
    if min(film.width, film.height) >= _SIDES.get(resolution, _SIDES["4k"]):
        raise BadRequest("large_enough", resolution=resolution)
    if film.duration_s > pricing.source_limits(UPSCALER, mode).max_s:
        raise BadRequest("chain_too_long", max_duration=pricing.source_limits(UPSCALER, mode).max_s)
    words = job.request.prompt
    plan = pricing.plan(words, model=UPSCALER, mode=mode, resolution=resolution, source=step.facts(mode))
    if plan.request.resolution != resolution:
        raise BadRequest("unpriced", model=UPSCALER, resolution=resolution)
    rounds = abs(film.duration_s - round(film.duration_s)) > _WHOLE_S
    quote = replace(plan.quote, up_to=plan.quote.up_to or rounds)
    return NextFilm(step, replace(_quiet(plan, NOTHING), quote=quote))


def upscales(job: Job) -> Iterator[NextFilm]:
    """Yield the copies with more pixels that the film may have."""
    for resolution in _SIDES:
        try:
            yield upscaled(job, resolution)
        except BadRequest:
            continue


def enhanced(job: Job) -> NextFilm:
    """Plan the whole film of a draft, from what fal kept of it. Raises BadRequest."""
    step = replace(_step("enhance", job, _film(job)), model=_WHOLE_OF_DRAFT)
    mode = Mode.ENHANCE_DRAFT
    plan = pricing.plan(job.request.prompt, model=job.request.model, mode=mode, source=step.facts(mode))
    return NextFilm(step, _quiet(plan, NOTHING))


def fulls(job: Job, *, seed: int | None = None) -> Iterator[NextFilm]:
    """Yield what a draft may be made to: in full from what fal kept of it, or the same at higher resolutions."""
    endpoint = _own_row(job)
    if endpoint is None:
        return
    if job.request.model == _DRAFTS:
        with suppress(BadRequest):
            yield enhanced(job)
        return
    order = sorted(endpoint.resolutions, key=lambda each: pricing.lines_of(each) or 0)
    if not order or job.request.resolution != order[0]:
        return
    for resolution in order[1:]:
        with suppress(BadRequest):
            yield remade(job, "full", resolution=resolution, seed=seed)


def in_full(job: Job, *, seed: int | None = None) -> NextFilm:
    """Plan a draft's own request in full, as what fal kept of it may be gone. Raises BadRequest."""
    return remade(job, "full", seed=seed, model=_WHOLE_OF_DRAFT)


def switched(job: Job) -> NextFilm:
    """Plan the same film with sound where it has none, and without where it has some. Raises BadRequest."""
    endpoint = _own_row(job)
    if endpoint is None or endpoint.sound_field is None:
        raise BadRequest("unpriced", model=job.request.model)
    sound = not _has_sound(job)
    return remade(job, "sound" if sound else "silent", sound=sound, seed=job.request.seed)


def remade(
    job: Job,
    kind: StepKind,
    *,
    model: str | None = None,
    resolution: str | None = None,
    sound: bool | None = None,
    seed: int | None = None,
) -> NextFilm:
    """Plan a film's own request once more, with this of it changed. Raises BadRequest."""
    made = job.request
    plan = pricing.plan(
        made.prompt,
        model=model or made.model,
        mode=made.mode,
        duration=made.duration_s,
        resolution=resolution or made.resolution,
        aspect_ratio=made.aspect_ratio,
        seed=made.seed if seed is None else seed,
        sound=made.sound if sound is None else sound,
        negative_prompt=made.negative_prompt,
        references=max(1, len(made.sources)),
    )
    return NextFilm(_step(kind, job, _film(job)), _quiet(plan, NOTHING))


def _own_row(job: Job) -> Endpoint | None:
    """Return the row that made a film of words or pictures; None for what was made of a film."""
    of_film = job.step is not None and job.step.kind in OF_FILM
    if of_film or job.request.mode is Mode.VIDEO_TO_VIDEO:
        return None
    try:
        return _sold(job.request.model).modes.get(job.request.mode)
    except BadRequest:
        return None


def maker(job: Job) -> str:
    """Return the model that the film was made with, whoever enlarged it since."""
    made_by = job.step.model if job.step is not None and job.step.kind in {"upscale", "enhance"} else ""
    return made_by or job.request.model


def parts_of(job: Job) -> int:
    """Return of how many parts the film is; of an enlarged one those of what was enlarged."""
    if job.step is not None and job.step.kind == "upscale":
        return job.step.parts
    return job.video.parts if job.video is not None else 1


def _film(job: Job) -> VideoFile:
    if job.video is None:
        raise BadRequest("film_gone")
    return job.video


def _step(kind: StepKind, job: Job, film: VideoFile) -> FilmStep:
    facts = (film.size, film.width, film.height, film.duration_s)
    return FilmStep(kind, parts_of(job), *facts, model=maker(job))


def _sold(name: str) -> Model:
    model = pricing.find(name)
    if model.retired is not None:
        raise BadRequest("model_retired", model=model.name, day=model.retired)
    return model


def _way_on(model: Model, job: Job, film: VideoFile) -> Mode:
    """Return how the model goes on from this film: by itself, or from its last frame."""
    native = pricing.offered(model, Mode.EXTEND_VIDEO)
    return Mode.EXTEND_VIDEO if native is not None and _takes(native, job, film) else Mode.IMAGE_TO_VIDEO


def _takes(native: Endpoint, job: Job, film: VideoFile) -> bool:
    least, most = native.source_seconds
    return (
        (not most or film.duration_s <= most)
        and film.duration_s >= least
        and (not native.source_bytes or film.size <= native.source_bytes)
        and min(film.width, film.height) >= native.min_side
        and (not native.source_sound or _has_sound(job))
    )


def _has_sound(job: Job) -> bool:
    """Return whether the film is known to have sound."""
    if job.request.sound is not None or maker(job) != job.request.model:
        return bool(job.request.sound)
    try:
        endpoint = pricing.find(job.request.model).modes.get(job.request.mode)
    except BadRequest:
        return False
    return endpoint is not None and endpoint.has_sound


def _if_any(value: str | None, choices: object, made: VideoRequest) -> str | None:
    """Return the film's own value where the new request has a place for one; an enlarged film has none to go by."""
    return value if choices and made.mode is not Mode.UPSCALE_VIDEO else None


def _quiet(plan: Plan, choices: Choices) -> Plan:
    """Return the plan without what became of values that nobody has asked for now."""
    shown = [each for each in plan.adjustments if each.field == "model" or choices.asked(each.field)]
    return replace(plan, adjustments=tuple(shown))

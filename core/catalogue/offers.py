"""What of the catalogue is offered just now: fal takes models and values away, and the guard holds them back meanwhile.

As with the tiers, what is held back is this process's; who keeps it for all processes is the caller. Rows themselves
never change: a request that was bought goes on by its whole row.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from core.catalogue import MODELS
from core.catalogue.drift import Finding, Findings, narrowed
from core.catalogue.finding import list_models
from core.catalogue.row import Endpoint, Model
from core.errors import BadRequest
from core.types import Mode, VideoRequest


class _Stock:
    """What is held back now, and what is left of each such row; None: nothing."""

    def __init__(self, findings: Findings) -> None:
        known = dict(rows())
        self.findings = {key: tuple(each) for key, each in findings.items() if each and key in known}
        self.left = {key: narrowed(known[key], each) for key, each in self.findings.items()}


def rows() -> Iterable[tuple[tuple[str, Mode], Endpoint]]:
    """Yield every row that is sold, by its endpoint and mode."""
    for model in MODELS:
        if model.retired is None:
            for mode, endpoint in model.modes.items():
                yield (endpoint.id, mode), endpoint


def hold_back(findings: Findings) -> None:
    """Hold back what these findings name from now on, and nothing else."""
    global _stock  # noqa: PLW0603 - as the tiers are: of the whole process
    _stock = _Stock(findings)


def held_back() -> Findings:
    """Return what is held back."""
    return _stock.findings


def is_off(key: tuple[str, Mode], findings: Sequence[Finding]) -> bool:
    """Return whether nothing of this row can be sent, with these findings."""
    row = dict(rows()).get(key)
    return row is not None and narrowed(row, findings) is None


def name_of(key: tuple[str, Mode]) -> str:
    """Return the name of the model that a row is of; its endpoint where it is of none any more."""
    endpoint_id, mode = key
    names = (each.name for each in MODELS if mode in each.modes and each.modes[mode].id == endpoint_id)
    return next(names, endpoint_id)


def offered(model: Model, mode: Mode) -> Endpoint | None:
    """Return what is offered of a model in one mode; None where fal takes nothing of it, or it has no such mode."""
    row = model.modes.get(mode)
    return None if row is None else _stock.left.get((row.id, mode), row)


def require_offered(model: Model, mode: Mode) -> Endpoint:
    """Return what is offered of a model in a mode that it has. Raises BadRequest("model_unavailable")."""
    row = offered(model, mode)
    if row is None:
        other = stand_in(model, mode)
        named = {"instead": other.name, "instead_key": other.key} if other else {"instead": "", "instead_key": ""}
        raise BadRequest("model_unavailable", model=model.name, mode=str(mode), **named)
    return row


def stand_in(model: Model, mode: Mode) -> Model | None:
    """Return the model to use instead: of those that cost no more a second the dearest, else the cheapest there is."""
    others = [(each, row) for each in list_models() if each.key != model.key and (row := offered(each, mode))]
    most = _rate(model.modes[mode])
    fits = [(_rate(row), each) for each, row in others if _rate(row) <= most]
    if fits:
        return max(fits, key=lambda pair: pair[0])[1]
    return min(others, key=lambda pair: _rate(pair[1]), default=(None,))[0]


def _rate(row: Endpoint) -> Decimal:
    """Return the dollars for a second when nobody says anything."""
    if row.usd_per_clip:
        return min(usd / seconds for seconds, usd in row.usd_per_clip.items())
    return row.prices(sound=row.has_sound)[row.default_resolution or ""]


def is_offered(request: VideoRequest) -> bool:
    """Return whether exactly these values can be ordered just now."""
    key = (request.endpoint, request.mode)
    if key not in _stock.left:
        return True
    row = _stock.left[key]
    if row is None:
        return False
    ratios = (*row.aspect_ratios, row.default_aspect_ratio)
    return (
        (request.duration_s is None or request.duration_s in row.durations)
        and (request.resolution is None or request.resolution in row.resolutions)
        and (request.aspect_ratio is None or request.aspect_ratio in ratios)
        and (request.seed is None or row.seed)
        and (request.negative_prompt is None or row.negative_field is not None)
        and (not row.has_prompt or len(request.prompt) <= row.prompt_chars)
    )


_stock = _Stock({})

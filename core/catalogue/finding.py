"""Finds a model by any of its names, and keeps which models are this process's tiers.

The tiers are the operator's to choose (REELBOT_TIERS): a process reads them once, as it reads its environment.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from difflib import get_close_matches
from itertools import chain

from core.catalogue import MODELS
from core.catalogue.row import Endpoint, Model
from core.errors import BadRequest
from core.types import Mode

CHINESE_FAMILIES = {
    **dict.fromkeys(("通义万相", "通義萬相", "万相", "萬相"), "wan"),
    **dict.fromkeys(("快手可灵", "快手可靈", "可灵", "可靈"), "kling"),
    **dict.fromkeys(("即梦", "即夢", "豆包"), "seedance"),
    "海螺": "hailuo",
}
"""What Chinese speakers call a family of models; a longer name stands before one that is its end."""
TIERS = tuple(model.tier for model in MODELS if model.tier)
"""The names of the tiers, the cheapest first."""


class _Shelf:
    """The rows as this process sells them."""

    def __init__(self, models: Iterable[Model]) -> None:
        self.models = tuple(models)
        self.by_name = {folded_name(name): model for model in self.models for name in names_of(model)}


def list_models() -> tuple[Model, ...]:
    """Return every model that is sold: the tiers first, the cheapest tier first."""
    return tuple(model for model in _shelf.models if model.retired is None)


def find(name: str) -> Model:
    """Find a model by tier, key, friendly name, alias, or full endpoint id of any of its modes; a retired one, too.

    Raises BadRequest("unknown_model").
    """
    model = _shelf.by_name.get(folded_name(name))
    if model is None:
        raise BadRequest("unknown_model", model=name[:60])
    return model


def row_of(model: str, mode: Mode) -> Endpoint:
    """Return the row by which a request of this model is sent. Raises BadRequest where there is none any more."""
    found = find(model)
    if found.retired is not None:
        raise BadRequest("model_retired", model=found.name, day=found.retired)
    if mode not in found.modes:
        raise BadRequest("source_not_supported", model=found.name, mode=str(mode), able=", ".join(able(mode)[:5]))
    return found.modes[mode]


def able(mode: Mode) -> list[str]:
    """Return the keys of the models that make a film in this mode themselves."""
    return [model.key for model in list_models() if mode in model.modes]


def near(name: str) -> list[str]:
    """Return the names of the tiers and models that are most like `name`."""
    names = [each for model in list_models() for each in (model.tier, model.key) if each]
    return get_close_matches(name.casefold(), names, n=3, cutoff=0.5)


def use_tiers(tiers: Mapping[str, str]) -> None:
    """Make these models the tiers of this process: `{"budget": "wan-3.0"}`. A tier that is left out keeps its own.

    Raises BadRequest: "unknown_model", "model_retired", and "bad_option" for a tier that there is not, a model without
    words alone, or one model for two tiers.
    """
    global _shelf  # noqa: PLW0603 - a part of the environment, and as much of the whole process
    _shelf = _Shelf(_with_tiers(tiers))


def _with_tiers(tiers: Mapping[str, str]) -> list[Model]:
    by_name = _Shelf(MODELS).by_name
    chosen = {model.tier: model.key for model in MODELS if model.tier}
    for tier, name in tiers.items():
        if tier not in chosen:
            raise BadRequest("bad_option", option="tier", value=tier[:40])
        model = by_name.get(folded_name(name))
        if model is None:
            raise BadRequest("unknown_model", model=name[:60])
        if model.retired is not None:
            raise BadRequest("model_retired", model=model.name, day=model.retired)
        if Mode.TEXT_TO_VIDEO not in model.modes:
            raise BadRequest("bad_option", option="tier", value=f"{model.name} makes nothing of words alone")
        chosen[tier] = model.key
    if len(set(chosen.values())) < len(chosen):
        raise BadRequest("bad_option", option="tier", value="one model for two tiers")
    tier_of = {key: tier for tier, key in chosen.items()}
    rows = [replace(model, tier=tier_of.get(model.key)) for model in MODELS]
    return sorted(rows, key=lambda model: TIERS.index(model.tier) if model.tier else len(TIERS))


def folded_name(name: str) -> str:
    """Fold a model's name for comparison: without case, spaces, dashes and spellings of a version.

    "Kling v3.0" is "kling-3", and so are "可灵3" and "可灵AI 3".
    """
    bare = re.sub(r"[\s_-]", "", name.casefold()).removeprefix("falai/")
    for chinese, family in CHINESE_FAMILIES.items():
        bare = bare.replace(f"{chinese}ai", family).replace(chinese, family)
    return re.sub(r"(?<=\d)\.0(?!\d)", "", re.sub(r"(?<=[a-z])v(?=\d)", "", bare))


def names_of(model: Model) -> Iterable[str]:
    """Return every name by which a model is found."""
    tier = [model.tier] if model.tier else []
    return chain([model.key, model.name], tier, model.aliases, (endpoint.id for endpoint in model.modes.values()))


_shelf = _Shelf(MODELS)

"""Values are frozen and slotted: nobody changes a price, a claim or a result that somebody else holds."""

import importlib
import pkgutil
from dataclasses import is_dataclass

import pytest

import bot.store
import core.assets
import core.fal
import core.media

MODULES = [
    f"{package.__name__}.{each.name}"
    for package in (core, core.assets, core.fal, core.media, bot.store)
    for each in pkgutil.iter_modules(package.__path__)
    if not each.ispkg
]

WITH_A_LIFE = {"core.fal.storage.ProcessKeyValues", "core.media.fair_semaphore.Owner"}
"""They count and remember for as long as their process lives."""


@pytest.mark.parametrize("name", MODULES)
def test_values_are_frozen_and_slotted(name: str) -> None:
    found = [each for each in vars(importlib.import_module(name)).values() if isinstance(each, type)]
    for value in found:
        if value.__module__ == name and is_dataclass(value) and f"{name}.{value.__name__}" not in WITH_A_LIFE:
            assert value.__dataclass_params__.frozen, value  # type: ignore[attr-defined]  # dataclasses' own field
            assert "__slots__" in vars(value), value

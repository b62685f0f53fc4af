"""Makes a mutant in this process, in memory alone."""

import ast
import importlib.abc
import importlib.util
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import CodeType, FunctionType, ModuleType
from typing import Any

from tests.mutants.sites import Mutant

_OURS = ("core", "bot", "tests")


def make(mutant: Mutant, tree: ast.Module, path: str) -> None:
    """`tree` is the changed module. A function gets its changed code, whoever has imported it before; where the module
    itself is changed, everything of ours is imported anew.
    """
    code = compile(tree, path, "exec", dont_inherit=True)
    name = mutant.file.removesuffix(".py").replace("/", ".")
    if mutant.where:
        _function(sys.modules[name], mutant.where).__code__ = _code(code, mutant.where)
        return
    for each in [each for each in sys.modules if each.partition(".")[0] in _OURS and not each.startswith(__package__)]:
        del sys.modules[each]
    sys.meta_path.insert(0, _Finder(name, code))


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds the changed module instead of its file."""

    def __init__(self, name: str, code: CodeType) -> None:
        self._name, self._code = name, code

    def find_spec(self, fullname: str, _path: Sequence[str] | None, _target: Any = None) -> ModuleSpec | None:
        if fullname != self._name:
            return None
        return importlib.util.spec_from_loader(fullname, self, origin=self._code.co_filename)

    def exec_module(self, module: ModuleType) -> None:
        exec(self._code, module.__dict__)


def _function(module: ModuleType, where: str) -> FunctionType:
    found: Any = module
    for part in where.split("."):
        found = vars(found)[part]
    found = found.fget if isinstance(found, property) else getattr(found, "__func__", found)
    while hasattr(found, "__wrapped__"):
        found = found.__wrapped__
    assert isinstance(found, FunctionType), where
    return found


def _code(code: CodeType, where: str) -> CodeType:
    """The code of the function `where`, out of its module's."""
    for each in code.co_consts:
        if isinstance(each, CodeType):
            if each.co_qualname == where:
                return each
            if where.startswith(f"{each.co_qualname}."):
                return _code(each, where)
    raise LookupError(where)

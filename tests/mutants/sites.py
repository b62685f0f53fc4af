"""Where a source file can be changed a little so that a test ought to notice: every mutant of a file, in a fixed order.

Left alone, since nothing of them runs or mypy holds them: imports, docstrings, annotations, aliases of types.
"""

import ast
from collections import Counter
from dataclasses import dataclass

from tests.mutants.changes import CHANGES

_NOT_RUN: frozenset[tuple[type[ast.AST], str]] = frozenset(
    {(ast.arg, "annotation"), (ast.FunctionDef, "returns"), (ast.AsyncFunctionDef, "returns")}
    | {(ast.AnnAssign, "annotation")}
)


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change. `where`: the outermost function around it, or "" where the module runs it when it is imported."""

    file: str
    where: str
    name: str
    first_line: int
    last_line: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where a node stands: a field of `parent`, or an item of it."""

    parent: ast.AST
    field: str
    index: int | None

    def put(self, node: ast.AST) -> None:
        ast.fix_missing_locations(ast.copy_location(node, self.parent))
        if self.index is None:
            setattr(self.parent, self.field, node)
        else:
            getattr(self.parent, self.field)[self.index] = node


@dataclass(frozen=True, slots=True)
class Site:
    """A mutant and how it is made: `new` in that place."""

    mutant: Mutant
    place: Place
    new: ast.AST

    def apply(self) -> None:
        self.place.put(self.new)


def sites_of(file: str, tree: ast.Module) -> list[Site]:
    """Every mutant of the file. Each has a name of its own that does not depend on the lines around it."""
    walk = _Walk(file)
    walk.inside(tree)
    return walk.sites


class _Walk:
    def __init__(self, file: str) -> None:
        self.sites: list[Site] = []
        self._file = file
        self._names: Counter[str] = Counter()
        self._scope: list[str] = []
        self._function = ""
        self._statement: ast.stmt | None = None

    def inside(self, node: ast.AST) -> None:
        for field, value in ast.iter_fields(node):
            if (type(node), field) in _NOT_RUN:
                continue
            if isinstance(value, list):
                for index, each in enumerate(value):
                    self._at(each, Place(node, field, index))
            else:
                self._at(value, Place(node, field, None))

    def _at(self, node: object, place: Place) -> None:
        if not isinstance(node, ast.AST) or _says_nothing(node):
            return
        before = self._statement, self._function, list(self._scope)
        self._enter(node, place.field)
        for kind, changes in CHANGES:
            if isinstance(node, kind):
                for what, new in changes(node):
                    self._add(node, what, place, new)
        self.inside(node)
        self._statement, self._function, self._scope = before

    def _enter(self, node: ast.AST, field: str) -> None:
        if isinstance(node, ast.stmt):
            self._statement = node
            if field == "body" and self._scope and not self._function and self._scope[-1].endswith("()"):
                self._function = ".".join(self._scope).removesuffix("()")
        if isinstance(node, ast.ClassDef) and not self._function:
            self._scope = [*self._scope, node.name]
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not self._function:
            self._scope = [*self._scope, f"{node.name}()"]

    def _add(self, node: ast.AST, what: str, place: Place, new: ast.AST) -> None:
        named = f"{'.'.join(self._scope).removesuffix('()') or 'module'}: {what}"
        self._names[named] += 1
        number = self._names[named]
        first = getattr(self._statement, "lineno", 1)
        last = max(first, _last_line(node, default=first))
        name = named if number == 1 else f"{named} ({number})"
        self.sites.append(Site(Mutant(self._file, self._function, name, first, last), place, new))


def _last_line(node: ast.AST, *, default: int) -> int:
    """Of what runs as this statement, without the statements inside it."""
    if isinstance(node, ast.If | ast.While):
        node = node.test
    simple = isinstance(node, ast.expr) or (isinstance(node, ast.stmt) and not hasattr(node, "body"))
    return getattr(node, "end_lineno", default) if simple else default


def _says_nothing(node: ast.AST) -> bool:
    is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    is_alias = isinstance(node, ast.Assign) and isinstance(node.value, ast.Subscript) and node.col_offset == 0
    return is_text or is_alias or isinstance(node, ast.Import | ast.ImportFrom)

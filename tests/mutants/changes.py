"""The small changes that are made to code: to a constant, an operator, an argument, a condition, a statement."""

import ast
from collections.abc import Callable, Iterator
from typing import TypeGuard

_LONGEST = 70
_AS_NAMED = frozenset({"isinstance", "len"})
"""With None as an argument these always raise: such mutants would be killed by anything."""

_COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
_COUNTED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Div,
    ast.Mod: ast.Div, ast.Pow: ast.Mult, ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr,
}  # fmt: skip
_METHODS = {
    "lower": "upper", "upper": "lower", "lstrip": "rstrip", "rstrip": "lstrip", "startswith": "endswith",
    "endswith": "startswith", "removeprefix": "removesuffix", "removesuffix": "removeprefix", "match": "fullmatch",
    "fullmatch": "match", "search": "fullmatch", "first": "one",
}  # fmt: skip


Changes = Iterator[tuple[str, ast.AST]]


def _constant(node: ast.Constant) -> Changes:
    value, new = node.value, None
    if isinstance(value, bool):
        new = ast.Constant(not value)
    elif isinstance(value, int | float):
        new = ast.Constant(value + 1)
    elif isinstance(value, str):
        new = ast.Constant(f"QQ{value}QQ")
    elif isinstance(value, bytes):
        new = ast.Constant(b"QQ" + value + b"QQ")
    if new is not None:
        yield _change(node, new), new


def _assign(node: ast.Assign | ast.AnnAssign) -> Changes:
    target = node.targets[0] if isinstance(node, ast.Assign) else node.target
    if node.value is not None:
        value = ast.Constant("" if _is_none(node.value) else None)
        new = ast.Assign([target], value)
        yield f"{_text(target)} = {value.value!r} not {_text(node.value)}", new


def _augmented(node: ast.AugAssign) -> Changes:
    yield _change(node, new := ast.Assign([node.target], node.value)), new


def _unary(node: ast.UnaryOp) -> Changes:
    yield _change(node, node.operand), node.operand


def _operator(node: ast.BinOp) -> Changes:
    yield _change(node, new := ast.BinOp(node.left, _COUNTED[type(node.op)](), node.right)), new


def _counted(node: ast.AugAssign) -> Changes:
    yield _change(node, new := ast.AugAssign(node.target, _COUNTED[type(node.op)](), node.value)), new


def _boolean(node: ast.BoolOp) -> Changes:
    other = ast.BoolOp(ast.And() if isinstance(node.op, ast.Or) else ast.Or(), node.values)
    yield _change(node, other), other
    for index, value in enumerate(node.values):
        rest = node.values[:index] + node.values[index + 1 :]
        yield f"without: {_word(node.op)} {_text(value)}", rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest)


def _compare(node: ast.Compare) -> Changes:
    for index, op in enumerate(node.ops):
        ops = [*node.ops[:index], _COMPARED[type(op)](), *node.ops[index + 1 :]]
        new = ast.Compare(node.left, ops, node.comparators)
        yield _change(node, new), new


def _call(node: ast.Call) -> Changes:
    called = _short(node.func)
    if called in _AS_NAMED:
        return
    values: list[ast.expr | ast.keyword] = [*node.args, *node.keywords]
    for index, value in enumerate(values):
        label = f"{called}({_label(value, index)})"
        if not (isinstance(value, ast.Starred) or _is_no(value.value if isinstance(value, ast.keyword) else value)):
            gone: ast.expr | ast.keyword
            gone = ast.keyword(value.arg, ast.Constant(None)) if isinstance(value, ast.keyword) else ast.Constant(None)
            yield f"{label} = None", _with(node, [*values[:index], gone, *values[index + 1 :]])
        if len(values) > 1:
            yield f"{label} left out", _with(node, values[:index] + values[index + 1 :])


def _with(node: ast.Call, values: list[ast.expr | ast.keyword]) -> ast.Call:
    args = [each for each in values if isinstance(each, ast.expr)]
    return ast.Call(node.func, args, [each for each in values if isinstance(each, ast.keyword)])


def _method(node: ast.Attribute) -> Changes:
    if node.attr in _METHODS:
        yield _change(node, new := ast.Attribute(node.value, _METHODS[node.attr], node.ctx)), new


def _lambda(node: ast.Lambda) -> Changes:
    yield f"{_text(node)} -> None", ast.Lambda(node.args, ast.Constant(None))


def _forced(node: ast.Return) -> Changes:
    if isinstance(node.value, ast.Compare | ast.BoolOp) or _is_kind(node.value):
        for value in (True, False):
            yield f"return {value} not {_text(node.value)}", ast.Return(ast.Constant(value))


def _is_kind(node: ast.expr | None) -> TypeGuard[ast.Call]:
    return isinstance(node, ast.Call) and _short(node.func) == "isinstance"


def _ternary(node: ast.IfExp) -> Changes:
    yield f"{_text(node.test)}: always", node.body
    yield f"{_text(node.test)}: never", node.orelse


def _branch(node: ast.If | ast.While) -> Changes:
    for what, value in (("always", True), ("never", False)):
        new = type(node)(ast.Constant(value), node.body, node.orelse)
        if what == "never" or isinstance(node, ast.If):
            yield f"if {_text(node.test)}: {what}", new


def _filters(node: ast.comprehension) -> Changes:
    for index, test in enumerate(node.ifs):
        ifs = node.ifs[:index] + node.ifs[index + 1 :]
        yield f"without: if {_text(test)}", ast.comprehension(node.target, node.iter, ifs, node.is_async)


def _jump(node: ast.Break | ast.Continue) -> Changes:
    yield _change(node, new := ast.Continue() if isinstance(node, ast.Break) else ast.Break()), new


def _statement(node: ast.Expr | ast.Raise) -> Changes:
    yield f"without: {_text(node)}", ast.Pass()


def _return(node: ast.Return) -> Changes:
    if node.value is not None and not _is_none(node.value):
        yield f"return None not {_text(node.value)}", ast.Return(ast.Constant(None))


def _handler(node: ast.ExceptHandler) -> Changes:
    caught = node.type.elts if isinstance(node.type, ast.Tuple) else []
    for index, each in enumerate(caught):
        rest = ast.Tuple(caught[:index] + caught[index + 1 :], ast.Load())
        yield f"without: except {_text(each)}", ast.ExceptHandler(rest, node.name, node.body)


def _decorators(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Changes:
    for index, each in enumerate(node.decorator_list):
        left = node.decorator_list[:index] + node.decorator_list[index + 1 :]
        new = type(node)(node.name, node.args, node.body, left, node.returns)
        yield f"without: @{_text(each)}", new


CHANGES: list[tuple[type[ast.AST], Callable[..., Changes]]] = [
    (ast.Constant, _constant),
    (ast.Assign, _assign),
    (ast.AnnAssign, _assign),
    (ast.AugAssign, _augmented),
    (ast.AugAssign, _counted),
    (ast.UnaryOp, _unary),
    (ast.BinOp, _operator),
    (ast.BoolOp, _boolean),
    (ast.Compare, _compare),
    (ast.Call, _call),
    (ast.Attribute, _method),
    (ast.Lambda, _lambda),
    (ast.IfExp, _ternary),
    (ast.If, _branch),
    (ast.While, _branch),
    (ast.comprehension, _filters),
    (ast.Break, _jump),
    (ast.Continue, _jump),
    (ast.Expr, _statement),
    (ast.Raise, _statement),
    (ast.Return, _return),
    (ast.Return, _forced),
    (ast.ExceptHandler, _handler),
    (ast.FunctionDef, _decorators),
    (ast.AsyncFunctionDef, _decorators),
]


def _change(old: ast.AST, new: ast.AST) -> str:
    return f"{_text(old)} -> {_text(new)}"


def _text(node: ast.AST) -> str:
    copied = ast.fix_missing_locations(ast.copy_location(node, node))
    text = " ".join(ast.unparse(copied).split())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _word(op: ast.boolop) -> str:
    return "and" if isinstance(op, ast.And) else "or"


def _short(function: ast.expr) -> str:
    """The last part of what is called: `where` of a long chain."""
    return function.attr if isinstance(function, ast.Attribute) else _text(function)


def _label(value: ast.expr | ast.keyword, index: int) -> str:
    return f"{value.arg or '**'}=" if isinstance(value, ast.keyword) else f"#{index + 1}"


def _is_no(node: ast.expr) -> bool:
    """None, or a flag, which has a mutant of its own already."""
    return isinstance(node, ast.Constant) and (node.value is None or isinstance(node.value, bool))


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None

"""Hooks that can keep nothing from one call to the next, whatever they are called with: as their text shows.

Such a hooks.py needs no fork for each room: read anew for each turn, with new values, it finds nothing of the turn
before, for it has no way to anything that both could reach. It is a list of what may stand there, not of what may not:
of the language, of the standard library, and of the names behind a dot. Whatever else stands there may keep something
for all that is known here, and gets its forks. That is for mistakes; code that means to get round it is held by
walls.py, and has only rooms of its own study to tell of.
"""

from __future__ import annotations

import ast
import builtins
import collections
import decimal
import fractions
import math
import random
from collections.abc import Iterator
from functools import lru_cache

from app.study.hooks import networklab
from app.study.syntax.python import tree_of

# Without classes (what is called as one of them ends), generators (as they are ended), and what is entered and left.
STATEMENTS = (
    *(
        ast.Module,
        ast.FunctionDef,
        ast.Lambda,
        ast.arguments,
        ast.arg,
        ast.Return,
        ast.Delete,
        ast.Expr,
        ast.Pass,
    ),
    *(
        ast.Assign,
        ast.AugAssign,
        ast.AnnAssign,
        ast.NamedExpr,
        ast.Global,
        ast.Nonlocal,
        ast.Import,
        ast.ImportFrom,
    ),
    *(
        ast.alias,
        ast.For,
        ast.While,
        ast.If,
        ast.Break,
        ast.Continue,
        ast.Raise,
        ast.Try,
        ast.ExceptHandler,
        ast.Assert,
    ),
    *(ast.Match, ast.match_case, ast.pattern),
)
EXPRESSIONS = (
    *(
        ast.BoolOp,
        ast.BinOp,
        ast.UnaryOp,
        ast.IfExp,
        ast.Compare,
        ast.Call,
        ast.keyword,
        ast.Attribute,
        ast.Subscript,
    ),
    *(ast.Starred, ast.Name, ast.Constant, ast.List, ast.Tuple, ast.Set, ast.Dict, ast.Slice, ast.JoinedStr),
    *(ast.FormattedValue, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.comprehension),
    *(ast.expr_context, ast.boolop, ast.operator, ast.unaryop, ast.cmpop),
)
BUILTINS = {
    *(
        "abs all any ascii bin bool bytes callable chr complex dict divmod enumerate filter float format "
        "frozenset hex int isinstance issubclass iter len list map max min next oct ord pow print range "
        "repr reversed round set slice sorted str sum tuple zip Ellipsis NotImplemented"
    ).split(),
    *(name for name, one in vars(builtins).items() if isinstance(one, type) and issubclass(one, Exception)),
}
# What may be used of a module; the module itself is no value.
MODULES: dict[str, set[str]] = {
    "__future__": {"annotations"},
    "collections": {"Counter", "OrderedDict", "defaultdict", "deque"},
    "collections.abc": {"Callable", "Collection", "Iterable", "Iterator", "Mapping", "Sequence"},
    "decimal": {
        "Decimal",
        "InvalidOperation",
        *(name for name in vars(decimal) if name.startswith("ROUND_")),
    },
    "fractions": {"Fraction"},
    "functools": {"cache", "cmp_to_key", "lru_cache", "partial", "reduce"},
    "itertools": {
        *(
            "accumulate",
            "chain",
            "combinations",
            "combinations_with_replacement",
            "compress",
            "count",
            "cycle",
        ),
        *(
            "dropwhile",
            "filterfalse",
            "groupby",
            "islice",
            "pairwise",
            "permutations",
            "product",
            "repeat",
            "starmap",
        ),
        *("takewhile", "zip_longest"),
    },
    "math": {name for name in vars(math) if not name.startswith("_")},
    "networklab": {*(one.__name__ for one in networklab.PUBLIC), "Value"},
    "operator": {
        "add",
        "and_",
        "eq",
        "ge",
        "gt",
        "itemgetter",
        "le",
        "lt",
        "mul",
        "ne",
        "neg",
        "or_",
        "sub",
        "truediv",
    },
    "random": {"Random"},
    "statistics": {
        *(
            "fmean",
            "geometric_mean",
            "harmonic_mean",
            "mean",
            "median",
            "median_grouped",
            "median_high",
            "median_low",
        ),
        *("mode", "multimode", "pstdev", "pvariance", "quantiles", "stdev", "variance"),
    },
    "typing": {"Any", "Callable", "Final", "Iterable", "Literal", "Mapping", "Optional", "Sequence", "Union"},
}
# Whose names may stand behind a dot: none of them leads from a value to what is not part of that value.
OF_VALUES = (
    *(
        str,
        int,
        float,
        complex,
        bytes,
        tuple,
        list,
        dict,
        set,
        frozenset,
        range,
        decimal.Decimal,
        fractions.Fraction,
    ),
    *(
        collections.Counter,
        collections.OrderedDict,
        collections.defaultdict,
        collections.deque,
        random.Random,
    ),
    *networklab.PUBLIC,
)
NAMES = {name for one in OF_VALUES for name in dir(one) if not name.startswith("_")} | {"args"}


@lru_cache(100)
def keeps_nothing(source: str) -> bool:
    """Whether all that such a hooks.py may do is known, and none of it leaves anything for a later call."""
    try:
        tree = tree_of(source)
    except (SyntaxError, ValueError, RecursionError):
        return False
    nodes = list(ast.walk(tree))
    modules = dict(_modules(nodes))
    parts = {
        id(node.value)
        for node in nodes
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.attr in MODULES.get(modules.get(node.value.id, ""), ())
    }
    return all(_is_known(node, modules, parts) for node in nodes)


def _modules(nodes: list[ast.AST]) -> Iterator[tuple[str, str]]:
    """The names that stand for modules, and which."""
    for node in nodes:
        for one in node.names if isinstance(node, ast.Import) else ():
            yield one.asname or one.name, one.name


def _is_known(node: ast.AST, modules: dict[str, str], parts: set[int]) -> bool:
    """`parts`: the names of modules behind which stands what may be used of them."""
    if isinstance(node, ast.Import):
        return all(one.name in MODULES and (one.asname or "." not in one.name) for one in node.names)
    if isinstance(node, ast.ImportFrom):
        may = MODULES.get(node.module or "", set()) if not node.level else set()
        return all(one.name in may for one in node.names)
    if isinstance(node, ast.Name):
        if node.id in modules:
            return id(node) in parts
        return not node.id.startswith("__") and (node.id in BUILTINS or not hasattr(builtins, node.id))
    if isinstance(node, ast.Attribute):
        of_module = id(node.value) in parts
        return isinstance(node.ctx, ast.Load) and (of_module or node.attr in NAMES)
    if isinstance(node, ast.MatchClass):
        return NAMES.issuperset(node.kwd_attrs)
    return isinstance(node, (*STATEMENTS, *EXPRESSIONS))

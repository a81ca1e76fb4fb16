"""A study's Python, read without being run.

One at a time in a process: Python 3.11 counts how deep its reader is for all threads together, and where two read at
once it says that it is broken (a SystemError; CPython issue 106905). Where somebody else's code reads at that moment,
which asks for no turn here, it is read again.
"""

from __future__ import annotations

import ast
import threading
from collections.abc import Callable
from typing import TypeVar

Tree = TypeVar("Tree", bound=ast.AST)
TIMES = 5  # that it is read, at most
_reading = threading.Lock()


def tree_of(source: bytes | str, name: str = "<unknown>") -> ast.Module:
    """Raises SyntaxError, ValueError, RecursionError and MemoryError as `ast.parse` does."""
    return read_again(lambda: ast.parse(source, name))


def expression_of(text: str) -> ast.Expression:
    """The same of one expression, such as an annotation that stands there as a text."""
    return read_again(lambda: ast.parse(text, mode="eval"))


def read_again(read: Callable[[], Tree]) -> Tree:
    """What is read, also where Python's reader says once that it is broken."""
    with _reading:
        for _ in range(TIMES - 1):
            try:
                return read()
            except SystemError:
                continue
        return read()

"""A study's Python, read without being run.

One at a time in a process: Python 3.11 counts how deep its reader is for all threads together, and where two read at
once it says that it is broken (a SystemError; CPython issue 106905).
"""

from __future__ import annotations

import ast
import threading

_reading = threading.Lock()


def tree_of(source: bytes | str, name: str = "<unknown>") -> ast.Module:
    """Raises SyntaxError, ValueError, RecursionError and MemoryError as `ast.parse` does."""
    with _reading:
        return ast.parse(source, name)


def expression_of(text: str) -> ast.Expression:
    """The same of one expression, such as an annotation that stands there as a text."""
    with _reading:
        return ast.parse(text, mode="eval")

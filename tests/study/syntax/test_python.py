"""Stories of a study's Python that is read while somebody else's code reads some, too."""

from __future__ import annotations

import ast

import pytest

from app.study.syntax.python import TIMES, read_again, tree_of


def test_what_pythons_reader_could_not_read_beside_another_is_read_again() -> None:
    tried: list[int] = []

    def at_last() -> ast.Module:
        tried.append(1)
        if len(tried) < TIMES:
            raise SystemError("AST constructor recursion depth mismatch (before=39, after=57)")
        return ast.parse("x = 1")

    assert ast.unparse(read_again(at_last)) == "x = 1" and len(tried) == TIMES


def test_what_is_broken_for_good_is_said() -> None:
    def never() -> ast.Module:
        raise SystemError("for good")

    with pytest.raises(SystemError, match="for good"):
        read_again(never)
    with pytest.raises(SyntaxError):
        tree_of("x =")

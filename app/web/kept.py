"""What is made once and kept: templates, words, static files."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from app.study import pages
from app.study.stored import MOST

P = ParamSpec("P")
T = TypeVar("T")
_kept: list[OrderedDict[Hashable, Any]] = []


def kept(
    most: int = MOST, by: Callable[..., Hashable] | None = None
) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """What a function makes of templates, words and static files it makes once, until `forget`.

    The `most` that were asked for last are kept; `by` tells arguments apart that have no hash.
    """

    def remember(make: Callable[P, T]) -> Callable[P, T]:
        known: OrderedDict[Hashable, T] = OrderedDict()
        _kept.append(known)

        @wraps(make)
        def made(*args: P.args, **kwargs: P.kwargs) -> T:
            key = by(*args, **kwargs) if by else args
            if key in known:
                known.move_to_end(key)
            else:
                known[key] = make(*args, **kwargs)
                if len(known) > most:
                    known.popitem(last=False)
            return known[key]

        return made

    return remember


def forget() -> None:
    """All that was kept is made again when it is asked for: somebody writes on what it is made of."""
    for known in _kept:
        known.clear()
    pages.forget()

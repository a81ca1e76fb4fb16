"""A benchmark in a process of its own, for what would change this one: it leaves the network for one of its own."""

from __future__ import annotations

import multiprocessing
import signal
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection as Pipe
from typing import Any

from tests.bench.figure import Chapter

_new = multiprocessing.get_context("spawn")


def alone(measure: Callable[..., Chapter], *given: Any) -> Chapter:
    """What it measures. Raises what it raises; whatever ends us ends it, too, with all that it has started."""
    ours, theirs = _new.Pipe()
    process = _new.Process(target=_measure, args=(theirs, measure, given))
    process.start()
    theirs.close()
    try:
        found = ours.recv()
    except EOFError:
        raise RuntimeError(f"{measure.__module__} has ended without a word") from None
    finally:
        process.terminate()
        process.join()
    if isinstance(found, BaseException):
        raise found
    chapter: Chapter = found
    return chapter


def _measure(pipe: Pipe, measure: Callable[..., Chapter], given: tuple[Any, ...]) -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    found: Chapter | Exception
    try:
        found = measure(*given)
    except Exception as error:
        found = error
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # all that it has started has ended by now
    pipe.send(found)

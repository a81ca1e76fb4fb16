"""What a command says of how far it has come, while it works."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable


def progress_line() -> Callable[[str], None]:
    """What passes, with a clock before it, is on a terminal one line that changes, elsewhere one every ten seconds. All
    else stays. On stderr: stdout is the verdict's.
    """
    passes = re.compile(r"(\d+:)+\d\d ").match
    if sys.stderr.isatty():
        return lambda line: print(
            f"\r\x1b[K{line}", end="" if passes(line) or not line else "\n", file=sys.stderr, flush=True
        )
    told = [time.monotonic()]

    def write(line: str) -> None:
        passing = passes(line)
        if line and (not passing or time.monotonic() - told[0] >= 10):
            told[0] = time.monotonic() if passing else told[0]
            print(line, file=sys.stderr, flush=True)

    return write

"""What a command says of how far it has come, while it works."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable


def progress_line() -> Callable[[str], None]:
    """On a terminal one line that changes; elsewhere one every ten seconds. On stderr: stdout is the verdict's."""
    if sys.stderr.isatty():
        return lambda line: print(f"\r\x1b[K{line}", end="", file=sys.stderr, flush=True)
    told = [time.monotonic()]

    def write(line: str) -> None:
        passing = re.match(r"\d+:\d\d ", line)
        if line and (not passing or time.monotonic() - told[0] >= 10):
            told[0] = time.monotonic() if passing else told[0]
            print(line, file=sys.stderr, flush=True)

    return write

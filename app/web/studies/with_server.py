"""`python -m app.web.studies.with_server check …`: `networklab check …`, which ends as the server does that began it.

Linux sees to that. Elsewhere it ends by its own limits.
"""

from __future__ import annotations

import ctypes
import runpy
import signal
import sys

PR_SET_PDEATHSIG = 1


def run() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a server in the background may ignore it
    if sys.platform == "linux":
        # As Ctrl-C does, so that its own servers and databases end, too.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, ctypes.c_ulong(signal.SIGINT), 0, 0, 0)
    runpy.run_module("app", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    run()

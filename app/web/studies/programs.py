"""A command of ours in a process of its own, which knows none of the server's settings, comes after all players, and
ends with the server.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from app.config import PACKAGE

KEPT_NAMES = ("PATH", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH")
TIDYING = 20.0  # seconds for what it has started itself


async def run_command(
    arguments: Sequence[str], folder: Path, seconds: float, memory: int = 0, environ: Mapping[str, str] = {}
) -> tuple[bytes, bytes]:
    """What it printed, and what it said of errors. `memory`: bytes of addresses; 0: as much as there is.

    Raises TimeoutError after so many seconds; nothing of it is left then.
    """
    known = {name: os.environ[name] for name in KEPT_NAMES if name in os.environ}
    # Found where this server is, wherever it was started from.
    known |= dict(PYTHONPATH=str(PACKAGE.parent), PYTHONSAFEPATH="1", NO_COLOR="1", PYTHONUTF8="1")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app.web.studies.with_server", *arguments),
        cwd=folder,
        env=known | dict(environ),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    _hold_back(process.pid, memory)
    try:
        async with asyncio.timeout(seconds):
            return await process.communicate()
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGINT)
            with suppress(TimeoutError):
                async with asyncio.timeout(TIDYING):
                    await process.wait()
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


def _hold_back(pid: int, memory: int) -> None:
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, pid, 10)
    if memory:
        with suppress(ImportError, AttributeError, OSError, ValueError):  # macOS has no prlimit
            import resource

            resource.prlimit(pid, resource.RLIMIT_AS, (memory, memory))

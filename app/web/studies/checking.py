"""`networklab check`, as the command runs it, in a process of its own: one that hangs or eats memory is ended.

What the upload's hooks.py may do is what it may do there (docs/hooks.md); of the server's settings it has none.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from app import __version__
from app.config import PACKAGE
from app.study.shelf import CheckReport

SECONDS = 120.0  # that a check may take
MEMORY = 4_000_000_000  # bytes of addresses
MOST = 200  # mistakes that are kept
KEPT_NAMES = ("PATH", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT", "LD_LIBRARY_PATH")


class CheckError(Exception):
    """It could not be checked; the text says why and what to do."""


async def check_folder(folder: Path) -> CheckReport:
    """Raises `CheckError`."""
    environ = {name: os.environ[name] for name in KEPT_NAMES if name in os.environ}
    # Found where this server is, wherever it was started from.
    environ |= dict(PYTHONPATH=str(PACKAGE.parent), PYTHONSAFEPATH="1", NO_COLOR="1", PYTHONUTF8="1")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app", "check", str(folder), "--json"),
        cwd=folder,
        env=environ,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    _hold_back(process.pid)
    try:
        async with asyncio.timeout(SECONDS):
            said, wrong = await process.communicate()
    except TimeoutError:
        raise CheckError(
            f"The check did not end within {SECONDS:.0f} seconds. Make its hooks shorter, or check it by `networklab"
            " check` on your own machine."
        ) from None
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
    return CheckReport(_report(said, wrong, folder), __version__)


def _hold_back(pid: int) -> None:
    """Players come first, and it takes no more memory than a check needs."""
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, pid, 10)
    with suppress(ImportError, AttributeError, OSError, ValueError):  # macOS has no prlimit
        import resource

        resource.prlimit(pid, resource.RLIMIT_AS, (MEMORY, MEMORY))


def _report(said: bytes, wrong: bytes, folder: Path) -> dict[str, Any]:
    try:
        report: dict[str, Any] = json.loads(said)
    except ValueError:
        sentence = wrong.decode("utf-8", "replace").strip().replace(str(folder), "The folder")
        if not sentence or "Traceback" in sentence:
            raise CheckError(
                "It could not be checked. Whoever runs the server finds why in its log."
            ) from None
        one = dict(
            file="", line=0, column=0, suggestion="", sentence=sentence[:2_000], excerpt="", grave=True
        )
        return dict(ok=False, mistakes=[one])
    report["mistakes"] = sorted(report["mistakes"], key=lambda one: not one["grave"])[:MOST]
    return report

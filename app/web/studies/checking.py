"""`networklab check`, as the command runs it, in a process of its own: one that hangs or eats memory is ended.

What the upload's hooks.py may do is what it may do there (docs/hooks.md); of the server's settings it has none.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from app import __version__
from app.study.shelf import CheckReport
from app.web.studies.programs import run_command

SECONDS = 120.0  # that a check may take
MEMORY = 4_000_000_000  # bytes of addresses
MOST = 200  # mistakes that are kept


class CheckError(Exception):
    """It could not be checked; the text says why and what to do."""


async def check_folder(folder: Path) -> CheckReport:
    """Raises `CheckError`."""
    try:
        said, wrong = await run_command(["check", str(folder), "--json"], folder, SECONDS, MEMORY)
    except TimeoutError:
        raise CheckError(
            f"The check did not end within {SECONDS:.0f} seconds. Make its hooks shorter, or check it by `networklab"
            " check` on your own machine."
        ) from None
    return CheckReport(_report(said, wrong, folder), __version__)


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

"""The pages of a kept study as its players would see them, drawn in a process of its own, as a check is made: what a
study wrote runs beside no player, knows nothing of the server, and is ended where it hangs."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from app.web.studies.leftovers import STUDIES
from app.web.studies.programs import run_command

logger = logging.getLogger(__name__)
SECONDS = 20.0  # that the pages of one place may take
MEMORY = 2_000_000_000  # bytes of addresses


class WalkError(Exception):
    """They could not be drawn; the text says why and what to do."""


async def walk(
    files: Mapping[str, bytes], look: Mapping[str, Any], seconds: float = SECONDS
) -> dict[str, Any]:
    """What `networklab walk` says: the places there are, and the pages of the one that is looked at.

    Raises `WalkError`.
    """
    with TemporaryDirectory(prefix=STUDIES, ignore_cleanup_errors=True) as name:
        asked = Path(name) / "asked.json"
        await asyncio.to_thread(_write, asked, files, look)
        try:
            said, wrong = await run_command(["walk", str(asked)], Path(name), seconds, MEMORY)
        except TimeoutError:
            raise WalkError(
                f"These pages took more than {seconds:.0f} seconds to draw. Look for a loop in them that is long."
            ) from None
    try:
        told: dict[str, Any] = json.loads(said)
    except ValueError:
        sentence = wrong.decode("utf-8", "replace").strip()
        if not sentence or "Traceback" in sentence:
            logger.error(
                "the pages of a study could not be drawn: %s", sentence or "the process said nothing"
            )
            raise WalkError(
                "They could not be drawn. Whoever runs the server finds why in its log."
            ) from None
        raise WalkError(
            f"There is nothing to walk through until the study can be read. {sentence[:500]}"
        ) from None
    return told


def _write(asked: Path, files: Mapping[str, bytes], look: Mapping[str, Any]) -> None:
    bodies = {path: base64.b64encode(body).decode() for path, body in files.items()}
    asked.write_text(json.dumps(dict(files=bodies, look=dict(look))), encoding="utf-8")

"""The files of a session, as a researcher takes them away."""

from __future__ import annotations

import csv
import io
import zipfile

from app.rehearsal.browser import Browser

Tables = dict[str, list[dict[str, str]]]


async def tables_of(researcher: Browser, session: str, *names: str) -> Tables:
    """What `names`.csv of the export hold, as rows by header."""
    packed = await researcher.get(f"/admin/sessions/{session}/export.zip")
    with zipfile.ZipFile(io.BytesIO(packed.body)) as zipped:
        return {
            name: list(csv.DictReader(io.StringIO(zipped.read(f"{name}.csv").decode()))) for name in names
        }

"""The notebooks of docs/notebooks, run on the data of a story's session as a reader runs them."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

from app.config import PROJECT
from app.export.export import write_folder
from app.study.model.study import Study

NOTEBOOKS = PROJECT / "docs" / "notebooks"


def run_notebook(name: str, url: str, session_id: str, study: Study, folder: Path) -> str:
    """What its cells print, one after the other, beside an export of this session in `data`."""
    folder.mkdir(exist_ok=True)
    asyncio.run(write_folder(url, session_id, study, folder / "data"))
    cells = json.loads((NOTEBOOKS / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]
    program = "\n\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    done = subprocess.run(
        [sys.executable, "-P", "-c", program], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout

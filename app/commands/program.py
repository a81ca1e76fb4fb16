"""By what somebody can call this program from where they are."""

from __future__ import annotations

import os
import shlex
import shutil

from app.config import PROJECT

NAME = "networklab"


def program() -> str:
    """Its name where that is on the path, as after `uv tool install`; else the script of its folder, seen from here."""
    script = PROJECT / "bin" / NAME
    if shutil.which(NAME) or not script.is_file():
        return NAME
    return shlex.quote(min(str(script), os.path.relpath(script), key=len))

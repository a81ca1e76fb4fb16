"""What rehearsals and checks of a server that was killed have left in the folder for temporary files."""

from __future__ import annotations

import os
import shutil
import stat
import time
from pathlib import Path
from tempfile import gettempdir

REHEARSALS, STUDIES = "networklab-rehearsal-", "networklab-study-"  # what the names of the folders begin with
OLD = 7200.0  # seconds: nothing of ours takes so long


def clear_leftovers(within: Path | None = None) -> None:
    """Folders of this user's, and old ones only: other servers may be at work here."""
    with os.scandir(within or gettempdir()) as found:
        for one in found:
            if one.name.startswith((REHEARSALS, STUDIES)):
                _clear(one)


def _clear(one: os.DirEntry[str]) -> None:
    try:
        known = one.stat(follow_symlinks=False)
    except OSError:  # gone meanwhile
        return
    if not stat.S_ISDIR(known.st_mode) or known.st_uid != os.geteuid():
        return
    if time.time() - known.st_mtime > OLD:
        shutil.rmtree(one.path, ignore_errors=True)

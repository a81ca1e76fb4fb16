"""Saves: which files under some folders have been written since one last looked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

Seen = Mapping[Path, tuple[int, int]]  # file → when it was written, and its size


class Saves:
    """Looks by itself at nothing: whoever wants to know asks, a few times a second."""

    def __init__(self, *folders: Path) -> None:
        self.folders = folders
        self.known = self.before = seen(folders)

    def new(self) -> list[Path]:
        """The files that were saved, came or went; again none until there is more.

        An editor may write a file in pieces or put another in its place: it counts once it has stood still for a look.
        """
        now = seen(self.folders)
        still, self.before = now == self.before, now
        if not still or now == self.known:
            return []
        changed = [path for path in sorted({*now, *self.known}) if now.get(path) != self.known.get(path)]
        self.known = now
        return changed


def seen(folders: Iterable[Path]) -> Seen:
    found = {}
    for folder in folders:
        for path in folder.rglob("*"):
            with suppress(OSError):  # gone between the look into the folder and the one at the file
                status = path.stat()
                if path.is_file() and "__pycache__" not in path.parts:
                    found[path] = status.st_mtime_ns, status.st_size
    return found

"""Slips of somebody who writes a study: each with the line that has it, before it runs and while people play."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.study.hooks.uses import HOOKS_FILE
from app.study.model.study import Study
from app.study.syntax.mistakes import Mistake, excerpt, whole_line
from app.web.broken_pages import broken

WIDEST = 64  # characters of a line: as many as the window has room for, or the mark would be out of sight


@dataclass(frozen=True, slots=True)
class Slip:
    """A mistake, and the line that has it, with a mark below."""

    mistake: Mistake
    excerpt: str


@dataclass(frozen=True, slots=True)
class Stopped:
    """A room that waits since a hook could not decide."""

    room: str
    hook: str
    sentence: str
    line: int


def slip(mistake: Mistake, files: Mapping[str, bytes]) -> Slip:
    return Slip(mistake, excerpt(mistake, files, widest=WIDEST).partition("\n")[2])


def of_room(stopped: Stopped, files: Mapping[str, bytes]) -> Slip:
    spot = whole_line(files.get(HOOKS_FILE, b""), stopped.line)
    sentence, cure = f"`{stopped.hook}`: {stopped.sentence}.", f"{stopped.room} waits until it is mended."
    return slip(Mistake(HOOKS_FILE, spot, sentence, cure, grave=False), files)


def add_unloaded(slips: list[Slip], study: Study, file: str, reason: str) -> None:
    """What a check can't find: a file whose name is put together while people play."""
    found = slip(
        Mistake(file, None, f"It {reason}.", "The page goes on without it.", grave=False), study.files
    )
    if found not in slips:
        slips.append(found)


def of_page(study: Study, page: str, error: Exception) -> Slip:
    """What a check can't find: a page that breaks while people play."""
    cure = "Ours is shown instead."
    return slip(broken(study, page, error, "It breaks while people play", cure, grave=False), study.files)

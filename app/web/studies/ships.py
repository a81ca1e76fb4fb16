"""The studies that come with NetworkLab, to begin with."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from app.config import PROJECT

FOLDER = PROJECT / "studies"


@dataclass(frozen=True, slots=True)
class Shipped:
    name: str  # of its folder
    title: str
    about: str  # the first paragraph of what it says of itself

    @property
    def folder(self) -> Path:
        return FOLDER / self.name


@cache
def shipped() -> tuple[Shipped, ...]:
    found = []
    for readme in sorted(FOLDER.glob("*/README.md")):
        title, about, *_ = [*readme.read_text(encoding="utf-8").strip().split("\n\n"), ""]
        plain = " ".join(about.split()).replace("`", "").replace("*", "")
        found.append(Shipped(readme.parent.name, title.removeprefix("# ").strip(), plain))
    return tuple(found)

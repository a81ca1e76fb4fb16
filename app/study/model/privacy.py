"""What a study tells players about their data, and whether they may have it deleted."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Privacy:
    """`notice` is a text for players, or the name of the study's file that has it: `is_page`."""

    notice: str = ""
    erase: bool = False  # players who are done may have deleted what is personal of them

    @property
    def is_page(self) -> bool:
        return self.notice.startswith("pages/") and self.notice.endswith(".html")

"""Pages of a study that broke as players were to see them, and files that did not load: told to whoever watches."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.database.connections import Connection
from app.database.queries import Queries, rows
from app.study.model.study import Study
from app.web.broken_pages import broken

SQL = Queries(__name__)
MOST = 20  # files of one study that did not load, of which one process tells


@dataclass(frozen=True, slots=True)
class BrokenPage:
    file: str
    line: int  # 0: not known
    reason: str
    at: datetime

    @property
    def is_page(self) -> bool:
        """Whether ours stood in; else something that a page asked for."""
        return self.file.startswith("pages/")


class Breakages:
    """What this process noticed and has not written yet; written once a second by the ticker."""

    def __init__(self) -> None:
        self.unwritten: dict[tuple[str, str], tuple[int, str]] = {}  # study and file → line and reason
        self.unloaded: dict[str, set[str]] = {}  # by study

    def hear(self, study: Study, page: str, error: Exception) -> None:
        mistake = broken(study, page, error, told=False)
        line = mistake.spot.line if mistake.spot else 0
        self.unwritten[study.sha256, mistake.file] = line, mistake.sentence

    def hear_unloaded(self, study: Study, file: str, reason: str) -> None:
        """Pages tell it, and may tell anything: only so many count."""
        known = self.unloaded.setdefault(study.sha256, set())
        if file not in known and len(known) < MOST:
            known.add(file)
            self.unwritten[study.sha256, file] = 0, reason

    async def write(self, conn: Connection) -> None:
        if noticed := self.unwritten:
            studies, files = zip(*noticed, strict=True)
            lines, reasons = zip(*noticed.values(), strict=True)
            given = dict(studies=list(studies), files=list(files), lines=list(lines), reasons=list(reasons))
            await conn.execute(SQL["put_broken"], given)
            self.unwritten = {one: why for one, why in self.unwritten.items() if one not in noticed}


async def broken_pages(conn: Connection, session_id: str) -> list[BrokenPage]:
    return await rows(conn, BrokenPage, SQL["broken_pages"], session_id=session_id)

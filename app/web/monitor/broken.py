"""Pages of a study that broke as players were to see them, and ours stood in: told to whoever watches."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.database.connections import Connection
from app.database.queries import Queries, rows
from app.study.model.study import Study
from app.web.broken_pages import broken

SQL = Queries(__name__)


@dataclass(frozen=True, slots=True)
class BrokenPage:
    file: str
    line: int  # 0: not known
    reason: str
    at: datetime


class Breakages:
    """What this process noticed and has not written yet; written once a second by the ticker."""

    def __init__(self) -> None:
        self.unwritten: dict[tuple[str, str], tuple[int, str]] = {}  # study and file → line and reason

    def hear(self, study: Study, page: str, error: Exception) -> None:
        mistake = broken(study, page, error, told=False)
        line = mistake.spot.line if mistake.spot else 0
        self.unwritten[study.sha256, mistake.file] = line, mistake.sentence

    async def write(self, conn: Connection) -> None:
        if noticed := self.unwritten:
            studies, files = zip(*noticed, strict=True)
            lines, reasons = zip(*noticed.values(), strict=True)
            given = dict(studies=list(studies), files=list(files), lines=list(lines), reasons=list(reasons))
            await conn.execute(SQL["put_broken"], given)
            self.unwritten = {one: why for one, why in self.unwritten.items() if one not in noticed}


async def broken_pages(conn: Connection, session_id: str) -> list[BrokenPage]:
    return await rows(conn, BrokenPage, SQL["broken_pages"], session_id=session_id)

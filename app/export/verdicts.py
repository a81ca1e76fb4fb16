"""What `verify` found: each check with what breaks it, the counts, and what a reader should know besides."""

from __future__ import annotations

import csv
import zipfile
import zlib
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

MOST = 20  # of the rows that break a rule, how many are shown


@dataclass(frozen=True, slots=True)
class Check:
    name: str
    sentence: str  # what should hold
    found: int  # how often it doesn't
    rows: tuple[str, ...]  # the first of what breaks it; of receipts all

    @property
    def ok(self) -> bool:
        return self.found == 0


@dataclass(frozen=True, slots=True)
class Count:
    acknowledged: int
    stored: int
    exported: int


@dataclass(slots=True)
class Verification:
    session_id: str
    records: Count
    messages: Count
    checks: list[Check] = field(default_factory=list)
    notes: Sequence[str] = ()  # nothing that is broken, such as what was erased

    @property
    def ok(self) -> bool:
        return all(check.ok for check in self.checks)

    def as_json(self) -> dict[str, Any]:
        checks = [asdict(check) | {"ok": check.ok} for check in self.checks]
        return asdict(self) | {"ok": self.ok, "checks": checks}

    def __str__(self) -> str:
        lines = []
        for check in self.checks:
            lines.append(f"{'ok ' if check.ok else 'NOT'}  {check.sentence}")
            lines += [f"       {row}" for row in check.rows[:MOST]]
            if check.found > MOST:
                lines.append(f"       … and {check.found - MOST:,} more")
        lines += [f"note {note}" for note in self.notes]
        for noun, count in (("records", self.records), ("messages", self.messages)):
            lines.append(
                f"{noun}: {count.acknowledged:,} acknowledged, {count.stored:,} stored, {count.exported:,} exported"
            )
        broken = sum(not check.ok for check in self.checks)
        lines.append(
            f"{self.session_id}: all {len(self.checks)} checks hold."
            if self.ok
            else f"{self.session_id}: {broken} of {len(self.checks)} checks fail."
        )
        return "\n".join(lines)


async def checked(name: str, sentence: str, wrong: AsyncIterator[str], most: int = MOST) -> Check:
    """What breaks it, one by one; what can't be read breaks it, too."""
    found, rows = 0, list[str]()
    try:
        async for problem in wrong:
            found += 1
            if len(rows) < most:
                rows.append(problem)
    except (csv.Error, zipfile.BadZipFile, zlib.error, ValueError, KeyError, IndexError, OSError) as error:
        found += 1
        rows.append(f"it can't be read to its end: {error}")
    return Check(name, sentence, found, tuple(rows))


async def each(wrong: Iterable[str]) -> AsyncIterator[str]:
    for problem in wrong:
        yield problem

"""The manifest of an export: whose it is, of which moment, and what its files are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from app import __version__
from app.export import codebook
from app.study.model.study import Study


@dataclass(frozen=True, slots=True)
class SessionThen:
    """A session at the moment of its export."""

    id: str
    name: str
    status: str
    seed: int
    study_sha256: str
    opened_at: datetime
    started_at: datetime | None
    closed_at: datetime | None
    exported_at: datetime
    acknowledged_records: int
    acknowledged_messages: int
    stored_records: int
    stored_messages: int
    from_session_id: str | None
    from_outcomes: Sequence[str] | None


def manifest_of(
    session: SessionThen, study: Study, files: Mapping[str, Mapping[str, int | str]]
) -> dict[str, Any]:
    """What stands in manifest.json of a session and its files."""
    return {
        "software": f"networklab {__version__}",
        "session": {
            "id": session.id,
            "name": session.name,
            "status": session.status,
            "seed": session.seed,
            "opened_at": _time(session.opened_at),
            "started_at": _time(session.started_at),
            "closed_at": _time(session.closed_at),
            **_goes_on(session),
        },
        "study": {"title": study.title, "sha256": session.study_sha256},
        "exported": {"as_of": _time(session.exported_at), "finished_at": _time(datetime.now(UTC))},
        "acknowledged": {"records": session.acknowledged_records, "messages": session.acknowledged_messages},
        "stored": {"records": session.stored_records, "messages": session.stored_messages},
        "format": codebook.FORMAT,
        "escaping": codebook.ESCAPING,
        "receipts": codebook.RECEIPTS,
        "files": files,
    }


def _goes_on(session: SessionThen) -> dict[str, Any]:
    """What it goes on from, and how it had to end there for whoever came into this one."""
    if session.from_session_id is None:
        return {}
    return {"from": {"session": session.from_session_id, "outcomes": session.from_outcomes}}


def _time(time: datetime | None) -> str | None:
    return codebook.cell(time) or None

"""The shelf: studies as researchers have uploaded them, version by version, with what `check` says of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from app.database.connections import Connection
from app.database.queries import Queries, row, rows, value
from app.study.reading import fingerprint
from app.study.stored_files import put_files

SQL = Queries(__name__)


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What `check --json` said of a study, and the version of NetworkLab that said it."""

    report: Mapping[str, Any]
    checked_with: str

    @property
    def can_run(self) -> bool:
        return bool(self.report["ok"])


@dataclass(frozen=True, slots=True)
class Upload:
    """What came: its files as `read_folder` gives them, `source` in words, and how it is called."""

    files: Mapping[str, bytes]
    title: str
    source: str
    checked: CheckReport


@dataclass(frozen=True, slots=True)
class Shelved:
    """Where what came stands on the shelf; `new`: it did not before."""

    study_id: str
    number: int
    new: bool


@dataclass(frozen=True, slots=True)
class KeptVersion:
    study_id: str
    number: int  # from 1
    title: str
    sha256: str
    source: str
    uploaded_by: str
    uploaded_at: datetime
    can_run: bool
    report: dict[str, Any]
    checked_with: str

    @property
    def mistakes(self) -> list[dict[str, Any]]:
        """Those that keep it from running first."""
        return sorted(self.report["mistakes"], key=lambda one: not one["grave"])


async def keep_study(conn: Connection, study_id: str, form: str, upload: Upload, by: str) -> Shelved:
    """The study that is there already where this form has come before."""
    if await value(conn, SQL["add_study"], id=study_id, form=form, by=by) is None:
        found: str = await value(conn, SQL["study_of_form"], form=form)
        return Shelved(found, 1, False)
    await keep_version(conn, study_id, upload, by)
    return Shelved(study_id, 1, True)


async def keep_version(conn: Connection, study_id: str, upload: Upload, by: str) -> Shelved:
    """The version that has these very files, where there is one, and there is the study.

    Raises `StudyError` for a file that is no longer what it was as the study was read.
    """
    await conn.execute(SQL["lock_study"], dict(study_id=study_id))
    sha256, checked = fingerprint(upload.files), upload.checked
    told = dict(can_run=checked.can_run, report=Jsonb(checked.report), checked_with=checked.checked_with)
    for known in await versions_of(conn, study_id):
        if known.sha256 == sha256:
            await conn.execute(SQL["put_report"], told | dict(study_id=study_id, number=known.number))
            return Shelved(study_id, known.number, False)
    new = dict(study_id=study_id, title=upload.title, sha256=sha256, source=upload.source, by=by)
    number: int = await value(conn, SQL["add_version"], **new, **told)
    await put_files(conn, upload.files)
    bodies = [bytes(body) for body in upload.files.values()]
    kept = dict(study_id=study_id, number=number, paths=[*upload.files], bodies=bodies)
    await conn.execute(SQL["add_files"], kept)
    return Shelved(study_id, number, True)


async def put_report(conn: Connection, version: KeptVersion, checked: CheckReport) -> None:
    """In place of an earlier one."""
    told = dict(can_run=checked.can_run, report=Jsonb(checked.report), checked_with=checked.checked_with)
    await conn.execute(SQL["put_report"], told | dict(study_id=version.study_id, number=version.number))


async def begin_rehearsal(
    conn: Connection, version: KeptVersion, told: Mapping[str, Any], seconds: float
) -> bool:
    """`seconds`: for which one counts as running after it was seen. False: another one runs."""
    await conn.execute(SQL["lock_rehearsals"])
    if await value(conn, SQL["rehearsals"], seconds=seconds):
        return False
    await put_rehearsal(conn, version, told)
    return True


async def see_rehearsal(conn: Connection, version: KeptVersion, began: str) -> None:
    """That the one which began then still runs."""
    await conn.execute(
        SQL["see_rehearsal"], dict(study_id=version.study_id, number=version.number, began=began)
    )


async def put_rehearsal(conn: Connection, version: KeptVersion, told: Mapping[str, Any]) -> None:
    """`page`, of what is told, is the report as a file."""
    known = dict(study_id=version.study_id, number=version.number, told=Jsonb(told))
    await conn.execute(SQL["put_rehearsal"], known)


async def rehearsal_page(conn: Connection, version: KeptVersion) -> str | None:
    given = dict(study_id=version.study_id, number=version.number)
    found: str | None = await value(conn, SQL["rehearsal_page"], **given)
    return found


async def newest_versions(
    conn: Connection, among: Sequence[str] | None = None, most: int | None = None
) -> list[KeptVersion]:
    """One of each study; `among`: of these alone; `most`: so many, those that were changed last."""
    return await rows(conn, KeptVersion, SQL["newest_versions"], among=among, most=most)


async def remove_study(conn: Connection, study_id: str) -> None:
    """With all its versions. A session has the files of its study itself."""
    for query in ("lock_study", "remove_files", "remove_versions", "remove_study"):
        await conn.execute(SQL[query], dict(study_id=study_id))


async def versions_of(conn: Connection, study_id: str) -> list[KeptVersion]:
    """The newest first; none of a study that is not there."""
    return await rows(conn, KeptVersion, SQL["versions"], study_id=study_id)


async def version_with(conn: Connection, sha256: str) -> KeptVersion | None:
    """The one with these very files that was uploaded last."""
    return await row(conn, KeptVersion, SQL["with_digest"], sha256=sha256)


async def files_of(conn: Connection, version: KeptVersion) -> dict[str, bytes]:
    given = dict(study_id=version.study_id, number=version.number)
    return dict(await (await conn.execute(SQL["files"], given)).fetchall())

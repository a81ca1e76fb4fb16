"""Studies by the interface: what was uploaded, version by version, with what `check` says of each."""

from __future__ import annotations

from typing import Any

from litestar import get
from litestar.params import FromPath

from app.study import shelf
from app.study.shelf import KeptVersion
from app.web.access import study_rights
from app.web.api.shapes import After, Limit, StudyLine, StudyList, Version, Versions, page_of
from app.web.lab import Query, lab_of
from app.web.researchers import MAKES, who_asks
from app.web.studies.finding import find_version


@get("/studies", needs=MAKES)
async def list_of_studies(request: Query, limit: Limit = 50, after: After = "") -> StudyList:
    """The newest version of each study that the account is on."""
    async with lab_of(request).pool.connection() as conn:
        on = await study_rights.rights_of(conn, who_asks(request).name)
        found = await shelf.newest_versions(conn, [*on])
    shown, following = page_of(found, lambda one: one.study_id, limit, after)
    return StudyList(studies=[StudyLine(**_line(one)) for one in shown], next=following)


@get("/studies/{study_id:str}", needs=MAKES)
async def versions_of_study(request: Query, study_id: FromPath[str]) -> Versions:
    """All versions of a study."""
    _, versions = await find_version(request, study_id)
    return Versions(versions=[StudyLine(**_line(one)) for one in versions])


@get("/studies/{study_id:str}/versions/{number:int}", needs=MAKES)
async def version_of_study(request: Query, study_id: FromPath[str], number: FromPath[int]) -> Version:
    """A version with what `check` says of it."""
    version, _ = await find_version(request, study_id, number)
    return told(version)


def told(version: KeptVersion) -> Version:
    report = {name: one for name, one in version.report.items() if name != "rehearsal"}
    return Version(**_line(version), report=report)


def _line(version: KeptVersion) -> dict[str, Any]:
    return dict(
        study=version.study_id,
        version=version.number,
        title=version.title,
        sha256=version.sha256,
        source=version.source,
        uploaded_by=version.uploaded_by,
        uploaded_at=version.uploaded_at,
        can_run=version.can_run,
    )


HANDLERS = [list_of_studies, versions_of_study, version_of_study]

"""Studies by the interface: what was uploaded, version by version, with what `check` says of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from litestar import get, post
from litestar.openapi.spec import OpenAPIMediaType, OpenAPIType, Operation, RequestBody, Schema
from litestar.params import FromPath
from litestar.response import Response

from app.study import shelf
from app.study.shelf import KeptVersion
from app.web.access import study_rights
from app.web.api.bearer import admitted_by_token
from app.web.api.bodies import CREATES, BotCount
from app.web.api.shapes import After, Limit, Rehearsed, StudyLine, StudyList, Version, Versions, page_of
from app.web.lab import Query, lab_of
from app.web.rehearsal_pages import rehearse_version, send_report
from app.web.researchers import MAKES, who_asks
from app.web.studies.finding import find_version
from app.web.studies.receiving import UploadForm
from app.web.studies.rehearsing import told_of
from app.web.studies.uploads import LARGEST_UPLOAD
from app.web.study_pages import look_again, take


@dataclass
class Sends(Operation):
    """The body of an upload, which Litestar is not to read: it may be large."""

    def __post_init__(self) -> None:
        file = Schema(type=OpenAPIType.STRING, content_media_type="application/octet-stream")
        text = Schema(type=OpenAPIType.STRING)
        form = Schema(type=OpenAPIType.OBJECT, properties={"zip": file, "ships": text})
        self.request_body = RequestBody(
            required=True, content={"multipart/form-data": OpenAPIMediaType(schema=form)}
        )


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


@post(
    "/studies",
    needs=MAKES,
    request_max_body_size=LARGEST_UPLOAD,
    operation_class=Sends,
    **CREATES,
)
async def upload_study(request: Query) -> Response[Version]:
    """A new study, as `multipart/form-data`: `zip`, a zip of its folder, or `ships`, the name of one that comes along.
    It is kept whatever `check` says of it; the report says whether it can run. The same files once more are the study
    that is there (200)."""
    return await _take(request, None)


@post(
    "/studies/{study_id:str}/versions",
    needs=MAKES,
    request_max_body_size=LARGEST_UPLOAD,
    operation_class=Sends,
    **CREATES,
)
async def upload_version(request: Query, study_id: FromPath[str]) -> Response[Version]:
    """Another version of a study, sent in the same way. Files that are there already are the version they are (200)."""
    await find_version(request, study_id)
    return await _take(request, study_id)


@post("/studies/{study_id:str}/versions/{number:int}/check", needs=MAKES, status_code=200)
async def check_again(request: Query, study_id: FromPath[str], number: FromPath[int]) -> Version:
    """Checked again, by the NetworkLab that is here now."""
    await look_again(request, study_id, number)
    return told((await find_version(request, study_id, number))[0])


@post("/studies/{study_id:str}/versions/{number:int}/rehearsal", needs=MAKES, status_code=202)
async def rehearse(
    request: Query, study_id: FromPath[str], number: FromPath[int], data: BotCount
) -> Rehearsed:
    """Bots play it, ten times as fast as people, one rehearsal at a time and none while people play. Ask how it stands
    every few seconds."""
    await rehearse_version(request, (await find_version(request, study_id, number))[0], data.players)
    return await rehearsal(request, study_id, number)


@get("/studies/{study_id:str}/versions/{number:int}/rehearsal", needs=MAKES)
async def rehearsal_now(request: Query, study_id: FromPath[str], number: FromPath[int]) -> Rehearsed:
    """What came of the last rehearsal of a version, or that it runs."""
    return await rehearsal(request, study_id, number)


@get("/studies/{study_id:str}/versions/{number:int}/rehearsal.html", needs=MAKES, media_type="text/html")
async def rehearsal_page(request: Query, study_id: FromPath[str], number: FromPath[int]) -> Response[str]:
    """Its report as a page."""
    return await send_report(request, study_id, number)


async def rehearsal(request: Query, study_id: str, number: int) -> Rehearsed:
    version, _ = await find_version(request, study_id, number)
    found = told_of(version)
    if found is None:
        return Rehearsed(state="none")
    report = {
        name: one for name, one in found.items() if name not in ("page", "state", "said", "players", "ok")
    }
    state, ok, said = found["state"], found.get("ok"), found.get("said", "")
    return Rehearsed(state=state, players=found["players"], ok=ok, said=said, report=report)


async def _take(request: Query, study_id: str | None) -> Response[Version]:
    async def known_by(_: UploadForm) -> str:
        await admitted_by_token(request, request.route_handler)
        return f"api {who_asks(request).name}"

    kept = await take(request, study_id, known_by)
    version, _ = await find_version(request, kept.study_id, kept.number)
    return Response(told(version), status_code=201 if kept.new else 200)


HANDLERS: list[Any] = [list_of_studies, versions_of_study, version_of_study, upload_study, upload_version]
HANDLERS += [check_again, rehearse, rehearsal_now, rehearsal_page]

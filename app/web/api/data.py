"""Data by the interface: the export, each of its tables, and what `verify` says."""

from __future__ import annotations

from litestar import get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery
from litestar.response import Stream

from app.export.download import table_chunks
from app.export.tables import names_of
from app.export.verify import verify
from app.web.api.shapes import RecountVerdict
from app.web.lab import Query, lab_of
from app.web.researchers import FILES, study_of
from app.web.session_pages import note_export, send_export


@get("/sessions/{session_id:str}/export.zip", needs=FILES, media_type="application/zip")
async def export(
    request: Query,
    session_id: FromPath[str],
    anonymous: FromQuery[bool] = False,
    relative_times: FromQuery[bool] = False,
    without_text: FromQuery[bool] = False,
    excel: FromQuery[bool] = False,
) -> Stream:
    """All files, from one moment. `anonymous`: nobody can be known by them; then `relative_times` counts times from the
    start, and `without_text` leaves out what people wrote. `excel`: its .csv open right with a double click."""
    return await send_export(request, session_id, anonymous, relative_times, without_text, excel)


@get("/sessions/{session_id:str}/files/{name:str}", needs=FILES, media_type="text/csv")
async def table(request: Query, session_id: FromPath[str], name: FromPath[str]) -> Stream:
    """One table of the export, `rounds.csv` say, as it is now."""
    lab, study = lab_of(request), await study_of(request, session_id)
    if name not in names_of(study):
        raise NotFoundException(
            f"There is no table “{name[:100]}” in this session’s export. It has {', '.join(names_of(study))}."
        )
    await note_export(request, session_id, name)
    return Stream(
        table_chunks(lab.url, session_id, study, name, lab.exports),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{session_id}-{name}"'},
    )


@get("/sessions/{session_id:str}/verify", needs=FILES)
async def verdict(request: Query, session_id: FromPath[str]) -> RecountVerdict:
    """Whether all that was acknowledged is stored and exported, counted again. A large session takes a while."""
    lab, study = lab_of(request), await study_of(request, session_id)
    lab.exports.check()
    async with lab.exports:
        found = (await verify(lab.url, session_id, study)).as_json()
    return RecountVerdict(
        session=session_id,
        ok=found["ok"],
        records=found["records"],
        messages=found["messages"],
        checks=found["checks"],
        notes=list(found["notes"]),
    )


HANDLERS = [export, table, verdict]

"""For who reviews a study's methods, by the interface: seals of a session, what ran against them, and two sessions side
by side."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Annotated, Any

from litestar import get, post
from litestar.exceptions import HTTPException, NotFoundException
from litestar.params import FromPath, FromQuery
from msgspec import Meta, Struct
from psycopg.errors import QueryCanceled

from app.database.connections import Connection
from app.sessions import seals
from app.sessions.seals import Seal
from app.web.api.bodies import Analysis
from app.web.lab import Query, lab_of
from app.web.looks import trouble_of
from app.web.monitor.side_by_side import SAME_TWICE
from app.web.researchers import ACCOUNT, ACTS, SEES, study_of, who_asks
from app.web.sides import labs_of, read_both
from app.web.studies.differing import sides_as_json

SEALS = "/sessions/{session_id:str}/seals"


class SealMade(Struct, frozen=True, kw_only=True):
    digest: Annotated[str, Meta(description="SHA-256 of the document: JSON in one line, its keys sorted.")]
    at: datetime
    by: str
    came: Annotated[int, Meta(description="People who had come in by then …")]
    records: Annotated[int, Meta(description="… and the answers there were.")]
    sealed: Annotated[
        dict[str, Any], Meta(description="The document: `study`, `analysis`, `sizes` and `rules`.")
    ]


class SealsMade(Struct, frozen=True, kw_only=True):
    seals: Annotated[list[SealMade], Meta(description="The newest last.")]


class SealChecked(SealMade, frozen=True, kw_only=True):
    differs: Annotated[list[str], Meta(description="What is not as it was sealed, a sentence each.")]
    analysis_checked: bool


class SidesCompared(Struct, frozen=True, kw_only=True):
    sessions: Annotated[list[dict[str, Any]], Meta(description="The figures of both.")]
    verdict: str
    differs: Annotated[dict[str, Any], Meta(description="Of their studies: `words` and `files`.")]


@get(SEALS, needs=SEES)
async def list_of_seals(request: Query, session_id: FromPath[str]) -> SealsMade:
    """All seals of a session."""
    async with lab_of(request).pool.connection() as conn:
        return SealsMade(seals=[SealMade(**_told(one)) for one in await seals.seals_of(conn, session_id)])


@post(SEALS, needs=ACTS, status_code=200)
async def seal(request: Query, session_id: FromPath[str], data: Analysis) -> SealMade:
    """Study, analysis, sizes and rules as they are now, with one digest and a time: best before anybody comes. The same
    twice is sealed once."""
    await study_of(request, session_id)
    async with lab_of(request).pool.connection() as conn, conn.transaction():
        return SealMade(**_told(await seals.seal(conn, session_id, data.analysis, who_asks(request).name)))


@get(f"{SEALS}/{{digest:str}}", needs=SEES)
async def seal_against_now(request: Query, session_id: FromPath[str], digest: FromPath[str]) -> SealChecked:
    """What is not as it was sealed, without a look at the analysis."""
    return await _checked(request, session_id, digest, None)


@post(f"{SEALS}/{{digest:str}}/check", needs=SEES, status_code=200)
async def seal_against_analysis(
    request: Query, session_id: FromPath[str], digest: FromPath[str], data: Analysis
) -> SealChecked:
    """What is not as it was sealed, the analysis that was carried out included. It changes nothing."""
    return await _checked(request, session_id, digest, data.analysis)


@get("/compare", needs=ACCOUNT)
async def compare(request: Query, first: FromQuery[str], second: FromQuery[str]) -> SidesCompared:
    """Two sessions side by side, on both of which you have to be: what differs in their studies, sizes, dates, who
    came, how it ended and how long it took, means of numbers by treatment, and their seals."""
    having = await labs_of(request, first, second)
    if first == second:
        raise HTTPException(status_code=422, detail=SAME_TWICE)
    try:
        sides = await read_both(request, (first, second), (having[0], having[1]))
    except QueryCanceled as error:
        head = {"Retry-After": "10"}
        raise HTTPException(status_code=503, detail=trouble_of(error), headers=head) from None
    return SidesCompared(**await asyncio.to_thread(sides_as_json, *sides))


async def _checked(
    request: Query, session_id: str, digest: str, analysis: dict[str, str] | None
) -> SealChecked:
    async with lab_of(request).pool.connection() as conn:
        found = await _seal_of(conn, session_id, digest)
        differs = await seals.differences(conn, session_id, found, analysis)
    return SealChecked(**_told(found), differs=differs, analysis_checked=analysis is not None)


async def _seal_of(conn: Connection, session_id: str, digest: str) -> Seal:
    there = await seals.seals_of(conn, session_id)
    found = next((one for one in reversed(there) if one.digest == digest), None)
    if found is None:
        raise NotFoundException(
            f"This session has no seal “{digest[:100]}”. GET /api/v1/sessions/{session_id}/seals lists those there are."
        )
    return found


def _told(one: Seal) -> dict[str, Any]:
    told = {name: getattr(one, name) for name in ("digest", "at", "by", "came", "records")}
    return told | dict(sealed=one.holds)


HANDLERS: list[Any] = [list_of_seals, seal, seal_against_now, seal_against_analysis, compare]

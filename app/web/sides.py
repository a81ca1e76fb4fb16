"""Two sessions that are held against each other, each read in the database that it is in."""

from __future__ import annotations

from app.study import shelf
from app.study.shelf import KeptVersion
from app.web.lab import ClusterAway, Lab, Query
from app.web.labs import lab_having, of_first
from app.web.looks import looking
from app.web.monitor.comparing import Side, read_side
from app.web.researchers import must_be_on


async def labs_of(request: Query, *sessions: str) -> list[Lab]:
    """Where each of them is. Raises a 404 for one that whoever asks is not on, and `ClusterAway`."""
    having = [await lab_having(request, one) for one in sessions]
    for one, lab in zip(sessions, having, strict=True):
        await must_be_on(request, one, lab)
    return having


async def read_both(request: Query, sessions: tuple[str, str], having: tuple[Lab, Lab]) -> tuple[Side, Side]:
    """One after the other, each as it is at its moment. Raises as `looking`."""
    first, second = zip(sessions, having, strict=True)
    return await _read(request, *first), await _read(request, *second)


async def _kept_as(request: Query, sha256: str) -> KeptVersion | ClusterAway | None:
    """The version of a study that is kept, with these files: they are where accounts are."""

    async def found(lab: Lab) -> KeptVersion | None:
        async with lab.pool.connection() as conn:
            return await shelf.version_with(conn, sha256)

    return await of_first(request, found)


async def _read(request: Query, session_id: str, lab: Lab) -> Side:
    study = await lab.studies.of(session_id)
    version = await _kept_as(request, study.sha256)
    async with looking(lab) as conn:
        if isinstance(version, ClusterAway):
            return await read_side(conn, session_id, study, None, version.names[0])
        return await read_side(conn, session_id, study, version)

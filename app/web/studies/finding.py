"""A kept study, for whoever is on it: to all others it is not there."""

from __future__ import annotations

from app.database.connections import Connection
from app.study import shelf
from app.study.shelf import KeptVersion
from app.web.access.granting import Right, RightsError
from app.web.access.study_rights import STUDIES
from app.web.lab import Query, lab_of
from app.web.researchers import who_asks
from app.web.responses import SentOn

NOT_THERE = "There is no such study here. Go on from the list of studies."


async def find_version(
    request: Query, study_id: str, number: int | None = None
) -> tuple[KeptVersion, list[KeptVersion]]:
    """One, or the newest, and all of them, the newest first. Raises a 404, for who is not on it, too."""
    found, versions, _ = await _find(request, study_id, number)
    return found, versions


async def owned_version(request: Query, study_id: str) -> KeptVersion:
    """The newest, for its owners. Raises a 404, and a 403 for who is on it and does not own it."""
    found, _, on = await _find(request, study_id, None)
    if not on.owns:
        raise _no_owner(study_id)
    return found


async def still_on(conn: Connection, study_id: str, name: str, as_owner: bool = False) -> None:
    """Asked by what changes a study, as it changes it: a body may come long after its head, and rights go meanwhile.

    Locks the study. Raises as the others here.
    """
    try:
        await STUDIES.is_restricted(conn, study_id)
    except RightsError:
        raise SentOn(404, NOT_THERE, "/admin/studies") from None
    on = await STUDIES.right_on(conn, study_id, name)
    if on is None:
        raise SentOn(404, NOT_THERE, "/admin/studies")
    if as_owner and not on.owns:
        raise _no_owner(study_id)


async def _find(
    request: Query, study_id: str, number: int | None
) -> tuple[KeptVersion, list[KeptVersion], Right]:
    async with lab_of(request).pool.connection() as conn:
        on = await STUDIES.right_on(conn, study_id, who_asks(request).name)
        versions = await shelf.versions_of(conn, study_id) if on else []
    found = next((one for one in versions if number in (None, one.number)), None)
    if found is None or on is None:
        raise SentOn(404, NOT_THERE, "/admin/studies")
    return found, versions, on


def _no_owner(study_id: str) -> SentOn:
    return SentOn(
        403, "Only an owner of the study may do this. Ask one of them.", f"/admin/studies/{study_id}"
    )

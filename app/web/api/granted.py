"""Rights by the interface, and a study removed: what an owner says of who is on a session or a study."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from litestar import get, post
from litestar.params import FromPath
from msgspec import Meta, Struct

from app.web import rights_pages, study_rights_pages
from app.web.access import rights
from app.web.access.granting import EVERYBODY, NOBODY, GivenRight
from app.web.access.study_rights import STUDIES, all_given
from app.web.api.bodies import AccountNamed, RightOnSession, RightOnStudy, Sure
from app.web.api.shapes import DoneDeed
from app.web.lab import Query, lab_of
from app.web.researchers import MAKES, OWNS
from app.web.studies.finding import owned_version

ON_SESSION, STUDY = "/sessions/{session_id:str}/rights", "/studies/{study_id:str}"
OF_OWNER: dict[str, Any] = dict(needs=MAKES, of_owner=True)


class RightNow(Struct, frozen=True, kw_only=True):
    account: str
    role: Annotated[str, Meta(description="`owner`, `colleague` or, on a session, `observer`.")]
    files: Annotated[bool, Meta(description="Whether they take files and see payments.")]
    only_watches: Annotated[bool, Meta(description="The account does, whatever it was given.")]
    given_by: str
    given_at: datetime


class RightsOnSession(Struct, frozen=True, kw_only=True):
    everybody: Annotated[bool, Meta(description="Everybody with an account is on it: nobody is named.")]
    rights: Annotated[list[RightNow], Meta(description="Owners first.")]
    later: Annotated[
        list[str],
        Meta(description="Sessions that go on from this one, with its people, on which everybody is."),
    ]


class RightsOnStudy(Struct, frozen=True, kw_only=True):
    everybody: Annotated[bool, Meta(description="Everybody who may open sessions is on it, as a colleague.")]
    rights: Annotated[list[RightNow], Meta(description="Owners first.")]


class DoneToStudy(Struct, frozen=True, kw_only=True):
    study: str
    said: Annotated[str, Meta(description="What was done.")]


@get(ON_SESSION, needs=OWNS)
async def rights_on_session(request: Query, session_id: FromPath[str]) -> RightsOnSession:
    """Who is on a session, and as what."""
    async with lab_of(request).pool.connection() as conn:
        given = await rights.given_on(conn, session_id)
        later = await rights.everybodys_later(conn, session_id) if given else []
    return RightsOnSession(everybody=not given, rights=_told(given), later=[one.id for one in later])


@post(ON_SESSION, needs=OWNS, status_code=200)
async def give_on_session(request: Query, session_id: FromPath[str], data: RightOnSession) -> DoneDeed:
    """From now on only those see it to whom a right was given; where nobody was, you become its owner, too."""
    said = await rights_pages.change(request, session_id, data.account, data.role, data.files)
    return DoneDeed(session=session_id, said=said)


@post(f"{ON_SESSION}/take", needs=OWNS, status_code=200)
async def take_on_session(request: Query, session_id: FromPath[str], data: AccountNamed) -> DoneDeed:
    """Somebody is off it, and does not see it any more. A session has an owner: the last of them stays."""
    said = await rights_pages.change(request, session_id, data.account, NOBODY)
    return DoneDeed(session=session_id, said=said)


@post(f"{ON_SESSION}/everybody", needs=OWNS, status_code=200)
async def open_session_to_all(request: Query, session_id: FromPath[str]) -> DoneDeed:
    """Everybody with an account is on it again, as an owner, and whoever only watches as an observer."""
    return DoneDeed(session=session_id, said=await rights_pages.change(request, session_id, "", EVERYBODY))


@get(f"{STUDY}/rights", **OF_OWNER)
async def rights_on_study(request: Query, study_id: FromPath[str]) -> RightsOnStudy:
    """Who is on a study, and as what."""
    await owned_version(request, study_id)
    async with lab_of(request).pool.connection() as conn:
        given, on = await STUDIES.given_on(conn, study_id), (await all_given(conn)).get(study_id)
    return RightsOnStudy(everybody=on is not None and not on.restricted, rights=_told(given))


@post(f"{STUDY}/rights", status_code=200, **OF_OWNER)
async def give_on_study(request: Query, study_id: FromPath[str], data: RightOnStudy) -> DoneToStudy:
    """From now on only those see it to whom a right was given."""
    said = await study_rights_pages.change(request, study_id, data.account, data.role)
    return DoneToStudy(study=study_id, said=said)


@post(f"{STUDY}/rights/take", status_code=200, **OF_OWNER)
async def take_on_study(request: Query, study_id: FromPath[str], data: AccountNamed) -> DoneToStudy:
    """Somebody is off it, and does not see it any more. A study has an owner: the last of them stays."""
    said = await study_rights_pages.change(request, study_id, data.account, NOBODY)
    return DoneToStudy(study=study_id, said=said)


@post(f"{STUDY}/rights/everybody", status_code=200, **OF_OWNER)
async def open_study_to_all(request: Query, study_id: FromPath[str]) -> DoneToStudy:
    """Everybody who may open sessions sees it again. Its owners stay."""
    return DoneToStudy(study=study_id, said=await study_rights_pages.change(request, study_id, "", EVERYBODY))


@post(f"{STUDY}/remove", status_code=200, **OF_OWNER)
async def remove_study(request: Query, study_id: FromPath[str], data: Sure) -> DoneToStudy:
    """A study goes with all its versions, and can't be had again. Sessions of it go on by the files that they have. The
    same once more is a 404."""
    title = await study_rights_pages.remove(request, study_id)
    return DoneToStudy(study=study_id, said=f"{title} is removed. Sessions of it go on.")


def _told(given: Sequence[GivenRight]) -> list[RightNow]:
    return [
        RightNow(
            account=one.account,
            role=one.role,
            files=one.files,
            only_watches=one.observes,
            given_by=one.given_by,
            given_at=one.given_at,
        )
        for one in given
    ]


HANDLERS: list[Any] = [rights_on_session, give_on_session, take_on_session, open_session_to_all]
HANDLERS += [rights_on_study, give_on_study, take_on_study, open_study_to_all, remove_study]

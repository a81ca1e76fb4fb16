"""Rights on kept studies, in the words of those on sessions: an owner says who else is on one, and removes it; a
colleague opens sessions of it and uploads versions. Without a word on it all who may open sessions are colleagues."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from app.database.connections import Connection
from app.database.queries import Queries, row, rows, value
from app.web.access import security
from app.web.access.rights import RightsError

SQL = Queries(__name__)
StudyRole = Literal["owner", "colleague"]
STUDY_ROLES: tuple[StudyRole, ...] = get_args(StudyRole)
NO_STUDY = "There is no study “{}”. `networklab studies` lists those there are."


@dataclass(frozen=True, slots=True)
class StudyRight:
    role: StudyRole

    @property
    def owns(self) -> bool:
        return self.role == "owner"


@dataclass(frozen=True, slots=True)
class GivenStudyRight(StudyRight):
    account: str
    observes: bool  # the account: it only watches, and is on no study
    given_by: str
    given_at: datetime


@dataclass(frozen=True, slots=True)
class _OnStudy(StudyRight):
    study_id: str


@dataclass(frozen=True, slots=True)
class WhoIsOn:
    """Of one study. Where it is not `restricted` all who may open sessions are on it, besides its owners."""

    study_id: str
    restricted: bool
    owners: list[str]
    colleagues: list[str]

    @property
    def words(self) -> str:
        others = ", ".join((*self.owners, *self.colleagues)) or "nobody"
        return others if self.restricted else "everybody who may open sessions"


async def right_on(conn: Connection, study_id: str, name: str) -> StudyRight | None:
    """None for who is not on the study, and for a study that is not there."""
    return await row(conn, StudyRight, SQL["right_on"], study_id=study_id, name=name)


async def rights_of(conn: Connection, name: str) -> dict[str, StudyRight]:
    """By study: those that this account may see."""
    return {one.study_id: one for one in await rows(conn, _OnStudy, SQL["rights_of"], name=name)}


async def given_on(conn: Connection, study_id: str) -> list[GivenStudyRight]:
    """Owners first; colleagues only where not everybody is on it."""
    return await rows(conn, GivenStudyRight, SQL["given_on"], study_id=study_id)


async def all_given(conn: Connection) -> dict[str, WhoIsOn]:
    return {one.study_id: one for one in await rows(conn, WhoIsOn, SQL["all_given"])}


async def owned_by_nobody(conn: Connection) -> list[str]:
    """Studies whose owners' accounts were removed, or only watch."""
    return [one.study_id for one in (await all_given(conn)).values() if not one.owners]


async def give(conn: Connection, study_id: str, name: str, role: StudyRole, by: str) -> None:
    """From now on only those see the study to whom a right on it was given. Raises `RightsError`."""
    await is_restricted(conn, study_id)
    observes = await value(conn, SQL["observes"], name=name)
    if observes is None:
        raise RightsError(
            f"There is no account “{name[:100]}”. `networklab admin list` lists those there are."
        )
    if observes:
        raise RightsError(f"The account {name} only watches, and studies are for those who open sessions.")
    await conn.execute(SQL["give"], dict(study_id=study_id, name=name, role=role, by=by))
    await conn.execute(SQL["restrict"], dict(study_id=study_id, restricted=True))
    await _keep_an_owner(conn, study_id)
    await security.write(conn, "study_right_given", by, about=study_id, to=name, role=role)


async def take(conn: Connection, study_id: str, name: str, by: str) -> None:
    """Raises `RightsError`."""
    await is_restricted(conn, study_id)
    if await value(conn, SQL["take"], study_id=study_id, name=name) is None:
        raise RightsError(f"{name[:100]} was given no right on this study.")
    await _keep_an_owner(conn, study_id)
    await security.write(conn, "study_right_taken", by, about=study_id, to=name)


async def open_to_all(conn: Connection, study_id: str, by: str) -> None:
    """All who may open sessions see the study again; its owners stay."""
    await is_restricted(conn, study_id)
    await conn.execute(SQL["take_colleagues"], dict(study_id=study_id))
    await conn.execute(SQL["restrict"], dict(study_id=study_id, restricted=False))
    await security.write(conn, "study_opened_to_all", by, about=study_id)


async def is_restricted(conn: Connection, study_id: str) -> bool:
    """Whether only those are on it to whom a right was given. Locks the study. Raises `RightsError`."""
    restricted = await value(conn, SQL["lock_study"], study_id=study_id)
    if restricted is None:
        raise RightsError(NO_STUDY.format(study_id[:100]))
    return bool(restricted)


async def _keep_an_owner(conn: Connection, study_id: str) -> None:
    if not any(one.owns and not one.observes for one in await given_on(conn, study_id)):
        raise RightsError("A study has an owner. Make somebody else its owner first.")

"""Who is on a kept study, by the rules of granting.py: an owner says who else is, and removes it; a colleague opens
sessions of it and uploads versions. Without a word on it all who may open sessions are colleagues."""

from __future__ import annotations

from dataclasses import dataclass

from app.database.connections import Connection
from app.database.queries import Queries, rows
from app.web.access.granting import Granting, RightQueries

SQL = Queries(__name__)
NO_STUDY = "There is no study “{}”. `networklab studies` lists those there are."
STUDIES = Granting(
    asks=RightQueries(
        right_on=SQL["right_on"],
        rights_of=SQL["rights_of"],
        given_on=SQL["given_on"],
        lock=SQL["lock_study"],
        give=SQL["give"],
        take=SQL["take"],
        take_all=SQL["take_colleagues"],
        restrict=SQL["restrict"],
        owned_by_nobody=SQL["owned_by_nobody"],
    ),
    roles=("owner", "colleague"),
    logged=("study_right_given", "study_right_taken", "study_opened_to_all"),
    about=lambda id, name: dict(about=id) | (dict(to=name) if name else {}),
    unknown=NO_STUDY,
    only_watches="The account {} only watches, and studies are for those who open sessions.",
    lacks_owner="A study has an owner. Make somebody else its owner first.",
    not_given="{} was given no right on this study.",
    opened="Everybody who may open sessions sees {} now.",
)
right_on, rights_of, given_on = STUDIES.right_on, STUDIES.rights_of, STUDIES.given_on
give, take = STUDIES.give, STUDIES.take


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


async def all_given(conn: Connection) -> dict[str, WhoIsOn]:
    return {one.study_id: one for one in await rows(conn, WhoIsOn, SQL["all_given"])}

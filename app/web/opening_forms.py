"""What the form of a new session says: who comes, by what, when, and from which session before."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from app.database.connections import Connection
from app.players.door import Places
from app.players.lists import PeopleError
from app.players.people import Listed
from app.sessions.going_on import ON_PAGE, Before, find_before
from app.sessions.sessions import Session, SessionError, all_sessions
from app.sessions.starts import start_time
from app.study.digits import whole
from app.study.model.study import Study
from app.study.syntax.mistakes import StudyError
from app.web.access import rights
from app.web.access.granting import Right
from app.web.lab import Lab
from app.web.sent_lists import SentList, read_list

LONGEST_NAME = 200
MOST_PLACES, MOST_EXTRA = 100_000, 1000  # people, and so many % more


@dataclass(slots=True)
class OpeningForm:
    """What the form says, as it says it, and beside which of its fields something is wrong."""

    said: defaultdict[str, str]
    sent: SentList | None = None
    wrong: dict[str, str] = field(default_factory=dict)

    def says(self, name: str) -> str:
        return self.said.get(name, "").strip()


async def listed_in(wanted: OpeningForm, study: Study) -> Listed:
    if wanted.sent is None:
        if not wanted.says("door") and not wanted.says("before"):
            wanted.wrong["list"] = (
                "Nobody could come in: give a list, or tick the link for everybody, or both, or let it go on from"
                " another session."
            )
        return Listed(())
    try:
        return await asyncio.to_thread(read_list, wanted.sent, study)
    except PeopleError as error:
        wanted.wrong["list"] = str(error)
        return Listed(())


async def may_go_on_from(conn: Connection, name: str) -> list[Session]:
    """The sessions whose people this account may invite again, and whose answers it may have: the newest first, and
    those that are archived behind them."""
    mine = await rights.rights_of(conn, name)
    return [one for one in await all_sessions(conn) if may_invite_from(mine.get(one.id))]


def may_invite_from(right: Right | None) -> bool:
    return right is not None and right.acts and right.files


async def before_in(lab: Lab, wanted: OpeningForm, study: Study, name: str) -> Before | None:
    """What it goes on from; None: from nothing, or from what it can't."""
    session_id, outcomes = wanted.says("before"), wanted.says("outcomes")
    if not session_id:
        if outcomes:
            wanted.wrong["before"] = "Choose the session, too, or say nothing of how it ended there."
        return None
    async with lab.pool.connection() as conn:
        right = await rights.right_on(conn, session_id, name)
    if right is None or not may_invite_from(right):
        wanted.wrong["before"] = (
            "There is no such session whose people you may invite and whose answers you may have."
        )
    elif wanted.sent is not None:
        wanted.wrong["list"] = (
            "Those who were in the session before are invited. Leave the list out, and add others later, on the"
            " session’s page."
        )
    elif wanted.says("who") == "me" and not right.owns:
        wanted.wrong["who"] = (
            "You are no owner of the session that it goes on from, whose people it invites. Choose the other: whoever"
            " is on that one is on this one, too."
        )
    else:
        # Asked for without a connection: others may have to wait for it
        there = await lab.studies.of(session_id)
        asked = there, outcomes or None, study, bool(wanted.says("door"))
        try:
            async with lab.pool.connection() as conn:
                return await find_before(conn, session_id, *asked, ON_PAGE)
        except (SessionError, StudyError) as error:
            wanted.wrong["before"] = str(error)
    return None


def places_in(wanted: OpeningForm) -> Places | None:
    """Of the link for everybody; None: there is none."""
    most, extra = wanted.says("places"), wanted.says("extra").rstrip("% ")
    if not wanted.says("door"):
        if most or extra:
            wanted.wrong["places"] = "Places are of the link for everybody. Tick it, too, or leave them out."
        return None
    places, share = whole(most, MOST_PLACES), whole(extra, MOST_EXTRA)
    for text, number, what, limit in (
        (most, places, "Places", MOST_PLACES),
        (extra, share, "The share of extra ones", MOST_EXTRA),
    ):
        if text and number is None:
            wanted.wrong["places"] = (
                f"{what} must be a whole number up to {limit:,}, or nothing: “{text[:40]}” is none."
            )
            return None
    if places == 0:
        wanted.wrong["places"] = "With no places nobody could come in. Write 1 or more, or nothing."
    elif share and places is None:
        wanted.wrong["places"] = "The share is of the places. Say how many there are, or leave it out."
    return None if "places" in wanted.wrong else Places(places, Decimal(share or 0) / 100)


def start_in(wanted: OpeningForm) -> datetime | None:
    if len(wanted.says("name")) > LONGEST_NAME or not wanted.says("name").isprintable():
        wanted.wrong["name"] = (
            f"The name is too long, or has what can’t be seen: {LONGEST_NAME} letters at the most."
        )
    if not wanted.says("at"):
        return None
    try:
        return start_time(wanted.says("at"), wanted.says("zone"))
    except SessionError as error:
        wanted.wrong["at"] = str(error)
        return None

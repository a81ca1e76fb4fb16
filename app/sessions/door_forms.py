"""Entry forms of those who come by the one link for everybody, read and let in many at once.

A link is opened twice, or at the same moment in two places: its id is one player all the same, held by a constraint,
and made while the session is locked, so that there are never more than there are places.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from app.database.connections import Connection
from app.players import door, quotas
from app.players.attempts import Tried
from app.players.door import Newcomer
from app.players.players import SignedIn
from app.players.quotas import Guest
from app.players.screening import Leaver
from app.sessions.arrivals import (
    AtDoor,
    Closed,
    Outcome,
    Refused,
    begin,
    judge,
    not_right,
    pass_door,
)
from app.sessions.studies import Studies
from app.study.model.fields import Form
from app.study.model.study import Study


@dataclass(frozen=True, slots=True)
class DoorForm:
    """`owner`: whom the browser's cookie names, of this session; 0: nobody."""

    session_id: str
    door_id: str
    given: Mapping[str, str]
    form: Form
    owner: int = 0


async def sign_in_by_door(studies: Studies, conn: Connection, forms: Sequence[DoorForm]) -> list[Outcome]:
    """In the order of `forms`. Only somebody's first form is looked at."""
    firsts: dict[str, dict[str, DoorForm]] = {}  # session → id → form
    for one in forms:
        firsts.setdefault(one.session_id, {}).setdefault(one.door_id, one)
    outcomes: dict[tuple[str, str], Outcome] = {}
    for session_id, by_id in firsts.items():
        for door_id, outcome in (await _sign_in(studies, conn, session_id, by_id)).items():
            outcomes[session_id, door_id] = outcome
    found = [outcomes[one.session_id, one.door_id] for one in forms]
    again = {
        one.id
        for form, one in zip(forms, found, strict=True)
        if isinstance(one, SignedIn) and one.id != form.owner
    }
    if again:
        await door.came_again(conn, sorted(again))
    return found


async def _sign_in(
    studies: Studies, conn: Connection, session_id: str, forms: Mapping[str, DoorForm]
) -> dict[str, Outcome]:
    """Of one session, by id. None for all where it has no such link."""
    study, outcomes = await studies.of(session_id), dict[str, Outcome]()
    if await door.places_of(conn, session_id) is None:
        return dict.fromkeys(forms)
    known = await door.come_by_door(conn, session_id, list(forms))
    judged: dict[str, Guest | Leaver] = {}
    for door_id, one in forms.items():
        if door_id not in known or known[door_id][1] == "invited":
            found = judge(study, session_id, 0, one.form)
            if isinstance(found, Refused):
                outcomes[door_id] = found
            else:
                judged[door_id] = found
    if judged:
        for door_id, tried in (await _let_in(conn, session_id, study, forms, judged)).items():
            outcomes[door_id] = not_right(session_id, tried, forms[door_id].form)
        known = await door.come_by_door(conn, session_id, list(forms))
    for door_id in forms.keys() - outcomes.keys():
        player_id, status = known.get(door_id, (0, "invited"))
        outcomes[door_id] = (
            Closed(session_id)
            if status == "invited"
            else SignedIn(b"", player_id, session_id, status, shut_out=False)
        )
    return outcomes


async def _let_in(
    conn: Connection,
    session_id: str,
    study: Study,
    forms: Mapping[str, DoorForm],
    judged: Mapping[str, Guest | Leaver],
) -> dict[str, Tried]:
    """Makes whoever is not there yet; all of these, by id, are still invited. By id: who has to try again."""
    async with conn.transaction():
        if not await quotas.lock_door(conn, session_id):
            return {}
        there = await door.come_by_door(conn, session_id, list(judged))
        newcomers = [Newcomer(id, forms[id].given) for id in judged if id not in there]
        made = await door.make(conn, session_id, study, newcomers) if newcomers else {}
        ids = {id: player_id for id, (player_id, _) in there.items()} | made
        at_door = AtDoor()
        for id, one in judged.items():
            at_door.add(replace(one, player_id=ids[id]), forms[id].form)
        tried, guests = await pass_door(conn, study, at_door)
        if guests:
            await quotas.come_in(conn, session_id, study, guests, await door.places_left(conn, session_id))
            await begin(conn, session_id, study, [one.player_id for one in guests])
    return {id: tried[ids[id]] for id in judged if ids[id] in tried}

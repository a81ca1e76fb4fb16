"""Entry forms of those who come by the one link for everybody, read and let in many at once.

A link is opened twice, or at the same moment in two places: its id is one player all the same, held by a constraint,
and made while the session is locked, so that there are never more than there are places. Whoever finds it full stands
in line; where there is no line, or it is too long, nothing is stored of them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from app.database.connections import Connection
from app.players import door, quotas, waiting_list
from app.players.attempts import wrong_in
from app.players.door import Newcomer
from app.players.players import SignedIn
from app.players.quotas import Guest
from app.players.screening import Leaver
from app.players.waiting_list import WayIn
from app.rooms import earlier
from app.sessions import waves
from app.sessions.arrivals import (
    AtDoor,
    Closed,
    Outcome,
    Refused,
    TurnedBack,
    begin,
    judge,
    not_right,
    pass_door,
)
from app.sessions.waves import Returning
from app.study.model.door import OTHERS
from app.study.model.fields import Form
from app.study.model.study import Study
from app.study.stored import Studies


@dataclass(frozen=True, slots=True)
class DoorForm:
    """`owner`: whom the browser's cookie names, of this session; 0: nobody."""

    session_id: str
    door_id: str
    given: Mapping[str, str]
    form: Form
    owner: int = 0
    source: bytes = b""  # stands for the address that it came from


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
    came = [(form, one.id) for form, one in zip(forms, found, strict=True) if isinstance(one, SignedIn)]
    if again := {player_id for form, player_id in came if player_id != form.owner}:
        await door.came_again(conn, sorted(again))
    visits = {player_id: _visit(form.given) for form, player_id in came}
    await door.put_visits(conn, {player_id: visit for player_id, visit in visits.items() if visit})
    return found


def _visit(given: Mapping[str, str]) -> dict[str, str]:
    """What a recruiter's link says of the task by which somebody comes, and not of who they are."""
    return {name: given[name] for name in OTHERS if name in given}


async def _sign_in(
    studies: Studies, conn: Connection, session_id: str, forms: Mapping[str, DoorForm]
) -> dict[str, Outcome]:
    """Of one session, by id. None for all where it has no such link."""
    study, outcomes = await studies.of(session_id), dict[str, Outcome]()
    if await door.places_of(conn, session_id) is None:
        return dict.fromkeys(forms)
    known = await door.come_by_door(conn, session_id, list(forms))
    judged: dict[str, Guest | Leaver] = {}
    gone = await door.erased_of(conn, session_id, forms.keys() - known.keys())
    for door_id, one in forms.items():
        if door_id in gone:
            outcomes[door_id] = TurnedBack(session_id, "erased")
        elif door_id not in known or known[door_id][1] == "invited":
            found = judge(study.read_in(one.form), session_id, 0, one.form)
            if isinstance(found, Refused):
                outcomes[door_id] = found
            else:
                judged[door_id] = found
    if judged:
        outcomes |= await _let_in(studies, conn, session_id, study, forms, judged)
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
    studies: Studies,
    conn: Connection,
    session_id: str,
    study: Study,
    forms: Mapping[str, DoorForm],
    judged: Mapping[str, Guest | Leaver],
) -> dict[str, Outcome]:
    """Makes whoever is not there yet; all of these, by id, are still invited. By id: who is not in, and why."""
    wave = await waves.wave_of(conn, session_id)
    before = await studies.of(wave.session_id) if wave else None
    # Read before the session is locked. Whoever is erased meanwhile is not known any more then.
    pasts = await waves.pasts_of(conn, session_id, before, judged) if before else {}
    async with conn.transaction():
        if not await quotas.lock_door(conn, session_id):
            return {}
        there = await door.come_by_door(conn, session_id, list(judged))
        way_in = await waiting_list.way_in_now(conn, session_id, study)
        known = await waves.returning(conn, session_id, judged.keys() - there.keys()) if before else None
        back = await _turned_back(conn, session_id, study, forms, judged, there, way_in, known)
        newcomers = [_newcomer(id, forms[id], known) for id in judged if id not in there and id not in back]
        made = await door.make(conn, session_id, study, newcomers) if newcomers else {}
        if known and before and made:
            were = {player_id: known[id].id for id, player_id in made.items()}
            late = [old for old in were.values() if old not in pasts]  # through since
            pasts = {**pasts, **(await earlier.tell(conn, before, late) if late else {})}
            await earlier.keep(conn, session_id, were, pasts)
        ids = {id: player_id for id, (player_id, _) in there.items()} | made
        at_door = AtDoor()
        for id, player_id in ids.items():
            if id in there and there[id][1] != "invited":
                continue  # they came at the same moment by another process
            at_door.add(replace(judged[id], player_id=player_id), forms[id].form)
        tried, guests = await pass_door(conn, study, at_door)
        if guests:
            beyond = await quotas.come_in(conn, session_id, study, guests, way_in.places)
            await begin(conn, session_id, study, [one.player_id for one in guests])
            await waiting_list.line_up(conn, study, beyond, way_in.in_line)
    again = {id: tried[ids[id]] for id in ids if ids[id] in tried}
    return {id: TurnedBack(session_id, why) for id, why in back.items()} | {
        id: not_right(session_id, one, forms[id].form) for id, one in again.items()
    }


def _newcomer(id: str, form: DoorForm, known: Mapping[str, Returning] | None) -> Newcomer:
    """`known`: who may come in, where that is who was in the session that this one goes on from; as they were there."""
    newcomer = Newcomer(id, form.given, form.source)
    return replace(newcomer, label=known[id].label, type=known[id].type) if known else newcomer


async def _turned_back(
    conn: Connection,
    session_id: str,
    study: Study,
    forms: Mapping[str, DoorForm],
    judged: Mapping[str, Guest | Leaver],
    there: Collection[str],
    way_in: WayIn,
    known: Mapping[str, Returning] | None,
) -> dict[str, str]:
    """Of whom no player is made, and why: made-up ids must not become rows without end. `known`: see `_newcomer`."""
    may_come = await door.may_make(conn, session_id)
    from_one = await door.may_make_from(conn, session_id, {forms[id].source for id in judged} - {b""})
    left, back = way_in.together, dict[str, str]()
    for id, one in judged.items():
        takes = isinstance(one, Guest) and not wrong_in(study, one.entry)
        source = forms[id].source
        if id not in there:
            if known is not None and id not in known:
                back[id] = "not before"
                continue
            if may_come <= 0:
                back[id] = "enough"
                continue
            if way_in.is_full or (takes and left is not None and left <= 0):
                back[id] = "full"
                continue
            if from_one.get(source, 1) <= 0:
                back[id] = "too many"
                continue
            may_come -= 1
            from_one[source] = from_one.get(source, 1) - 1 if source else 1
        if takes and left is not None:
            left -= 1
    return back

"""Places: how many of those who come by the link for everybody are to come to the end, and who comes in for it."""

from __future__ import annotations

from app.database.connections import Connection
from app.players import door, waiting_list
from app.players.door import Places
from app.rooms import lobby
from app.sessions import arrivals, sessions
from app.sessions.sessions import SessionError
from app.study.stored import read_study


async def change_places(conn: Connection, session_id: str, places: Places, by: str) -> str:
    """How many may come in by the link for everybody from now on; nobody who is in has to leave.

    Whoever is in line comes in at once, as far as there are places now.
    """
    session = await sessions.lock_as(conn, session_id, by)
    before = await door.places_of(conn, session_id)
    if before is None:
        raise SessionError(f"{session.name} has no link for everybody. It was opened without --door.")
    if session.status == "closed":
        raise SessionError(f"{session.name} is closed: nobody can come in any more.")
    if before == places:
        return f"{session.name} has these places already; nothing changed."
    await lobby.look_again(conn, session_id)  # before the line is locked: see the lock order
    await waiting_list.lock(conn, session_id)
    await door.change_places(conn, session_id, places)
    study = await read_study(conn, session_id)
    came = await waiting_list.move_up(conn, session_id, study)
    await arrivals.begin(conn, session_id, study, came)
    now = await door.door_now(conn, session_id)
    assert now is not None
    said = [_how_many(places)]
    if came:
        said.append(f"{len(came):,} of those who waited in line {'is' if len(came) == 1 else 'are'} in now.")
    left = places.left(now)
    if left is not None and left < 0:
        said.append(
            f"{now.inside:,} are in, and nobody has to leave: the next comes in once {1 - left:,} have left without"
            " coming to the end."
        )
    elif left is not None:
        said.append(f"{left:,} more may come in." if left else "All places are taken now.")
    return " ".join(said)


def _how_many(places: Places) -> str:
    if places.most is None:
        return "As many can come in as there are."
    extra = f", and {places.extra:.0%} more than are lacking come in" if places.extra else ""
    return f"{places.most:,} of those who come by the link for everybody are to come to the end{extra}."

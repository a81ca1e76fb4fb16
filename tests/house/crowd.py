"""Who waits in a lobby: crowds and kinds of rooms as they may be drawn, and people who wait in a story's database."""

from __future__ import annotations

from hypothesis import strategies as st

from app.database.connections import Connection
from app.players import players
from app.rooms import lobby
from app.rooms.seating import Waiting
from app.study.model.study import RoomKind
from app.study.stored import read_study
from tests.house.house import House, Opened

TYPES = st.sampled_from(["red", "blue", "green"])
KINDS = st.lists(
    st.builds(
        RoomKind,
        name=st.uuids().map(str),
        seats=st.dictionaries(st.sampled_from(["red", "blue", "any"]), st.integers(1, 3), min_size=1),
        count=st.none() | st.integers(1, 3),
        after=st.sampled_from([0.0, 10.0, 30.0]),
    ),
    min_size=1,
    max_size=3,
)
CROWD = st.lists(st.tuples(TYPES, st.floats(0, 60)), max_size=25).map(
    lambda people: sorted(
        (Waiting(number, type_, waited) for number, (type_, waited) in enumerate(people)),
        key=lambda one: (-one.waited, one.player_id),
    )
)


def come(house: House, session: Opened, *labels: str) -> None:
    """These people sign in, in this order, and nobody looks at the lobby."""

    async def work(conn: Connection) -> None:
        for label in labels:
            async with conn.transaction():
                assert None not in await players.sign_in(conn, [players.Arrival(session.tokens[label], {})])

    house.read(work)


def seat(house: House, session: Opened) -> int:
    """One look at the lobby; how many have a seat now who had none."""

    async def work(conn: Connection) -> int:
        return await lobby.seat(conn, session.id, await read_study(conn, session.id))

    return house.do(work)


def age(house: House, session: Opened, seconds: float, *labels: str) -> None:
    """As if these people had come so much earlier."""
    house.sql(
        "update player set waiting_since = waiting_since - make_interval(secs => %s),"
        " signed_in_at = signed_in_at - make_interval(secs => %s) where session_id = %s and label = any(%s)",
        *(seconds, seconds, session.id, list(labels)),
    )

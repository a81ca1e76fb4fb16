"""Waves: a session that goes on from another one, and lets in who came to its end, as the same people.

Whoever came there by a link of their own has the same link here. Whoever came by the one link for everybody comes by
that of this session, and the same id finds them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from app.database.connections import Connection
from app.database.queries import Queries, row, rows
from app.players import players
from app.players.door import OF_BROWSER
from app.rooms import earlier
from app.sessions import sessions
from app.study.hooks.networklab import Earlier
from app.study.model.study import Study

SQL = Queries(__name__)
COUNT = ("complete",)  # the outcomes by which people come into the next wave, unless it is said otherwise


@dataclass(frozen=True, slots=True)
class Wave:
    """What a session goes on from, and how it had to end there."""

    session_id: str
    outcomes: Sequence[str] = COUNT


@dataclass(frozen=True, slots=True)
class Through:
    """Somebody who is out of the session before."""

    id: int
    label: str
    type: str
    by_door: bool
    has_id: bool  # of the link for everybody
    erased: bool
    again: bool  # is in the later session already

    @property
    def has_link(self) -> bool:
        """Of their own."""
        return not self.by_door and not self.erased


@dataclass(frozen=True, slots=True)
class Returning:
    """Somebody who comes by the link for everybody, as they were in the session before."""

    id: int
    label: str
    type: str


@dataclass(frozen=True, slots=True)
class Was:
    """A player of the session before."""

    session_id: str
    id: int


@dataclass(frozen=True, slots=True)
class Later:
    """A session that goes on from people of another one: how many of them it has, and how many are in it just now."""

    id: str
    name: str
    people: int
    inside: int


async def wave_of(conn: Connection, session_id: str) -> Wave | None:
    """None: it goes on from nothing."""
    return await row(conn, Wave, SQL["wave_of"], session_id=session_id)


async def who_is_through(conn: Connection, wave: Wave, later_id: str = "") -> list[Through]:
    """`later_id`: the session that goes on from it, if there is one yet."""
    asked = dict(session_id=wave.session_id, outcomes=list(wave.outcomes), later_id=later_id)
    return await rows(conn, Through, SQL["who_is_through"], **asked, of_browser=OF_BROWSER)


async def outcomes_there(conn: Connection, session_id: str) -> dict[str, int]:
    """How it ended for how many in a session."""
    return dict(await (await conn.execute(SQL["outcomes_there"], dict(session_id=session_id))).fetchall())


async def go_on(conn: Connection, session_id: str, wave: Wave, before: Study) -> list[int]:
    """A session that was just opened goes on from another one, which had that study, and invites who is through there
    and has a link of their own. Their numbers there.

    Raises `SessionError` where that one is being moved to another database: what goes on from it goes with it.
    """
    await sessions.keep_here(conn, wave.session_id)
    what = dict(session_id=session_id, from_session_id=wave.session_id, outcomes=list(wave.outcomes))
    await conn.execute(SQL["set_wave"], what)
    return await invite_through(conn, session_id, wave, before)


async def returning(conn: Connection, session_id: str, ids: Collection[str]) -> dict[str, Returning]:
    """Who may come into a session that goes on from another, of these ids at its door; none of them is erased before
    this transaction ends."""
    asked = dict(session_id=session_id, ids=list(ids), of_browser=OF_BROWSER)
    found = await (await conn.execute(SQL["known_at_door"], asked)).fetchall()
    return {id: Returning(*columns) for id, *columns in found}


async def pasts_of(
    conn: Connection, session_id: str, before: Study, ids: Collection[str]
) -> Mapping[int, Earlier]:
    """Of those who may come in now by these ids, by their numbers in the session before, which had that study."""
    came = await returning(conn, session_id, ids)
    return await earlier.tell(conn, before, [one.id for one in came.values()])


async def was(conn: Connection, player_id: int) -> Was | None:
    """Who a player was in the session before; None: in none that is known."""
    return await row(conn, Was, SQL["was"], player_id=player_id)


async def goes_on_in(conn: Connection, player_ids: Sequence[int]) -> list[Later]:
    """The sessions in which these people are again."""
    return await rows(conn, Later, SQL["goes_on_in"], player_ids=list(player_ids))


async def invite_through(conn: Connection, session_id: str, wave: Wave, before: Study) -> list[int]:
    """Those who are through and not in this session yet, by their numbers there. `before`: the study there."""
    through = await who_is_through(conn, wave, session_id)
    ids = [one.id for one in through if one.has_link and not one.again]
    told = await earlier.tell(conn, before, ids)
    were = dict(await players.invite_again(conn, session_id, ids))
    await earlier.keep(conn, session_id, were, told)
    return list(were.values())

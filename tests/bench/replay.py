"""A session of 700 players and 105,000 records, told again from its logs."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from datetime import datetime

from app.database.connections import Connection
from app.database.queries import value
from app.players.players import Arrival, sign_in
from app.replay.check import check
from app.replay.reading import read_span, read_then
from app.rooms import lobby, rooms
from app.study.stored import read_study
from tests.bench.figure import Chapter, WrongAnswer, plain
from tests.bench.stage import Stage
from tests.house.house import House, Opened
from tests.house.studies import RUMOUR

MOMENTS = 20
HOW = """{people} players of `studies/rumour` sign in, are seated and answer all 30 rounds; the answers of a round are
written in one statement, and the triggers write the logs: {events:,} events. *A moment* is what a page of the replay
reads and folds, at {moments} moments evenly over the session. The check reads and folds all of it and compares it with
the tables."""
ANSWERS = b"""
insert into record (session_id, player_id, room_id, step, round, field, value, version, late, form)
select p.session_id, p.id, p.room_id, r.step, r.round, f, (p.id * 7 + r.round) %% 101, 1, false,
    md5(p.id || '/' || r.id || '/' || r.position)::uuid
from player p join room r on r.id = p.room_id, unnest(%(fields)s::text[]) f
where p.session_id = %(id)s and p.status = 'playing'
"""


def run(stage: Stage) -> Chapter:
    people = 40 if stage.quick else 700
    with stage.house("replay") as house:
        session = house.open_folder(RUMOUR, {"red": people // 2, "blue": people // 2})
        play(house, session)
        span = house.read(lambda conn: read_span(conn, session.id))
        step = (span.last - span.first) / MOMENTS
        took = [_timed(house, _at(session.id, span.first + step * nth)) for nth in range(1, MOMENTS + 1)]
        checks = [
            _timed(house, lambda conn: check(conn, session.id), lambda found: found.ok)
            for _ in range(stage.runs)
        ]
        [(events,)] = house.sql("select count(*) from event")
    figures = (
        plain(f"a moment of {people * 150:,} records, read and folded", [one * 1000 for one in took], "ms"),
        plain("the whole session against the tables", checks, "s"),
    )
    return Chapter("Replay", figures, HOW.format(people=people, events=events, moments=MOMENTS))


def play(house: House, session: Opened) -> None:
    """Everybody comes, sits down and answers everything; the last step stays open."""
    study = house.do(lambda conn: read_study(conn, session.id))
    arrivals = [Arrival(token, {"age": "40"}) for token in session.tokens.values()]

    async def come(conn: Connection) -> None:
        await sign_in(conn, arrivals)
        await lobby.seat(conn, session.id, study)

    async def answer(conn: Connection) -> None:
        index = await value(conn, b"select min(position) from room where session_id = %(id)s", id=session.id)
        position = study.plan[index]
        fields = [field.name for field in position.step.fields]
        await conn.execute(ANSWERS, dict(id=session.id, fields=fields))
        if index + 1 < len(study.plan):
            found = await conn.execute(
                b"select id from room where session_id = %(id)s order by id", dict(id=session.id)
            )
            await rooms.advance(
                conn, study, [(room_id, study.plan[index + 1]) for (room_id,) in await found.fetchall()]
            )

    house.do(come)
    for _ in study.plan:
        house.do(answer)


def _at(session_id: str, at: datetime) -> Callable[[Connection], Awaitable[object]]:
    return lambda conn: read_then(conn, session_id, at)


def _timed(
    house: House, work: Callable[[Connection], Awaitable[object]], right: Callable[..., object] = bool
) -> float:
    async def timed(conn: Connection) -> float:
        started = time.perf_counter()
        found = await work(conn)
        took = time.perf_counter() - started
        if not right(found):
            raise WrongAnswer(f"the logs say otherwise than the tables: {found}")
        return took

    return house.read(timed)

"""What a study's own functions cost: a call, and 175 rooms that all end a round at once, with hooks and without."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from functools import partial

from app.config import PROJECT
from app.database.connections import Connection, open_pool
from app.players.players import Arrival, sign_in
from app.rooms import lobby
from app.rooms.dropouts import silent_players
from app.sessions.conductor import Conductor
from app.study.hooks.networklab import Room, Said, Seat, Tie
from app.study.hooks.pool import Hooks
from app.study.reading import parse, read_folder
from app.study.stored import Studies, read_study
from tests.bench.figure import Chapter, Figure, WrongAnswer, percentile, plain, under
from tests.bench.stage import Stage
from tests.house.house import House, Opened

GAME = """title = "Give"
[[room]]
name = "group"
seats = {any = 4}
[network]
kind = "complete"
[dropout]
silent = "10m"
then = ["nudge", "smaller"]
[[step]]
page = "give"
repeat = 40
limit = "10m"
fields = [{name = "given", ask = "How much do you give?", kind = "integer", min = 0, max = 20}]
"""
HOOKED = """on_end = "share"
results = [{name = "income", ask = "Your income", kind = "number"}]
score = "income"
"""
HOOKS = """
def share(room):
    given = room.said("given")
    return {"income": {slot: 20 - given[slot] + sum(given.values()) * 2 // 5 for slot in given}}


def income(room):
    return room.said("income")
"""
PAGE = b'{% extends "player/_step_opened.html" %}'
ANSWERS = b"""
insert into record (session_id, player_id, room_id, step, round, field, value, version, late, form)
select p.session_id, p.id, p.room_id, r.step, r.round, 'given', p.id %% 21, 1, false,
    md5(p.id || '/' || r.id || '/' || r.position)::uuid
from player p join room r on r.id = p.room_id
where p.session_id = %(id)s and p.status = 'playing' and r.position = %(position)s
"""
BEHIND = b"select id from room where session_id = %(id)s and position <= %(position)s"
ANY_BEHIND = BEHIND + b" limit 1"  # who is measured has the same processors
WARM_UP = 2  # rounds: processes for hooks start with the first call
CALLS = 300
HEARD = """insert into process (id, seen_at, figures, heard_since, heard_until)
    values ('bench', now() + interval '1 hour', '{}', now() - interval '1 hour', now())"""
HOW = """*A call*: `income` of `studies/commons` for a room of four in its tenth round, from the values to the answer:
packed, sent, run within its limits, read and checked; the next call begins when nothing is left of it.
*Rooms that move on*: {people} players in rooms of four have all answered, in one commit; from there until the last room
is in its next round, moved on by one process. One round of a session with two hooks a room (`on_end`, `score`), which
stores four results and four earnings, then one of the same session without hooks, and so on: {rounds} of each.
*Silent*: the question who of {people} players has given no sign for too long, which each process asks once a second of
a session with `[dropout]`."""


def run(stage: Stage) -> Chapter:
    people, rounds = (40, 4) if stage.quick else (700, 20)
    calls = asyncio.run(_call(CALLS))
    with stage.house("hooks") as house:
        plainly = house.open_files({"study.toml": GAME.encode(), "pages/give.html": PAGE}, {"any": people})
        hooked = house.open_files(
            {"study.toml": (GAME + HOOKED).encode(), "pages/give.html": PAGE, "hooks.py": HOOKS.encode()},
            {"any": people},
        )
        for session in (plainly, hooked):
            _seat(house, session)
        took = asyncio.run(_play(house, [plainly, hooked], rounds))
        [(results, earned)] = house.sql(
            "select (select count(*) from result), (select count(*) from earning)"
        )
        if results != earned or results != people * (rounds + WARM_UP):
            raise WrongAnswer(f"{results} results and {earned} earnings of {people} players")
        house.sql(HEARD)
        looks = [
            [house.read(partial(_look, session=hooked, after=after, silent=silent)) for _ in range(20)]
            for after, silent in ((600.0, 0), (0.001, people))
        ]
    rooms = people // 4
    figures = (
        under("a call, 50%", [percentile(calls, 0.5) * 1000], "ms", 1.0),
        plain("a call, 99%", [percentile(calls, 0.99) * 1000], "ms"),
        Figure(f"{rooms} rooms move on, without hooks", tuple(took[plainly.id]), "s"),
        under(f"{rooms} rooms move on, with two hooks each", took[hooked.id], "s", 0.4),
        plain(f"who of {people} is silent: nobody", [one * 1000 for one in looks[0]], "ms"),
        plain(f"who of {people} is silent: everybody", [one * 1000 for one in looks[1]], "ms"),
    )
    return Chapter("Hooks", figures, HOW.format(people=people, rounds=rounds))


async def _call(times: int) -> list[float]:
    """Seconds of each call, one after the other."""
    study, hooks, took = parse(read_folder(PROJECT / "studies" / "commons")), Hooks(), []
    room, everybody = replace(_room(), constants=study.constants), {1, 2, 3, 4}
    try:
        for _ in range(times + 10):
            started = time.perf_counter()
            answer = await hooks.call(study, "income", room)
            took.append(time.perf_counter() - started)
            await hooks.settled()
            if set(answer) != everybody:
                raise WrongAnswer(f"the hook said {answer}")
    finally:
        await hooks.retire(0)
    return took[10:]


def _room() -> Room:
    slots = range(1, 5)
    return Room(
        name="group-1",
        kind="group",
        number=1,
        seed=1,
        step="without",
        round=10,
        rounds=10,
        seats=tuple(Seat(slot, f"Player {slot}", "", entry={"age": 30}) for slot in slots),
        ties=tuple(Tie(one, other) for one in slots for other in slots if one != other),
        all_said=tuple(
            Said("without", nth, slot, name, value)
            for nth in range(1, 11)
            for slot in slots
            for name, value in (("contribution", 5 * slot), ("income", Decimal("20.5")))
        ),
    )


def _seat(house: House, session: Opened) -> None:
    study = house.do(lambda conn: read_study(conn, session.id))

    async def come(conn: Connection) -> None:
        await sign_in(conn, [Arrival(token, {}) for token in session.tokens.values()])
        await lobby.seat(conn, session.id, study)

    house.do(come)


async def _play(house: House, sessions: Sequence[Opened], rounds: int) -> dict[str, list[float]]:
    """Session → seconds of each round from the commit of all answers until the last room has moved on."""
    took: dict[str, list[float]] = {session.id: [] for session in sessions}
    async with open_pool(house.database, 2) as pool, pool.connection() as conn:
        conductor = Conductor(house.database, Studies(pool))
        at_work = asyncio.create_task(conductor.run())
        try:
            for position in range(rounds + WARM_UP):
                for session in sessions:
                    where = dict(id=session.id, position=position)
                    await conn.execute(ANSWERS, where)
                    started = time.perf_counter()
                    await _move_on(conn, conductor, where)
                    if position >= WARM_UP:
                        took[session.id].append(time.perf_counter() - started)
        finally:
            at_work.cancel()
            await conductor.hooks.retire(0)
    return took


async def _move_on(conn: Connection, conductor: Conductor, where: dict[str, object]) -> None:
    async with asyncio.timeout(60):
        conductor.hint(await _behind(conn, where))
        while await (await conn.execute(ANY_BEHIND, where)).fetchone():
            await conn.execute(b"select pg_sleep(0.005)")  # to ask more often takes time too


async def _behind(conn: Connection, where: dict[str, object]) -> list[int]:
    return [room_id for (room_id,) in await (await conn.execute(BEHIND, where)).fetchall()]


async def _look(conn: Connection, session: Opened, after: float, silent: int) -> float:
    """Seconds that it takes to find who has given no sign for `after` seconds: so many."""
    study = await read_study(conn, session.id)
    steps = tuple(replace(step, dropout=replace(step.dropout, silent=after)) for step in study.steps)
    started = time.perf_counter()
    found = await silent_players(conn, session.id, replace(study, steps=steps))
    took = time.perf_counter() - started
    if len(found) != silent:
        raise WrongAnswer(f"{len(found)} are silent instead of {silent}")
    return took

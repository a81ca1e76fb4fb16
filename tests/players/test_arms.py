"""What is drawn for people as they come: for everybody before anything is done with them, and again the same."""

from __future__ import annotations

import asyncio

from app.database.connections import Connection, open_pool
from app.export.verify import verify
from app.sessions import actions
from app.sessions.arrivals import EntryForm, sign_in
from app.study.reading import parse
from app.study.stored import Studies
from tests.house.house import House, Opened
from tests.house.studies import PAGE

STUDY = """
title = "Drawn at the door"
types = ["red", "blue"]
[entry]
fields = [{name = "age", ask = "Your age", kind = "integer", min = 18, max = 99}]
[[treatment]]
name = "hat"
levels = ["tall", "flat", "none"]
at = "door"
within = "type"
[[quota]]
field = "age"
min = 18
max = 99
most = 90
[[room]]
name = "many"
seats = {any = 40}
[[step]]
page = "talk"
limit = "1h"
"""
FILES = {"study.toml": STUDY.encode(), "pages/talk.html": PAGE.encode()}
# What holds at each commit, whoever looks then: a seating, say, that has only waited for it.
WATCH = """
create function is_drawn() returns trigger language plpgsql as $$
begin
    if exists (select from player where id = new.id and status not in ('invited', 'left') and drawn is null) then
        raise exception 'player % is in, and nothing is drawn for them', new.id;
    end if;
    return null;
end $$;
create constraint trigger is_drawn after update on player deferrable initially deferred
for each row execute function is_drawn();
"""


def come(house: House, session: Opened, *labels: str) -> None:
    async def work() -> None:
        async with open_pool(house.database, 2) as pool, pool.connection() as conn:
            forms = [EntryForm(session.tokens[label], {"age": ["30"]}) for label in labels]
            for one in await sign_in(Studies(pool), conn, forms):
                assert getattr(one, "status", "") == "waiting", one

    asyncio.run(work())


def test_nobody_is_in_at_any_moment_without_what_was_drawn_for_them(house: House) -> None:
    session = house.open_files(FILES, {"red": 2, "blue": 1})
    house.sql(WATCH)
    come(house, session, "R1", "B1", "R2")
    assert sorted(house.sql("select drawn from player")) == [(1,), (2,), (3,)]


def test_of_whatever_type_somebody_is_made_later_those_who_come_are_drawn_for_as_before(house: House) -> None:
    session, study = house.open_files(FILES, {"red": 8, "blue": 4}), parse(FILES)

    async def becomes(conn: Connection, label: str, type_: str) -> str:
        [(number,)] = await (await conn.execute("select id from player where label = %s", [label])).fetchall()
        return await actions.retype(conn, session.id, study, number, type_, "ada")

    come(house, session, "R1", "R2", "B1")
    for label, type_ in (("R1", "blue"), ("R1", "red"), ("R2", "blue")):
        assert "now." in house.do(lambda conn, of=label, to=type_: becomes(conn, of, to))  # type: ignore[misc]
    come(house, session, "R3", "R4", "B2")
    come(house, session, "R5", "R6", "R7", "B3", "B4")
    levels = "select treatment->>'hat' from player where label = any(%s)"
    assert len({*house.sql(levels, ["R1", "R2", "R3"])}) == 3, "a block of red has each of them once"
    verdict = asyncio.run(verify(house.database, session.id, study))
    assert verdict.ok, str(verdict)

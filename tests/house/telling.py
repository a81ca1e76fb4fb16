"""Somebody who has said of themselves what nobody else could have said, wherever one can say something."""

from __future__ import annotations

from collections.abc import Collection

import psycopg
from psycopg.sql import SQL, Identifier

from app.database.connections import Connection
from app.players import drafts, notes
from app.rooms.late_claims import put_claim
from tests.house.house import House
from tests.house.lively import Lively, a_lively_session, room_of

TABLES = """select table_name from information_schema.tables
    where table_schema = 'public' and table_type = 'BASE TABLE' order by 1"""
HEX = frozenset("0123456789abcdef")
OF_ONE = {
    "label": "P4",
    "label for others": "P4’s",
    "entry": "I expect rain in Ljubljana",
    "given": "5f1c of the panel in Kranj",
    "answer": "since my aunt Filomena said so",
    "late answer": "the bus to Maribor was late",
    "message": "call me at 0151 2345",
    "question": "my screen in Graz is dark",
    "answer of the researchers": "Dear Filomena, reload it",
    "draft": "a sentence that was never sent",
}


def everything_in(house: House) -> dict[str, str]:
    """Table → all that stands in it, as text. A table that is new is in it by itself; bytes are in hex."""
    with psycopg.connect(house.database, autocommit=True) as conn:
        names = [name for (name,) in conn.execute(TABLES.encode()).fetchall()]
        lines = SQL("select t::text from {} t")
        return {
            name: "\n".join(line for (line,) in conn.execute(lines.format(Identifier(name))))
            for name in names
        }


def found_in(texts: dict[str, str], words: Collection[str]) -> list[tuple[str, str]]:
    """As they are, or in the hex of bytes. A few letters that hex is written with stand there by chance."""
    assert [word for word in words if len(word) < 12 and HEX.issuperset(word)] == []
    forms = [(word, one) for word in words if word for one in (word, word.encode().hex())]
    return [(name, word) for name, text in texts.items() for word, one in forms if one in text]


def somebody_tells_much(house: House) -> tuple[Lively, dict[str, int]]:
    """They are P4."""
    lively, who = a_lively_session(house)
    number, session_id = who["P4"], lively.session_id

    async def say(conn: Connection) -> None:
        entry = f'{{"age": "44", "outcome": "{OF_ONE["entry"]}"}}'
        given = f'{{"PANEL": "{OF_ONE["given"]}"}}'
        await conn.execute("update player set entry = %s, given = %s where id = %s", [entry, given, number])
        await lively.answer(conn, number, 1, belief="61", why=OF_ONE["answer"])
        await lively.say(conn, number, OF_ONE["message"])
        await notes.ask(conn, session_id, number, OF_ONE["question"], "in the room", "form-10")
        await notes.tell(conn, session_id, number, "ada", OF_ONE["answer of the researchers"], "form-11")
        await conn.execute("insert into presence values (%s, %s, 'here', now(), now())", [number, session_id])
        await conn.execute("insert into visit values (%s, %s, now())", [number, session_id])
        await conn.execute("insert into sign values (%s, now())", [number])
        # A hook that tells somebody who has not answered what P4 wrote, and one that fails over it
        await conn.execute(
            """insert into result (session_id, room_id, position, step, round, slot, name, value, made_by)
            select p.session_id, p.room_id, 0, 'talk', 1, s.slot, 'why', 'They say: ' || %s, 'hook tell'
            from player p join slot s on s.room_id = p.room_id and s.slot <> p.slot
            where p.id = %s and not exists (
                select from record r join player other on other.id = r.player_id and other.slot = s.slot
                where r.room_id = s.room_id and (r.step, r.round, r.field) = ('talk', 1, 'why')
            ) order by s.slot limit 1""",
            [OF_ONE["answer"], number],
        )
        await conn.execute(
            """update lobby set stopped = jsonb_build_object('hook', 'seat', 'line', 3, 'sentence', %s::text,
                'values', %s::text, 'printed', '', 'at', now()) where session_id = %s""",
            [OF_ONE["entry"], OF_ONE["entry"], session_id],
        )

    async def say_late(conn: Connection) -> None:
        room = await room_of(conn, number)
        await conn.execute("update room set deadline = now() - interval '1 s' where id = %s", [room.id])
        late = await lively.answer(conn, number, room.round, belief="63", why=OF_ONE["late answer"])
        assert late.late and await put_claim(conn, number, late.records, room.position, 90)
        await conn.execute("update room set deadline = %s where id = %s", [room.deadline, room.id])

    house.do(say)
    house.do(say_late)
    house.do(lambda conn: drafts.keep(conn, number, "answers", "k", {"why": [OF_ONE["draft"]]}))
    return lively, who

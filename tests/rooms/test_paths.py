"""In one room each role goes its own way at its own pace, at the same time, and all meet at the last page."""

from __future__ import annotations

import asyncio
import csv
from pathlib import Path

from app.database.connections import Connection
from app.export.verify import verify
from app.rehearsal.trial import try_study
from app.rooms import records
from app.rooms.records import Answer, form_id
from app.study.reading import check, parse
from tests.house.album import Album
from tests.house.conducting import conduct
from tests.house.house import House
from tests.house.server import Server
from tests.house.shell import networklab
from tests.house.studies import as_files, changed
from tests.house.table import at_the_table

OFFICE = """
title = "Office"
[[room]]
name = "pair"
seats = {any = 2}
[role]
deal = {writer = 1, reader = 1}
[[step]]
page = "talk"
name = "start"
limit = "10m"
button = "Begin"
show = [{field = "role", of = "me"}]
[[step]]
page = "talk"
name = "write"
wait_for = "none"
within = "10m"
only = {role = "writer"}
on_timeout = "default:nothing"
fields = [{name = "text", ask = "Write!", kind = "text"}]
show = [{hook = "topic", ask = "About"}]
[[step]]
page = "talk"
name = "read"
wait_for = "none"
only = {role = "reader"}
on_timeout = "default:1"
fields = [{name = "mark", ask = "Mark!", kind = "integer"}]
[[step]]
page = "talk"
name = "write_more"
wait_for = "none"
only = {role = "writer"}
fields = [{name = "more", ask = "Write more!", kind = "text"}]
[[step]]
page = "talk"
name = "meet"
wait_for = "none"
button = "Done"
[[step]]
page = "talk"
name = "both"
limit = "10m"
fields = [{name = "fine", ask = "Fine?", kind = "yes_no"}]
show = [{field = "text", of = "room"}, {field = "mark", of = "room"}]
"""
HOOKS = """
def topic(room):
    return dict.fromkeys(room.slots, "bees")
"""
STUDY = parse(as_files(OFFICE, HOOKS))


def test_two_do_different_things_at_the_same_time_and_meet_again(shared: House, server: Server) -> None:
    session = shared.open_study(STUDY, {"x": 2})
    albums = list[Album]()

    async def story() -> None:
        table = await at_the_table(shared, server, session)
        roles = shared.sql(
            "select value, slot from result where session_id = %s and name = 'role'", session.id
        )
        slot = dict(roles)
        writer, reader = table[slot["writer"]], table[slot["reader"]]
        ids = [
            one
            for (one,) in shared.sql("select id from player where session_id = %s order by id", session.id)
        ]
        albums.append(await asyncio.to_thread(Album, shared, session.id, STUDY, ids))
        async with writer.watching() as writes, reader.watching() as reads:
            for guest in table.values():
                await guest.answer({})
            await writes.until(lambda text: "Write!" in text and "bees" in text, "the writer's page")
            await reads.until(lambda text: "Mark!" in text, "the reader's page")
            await asyncio.to_thread(albums[0].keep)
            assert "Write!" not in reads.text and "Mark!" not in writes.text
            mine = await writer.form()
            await reader.answer({"mark": "5"})
            await reads.until(lambda text: "Done" in text, "the page at which all meet")
            await reader.answer({})
            assert (await writer.answer({"text": "Buzz"}, mine)).status == 200
            await writes.until(lambda text: "Write more!" in text, "the writer's next page")
            await asyncio.to_thread(albums[0].keep)
        # Whatever a browser sends, what is another role's is not stored.
        taken = {**mine, "text": "Mine"}
        assert (await reader.browser.post("/play/records", taken)).status != 200
        assert (
            await asyncio.to_thread(shared.do, lambda conn: _write(conn, session.id, slot["reader"])) is None
        )
        await writer.answer({"more": "Hum"})
        await writer.answer({})
        for guest in table.values():
            page = await guest.shows("Fine?")
            assert "Buzz" in page and "5" in page

    shared.tell(story())
    albums[0].look_at_again()
    assert asyncio.run(verify(shared.database, session.id, STUDY)).ok
    shared.sql(
        "insert into record (session_id, player_id, room_id, step, round, field, value, version, late, form)"
        " select r.session_id, p.id, p.room_id, 'read', 1, 'mark', '9', 1, false, gen_random_uuid() from result r"
        " join player p on p.room_id = r.room_id and p.slot = r.slot"
        " where r.session_id = %s and r.name = 'role' and r.value = 'writer'",
        session.id,
    )
    told = str(asyncio.run(verify(shared.database, session.id, STUDY)))
    assert "was not asked at step read" in told


async def _write(conn: Connection, session_id: str, slot: int) -> object:
    """By somebody who has got past the pages: an answer of the reader's to the writer's page."""
    found = await conn.execute(
        "select id, room_id from player where session_id = %s and slot = %s", [session_id, slot]
    )
    [(player_id, room_id)] = await found.fetchall()
    said = (("text", "Mine"),)
    answer = Answer(player_id, room_id, "write", 1, said, form_id(player_id, "key", said))
    [receipt] = await records.store(conn, [answer])
    return receipt


def test_rounds_csv_says_who_was_not_asked(shared: House, server: Server, tmp_path: Path) -> None:
    session = shared.open_study(STUDY, {"x": 2})

    async def story() -> None:
        table = await at_the_table(shared, server, session)
        for guest in table.values():
            await guest.answer({})
        await table[1].shows("You go on by yourself with each page.")

    shared.tell(story())
    shared.act("close", session)
    done = networklab(shared, "export", session.id, "--to", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    with (tmp_path / "out" / "rounds.csv").open(newline="", encoding="utf-8") as file:
        lines = [line for line in csv.DictReader(file) if line["step"] in ("write", "read")]
    assert len(lines) == 4
    for line in lines:
        is_theirs = line["role"] == {"write": "writer", "read": "reader"}[line["step"]]
        assert (line["how"] == "not_asked") is not is_theirs, line


def test_who_comes_to_nothing_is_filled_in_where_it_was_theirs(shared: House, server: Server) -> None:
    session = shared.open_study(STUDY, {"x": 2})

    async def story() -> None:
        table = await at_the_table(shared, server, session)
        for guest in table.values():
            await guest.answer({})
        await table[1].shows("You go on by yourself with each page.")
        over = "update room set deadline = clock_timestamp() where session_id = %s and step = 'write'"
        await asyncio.to_thread(shared.sql, over, session.id)
        await asyncio.to_thread(conduct, shared)
        await table[1].shows("Fine?")

    shared.tell(story())
    filled = "select r.name, r.value, o.value from result r join result o on o.room_id = r.room_id and o.slot = r.slot"
    where = " and o.name = 'role' where r.session_id = %s and r.made_by = 'default' order by r.name"
    assert shared.sql(filled + where, session.id) == [("mark", "1", "reader"), ("text", "nothing", "writer")]


def test_check_goes_both_ways_and_wants_a_page_where_all_meet() -> None:
    files = as_files(OFFICE, HOOKS)
    assert check(files) == [] == [one for one in asyncio.run(try_study(parse(files))) if one.grave]
    apart = changed(OFFICE, '[[step]]\npage = "talk"\nname = "meet"\nwait_for = "none"\nbutton = "Done"\n')
    assert "is where all meet" in str(check(as_files(apart, HOOKS))[0])

"""Steps at which sent is sent: the first answer counts, whatever comes after it, and all at once."""

from __future__ import annotations

import asyncio

from app.database.connections import Connection
from app.export.verify import verify
from app.rooms import records
from app.rooms.records import Answer, form_id
from app.study.reading import parse
from tests.house.house import House
from tests.house.server import Server
from tests.house.studies import as_files
from tests.house.table import at_the_table

OFFER = """
title = "Offer"
[[room]]
name = "pair"
seats = {any = 2}
[[step]]
page = "talk"
name = "offer"
limit = "10m"
final = true
fields = [
    {name = "offered", ask = "How much?", kind = "integer", min = 0, max = 10},
    {name = "why", ask = "Why?", kind = "text", required = false},
]
"""


def test_what_was_sent_can_not_be_changed(shared: House, server: Server) -> None:
    session = shared.open(OFFER, {"x": 2})

    async def story() -> None:
        table = await at_the_table(shared, server, session)
        assert "Once sent, your answers can’t be changed." in await table[1].page()
        form = await table[1].form()
        sent = await table[1].answer({"offered": "4", "why": ""}, form)
        assert "Your answers have been sent." in sent.text and 'fieldset class="sent" disabled' in sent.text
        again = await table[1].answer({"offered": "4", "why": ""}, form)
        assert again.headers["receipt"] == sent.headers["receipt"]
        other = await table[1].answer({"offered": "9", "why": ""}, form)
        assert other.status == 409 and "You have sent your answer already" in other.text
        newer = await table[1].answer({"offered": "8", "why": ""})
        assert newer.status == 409
        # Two at once, from two tabs: one of them counts.
        form = await table[2].form()
        ways = [table[2].answer({"offered": str(many), "why": ""}, form) for many in (1, 2, 3)]
        assert sorted(one.status for one in await asyncio.gather(*ways)) == [200, 409, 409]

    shared.tell(story())
    found = shared.sql("select value from record where session_id = %s and field = 'offered'", session.id)
    assert len(found) == 2 and ("4",) in found
    study = parse(as_files(OFFER))
    assert asyncio.run(verify(shared.database, session.id, study)).ok
    shared.sql(
        "insert into record (session_id, player_id, room_id, step, round, field, value, version, late, form)"
        " select session_id, player_id, room_id, step, round, field, value, 2, false, gen_random_uuid() from record"
        " where session_id = %s and value = '4'",
        session.id,
    )
    checks = asyncio.run(verify(shared.database, session.id, study)).checks
    [broken] = [one for one in checks if one.name == "final_is_final"]
    assert not broken.ok and "has 2 answers at step offer, round 1" in broken.rows[0]


def test_of_two_that_are_committed_together_the_first_counts(shared: House, server: Server) -> None:
    session = shared.open(OFFER, {"x": 2})
    shared.tell(at_the_table(shared, server, session))
    [(player, room), *_] = shared.sql("select id, room_id from player where session_id = %s", session.id)
    forms = [
        Answer(player, room, "offer", 1, said, form_id(player, "key", said), final=True)
        for said in ((("offered", "3"),), (("offered", "4"),), (("offered", "3"),))
    ]

    async def store(conn: Connection) -> list[bool]:
        return [one is not None for one in await records.store(conn, forms)]

    assert shared.do(store) == [True, False, True]

"""Stories of the door: who signs in, how often, with what, and what the database knows of their link."""

from __future__ import annotations

import asyncio
import re

from app.database.connections import Connection
from app.players import players
from app.players.tokens import hashed
from tests.house.guests import seated
from tests.house.house import House
from tests.house.server import Server
from tests.house.studies import PAIR

ENTRY = f"""{PAIR}
[entry]
fields = [
    {{name = "age", ask = "Your age", kind = "integer", min = 18, max = 120}},
    {{name = "nick", ask = "What shall we call you?", kind = "text"}},
]
"""


def test_signing_in_again_from_anywhere_gives_the_same_seat(
    shared: House, server: Server, other_server: Server
) -> None:
    session = shared.open(PAIR, {"red": 1, "blue": 1})
    phone, other = (shared.guest(server, session, label) for label in ("R1", "B1"))
    laptop = shared.guest(other_server, session, "R1")

    async def story() -> None:
        await phone.sign_in()
        before = shared.sql("select signed_in_at, waiting_since from player where label = 'R1'")
        assert "Your place is kept" in (await laptop.browser.get(f"/join/{laptop.token}")).text
        assert (await laptop.sign_in()).status == 303
        assert shared.sql("select signed_in_at, waiting_since from player where label = 'R1'") == before
        await other.sign_in()
        page = _timeless(await seated(phone))
        assert page == _timeless(await seated(laptop))
        seat = shared.sql("select room_id, slot from player where label = 'R1'")

        assert (await phone.browser.get("/play")).status == 200
        phone.browser.cookies.clear()
        lost = await phone.browser.get("/play")
        assert (lost.status, "Open the link from your invitation again" in lost.text) == (403, True)
        assert (await phone.sign_in()).status == 303
        assert _timeless(await seated(phone)) == page
        assert shared.sql("select room_id, slot from player where label = 'R1'") == seat

    shared.tell(story())
    assert shared.contradictions(session) == []


def test_people_who_sign_in_together_each_come_in_once_and_with_what_they_said_first(house: House) -> None:
    session, closed = house.open(PAIR, {"red": 1, "blue": 1}), house.open(PAIR, {"red": 1})
    house.act("close", closed)
    (one, other), (late,) = session.tokens.values(), closed.tokens.values()
    arrivals = [(one, "first"), ("unknown", ""), (late, ""), (one, "second"), (other, "")]

    async def come(conn: Connection) -> list[str | None]:
        found = await players.sign_in(
            conn, [players.Arrival(token, {"said": said}) for token, said in arrivals]
        )
        return [who.status if who else None for who in found]

    assert house.do(come) == ["waiting", None, "invited", "waiting", "waiting"]
    arrivals = [(one, "again")]
    assert house.do(come) == ["waiting"]
    assert house.sql("select entry->>'said' from player where label = 'R1' and status = 'waiting'") == [
        ("first",)
    ]


def test_a_wrong_entry_gets_its_sentence_beside_the_field_and_keeps_what_was_typed(
    shared: House, server: Server
) -> None:
    session = shared.open(ENTRY, {"red": 1, "blue": 1})
    guest = shared.guest(server, session, "R1")

    async def story() -> None:
        answer = await guest.sign_in({"age": "12", "nick": 'Zoë <"&'})
        assert answer.status == 422
        error = '<p class="error" id="error-entry-age">Please give a whole number from 18 to 120.</p>'
        assert error in answer.text
        assert 'value="12"' in answer.text
        assert "Zoë &lt;&#34;&amp;</textarea>" in answer.text
        assert 'id="error-entry-nick"' not in answer.text
        assert shared.sql("select status::text, entry from player where label = 'R1'") == [("invited", {})]

        assert (await guest.sign_in({"age": "18", "nick": 'Zoë <"&'})).status == 303
        assert shared.sql("select status::text, entry from player where label = 'R1'") == [
            ("waiting", {"age": "18", "nick": 'Zoë <"&'})
        ]

    shared.tell(story())


def test_a_closed_session_and_a_wrong_link_say_so(shared: House, server: Server) -> None:
    session = shared.open(PAIR, {"red": 1, "blue": 1})
    inside, outside = shared.guest(server, session, "R1"), shared.guest(server, session, "B1")
    address = f"/join/{outside.token}"

    async def story() -> None:
        assert (await outside.browser.get(address)).status == 200
        await inside.sign_in()
        await asyncio.to_thread(shared.act, "close", session)
        for answer in (await outside.browser.get(address), await outside.sign_in()):
            assert (answer.status, "This session is closed" in answer.text) == (410, True)
        assert outside.browser.cookies == {}
        assert (await inside.sign_in()).status == 303
        assert 'id="code">LOBBY<' in await inside.page()

        wrong = f"/join/{outside.token}x"
        for answer in (await outside.browser.get(wrong), await outside.browser.post(wrong, {})):
            assert (answer.status, "This link leads to no study" in answer.text) == (404, True)

    shared.tell(story())
    assert shared.sql("select label, status::text from player order by label") == [
        ("B1", "invited"),
        ("R1", "left"),
    ]


def test_the_database_knows_tokens_only_by_their_hashes(shared: House, server: Server) -> None:
    session = shared.open(ENTRY, {"red": 1, "blue": 1})
    guest = shared.guest(server, session, "R1")
    shared.tell(guest.sign_in({"age": "44", "nick": "Nightingale"}))

    tables = shared.sql(
        "select format('select t::text from public.%I t', tablename) from pg_tables where schemaname = 'public'"
    )
    everything = "\n".join(line for (query,) in tables for (line,) in shared.sql(query))

    def stored(secret: bytes) -> bool:
        return secret.hex() in everything or secret.decode("latin-1") in everything

    # What is there is found, as text and as bytes.
    assert stored(b"Nightingale")
    assert stored(hashed(guest.token))
    assert not stored(guest.token.encode())


def _timeless(page: str) -> str:
    return re.sub(r'data-now="[0-9]+"|>[0-9]+:[0-9]{2}<|value="0\.0\.[^"]+"|content="[0-9]+;', "", page)

"""Nobody does what isn't theirs to do: who is not asked, or not any more, stores nothing, and sees where they are."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import time
from uuid import uuid4

import pytest

from app.database.connections import Connection, connect
from app.database.migrations import migrate
from app.export.verify import verify
from app.players.players import find_player
from app.rooms import records
from app.rooms.records import Answer
from app.sessions import actions
from app.study.reading import parse
from app.web.auth import PLAYER_COOKIE
from app.web.signing import WEEK, Keys, read_keys
from tests.house.desk import desk
from tests.house.guests import Guest, hidden_fields, sign_everyone_in
from tests.house.house import House, Opened
from tests.house.lively import open_lively, room_of
from tests.house.server import Server
from tests.house.studies import LONG, as_files
from tests.house.table import at_the_table
from tests.house.waits import until

STUDY = """
title = "Trust"
[[room]]
name = "three"
seats = {any = 3}
[[step]]
page = "talk"
name = "send"
limit = "60s"
chat = "room"
when = "senders"
fields = [{name = "sent", ask = "How much do you send?", kind = "integer", min = 0, max = 10}]
[[step]]
page = "talk"
name = "return"
limit = "60s"
when = "receivers"
fields = [{name = "back", ask = "How much do you return?", kind = "integer", min = 0, max = 30}]
"""
HOOKS = """
def senders(room):
    return [1, 3]

def receivers(room):
    return [2]
"""
FILES = as_files(STUDY, HOOKS)
PAGE = {"Accept": "text/html"}


def keys_of(house: House) -> Keys:
    return house.do(read_keys)


def signed(keys: Keys, purpose: str, text: str, of: str = "") -> str:
    """As keys and cookies are signed: those of the version before, too."""
    digest = hashlib.blake2b((of + text).encode(), digest_size=15, key=keys.secret, person=purpose.encode())
    return f"{text}.{base64.urlsafe_b64encode(digest.digest()).decode()}"


def ids(house: House, session: Opened) -> dict[int, int]:
    """Slot → player."""
    return dict(house.sql("select slot, id from player where session_id = %s", session.id))


def room(house: House, session: Opened) -> int:
    return int(house.sql("select id from room where session_id = %s", session.id)[0][0])


def stored(house: House, session: Opened) -> list[tuple[int, str, str, bool]]:
    return [
        (slot, field, value, late)
        for slot, field, value, late in house.sql(
            "select p.slot, r.field, r.value, r.late from record r join player p on p.id = r.player_id"
            " where r.session_id = %s order by r.id",
            session.id,
        )
    ]


def holds(house: House, session: Opened) -> bool:
    return asyncio.run(verify(house.database, session.id, parse(FILES))).ok


async def three(house: House, server: Server, session: Opened) -> dict[int, Guest]:
    """Everybody, by slot, at the first step: slots 1 and 3 are asked, slot 2 waits."""
    guests = {label: house.guest(server, session, label) for label in session.tokens}
    await sign_everyone_in(list(guests.values()))
    await at(house, session, 0)
    labels = house.sql("select slot, label from player where session_id = %s", session.id)
    return {slot: guests[label] for slot, label in labels}


async def at(house: House, session: Opened, position: int) -> None:
    """The room is there, and its page is open."""
    where = "select 1 from room where session_id = %s and position = %s and not opening"
    await until(lambda: house.sql(where, session.id, position), f"position {position}")


# Keys.


def test_a_key_serves_the_one_form_that_it_was_made_for(shared: House, server: Server) -> None:
    session = shared.open(LONG)

    async def story() -> None:
        first = (await at_the_table(shared, server, session))[1]
        page = (await first.browser.get("/play")).text
        forms = {
            "/play/records": {"belief": "5"},
            "/play/messages": {"body": "Hello"},
            "/play/help": {"body": "Help me"},
        }
        keys = {action: hidden_fields(page, action) for action in forms}
        for action, said in forms.items():
            for of, key in keys.items():
                if of != action:
                    answer = await first.browser.post(action, key | said)
                    assert (answer.status, "Reload it" in answer.text) == (409, True), (action, of)
        for action, said in forms.items():
            assert (await first.browser.post(action, keys[action] | said)).status == 200

    shared.tell(story())
    for table, number in dict(record=2, message=1, note=1).items():
        query = f"select count(*) from {table} where session_id = %s"  # noqa: S608
        assert shared.sql(query, session.id) == [(number,)]


def test_what_the_version_before_signed_is_good_for_a_week_and_its_chat_keys_are_no_answers(
    house: House,
) -> None:
    session = house.open(LONG)
    house.sql("update secret set renewed_at = now()")
    server = house.serve()
    keys = keys_of(house)

    async def story() -> None:
        first = (await at_the_table(house, server, session))[1]
        player, place = ids(house, session)[1], room(house, session)
        old = f"{player}.{session.id}"
        # While the version before may still answer, cookies are as it reads them.
        assert first.browser.cookies[PLAYER_COOKIE] == signed(keys, "player", old)
        chat = signed(keys, "form", f"{place}.0.Ab-_3xYz", f"{player}.")
        answer = signed(keys, "form", f"{place}.0.0", f"{player}.")
        assert (await first.answer({"belief": "1"}, {"form_key": chat})).status == 409
        said = {"form_key": chat, "body": "Hello"}
        assert (await first.browser.post("/play/messages", said)).status == 200
        assert (await first.answer({"belief": "1"}, {"form_key": answer})).status == 200

        house.sql("update secret set renewed_at = now() - interval '8 days'")
        later = await asyncio.to_thread(house.serve)
        first.goes_to(later)
        assert (await first.browser.get("/play")).status == 403
        await first.sign_in()
        assert first.browser.cookies[PLAYER_COOKIE].startswith(f"{player}.{int(time.time()) // 1000}")
        assert (await first.browser.post("/play/messages", said | {"body": "Again"})).status == 409
        assert (await first.answer({"belief": "2"})).status == 200

    house.tell(story())


def test_a_cookie_ends_a_week_after_its_player_was_last_in_the_session(shared: House, server: Server) -> None:
    session, keys = shared.open(LONG), keys_of(shared)

    async def story() -> None:
        first = (await at_the_table(shared, server, session))[1]
        player, now = ids(shared, session)[1], int(time.time())

        def given(at: float) -> str:
            return signed(keys, "player since", f"{player}.{int(at)}.{session.id}")

        first.browser.cookies[PLAYER_COOKIE] = given(now - WEEK + 3600)
        assert (await first.browser.get("/play")).status == 200
        renewed = first.browser.cookies[PLAYER_COOKIE]
        assert int(renewed.split(".")[1]) >= now, "not given anew"
        await first.browser.get("/play")
        assert first.browser.cookies[PLAYER_COOKIE] == renewed, "given anew each time"

        await first.browser.post("/play/leave", {})
        first.browser.cookies[PLAYER_COOKIE] = given(now - WEEK + 3600)
        assert "WITHDRAWN" in (await first.browser.get("/play")).text
        assert first.browser.cookies[PLAYER_COOKIE] == given(now - WEEK + 3600), "given anew after the end"
        for cookie in (
            given(now - WEEK - 1),
            signed(keys, "player", f"{player}.{session.id}"),
            signed(keys, "form", f"{player}.{now}.{session.id}"),
        ):
            first.browser.cookies[PLAYER_COOKIE] = cookie
            refused = await first.browser.get("/play", PAGE)
            assert refused.status == 403 and "Open the link from your invitation again" in refused.text

    shared.tell(story())


# Who is not asked.


def test_who_is_not_asked_stores_nothing_and_reads_nothing_and_an_honest_late_answer_is_kept(
    shared: House, server: Server
) -> None:
    session, keys = shared.open_files(FILES, {"x": 3}), keys_of(shared)
    ada = desk(shared, server, session)

    async def story() -> None:
        table = await three(shared, server, session)
        players, place = ids(shared, session), room(shared, session)
        waits = await table[2].shows("This part is for others")
        assert "/play/messages" not in waits, "who is not asked is shown the talk"
        forged = {"form_key": keys.answer_key(players[2], place, 0, 0), "sent": "0"}
        for headers in ({}, PAGE):
            refused = await table[2].browser.post("/play/records", forged, headers)
            assert refused.status == 409 and "You are not asked this here" in refused.text
            assert "This part is for others" in refused.text
        said = {"form_key": keys.message_key(players[2], place, 0), "body": "From who waits"}
        assert (await table[2].browser.post("/play/messages", said)).status == 409
        async with table[2].watching() as waiting, table[3].watching() as asked:
            assert (await table[1].say("Between us")).status == 200
            assert (await table[1].say("To who waits", to=2)).status == 422
            await asked.until(lambda text: "Between us" in text, "the message")
            honest = await table[1].form()
            await table[1].answer({"sent": "3"}, honest)
            assert f"{table[1].label} answered" in await ada.shows("1 of 2 answered")
            await ada.shows(f"{table[2].label} is not asked")  # once its page is known to be connected
            await table[3].answer({"sent": "4"})
            await waiting.until(lambda text: "How much do you return?" in text, "the next step")
            assert "Between us" not in waiting.text
            await ada.shows("0 of 1 answered")
            await ada.shows(f"{table[2].label} has yet to")
        assert (await table[2].browser.post("/play/records", forged)).status == 409

        late = await table[1].answer({"sent": "5"}, honest)
        assert late.status == 200 and "marked as late" in late.text
        for slot in (1, 3):
            ahead = {"form_key": keys.answer_key(players[slot], place, 1, 0), "back": "1"}
            assert (await table[slot].browser.post("/play/records", ahead)).status == 409

    shared.tell(story())
    assert stored(shared, session) == [
        (1, "sent", "3", False),
        (3, "sent", "4", False),
        (1, "sent", "5", True),
    ]
    assert shared.sql("select body, readers from message where session_id = %s", session.id) == [
        ("Between us", [1, 3])
    ]
    assert holds(shared, session)


def test_a_step_that_has_not_opened_asks_nobody(shared: House, server: Server) -> None:
    session, keys = shared.open_files(FILES, {"x": 3}), keys_of(shared)

    async def story() -> None:
        table = await three(shared, server, session)
        key = keys.answer_key(ids(shared, session)[2], room(shared, session), 1, 0)
        assert (await table[2].browser.post("/play/records", {"form_key": key, "back": "1"})).status == 409

    shared.tell(story())
    assert stored(shared, session) == []


def test_who_takes_a_slot_over_is_asked_from_then_on(house: House) -> None:
    lively = open_lively(house)
    who = [lively.comes(label) for label in lively.tokens]
    assert lively.seat() == 8
    first, heir = who[0], who[8]

    async def take(conn: Connection) -> None:
        moved = await room_of(conn, first)
        await actions.advance(conn, lively.session_id, lively.study, moved.id, 0, "ada")
        await actions.replace(conn, lively.session_id, lively.study, first, heir, "withdrawn", "ada")

    def stores(player: int, round: int) -> bool:
        return house.do(lambda conn: answer(conn, player, round))

    async def answer(conn: Connection, player: int, round: int) -> bool:
        found = await find_player(conn, player)
        assert found is not None and found.room_id is not None
        said = (("belief", "1"), ("why", ""))
        [receipt] = await records.store(
            conn, [Answer(player, found.room_id, "talk", round, said, str(uuid4()))]
        )
        return receipt is not None

    house.do(take)
    assert [stores(heir, round) for round in (1, 2, 3)] == [False, True, False]
    assert not stores(first, 2)
    assert asyncio.run(verify(house.database, lively.session_id, lively.study)).ok


def test_rooms_of_the_version_before_know_from_their_logs_whom_they_asked(
    house: House,
) -> None:
    session = house.open_files(FILES, {"x": 3})
    server = house.serve()

    async def story() -> None:
        table = await three(house, server, session)
        await table[1].answer({"sent": "3"})
        await table[3].answer({"sent": "4"})
        await at(house, session, 1)

    house.tell(story())
    opened = "select room_id, position, pages, asked from opened_step order by position"
    before = house.sql(opened)
    assert [asked for *_, asked in before] == [[1, 3], [2]]
    server.stop()
    house.sql("drop table opened_step")
    house.sql("alter table message drop column readers")
    house.sql("delete from migration where name = '0018_opened_steps'")
    house.read(migrate)
    assert house.sql(opened) == before


# What is over.


@pytest.mark.parametrize("how", ["closed", "ended", "left"])
def test_after_the_end_nothing_is_stored_and_a_form_that_was_stored_has_its_receipt(
    shared: House, server: Server, how: str
) -> None:
    session = shared.open(LONG)

    async def story() -> None:
        first = (await at_the_table(shared, server, session))[1]
        page = (await first.browser.get("/play")).text
        form, talk = hidden_fields(page, "/play/records"), hidden_fields(page, "/play/messages")
        saved = await first.answer({"belief": "1"}, form)
        if how == "left":
            await first.browser.post("/play/leave", {})
        elif how == "closed":
            await asyncio.to_thread(shared.act, "close", session)
        else:
            await asyncio.to_thread(shared.do, end)
        for headers in ({}, PAGE):
            refused = await first.browser.post("/play/records", form | {"belief": "2"}, headers)
            assert refused.status == 409 and 'id="code">' in refused.text
            assert "It was over here when this came, so it is not stored." in refused.text
        said = await first.browser.post("/play/messages", talk | {"body": "Hello?"})
        assert said.status == 409 and 'id="code">' in said.text
        draft = {"draft": "answers", "draft_key": form["form_key"], "belief": "3"}
        assert (await first.browser.post("/play/draft", draft)).status == 204
        again = await first.answer({"belief": "1"}, form)
        assert (again.status, again.headers["receipt"]) == (200, saved.headers["receipt"])

    async def end(conn: Connection) -> None:
        async with conn.transaction():
            await actions.end_room(
                conn, session.id, parse(as_files(LONG)), room(shared, session), "the story"
            )

    shared.tell(story())
    assert [value for _, field, value, _ in stored(shared, session) if field == "belief"] == ["1"]
    assert shared.sql("select count(*) from message where session_id = %s", session.id) == [(0,)]
    assert asyncio.run(verify(shared.database, session.id, parse(as_files(LONG)))).ok


def test_an_answer_in_flight_as_the_session_closes_is_in_before_or_refused(
    shared: House, server: Server
) -> None:
    session = shared.open(LONG)

    async def story() -> None:
        first, second, third, *_ = (await at_the_table(shared, server, session)).values()
        form, talk = await second.form(), await third.form("/play/messages")
        assert (await first.answer({"belief": "1"})).status == 200
        closing = await connect(shared.database, "closing")
        async with closing.transaction():
            await actions.close(closing, session.id, "the story")
            answer = asyncio.create_task(second.answer({"belief": "2"}, form))
            said = asyncio.create_task(third.browser.post("/play/messages", talk | {"body": "Still here"}))
            waiting = """select count(*) from pg_stat_activity where datname = current_database()
                and wait_event_type = 'Lock' and application_name like 'networklab group commit%'"""
            await until(lambda: shared.sql(waiting) == [(2,)], "both wait for the room")
        await closing.close()
        assert ((await answer).status, (await said).status) == (409, 409)

    shared.tell(story())
    assert [value for _, field, value, _ in stored(shared, session) if field == "belief"] == ["1"]

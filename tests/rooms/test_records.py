"""Stories of answers: stored once, acknowledged when stored, and the rooms that they move on."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from dataclasses import replace
from itertools import cycle, islice
from urllib.parse import urlencode
from uuid import uuid4

import psycopg
import pytest

from app.database.connections import Connection, connect
from app.database.group_commit import BATCH, GroupCommit
from app.database.queries import value
from app.players import players
from app.rehearsal.browser import Reply
from app.rooms import lobby, messages, records
from app.rooms.messages import NewMessage
from app.rooms.receipts import Receipt
from app.rooms.records import Answer
from app.study.stored import read_study
from app.web.auth import PLAYER_COOKIE
from tests.house.guests import Guest, hidden_fields, seated, sign_everyone_in
from tests.house.house import House, Opened
from tests.house.server import Server
from tests.house.studies import LONG, NEAR, TALK
from tests.house.waits import until

PAGE = {"Accept": "text/html"}  # as a browser without scripts asks
HTMX = {"HX-Request": "true"}
LAST = """
[[step]]
page = "talk"
name = "last"
limit = "2s"
ends = "deadline"
fields = [{name = "end", ask = "How was it?", kind = "text"}]
[finish]
redirect = "https://example.org/complete?cc={code}"
codes = {complete = "DONE-1", partner_left = "ALONE-1"}
"""


# Doing it twice does it once.


def test_a_form_posted_twice_at_once_and_again_after_a_restart_is_one_record_and_one_receipt(
    house: House,
) -> None:
    session = house.open()
    one, other = house.serve(), house.serve()

    async def at_once() -> tuple[Guest, dict[str, str], set[str]]:
        first, *_ = await _at_the_table(house, session, one)
        form = await first.form() | {"belief": "60", "why": "I heard it"}
        tabs = [first, *(_other_tab(house, first, server) for server in (one, other, other))]
        answers = await asyncio.gather(*(tab.answer({}, form) for tab in tabs))
        assert [answer.status for answer in answers] == [200] * 4
        assert len({answer.body for answer in answers}) == 1, "they lead to different forms"
        return first, form, {answer.headers["receipt"] for answer in answers}

    guest, form, receipts = house.tell(at_once())
    stored = _records(house)
    assert stored == [("R1", "belief", "60", 1, False), ("R1", "why", "I heard it", 1, False)]
    assert len(receipts) == 1

    one.kill()
    house.serve(port=one.port)
    again = house.tell(guest.answer({}, form))

    assert {again.headers["receipt"]} == receipts
    assert _records(house) == stored
    assert house.sql("select count(*) from event where name = 'player_answered'") == [(1,)]
    assert house.contradictions(session) == []


def test_other_words_under_the_same_key_are_a_new_version_and_none_is_lost(
    shared: House, server: Server, other_server: Server
) -> None:
    session = shared.open()
    servers = server, other_server

    async def story() -> None:
        first, *_ = await _at_the_table(shared, session, servers[0])
        form = await first.form()
        second = _other_tab(shared, first, servers[1])
        assert await second.form() == form, "a second tab has a key of its own"
        tabs = [first, second, *(_other_tab(shared, first, servers[nth % 2]) for nth in range(10))]

        answers = await asyncio.gather(
            *(tab.answer({"belief": str(nth)}, form) for nth, tab in enumerate(tabs))
        )

        assert [answer.status for answer in answers] == [200] * 12
        ids = [_receipt(answer)[0] for answer in answers]
        told = shared.sql(
            "select array_agg(id order by id), max(value) filter (where field = 'belief') from record group by form"
        )
        assert {tuple(ids_): value for ids_, value in told} == {
            ids_: str(nth) for nth, ids_ in enumerate(ids)
        }
        newest = shared.sql("select value from record where field = 'belief' order by version desc limit 1")
        assert f'value="{newest[0][0]}"' in await first.page()

    shared.tell(story())
    versions = shared.sql("select version, count(*) from record group by version order by version")
    assert versions == [(version, 2) for version in range(1, 13)]
    assert shared.contradictions(session) == []


def test_a_receipt_is_the_said_by_what_the_database_has(shared: House, server: Server) -> None:
    session = shared.open()

    async def story() -> list[Reply]:
        first, second, *_ = await _at_the_table(shared, session, server)
        return [
            await first.answer({"belief": "1", "why": "a\r\nb\t“c” ü 🙂"}),
            await second.answer({"belief": "100", "why": ""}),
            await first.answer({"belief": "2", "why": "no"}),
        ]

    answers = shared.tell(story())
    for answer in answers:
        ids, digest = _receipt(answer)
        stored = shared.sql("select id, field, value from record where id = any(%s) order by id", list(ids))
        lines = "".join(f"{number}\t{field}\t{value}\n" for number, field, value in stored)
        assert [number for number, *_ in stored] == list(ids)
        assert hashlib.sha256(lines.encode()).hexdigest() == digest
    logged = shared.sql(
        "select data->'records', data->>'sha256' from event where name = 'player_answered' order by seq"
    )
    assert [(tuple(ids), digest) for ids, digest in logged] == [_receipt(answer) for answer in answers]


def test_a_saved_form_is_answered_before_all_others_and_with_the_same_protections(
    shared: House, server: Server
) -> None:
    session = shared.open()

    async def story() -> None:
        first, *_ = await _at_the_table(shared, session, server)
        form = await first.form() | {"belief": "1"}
        saved, refused = await first.answer({}, form), await first.answer({"form_key": "no"}, form)
        elsewhere = await first.browser.post("/play/records/", form, HTMX)  # Litestar's way to the same

        assert (saved.status, refused.status, elsewhere.status) == (200, 409, 200)
        assert (elsewhere.body, elsewhere.headers["receipt"]) == (saved.body, saved.headers["receipt"])
        for name in ("content-security-policy", "x-content-type-options", "referrer-policy", "cache-control"):
            assert saved.headers[name] == refused.headers[name] == elsewhere.headers[name]
        assert saved.headers["content-type"] == refused.headers["content-type"]

    shared.tell(story())
    assert [value for _, field, value, *_ in _records(shared) if field == "belief"] == ["1"]


def test_forms_that_share_a_connection_are_answered_one_by_one_however_they_are_cut(
    shared: House, server: Server
) -> None:
    session = shared.open()

    async def story() -> None:
        first, *_ = await _at_the_table(shared, session, server)
        form, cookie = await first.form(), first.browser.cookies[PLAYER_COOKIE]

        def request(values: dict[str, str], *more: str, path: str = "/play/records") -> bytes:
            body = urlencode(form | values)
            lines = [
                *(
                    f"POST {path} HTTP/1.1",
                    "Host: here",
                    f"Cookie: {PLAYER_COOKIE}={cookie}",
                    "HX-Request: true",
                ),
                *("Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(body)}", *more),
            ]
            return "\r\n".join([*lines, "", body]).encode()

        long = {"why": "w" * 1900, "fill": "f" * 60_000}
        whole = [
            *(request({"belief": "1", "why": "a"}), request({"belief": "1000"})),
            *(request({"belief": "2", "why": "b"}), request({"belief": "3"} | long)),
            *(request({"belief": "x"}, path="/play/messages"), request({"belief": "4", "why": "d"})),
            request({"belief": "5", "why": "e"}, "Connection: close"),
        ]
        statuses = [200, 422, 200, 200, 409, 200, 200]
        for pieces in ([b"".join(whole)], whole, [byte for one in whole for byte in _cut(one, 700)]):
            answers = await _exchange(server, pieces)
            assert [status for status, _ in answers] == statuses
            said = [_said_by(shared, headers["receipt"]) for _, headers in answers if "receipt" in headers]
            assert [values["belief"] for values in said] == ["1", "2", "3", "4", "5"]
            assert [headers.get("connection") for _, headers in answers] == [None] * 6 + ["close"]

        [(status, headers)] = await _exchange(
            server, [request({"belief": "6", "why": ""}).replace(b"/1.1", b"/1.0")]
        )
        assert (status, headers["connection"]) == (200, "close")

    shared.tell(story())
    assert [value for _, field, value, *_ in _records(shared) if field == "belief"] == list("123456")


async def _exchange(server: Server, pieces: list[bytes]) -> list[tuple[int, dict[str, str]]]:
    """What comes back for these bytes on one connection, until the server closes it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
    answers = []
    while head := await reader.readuntil(b"\r\n\r\n") if not reader.at_eof() else b"":
        status, *lines = head.decode().strip().splitlines()
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        await reader.readexactly(int(headers["content-length"]))
        answers.append((int(status.split()[1]), headers))
        if headers.get("connection") == "close":
            assert await reader.read() == b""
    writer.close()
    return answers


def _cut(whole: bytes, size: int) -> list[bytes]:
    return [whole[start : start + size] for start in range(0, len(whole), size)]


def _said_by(house: House, receipt: str) -> dict[str, str]:
    """What the records of a receipt say, which its digest must confirm."""
    ids, _, digest = receipt.partition(":")
    found = house.sql(
        "select id, field, value from record where id = any(%s) order by id", list(map(int, ids.split(",")))
    )
    lines = "".join(f"{number}\t{field}\t{value}\n" for number, field, value in found)
    assert hashlib.sha256(lines.encode()).hexdigest() == digest
    return {field: value for _, field, value in found}


# What is refused, and how.


def test_a_key_that_is_not_ones_own_stores_nothing(shared: House, server: Server) -> None:
    session = shared.open()

    async def story() -> None:
        first, second, *_ = await _at_the_table(shared, session, server)
        mine = (await first.form())["form_key"]
        room, position, turn, signature = mine.split(".")
        for key in (
            (await second.form())["form_key"],
            f"{room}.{int(position) + 1}.{turn}.{signature}",
            f"{room}.{position}.{turn}.{signature[:-1]}",
            f"{int(room) + 1}.{position}.{turn}.{signature}",
            "ä.0.0.ü",
            "",
        ):
            form = {"form_key": key, "belief": "5"}
            answer = await first.browser.post("/play/records", form, HTMX)
            assert (answer.status, "Reload it" in answer.text, "<html" in answer.text) == (409, True, False)
            page = await first.browser.post("/play/records", form, PAGE)
            assert (page.status, "Reload it" in page.text, 'href="/play"' in page.text) == (409, True, True)
        stranger = await shared.guest(server, session, "B1").answer({"belief": "5"}, {"form_key": mine})
        assert stranger.status == 403
        assert _records(shared) == []

        assert (await first.answer({"belief": "5"}, {"form_key": mine})).status == 200

    shared.tell(story())
    assert len(_records(shared)) == 2


def test_a_wrong_value_gets_its_sentence_beside_the_field_and_keeps_what_was_typed(
    shared: House, server: Server
) -> None:
    session = shared.open()

    async def story() -> None:
        first, *_ = await _at_the_table(shared, session, server)
        form = await first.form()
        for headers in (HTMX, PAGE):
            typed = form | {"belief": "101", "why": "as <I> said"}
            answer = await first.browser.post("/play/records", typed, headers)
            assert answer.status == 422
            assert 'id="error-p0-belief">Please give a whole number from 0 to 100.</p>' in answer.text
            assert 'value="101"' in answer.text
            assert "as &lt;I&gt; said</textarea>" in answer.text
            assert "error-p0-why" not in answer.text
            assert hidden_fields(answer.text, "/play/records") == form, "the form has another key now"
        for values in ({}, {"belief": "5", "why": "a\0b"}, {"belief": "5", "why": "x" * 2001}):
            assert (await first.answer(values, form)).status == 422
        assert _records(shared) == []

        assert (await first.answer({"belief": "100"}, form)).status == 200

    shared.tell(story())
    assert _records(shared) == [("R1", "belief", "100", 1, False), ("R1", "why", "", 1, False)]


def test_an_answer_to_a_step_that_has_ended_is_stored_and_marked_as_late(
    shared: House, server: Server
) -> None:
    session = shared.open()

    async def story() -> None:
        first, *others = await _at_the_table(shared, session, server)
        old = await first.form()
        await first.answer({"belief": "1"}, old)
        for guest in others:
            await guest.answer({"belief": "1"})
        await first.shows("round 2 of ")

        late = await first.answer({"belief": "2"}, old)

        assert late.status == 200
        assert "marked as late" in late.text
        assert hidden_fields(late.text, "/play/records") == await first.form(), "not the step that is open"
        # What was in time stays in time, and again gives its own receipt.
        again = await first.answer({"belief": "1"}, old)
        assert "marked as late" not in again.text

    shared.tell(story())
    assert shared.sql(
        "select value, version, late, round from record r join player p on p.id = player_id"
        " where field = 'belief' and label = 'R1' order by r.id"
    ) == [("1", 1, False, 1), ("2", 2, True, 1)]


def test_who_has_left_stores_nothing_and_the_others_go_on_without_them(shared: House, server: Server) -> None:
    session = shared.open()

    async def story() -> None:
        first, *others = await _at_the_table(shared, session, server)
        form = await first.form()
        for guest in others:
            await guest.answer({"belief": "7"})
        assert "round 1 of 3" in await others[0].page()

        assert (await first.browser.post("/play/leave", {})).status == 303

        assert 'id="code">WITHDRAWN<' in await first.page()
        assert (await first.answer({"belief": "5"}, form)).status == 409
        for guest in others:
            await guest.shows("round 2 of ")

    shared.tell(story())
    assert Counter(label for label, *_ in _records(shared)) == {"R2": 2, "B1": 2, "B2": 2}
    assert shared.contradictions(session) == []


def test_a_study_may_end_a_room_when_somebody_leaves_it(shared: House, server: Server) -> None:
    dropout = '[dropout]\nsilent = "45s"\nthen = ["end_room"]\n'
    session = shared.open(TALK + dropout + LAST, {"red": 4, "blue": 4})

    async def story() -> None:
        first, *others = await _at_the_table(shared, session, server)
        await first.browser.post("/play/leave", {})
        room = dict(shared.sql("select label, room_id from player"))
        partners = [guest for guest in others if room[guest.label] == room[first.label]]
        strangers = [guest for guest in others if guest not in partners]
        assert (len(partners), len(strangers)) == (3, 4)
        for guest in partners:
            page = await guest.page()
            assert 'id="code">ALONE-1<' in page
            assert 'href="https://example.org/complete?cc=ALONE-1"' in page
        for guest in strangers:
            assert "round 1 of 3" in await guest.page()

    shared.tell(story())
    assert shared.sql("select outcome, count(*) from room group by 1 order by 1") == [
        ("partner_left", 1),
        (None, 1),
    ]
    assert shared.contradictions(session) == []


# How rooms move on.


def test_a_room_moves_on_when_all_have_answered_or_time_is_up_and_ends_with_a_code(
    shared: House, server: Server
) -> None:
    session = shared.open(TALK.replace("repeat = 3", "repeat = 2") + LAST)

    async def story() -> None:
        guests = await _at_the_table(shared, session, server)
        for round_ in (1, 2):
            for guest in guests[:3]:
                await guest.answer({"belief": str(round_)})
            assert shared.sql("select round from room") == [(round_,)]
            await guests[3].answer({"belief": str(round_)})
            await _position(shared, round_)
        # This step lasts until its deadline, though everybody has answered.
        for guest in guests:
            assert (await guest.answer({"end": "well"})).status == 200
        await until(lambda: shared.sql("select 1 from room where status = 'ended'"), "the end of the room")
        for guest in guests:
            assert 'id="code">DONE-1<' in await guest.page()
            assert 'href="https://example.org/complete?cc=DONE-1"' in await guest.page()

    shared.tell(story())
    assert shared.sql(
        "select round, field, count(*), bool_or(late) from record group by 1, 2 order by 2, 1"
    ) == [
        (1, "belief", 4, False),
        (2, "belief", 4, False),
        (1, "end", 4, False),
        (1, "why", 4, False),
        (2, "why", 4, False),
    ]
    ended, deadline = shared.sql(
        """select e.at, (o.data->>'deadline')::timestamptz from event e join event o using (log_id)
        where e.name = 'room_ended' and o.name = 'step_opened' and o.data->>'step' = 'last'"""
    )[0]
    assert ended >= deadline, "the step that lasts until its deadline ended before"
    assert shared.sql("select distinct status::text, outcome, code from player") == [
        ("finished", "complete", "DONE-1")
    ]
    assert shared.contradictions(session) == []


def test_a_deadline_moves_on_a_room_in_which_somebody_gives_no_answer(shared: House, server: Server) -> None:
    session = shared.open(TALK.replace('limit = "60s"', 'limit = "2s"'))

    async def story() -> None:
        guests = await _at_the_table(shared, session, server)
        for guest in guests[:3]:
            assert (await guest.answer({"belief": "5"})).status == 200
        await until(
            lambda: shared.sql("select 1 from room where status = 'ended'"), "the end of the room", 20
        )
        assert 'id="code">COMPLETE<' in await guests[3].page()

    shared.tell(story())
    # What is missing stays blank: no record stands for it.
    assert {label for label, *_ in _records(shared)} == {"R1", "R2", "B1"}
    steps = shared.sql(
        """select e.name, e.data->>'round', lag(deadline) over (order by e.seq) <= at from
        (select *, (data->>'deadline')::timestamptz as deadline from event) e join log on log.id = e.log_id
        where room_id is not null and name in ('room_opened', 'step_opened', 'room_ended') order by e.seq"""
    )
    assert steps == [
        ("room_opened", "1", None),
        ("step_opened", "2", True),
        ("step_opened", "3", True),
        ("room_ended", "3", True),
    ]


# The group commit.


@pytest.mark.parametrize("many", [1, 3, BATCH])
@pytest.mark.parametrize("poison", ["a\0b", "a\ud800b", "refused"])
def test_one_answer_that_the_database_refuses_fails_alone(house: House, many: int, poison: str) -> None:
    session = house.open()
    answers = _answers(house, session, many)
    guilty = many // 2
    answers[guilty] = _saying(answers[guilty], poison)
    house.sql("alter table record add constraint no_such_word check (value <> 'refused')")

    group, outcomes = _commit_together(house, answers)

    refused = [nth for nth, outcome in enumerate(outcomes) if isinstance(outcome, BaseException)]
    assert refused == [guilty]
    assert isinstance(outcomes[guilty], psycopg.DataError | psycopg.IntegrityError | UnicodeError)
    stored = dict(house.sql("select id, value from record"))
    told = {nth: outcome for nth, outcome in enumerate(outcomes) if isinstance(outcome, Receipt)}
    assert len(told) == many - 1
    for nth, receipt in told.items():
        assert [stored.pop(number) for number in receipt.records] == [answers[nth].values[0][1]]
    assert stored == {}
    assert group.acknowledged == many - 1
    assert house.contradictions(session) == []


def test_a_batch_with_the_same_form_twice_gives_both_the_same_receipt(house: House) -> None:
    session = house.open()
    one, other = _answers(house, session, 2)

    _, outcomes = _commit_together(house, [one, other, one])
    _, later = _commit_together(house, [other, one])

    assert len({str(outcome) for outcome in outcomes}) == 2
    assert outcomes[0] == outcomes[2] == later[1]
    assert outcomes[1] == later[0]
    assert house.sql("select count(*) from record") == [(2,)]


def test_what_is_stored_goes_through_nothing_that_was_stored_before(house: House) -> None:
    """Also by plans from when there was nothing yet, which a connection keeps until somebody analyzes a table."""
    session = house.open(LONG)
    answers = _answers(house, session, BATCH)

    async def work() -> None:
        conn = await connect(house.database, "story")
        try:
            for _ in range(40):
                fresh = [replace(one, form=str(uuid4())) for one in answers]
                said = [
                    NewMessage(one.player_id, one.room_id, None, "talk", NEAR, "so it is", str(uuid4()))
                    for one in answers
                ]
                async with conn.transaction():
                    assert None not in await records.store(conn, fresh)
                    assert None not in await messages.store(conn, said, most=1_000_000)
            by_one_plan = (
                "select count(*) from pg_prepared_statements where generic_plans > 9 and statement ~ 'insert'"
            )
            assert await value(conn, by_one_plan.encode()) == 2
        finally:
            await conn.close()

    asyncio.run(work())
    told = "select relname, seq_tup_read, n_tup_ins from pg_stat_user_tables where relname in ('record', 'message')"
    asyncio.run(until(lambda: len(house.sql(told + " and n_tup_ins > 0")) == 2, "what it did is told"))
    assert sorted(house.sql(told)) == [("message", 0, 40 * BATCH), ("record", 0, 40 * BATCH)]


def test_of_two_answers_of_one_person_that_are_stored_together_the_one_that_came_last_is_the_newest(
    house: House,
) -> None:
    session = house.open()
    one, other = _answers(house, session, 2)
    low, high = sorted(str(uuid4()) for _ in range(2))
    first, last = replace(_saying(one, "first"), form=high), replace(_saying(one, "last"), form=low)

    _, outcomes = _commit_together(house, [first, other, last])

    assert None not in outcomes
    said = house.sql("select value from record where player_id = %s order by version", one.player_id)
    assert said == [("first",), ("last",)]


def test_beyond_its_limit_the_group_commit_says_503_and_the_same_form_succeeds_afterwards(
    house: House,
) -> None:
    session = house.open()
    server = house.serve(NETWORKLAB_LEDGER_LIMIT="1")

    async def story() -> None:
        first, second, *_ = await _at_the_table(house, session, server, at_once=1)
        form, other = await first.form() | {"belief": "1"}, await second.form() | {"belief": "2"}
        holder = await connect(house.database, "holder")
        await holder.execute("begin")
        await holder.execute("select id from room for update")
        waiting = asyncio.create_task(first.answer({}, form))
        await until(
            lambda: house.sql(
                """select 1 from pg_stat_activity where application_name = 'networklab group commit of records'
                and wait_event_type = 'Lock' and datname = current_database()"""
            ),
            "the commit's wait",
        )

        refused = await second.answer({}, other)

        assert (refused.status, refused.headers["retry-after"]) == (503, "1")
        assert "nothing is lost" in refused.text
        assert "receipt" not in refused.headers
        assert not waiting.done()
        assert _records(house) == []

        await holder.execute("rollback")
        await holder.close()
        assert (await waiting).status == 200
        assert (await second.answer({}, other)).status == 200

    house.tell(story())
    assert [
        (label, value, version) for label, field, value, version, _ in _records(house) if field == "belief"
    ] == [
        ("R1", "1", 1),
        ("R2", "2", 1),
    ]


def test_a_group_commit_that_loses_its_connection_sends_again_what_it_had_not_acknowledged(
    shared: House, server: Server
) -> None:
    session = shared.open()

    async def story() -> Reply:
        first, *_ = await _at_the_table(shared, session, server)
        form = await first.form()
        holder = await connect(shared.database, "holder")
        await holder.execute("begin")
        await holder.execute("select id from room for update")
        waiting = asyncio.create_task(first.answer({"belief": "1"}, form))
        group = """from pg_stat_activity where application_name = 'networklab group commit of records'
            and wait_event_type = 'Lock' and datname = current_database()"""
        for _ in range(2):
            [(pid,)] = await until(lambda: shared.sql(f"select pid {group}"), "the commit's wait")
            shared.sql("select pg_terminate_backend(%s, 5000)", pid)
        await until(lambda: shared.sql(f"select 1 {group}"), "the commit's wait on a new connection")
        await holder.execute("rollback")
        await holder.close()
        return await waiting

    answer = shared.tell(story())
    assert answer.status == 200
    assert shared.sql("select array_agg(id order by id) from record") == [(list(_receipt(answer)[0]),)]


async def _at_the_table(house: House, session: Opened, server: Server, at_once: int = 200) -> list[Guest]:
    """Everybody of the session, seated."""
    guests = [house.guest(server, session, label) for label in session.tokens]
    await sign_everyone_in(guests, at_once)
    await asyncio.gather(*(seated(guest) for guest in guests))
    return guests


def _other_tab(house: House, guest: Guest, server: Server) -> Guest:
    """Another connection with the same cookies."""
    tab = Guest(server.base, guest.token, guest.label)
    tab.browser.cookies = dict(guest.browser.cookies)
    house.guests.append(tab)
    return tab


async def _position(house: House, number: int) -> None:
    await until(lambda: house.sql("select position from room") == [(number,)], f"position {number}")


def _records(house: House) -> list[tuple[str, str, str, int, bool]]:
    found = house.sql(
        """select p.label, r.field, r.value, r.version, r.late from record r join player p on p.id = r.player_id
        order by r.id"""
    )
    return [(label, field, value, version, late) for label, field, value, version, late in found]


def _receipt(answer: Reply) -> tuple[tuple[int, ...], str]:
    ids, _, digest = answer.headers["receipt"].partition(":")
    return tuple(int(number) for number in ids.split(",")), digest


def _answers(house: House, session: Opened, many: int) -> list[Answer]:
    """So many different answers of the four who sit in a room."""

    async def work(conn: Connection) -> list[Answer]:
        for token in session.tokens.values():
            await players.sign_in(conn, [players.Arrival(token, {})])
        assert await lobby.seat(conn, session.id, await read_study(conn, session.id)) == 4
        seats = await (await conn.execute("select id, room_id from player order by id")).fetchall()
        return [
            Answer(player_id, room_id, "talk", 1, (("belief", f"answer {nth}"),), str(uuid4()))
            for nth, (player_id, room_id) in enumerate(islice(cycle(seats), many))
        ]

    return house.do(work)


def _saying(answer: Answer, value: str) -> Answer:
    return replace(answer, values=(("belief", value),))


def _commit_together(
    house: House, answers: list[Answer]
) -> tuple[GroupCommit[Answer, Receipt | None], list[Receipt | BaseException | None]]:
    """All of them in one group."""

    async def run() -> tuple[GroupCommit[Answer, Receipt | None], list[Receipt | BaseException | None]]:
        group: GroupCommit[Answer, Receipt | None] = GroupCommit(
            "records", house.database, records.store, BATCH
        )
        commits = [asyncio.create_task(group.commit(answer)) for answer in answers]
        await until(lambda: group.queued == len(answers), "all answers in the queue")
        running = asyncio.create_task(group.run())
        outcomes = await asyncio.gather(*commits, return_exceptions=True)
        running.cancel()
        await asyncio.wait([running])
        return group, outcomes

    return asyncio.run(run())


def test_whatever_is_said_is_stored_as_it_was_said(house: House) -> None:
    session = house.open()
    said = [
        '"',
        "\\",
        "\\\\",
        '\\"',
        "{}",
        "{a,b}",
        "NULL",
        "null",
        ",",
        " ",
        "",
        "a\nb\tc",
        "😀",
        "'",
        "%s",
        "\\x41",
        "}",
    ]
    answers = [
        _saying(one, text) for one, text in zip(_answers(house, session, len(said)), said, strict=True)
    ]
    receipts = house.do(lambda conn: records.store(conn, answers))
    stored = dict(house.sql("select id, value from record"))
    assert [stored[receipt.records[0]] for receipt in receipts if receipt] == said

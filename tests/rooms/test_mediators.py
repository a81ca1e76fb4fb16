"""Stories of mediators: a function of the study answers what is written in a channel, once, for who reads there."""

from __future__ import annotations

import asyncio
import csv
import io
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import pytest

from app.database.connections import Connection
from app.export import export
from app.export.verify import verify
from app.rehearsal.trial import try_hooks
from app.rooms import acting, messages, stopped_rooms
from app.rooms.messages import NewMessage
from app.sessions.erasing import erase
from app.study.hooks.acts import BotAct
from app.study.hooks.pool import Hooks
from app.study.reading import parse
from app.study.syntax.mistakes import StudyError
from tests.house.conducting import conduct
from tests.house.crowd import come, seat
from tests.house.guests import seated, sign_everyone_in
from tests.house.holding import assert_all_holds
from tests.house.house import House
from tests.house.server import Server
from tests.house.studies import as_files, changed
from tests.house.waits import until

STUDY = """
title = "Mediated"
types = ["red", "blue"]
[[room]]
name = "four"
seats = {red = 2, blue = 2}
[network]
kind = "none"
[[step]]
page = "talk"
limit = "1h"
chat = [
    {name = "all", on_message = "mediate", most = 9, every = "1h"},
    {name = "plain"},
    {name = "reds", types = ["red"], of = "neighbours", on_message = "mediate"},
]
fields = [{name = "belief", ask = "How sure are you?", kind = "integer", min = 0, max = 100}]
"""
HOOKS = """
from networklab import Say, Wait

def mediate(room, messages):
    if not messages:
        return Say(f"Nobody says more, after {room.turn} turns.")
    last = messages[-1]
    if last.body == "wait":
        return Wait(3600)
    if last.body == "alone":
        return Say(f"For you alone, {room.seat(last.slot).type}.", to=last.slot)
    if last.body != "never mind":
        said = room.said("belief").get(last.slot)
        return Say(f"{len(messages)} of {len(room.messages)}, the last of {last.body}: {said}")
"""


class Talk:
    """A room of four in which everybody sits, and no server is there."""

    def __init__(self, house: House, hooks: str = HOOKS, toml: str = STUDY) -> None:
        self.house, self.study = house, parse(as_files(toml, hooks))
        self.session = house.open_study(self.study, {"red": 2, "blue": 2})
        come(house, self.session, *self.session.tokens)
        seat(house, self.session)
        found = house.sql(
            "select s.type, s.slot, p.id, p.room_id from slot s join player p using (room_id, slot)"
        )
        self.players = {slot: player for _, slot, player, _ in found}
        self.room_id = found[0][-1]
        self.reds = sorted(slot for type_, slot, *_ in found if type_ == "red")
        self.blues = sorted(slot for type_, slot, *_ in found if type_ == "blue")

    def say(self, slot: int, body: str, channel: str = "all") -> None:
        talk = self.study.steps[0].channel_named(channel)
        assert talk is not None
        [(at,)] = self.house.sql("select position from room")
        new = NewMessage(self.players[slot], self.room_id, None, "talk", talk, body, str(uuid4()), at)
        assert isinstance(self.house.do(lambda conn: messages.store(conn, [new]))[0], int)

    def lines(self) -> list[tuple[object, ...]]:
        found = "select body, channel, to_slot, readers, turn from message where slot = 0 order by id"
        return self.house.sql(found)


def test_a_mediator_answers_once_what_is_written_in_its_channel_for_those_who_read_it(
    house: House,
) -> None:
    talk = Talk(house)
    conduct(house)
    assert talk.lines() == [], "nobody has written anything"
    red, blue = talk.reds[0], talk.blues[0]
    talk.say(red, "hello")
    talk.say(blue, "hi")
    talk.say(red, "us", "reds")
    conduct(house)
    first = [
        ("2 of 2, the last of hi: None", "all", None, [1, 2, 3, 4], 0),
        ("1 of 1, the last of us: None", "reds", None, talk.reds, 0),
    ]
    assert talk.lines() == first
    conduct(house)
    assert talk.lines() == first, "of what it says itself nobody asks it"
    talk.say(talk.blues[1], "alone")
    conduct(house)
    assert talk.lines()[2:] == [("For you alone, blue.", "all", talk.blues[1], [talk.blues[1]], 1)]
    talk.say(talk.reds[1], "wait")
    conduct(house)
    conduct(house)
    assert len(talk.lines()) == 3, "it waits"
    house.sql("update bot_turn set wakes_at = clock_timestamp() where wakes_at is not null")
    conduct(house)
    assert talk.lines()[3:] == [("Nobody says more, after 3 turns.", "all", None, [1, 2, 3, 4], 3)]
    assert_all_holds(house, talk.session, talk.study)
    with TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        asyncio.run(export.write_folder(house.database, talk.session.id, talk.study, out))
        rows = list(csv.DictReader(io.StringIO((out / "messages.csv").read_text())))
    assert {(one["made_by"], one["player"] == "", one["slot"] == "0") for one in rows} == {
        ("player", False, False),
        ("mediator", True, True),
    }
    house.act("close", talk.session)
    [(label,)] = house.sql("select label from player where id = %s", talk.players[red])
    house.do(lambda conn: erase(conn, talk.session.id, "ada", "asked by mail", label=label))
    assert {body for body, *_ in talk.lines()} == {""}, "it may have quoted them"
    assert_all_holds(house, talk.session, talk.study)
    house.sql("update message set channel = 'plain', readers = '{9}' where slot = 0 and to_slot > 0")

    async def work(conn: Connection) -> list[str]:
        found = await verify(house.database, talk.session.id, talk.study)
        return [row for one in found.checks for row in one.rows if not one.ok]

    wrong = " ".join(house.read(work))
    assert "its step has no mediator there" in wrong and "for slots 9, where" in wrong


def test_a_mediator_is_given_once_what_was_written_though_another_round_begins(house: House) -> None:
    talk = Talk(house, toml=changed(STUDY, 'limit = "1h"', 'limit = "1h"\nrepeat = 2'))
    talk.say(1, "hello")
    conduct(house)
    house.sql("update room set deadline = clock_timestamp()")
    conduct(house)
    talk.say(2, "again")
    conduct(house)
    assert [body for body, *_ in talk.lines()] == [
        "1 of 1, the last of hello: None",
        "1 of 3, the last of again: None",
    ]


def test_a_mediator_says_nothing_in_a_pause_and_answers_after_it(house: House) -> None:
    talk = Talk(house)
    talk.say(1, "hello")

    async def story(conn: Connection) -> None:
        hooks = Hooks()
        place = hooks.places[talk.study.sha256] = asyncio.Semaphore(0)  # until it is free, no hook is asked
        [due] = await acting.due_turns(conn, talk.session.id, talk.study)

        async def turn() -> BotAct:
            async with conn.transaction():
                return await acting.take_turn(conn, hooks, talk.study, talk.session.id, due)

        try:
            asked = asyncio.create_task(turn())
            free = "select 1 from bot_turn for update skip locked"
            await until(lambda: house.sql(free) == [], "it is being asked")
            await asyncio.to_thread(house.act, "pause", talk.session)
            place.release()
            assert await asked is None, "the pause began while it was asked"
            assert await turn() is None, "it was due before the pause"
        finally:
            await hooks.retire(0)

    house.read(story)
    assert talk.lines() == [] and house.sql("select turn from bot_turn") == [(0,)]
    house.act("resume", talk.session)
    conduct(house)
    assert [body for body, *_ in talk.lines()] == ["1 of 1, the last of hello: None"]
    talk.say(2, "hi")
    house.sql("update message set erased = true, body = '' where body = 'hi'")
    due = house.read(lambda conn: acting.due_turns(conn, talk.session.id, talk.study))
    assert due == [], "nobody is asked about what is erased"


def test_a_mediator_that_fails_stops_its_room_and_is_asked_again_about_the_same(house: House) -> None:
    talk = Talk(house, 'def mediate(room, messages):\n    return f"{len(messages)}"\n')
    talk.say(1, "hello")
    conduct(house)
    stop = house.read(lambda conn: stopped_rooms.why_stopped(conn, talk.room_id))
    assert stop is not None and stop.sentence == (
        """it must return Say("…"), Wait(seconds) or None, and returned '1'"""
    )
    assert house.sql("select turn from bot_turn") == [(0,)] and talk.lines() == []


def test_a_mediators_line_stands_on_each_page_as_such(shared: House, server: Server) -> None:
    study = parse(as_files(STUDY, HOOKS))
    session = shared.open_study(study, {"red": 2, "blue": 2})
    guests = [shared.guest(server, session, label) for label in ("R1", "R2", "B1", "B2")]

    async def story() -> None:
        await sign_everyone_in(guests)
        for guest in guests:
            await seated(guest)
        async with guests[3].watching() as page:
            assert (await guests[0].say("hello", channel="all")).status == 200
            await page.until(lambda _: "1 of 1, the last of hello: None" in page.talk, "the line comes")
        text = await guests[1].page()
        assert '<b class="who">Mediator</b><span dir="auto">1 of 1, the last of hello: None</span>' in text

    shared.tell(story())


@pytest.mark.parametrize(
    ("study", "hooks", "said"),
    [
        (
            changed(STUDY, 'of = "neighbours"', 'of = "direct"').replace(', types = ["red"]', ""),
            HOOKS,
            "What two say to each other is for them alone, so nobody can answer it.",
        ),
        (
            STUDY,
            "def mediate(room):\n    return None\n",
            "`mediate` is called with room, messages, but takes room.",
        ),
        (STUDY, HOOKS.replace("room.said(", "room.told("), "told"),
        (STUDY, HOOKS.replace('"belief"', '"believe"'), "believe"),
    ],
)
def test_a_mediator_that_could_not_answer_is_refused_with_its_place(
    study: str, hooks: str, said: str
) -> None:
    with pytest.raises(StudyError) as caught:
        parse(as_files(study, hooks))
    assert said in str(caught.value)


def test_a_check_tries_a_mediator_with_one_message_with_more_and_with_none_where_it_waits() -> None:
    def found(body: str) -> str:
        hooks = f"from networklab import Wait\n\ndef mediate(room, messages):\n    {body}\n"
        return " ".join(one.sentence for one in asyncio.run(try_hooks(parse(as_files(STUDY, hooks)))))

    assert "IndexError" in found("return [None, None][len(messages)]"), "two have written"
    assert "IndexError" in found("messages[-1]; return Wait(9)"), "nobody has, in nine seconds"
    assert found("messages[-1]; return None") == ""

"""Stories of bots that move and talk: what they see, when they are asked, and that each turn of theirs counts once."""

from __future__ import annotations

import asyncio
import csv
import io
import os
import signal
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import pytest

from app.database.connections import Connection, connect
from app.export import export
from app.rooms import acting, dropouts, handling, messages, seen
from app.rooms.messages import NewMessage
from app.rooms.seen import BotsPage
from app.sessions.erasing import erase
from app.study.hooks.acts import BotMove
from app.study.hooks.pool import Hooks
from app.study.model.study import Study
from app.study.reading import parse
from app.study.stored import read_study
from tests.house.conducting import conduct
from tests.house.crowd import age, come, seat
from tests.house.holding import assert_all_holds
from tests.house.house import House, Opened
from tests.house.studies import as_files, changed
from tests.house.waits import until

STUDY = """
title = "Company"
[[room]]
name = "pair"
seats = {any = 2}
bots_after = "60s"
[lobby]
max_wait = "5m"
[[step]]
page = "talk"
limit = "1h"
chat = "room"
bot = "trader"
on_move = "trade"
results = [{name = "got", ask = "You get", kind = "integer"}]
[[step.move]]
name = "claim"
fields = [{name = "mine", ask = "How much?", kind = "integer", min = 0, max = 20}]
"""
HOOKS = """
from networklab import Accept, Move, Refuse, Say, Wait

def trade(room, move):
    claims = dict(room.state or {})
    if move.values["mine"] > 15:
        return Refuse("That is too much.")
    claims[move.slot] = move.values["mine"]
    if sum(claims.values()) == 20:
        return Accept(state=claims, results={"got": claims}, end=True)
    return Accept(state=claims)

def trader(room, slot, questions):
    if room.turn == 0:
        return Say("Hello!")
    if room.turn == 1:
        return Move(slot, "claim", {"mine": 20})
    if room.refused:
        return Move(slot, "claim", {"mine": 12})
"""

SEES = """
from networklab import Say

def talker(room, slot, questions):
    if room.turn == 0:
        heard = room.messages[0]
        return Say(heard.body, channel=heard.channel)
"""
WALLS = """
title = "Walls"
types = ["x", "y"]
[[room]]
name = "four"
seats = {x = 2, y = 2}
bots_after = "60s"
[lobby]
max_wait = "5m"
[[step]]
page = "talk"
limit = "1h"
ends = "deadline"
chat = [{name = "front", types = ["x"]}, {name = "all"}]
bot = "talker"
fields = [{name = "belief", ask = "How sure?", kind = "integer", min = 0, max = 9}]
"""
LISTENS = """
from networklab import Accept, Say

def trade(room, move):
    return Accept()

def trader(room, slot, questions):
    if room.turn == 0:
        return Say(" ".join(one.body for one in room.messages))
"""
ECHO = (
    HOOKS
    + """
def trader(room, slot, questions):
    if room.messages and room.turn == 0:
        return Say(room.messages[0].body.split()[2] + ", I hear you")
"""
)

THINKS = """
import time
from networklab import Accept, Move, Say

def trade(room, move):
    return Accept(state=move.values["mine"])

def trader(room, slot, questions):
    time.sleep(0.4)  # so that who asks it can be killed meanwhile
    if room.turn < 2:
        return [Move(slot, "claim", {"mine": 7}), Say("Seven!")][room.turn]
"""


def a_pair(house: House, hooks: str = HOOKS) -> tuple[Opened, Study, int]:
    """Somebody alone, and a bot, in whose slot; no server is there."""
    study = parse(as_files(STUDY, hooks))
    session = house.open_study(study, {"x": 1})
    come(house, session, *session.tokens)
    age(house, session, 60, *session.tokens)
    seat(house, session)
    [(slot,)] = house.sql("select slot from slot where bot")
    return session, study, slot


def a_turn(house: House) -> None:
    """Whichever bots have something to see are asked, and what comes of their moves is found."""
    conduct(house)
    house.sql("update bot_turn set rest = 0, wakes_at = least(wakes_at, clock_timestamp())")
    conduct(house)

    async def handle(conn: Connection) -> None:
        hooks, rooms = (
            Hooks(),
            await (await conn.execute("select room_id from move where nth is null")).fetchall(),
        )
        try:
            for (room_id,) in rooms:
                [standing], waiting = await handling.read(conn, [room_id])
                study = await read_study(conn, standing.session_id)
                room = await handling.room_for(conn, study, standing)
                ask = partial(hooks.ask, study)
                turn = await handling.take_turn(ask, study, room, standing, waiting[room_id])
                assert await handling.put(conn, [turn]) == [True]
        finally:
            await hooks.retire(0)

    house.read(handle)


def said(house: House) -> list[tuple[object, ...]]:
    return house.sql("select slot, player_id, turn, body from message order by id")


def made(house: House) -> list[tuple[object, ...]]:
    return house.sql(
        "select slot, player_id, turn, name, value, accepted, sentence from move order by record_id"
    )


def test_a_bot_talks_and_moves_as_its_step_says_and_hears_what_came_of_it(house: House) -> None:
    session, study, bot = a_pair(house)
    a_turn(house)
    assert said(house) == [(bot, None, 0, "Hello!")]
    a_turn(house)
    too_much = (bot, None, 1, "claim", '{"mine":"20"}', False, "That is too much.")
    assert made(house) == [too_much]
    a_turn(house)
    assert made(house) == [too_much, (bot, None, 2, "claim", '{"mine":"12"}', True, "")]
    a_turn(house)
    assert len(made(house)) == 2 and len(said(house)) == 1, "nothing that it sees has changed"
    assert_all_holds(house, session, study)
    files = tables(house, session, study)
    assert [(row["slot"], row["player"], row["made_by"], row["mine"]) for row in files["moves.csv"]] == [
        (str(bot), "", "bot", "20"),
        (str(bot), "", "bot", "12"),
    ]
    assert [(row["slot"], row["player"], row["made_by"]) for row in files["messages.csv"]] == [
        (str(bot), "", "bot")
    ]


def tables(house: House, session: Opened, study: Study) -> dict[str, list[dict[str, str]]]:
    with TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        asyncio.run(export.write_folder(house.database, session.id, study, out))
        texts = {name: (out / name).read_text() for name in ("moves.csv", "messages.csv")}
    return {name: list(csv.DictReader(io.StringIO(text))) for name, text in texts.items()}


def test_while_one_process_asks_a_bot_no_other_does_and_what_it_had_not_stored_when_it_died_another_does(
    house: House,
) -> None:
    session, study, _ = a_pair(house)
    a_turn(house)  # it has said hello, and is about to make a move
    house.sql("update bot_turn set rest = 0")

    async def work(conn: Connection) -> None:
        hooks, dying, other = Hooks(), *[await connect(house.database, "story") for _ in range(2)]
        try:
            [due] = await acting.due_turns(conn, session.id, study)
            await dying.execute("begin")
            act = await acting.take_turn(dying, hooks, study, session.id, due)
            assert isinstance(act, BotMove), "it has stored the move, and not committed it"
            async with conn.transaction():
                assert await acting.take_turn(conn, hooks, study, session.id, due) is None
            [(pid,)] = await (await dying.execute("select pg_backend_pid()")).fetchall()
            await conn.execute("select pg_terminate_backend(%s, 5000)", [pid])
            for one in (other, conn):  # who comes first has it, the other finds that it is done
                async with one.transaction():
                    await acting.take_turn(one, hooks, study, session.id, due)
        finally:
            await hooks.retire(0)
            for one in (dying, other):
                await one.close()

    house.read(work)
    assert [(turn, value) for _, _, turn, _, value, *_ in made(house)] == [(1, '{"mine":"20"}')]
    assert_all_holds(house, session, study)


def test_a_bot_sees_what_a_person_in_its_seat_would_and_nothing_else(house: House) -> None:
    study = parse(as_files(WALLS, SEES))
    session = house.open_study(study, {"x": 3, "y": 2})
    come(house, session, *session.tokens)
    age(house, session, 60, *session.tokens)
    seat(house, session)
    found = house.sql(
        "select s.room_id, s.slot, s.type, s.bot, p.id from slot s left join player p using (room_id, slot)"
    )
    [(room_id, me, _, _, ann)] = [
        one for one in found if one[-1] and sum(o[0] == one[0] and o[3] for o in found)
    ]
    [near] = [slot for room, slot, type_, bot, _ in found if bot and type_ == "x"]
    [far, further] = sorted(slot for room, slot, type_, bot, _ in found if bot and type_ == "y")
    elsewhere = next((room, player) for room, _, _, _, player in found if room != room_id)

    def say(player: int, room: int, channel: str, body: str) -> None:
        async def work(conn: Connection) -> None:
            one = study.steps[0].channel_named(channel)
            assert one is not None
            new = NewMessage(player, room, None, "talk", one, body, str(uuid4()))
            assert None not in await messages.store(conn, [new])

        house.do(work)

    def page(slot: int) -> BotsPage:
        async def work(conn: Connection) -> BotsPage | None:
            return await seen.page_of(conn, study, room_id, slot, 0)

        found = house.read(work)
        assert found is not None
        return found

    before = page(near).digest, page(far).digest
    say(elsewhere[1], elsewhere[0], "all", "in another room")
    assert (page(near).digest, page(far).digest) == before, "what happens elsewhere changes nothing"
    say(ann, room_id, "front", "for two of us")
    say(ann, room_id, "all", "for everybody")
    one, other = page(near), page(far)
    assert [word.body for word in one.room.messages] == ["for two of us", "for everybody"]
    assert [word.body for word in other.room.messages] == ["for everybody"]
    assert one.room.all_said == (), "nobody has shown them anything"
    assert {(seat.entry == {}, seat.type, seat.treatment == {}) for seat in one.room.seats} == {
        (True, "", True)
    }
    [(seed,)] = house.sql("select seed from room where id = %s", room_id)
    assert one.room.seed not in (seed, other.room.seed) and one.room.name == ""
    a_turn(house)
    told = house.sql("select slot, body, channel, readers from message where player_id is null")
    assert sorted(told) == sorted(
        [
            (near, "for two of us", "front", sorted([me, near])),
            (far, "for everybody", "all", [1, 2, 3, 4]),
            (further, "for everybody", "all", [1, 2, 3, 4]),
        ]
    )
    assert_all_holds(house, session, study)


def test_a_bot_that_takes_a_seat_over_has_heard_nothing_of_what_was_said_before(house: House) -> None:
    study = parse(as_files(changed(STUDY, 'bots_after = "60s"') + '[dropout]\nthen = ["bot"]\n', LISTENS))
    session = house.open_study(study, {"x": 2})
    come(house, session, *session.tokens)
    seat(house, session)
    [(ann, room_id, _), (ben, _, bens)] = house.sql("select id, room_id, slot from player order by id")
    talk = study.steps[0].talks[0]

    def say(body: str) -> None:
        new = NewMessage(ann, room_id, None, "talk", talk, body, str(uuid4()))
        house.do(lambda conn: messages.store(conn, [new]))

    say("for Ben alone")
    house.do(lambda conn: dropouts.withdraw(conn, ben, study))
    say("for whoever is there")
    a_turn(house)
    bots = house.sql("select slot, body, turn from message where player_id is null")
    assert bots == [(bens, "for whoever is there", 0)]
    assert_all_holds(house, session, study)


def test_of_somebody_who_is_erased_no_bot_keeps_a_word(house: House) -> None:
    session, study, _ = a_pair(house, ECHO)
    [(player, room_id)] = house.sql("select id, room_id from player where session_id = %s", session.id)

    async def speak(conn: Connection) -> None:
        talk = study.steps[0].talks[0]
        new = NewMessage(player, room_id, None, "talk", talk, "I am Ada of Turin", str(uuid4()))
        await messages.store(conn, [new])

    house.do(speak)
    a_turn(house)
    assert [body for *_, body in said(house)] == ["I am Ada of Turin", "Ada, I hear you"]
    house.act("close", session)

    house.do(lambda conn: erase(conn, session.id, "ada", "asked by mail", label="X1"))
    assert [body for *_, body in said(house)] == ["", ""]
    assert_all_holds(house, session, study)


@pytest.mark.slow  # the short version is of a process that dies as it has stored a move
def test_whatever_process_is_killed_while_a_bot_thinks_its_move_and_its_message_come_once(
    house: House,
) -> None:
    session, study, bot = a_pair(house, THINKS)
    thinks = """
        select pid from pg_stat_activity where datname = current_database() and application_name = 'networklab bots'
            and state like 'idle in transaction%'"""
    server = house.serve(processes=2)

    async def story() -> None:
        for turn in range(2):
            for _ in range(3):
                await until(lambda: house.sql(thinks), "a bot thinks")
                assert house.sql("select turn from bot_turn") == [(turn,)]
                for pid in house.workers():
                    os.kill(pid, signal.SIGKILL)
                await until(lambda: not house.sql(thinks), "whoever asked it is dead")
                assert house.sql("select turn from bot_turn") == [(turn,)], "it has done nothing"
            gone_on = partial(house.sql, "select 1 from bot_turn where turn > %s", turn)
            await until(gone_on, "another process asks it")
        await until(lambda: house.sql("select 1 from bot_turn where turn = 3"), "it has nothing more to do")
        await until(lambda: house.sql("select 1 from move where nth = 1"), "its move is handled")

    house.tell(story())
    assert [(slot, value) for slot, _, _, _, value, *_ in made(house)] == [(bot, '{"mine":"7"}')]
    assert said(house) == [(bot, None, 1, "Seven!")]
    server.kill()
    assert_all_holds(house, session, study)

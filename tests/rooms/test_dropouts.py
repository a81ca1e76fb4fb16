"""Stories of people who go silent: whom the room waits for and who gives no sign, and what it does without them.

Time passes by moving everything that has happened into the past.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest
from psycopg import sql

from app.database.connections import Connection, connect
from app.database.embedded import Postgres
from app.players import players
from app.players.people import Person
from app.players.signs_of_life import Signs
from app.replay import check
from app.rooms import dropouts, lobby, messages, records
from app.rooms.messages import NewMessage
from app.rooms.records import Answer, form_id
from app.sessions.actions import ACTIONS
from app.sessions.conductor import Conductor
from app.sessions.sessions import open_session
from app.study.reading import parse
from app.web.monitor.server_figures import Figures, put_figures
from tests.house.conducting import a_conductor, follow
from tests.house.database import CONTRADICTIONS, a_database
from tests.house.desk import desk, numbers
from tests.house.guests import seated, sign_everyone_in
from tests.house.house import House
from tests.house.server import Server
from tests.house.studies import NEAR, as_files

STUDY = """
title = "Silence"
[[room]]
name = "table"
seats = {any = 3}
count = 1
[lobby]
max_wait = "2h"
[dropout]
silent = "45s"
grace = "20s"
then = ["nudge", "smaller"]
[[step]]
page = "talk"
repeat = 5
limit = "1h"
chat = "neighbours"
fields = [{name = "belief", ask = "How sure are you?", kind = "integer", min = 0, max = 100}]
[finish]
codes = {complete = "C1", lobby = "C2", partner_left = "C3", withdrawn = "C4", dropped = "C5"}
"""
PAST = (
    *(
        "player.seated_at",
        "player.nudged_at",
        "player.signed_in_at",
        "player.waiting_since",
        "sign.at",
        "event.at",
    ),
    *("record.at", "message.at", "process.heard_since", "session.resumed_at", "session.paused_at"),
)


def then(*actions: str) -> str:
    return STUDY.replace('["nudge", "smaller"]', str(list(actions)).replace("'", '"'))


class Process:
    """What one server process does about silence: it hears signs, writes them down, and conducts."""

    def __init__(self, name: str, conn: Connection, conductor: Conductor) -> None:
        self.name, self.conn, self.conductor, self.signs = name, conn, conductor, Signs()

    async def listens(self) -> None:
        await put_figures(self.conn, self.name, Figures())
        await self.signs.write(self.conn, self.name)


class Session:
    """People at one table and in the lobby: A, B and C are seated, D and E wait."""

    def __init__(self, house: House, toml: str, files: Mapping[str, bytes] = {}) -> None:
        self.house = house
        self.study = parse({**as_files(toml), **files})
        self.id, self.ids = "", dict[str, int]()

    @asynccontextmanager
    async def begins(self, waiting: str = "", processes: int = 1) -> AsyncIterator[Session]:
        async with AsyncExitStack() as stack:
            self.processes = [
                Process(
                    f"{uuid4().hex}:{number}",
                    await connect(self.house.database, "story"),
                    await stack.enter_async_context(a_conductor(self.house.database)),
                )
                for number in range(processes)
            ]
            self.conn = await connect(self.house.database, "story")
            try:
                await self._open("ABC" + waiting)
                for process in self.processes:
                    await process.listens()
                yield self
                assert await self.contradictions() == []
                told = (await check.check(self.conn, self.id)).differences
                assert [one for one in told if not one.column.endswith(("_at", "since", "deadline"))] == []
            finally:
                await self.conn.execute("delete from process")
                for conn in (self.conn, *(one.conn for one in self.processes)):
                    await conn.close()

    async def _open(self, labels: str) -> None:
        people = [Person(uuid4().hex, label, "any one") for label in labels]
        async with self.conn.transaction():
            self.id = (await open_session(self.conn, self.study, people)).id
            await ACTIONS["start"](self.conn, self.id, "story")
        for process in self.processes:
            process.conductor.studies.known[self.id] = self.study
        for person in people:
            async with self.conn.transaction():
                (one,) = await players.sign_in(self.conn, [players.Arrival(person.token, {})])
                assert one is not None
                self.ids[person.label] = one.id
            async with self.conn.transaction():
                await lobby.seat(self.conn, self.id, self.study)

    async def later(self, seconds: float) -> None:
        for column in PAST:
            table, name = map(sql.Identifier, column.split("."))
            past = sql.SQL("update {} set {} = {} - make_interval(secs => %s)")
            await self.conn.execute(past.format(table, name, name), [seconds])
        await self.conduct()

    async def conduct(self) -> None:
        """What every process does once a second."""
        for process in self.processes:
            await process.listens()
        await asyncio.gather(
            *(one.conductor.move_on(one.conn, [], everywhere=True) for one in self.processes)
        )
        for one in self.processes:
            await follow(one.conductor, one.conn)

    async def hint(self) -> None:
        """What a process does at once when somebody in it has answered or left."""
        [(room_id,)] = await self.ask("select id from room where session_id = %s", self.id)
        first = self.processes[0]
        await first.conductor.move_rooms(first.conn, [room_id], everywhere=False)
        await follow(first.conductor, first.conn)

    async def answers(self, *labels: str, act: bool = True) -> None:
        """And the room goes on if it can, unless nobody acts on it yet."""
        for label in labels:
            player = await self.player(label)
            assert player.room_id is not None
            [(step, round_)] = await self.ask("select step, round from room where id = %s", player.room_id)
            form, said = form_id(player.id, uuid4().hex, ()), (("belief", "50"),)
            answer = Answer(player.id, player.room_id, step, round_, said, form)
            [receipt] = await records.store(self.conn, [answer])
            assert receipt is not None
        if act:
            await self.conduct()

    async def says(self, label: str, body: str) -> None:
        player = await self.player(label)
        assert player.room_id is not None
        await messages.store(
            self.conn,
            [NewMessage(player.id, player.room_id, None, "talk", NEAR, body, str(uuid4()))],
        )

    async def act(self, action: str) -> None:
        async with self.conn.transaction():
            await ACTIONS[action](self.conn, self.id, "story")

    async def withdraws(self, label: str) -> None:
        async with self.conn.transaction():
            await dropouts.withdraw(self.conn, self.ids[label], self.study)

    async def player(self, label: str) -> players.Player:
        player = await players.find_player(self.conn, self.ids[label])
        assert player is not None
        return player

    async def ends(self) -> dict[str, str | None]:
        """How it ended for each."""
        return dict(await self.ask("select label, outcome from player where session_id = %s", self.id))

    async def happened(self, *names: str) -> list[tuple[str, str, Any]]:
        """Such events of this session: name, to whom, and what followed."""
        return await self.ask(
            """select e.name, p.label, e.data->>'then' from event e left join player p on p.id = e.player_id
            where e.session_id = %s and e.name = any(%s) order by e.at, e.log_id, e.seq""",
            *(self.id, list(names) or ["player_nudged", "player_returned", "player_left", "player_replaced"]),
        )

    async def results(self) -> list[tuple[Any, ...]]:
        """What bots said: slot, round, field, who made it, value."""
        return await self.ask(
            "select slot, round, name, made_by, value from result where session_id = %s order by position, slot",
            self.id,
        )

    async def round(self) -> int:
        [(round_,)] = await self.ask("select round from room where session_id = %s", self.id)
        return int(round_)

    async def ask(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        return await (await self.conn.execute(query.encode(), parameters)).fetchall()

    async def contradictions(self) -> Sequence[tuple[Any, ...]]:
        own = {"session": self.id}
        return [
            line
            for query in CONTRADICTIONS
            for line in await (await self.conn.execute(query.encode(), own)).fetchall()
        ]


@pytest.fixture(scope="module")
def quiet(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house whose only processes are those of the stories."""
    with a_database(postgres) as url:
        yield House(url, tmp_path_factory.mktemp("quiet"))


def test_whoever_stays_silent_is_nudged_then_leaves_and_the_room_goes_on(quiet: House) -> None:
    session = Session(quiet, STUDY)

    async def story() -> None:
        async with session.begins():
            await session.later(44)
            assert await session.happened() == []
            await session.answers("A")
            await session.later(2)
            assert await session.happened() == [("player_nudged", "B", None), ("player_nudged", "C", None)]
            await session.answers("B")
            await session.later(19)
            assert (await session.happened())[2:] == [("player_returned", "B", None)], "an answer is a sign"
            assert await session.round() == 1
            await session.later(2)
            assert (await session.happened())[3:] == [("player_left", "C", "smaller")]
            assert await session.ends() == {"A": None, "B": None, "C": "dropped"}
            assert (await session.player("C")).code == "C5"
            await session.conduct()
            assert await session.round() == 2, "nobody waits for whoever has left"
            await session.answers("A", "B")
            assert await session.round() == 3

    quiet.tell(story())


def test_any_sign_of_life_counts_on_whichever_process_it_is_given(quiet: House) -> None:
    session = Session(quiet, STUDY)

    async def story() -> None:
        async with session.begins(processes=2):
            one, other = session.processes
            await session.later(40)
            other.signs.gave(session.study, session.ids["A"])
            await session.says("B", "I am thinking")
            await session.conduct()
            await session.later(10)
            assert await session.happened() == [("player_nudged", "C", None)]
            other.signs.gave(session.study, session.ids["C"])
            await session.later(1)
            assert (await session.happened())[1:] == [("player_returned", "C", None)]
            await session.later(40)
            assert {name for _, name, _ in (await session.happened())[2:]} == {"A", "B"}, "but not for ever"
            async with one.conn.transaction():
                await dropouts.come_back(one.conn, session.ids["A"])  # the button
            await session.later(21)
            assert await session.happened("player_left") == [("player_left", "B", "smaller")]

    quiet.tell(story())


def test_a_hidden_page_of_somebody_who_has_answered_is_no_drop_out(quiet: House) -> None:
    session = Session(quiet, STUDY)

    async def story() -> None:
        async with session.begins():
            assert await session.ask("select * from presence") == [], "no page is connected"
            await session.answers("A", "B")
            await session.later(3000)  # C has an hour, and does not use it
            assert await session.happened() == [("player_nudged", "C", None)]
            await session.answers("C")
            assert await session.round() == 2
            await session.later(44)
            assert await session.happened("player_nudged") == [("player_nudged", "C", None)], (
                "their silence begins when the room waits for them again"
            )

    quiet.tell(story())


def test_silence_goes_on_from_one_step_to_the_next(quiet: House) -> None:
    session = Session(quiet, STUDY)

    async def story() -> None:
        async with session.begins():
            for _ in range(2):
                await session.answers("A", "B")
                await session.later(20)
                await session.ask(
                    "update room set deadline = now() where session_id = %s returning id", session.id
                )
                await session.conduct()
            assert (await session.round(), await session.happened()) == (3, [])
            await session.later(6)
            assert await session.happened() == [("player_nudged", "C", None)], (
                "after 46 seconds in three rounds"
            )

    quiet.tell(story())


def test_a_step_may_have_its_own_rule_or_none(quiet: House) -> None:
    study = STUDY.replace(
        'repeat = 5\nlimit = "1h"', 'limit = "1h"\ndropout = {silent = "2m", then = ["end_room"]}'
    )
    calm = '[[step]]\npage = "talk"\nname = "calm"\nlimit = "1h"\ndropout = "none"\n'
    calm += 'fields = [{name = "belief", ask = "And now?", kind = "integer"}]\n[finish]'
    session = Session(quiet, study.replace("[finish]", calm))

    async def story() -> None:
        async with session.begins():
            await session.later(119)
            await session.answers("A", "B", "C")
            await session.later(3000)
            assert await session.happened() == []

    quiet.tell(story())

    async def other() -> None:
        async with session.begins():
            await session.answers("A", "B")
            await session.later(121)
            assert await session.ends() == {"A": "partner_left", "B": "partner_left", "C": "dropped"}
            assert [(await session.player(label)).code for label in "ABC"] == ["C3", "C3", "C5"]
            assert await session.happened("player_left") == [("player_left", "C", "end_room")]

    quiet.tell(other())


def test_all_who_are_silent_leave_before_their_room_ends(quiet: House) -> None:
    session = Session(quiet, then("end_room"))

    async def story() -> None:
        async with session.begins():
            await session.answers("A")
            await session.later(46)
            assert await session.ends() == {"A": "partner_left", "B": "dropped", "C": "dropped"}

    quiet.tell(story())


def test_somebody_who_waits_takes_the_place_and_where_nobody_does_the_next_is_done(quiet: House) -> None:
    session = Session(quiet, then("nudge", "standby", "smaller"))

    async def story() -> None:
        async with session.begins(waiting="D"):
            left = await session.player("A")
            await session.later(46)
            await session.answers("B", "C")
            await session.later(21)
            assert (await session.happened())[3:] == [
                ("player_returned", "B", None),
                ("player_returned", "C", None),
                ("player_left", "A", "standby"),
                ("player_replaced", "D", None),
            ]
            newcomer = await session.player("D")
            assert (newcomer.status, newcomer.room_id, newcomer.slot) == ("playing", left.room_id, left.slot)
            await session.later(44)
            assert await session.happened("player_nudged") == [
                ("player_nudged", name, None) for name in "ABC"
            ]
            await session.later(2)
            await session.later(21)
            assert (await session.happened("player_left"))[1:] == [("player_left", "D", "smaller")]

    quiet.tell(story())


def test_with_continue_at_the_end_they_stay_until_somebody_can_take_their_place(quiet: House) -> None:
    session = Session(quiet, then("standby", "continue"))

    async def story() -> None:
        async with session.begins():
            await session.answers("A", "B")
            await session.later(500)
            assert (await session.ends())["C"] is None
            await session.answers("C")
            assert await session.round() == 2, "and may come back at any time"

    quiet.tell(story())


@pytest.mark.parametrize("action", ["smaller", "end_room", "standby", "continue"])
def test_for_whoever_leaves_by_themselves_the_same_is_done(quiet: House, action: str) -> None:
    session = Session(quiet, then("nudge", action))
    left_behind = "partner_left" if action == "end_room" else None

    async def story() -> None:
        async with session.begins(waiting="D"):
            await session.withdraws("C")
            assert await session.happened("player_left") == [("player_left", "C", action)]
            ends = {"A": left_behind, "B": left_behind, "C": "withdrawn", "D": None}
            assert await session.ends() == ends
            assert ((await session.player("D")).status == "playing") == (action == "standby")
            await session.withdraws("C")
            assert len(await session.happened("player_left")) == 1, "again changes nothing"

    quiet.tell(story())


HOOK = b"""
def play(room, slot, questions):
    assert room.seat(slot).bot
    return {one.name: 10 * slot + room.round for one in questions}
"""


def test_a_bot_plays_on_answers_each_step_and_nobody_waits_for_it(quiet: House) -> None:
    session = Session(quiet, then("nudge", "bot"))

    async def story() -> None:
        async with session.begins():
            await session.answers("A")
            await session.later(46)
            await session.answers("B")
            await session.later(21)
            assert await session.happened("player_left", "bot_placed") == [
                ("player_left", "C", "bot"),
                ("bot_placed", None, None),
            ]
            assert await session.round() == 2
            slot = (await session.player("C")).slot
            [first, second] = await session.results()
            assert [first[:4], second[:4]] == [(slot, 1, "belief", "bot"), (slot, 2, "belief", "bot")]
            assert 0 <= int(first[4]) <= 100
            await session.answers("A", "B")
            assert await session.round() == 3
            assert len(await session.results()) == 3 == len(await session.happened("results_stored"))
            await session.answers("A")
            await session.withdraws("B")
            await session.hint()
            assert await session.round() == 4, "nobody waits for it"
            places = [line[1] for line in await session.results()]
            assert places == [1, 2, 3, 3, 4, 4], "but where it took over, it answered before the step ended"
            await session.withdraws("A")
            await session.conduct()
            [(status,)] = await session.ask("select status::text from room where session_id = %s", session.id)
            assert status == "ended", "bots alone keep no room going"

    quiet.tell(story())


def test_the_bot_of_a_study_answers_by_its_hook(quiet: House) -> None:
    session = Session(quiet, then("bot").replace("[[step]]", 'bot = "play"\n[[step]]'), {"hooks.py": HOOK})

    async def story() -> None:
        async with session.begins():
            slot = (await session.player("C")).slot
            assert slot is not None
            await session.answers("C")
            await session.withdraws("C")
            await session.conduct()
            assert await session.results() == [], "what C said before they left counts"
            await session.answers("A", "B")
            await session.answers("A", "B")
            assert [line[-1] for line in await session.results()] == [str(10 * slot + 2), str(10 * slot + 3)]

    quiet.tell(story())


def test_a_pause_stops_silence_and_grace(quiet: House) -> None:
    session = Session(quiet, STUDY)

    async def story() -> None:
        async with session.begins():
            await session.answers("A", "B")
            await session.later(46)
            await session.later(15)
            await session.act("pause")
            await session.later(3000)
            await session.act("resume")
            await session.later(19)
            assert await session.happened() == [("player_nudged", "C", None)]
            await session.later(30)
            assert (await session.happened())[1:] == [("player_left", "C", "smaller")]

    quiet.tell(story())


def test_of_two_processes_that_find_the_same_one_does_it(quiet: House) -> None:
    session = Session(quiet, then("nudge", "standby", "smaller"))

    async def story() -> None:
        async with session.begins(waiting="DE", processes=4):
            await session.answers("A", "B")
            await session.later(46)
            await session.later(46)
            assert await session.happened() == [
                ("player_nudged", "C", None),
                ("player_left", "C", "standby"),
                ("player_replaced", "D", None),
            ]

    quiet.tell(story())


def test_an_answer_that_comes_just_before_somebody_is_taken_out_keeps_them(quiet: House) -> None:
    session = Session(quiet, then("smaller"))

    async def story() -> None:
        async with session.begins():
            await session.answers("A")
            await session.later(40)
            found = await dropouts.silent_players(session.conn, session.id, session.study)
            assert found == []
            await session.ask(
                "update process set heard_until = heard_until + interval '6 seconds' returning id"
            )
            found = await dropouts.silent_players(session.conn, session.id, session.study)
            assert [one.player_id for one in found] == [session.ids["B"], session.ids["C"]]
            await session.answers("B", act=False)
            async with session.conn.transaction():
                await dropouts.settle(session.conn, session.id, session.study, found)
            assert await session.happened("player_left") == [("player_left", "C", "smaller")]

    quiet.tell(story())


def test_where_nobody_listened_nobody_was_silent(quiet: House) -> None:
    session = Session(quiet, STUDY)

    async def story() -> None:
        async with session.begins(processes=2):
            await session.later(40)
            # All processes were away for a moment: what people did meanwhile reached nobody.
            await session.ask(
                "update process set heard_until = heard_until - interval '5 seconds' returning id"
            )
            await session.later(10)
            assert await session.happened() == []
            await session.later(30)
            await session.ask("delete from sign where true returning at")  # a crash takes what is not logged
            await session.ask("delete from process where true returning id")
            await session.conduct()
            await session.later(44)
            assert await session.happened() == []
            await session.later(2)
            assert len(await session.happened("player_nudged")) == 3

    quiet.tell(story())


def test_the_page_asks_takes_a_sign_and_says_how_it_ended(shared: House, server: Server) -> None:
    study = STUDY.replace('"45s"', '"1s"').replace('"20s"', '"2s"')
    session = shared.open(study, {"any one": 3})
    ada = desk(shared, server, session)

    async def story() -> None:
        first, second, third = guests = [shared.guest(server, session, label) for label in session.tokens]
        await sign_everyone_in(guests)
        await seated(third)
        for guest in (first, second):
            await guest.answer({"belief": "50"})
        async with first.watching() as partner, third.watching() as stream:
            await stream.until(lambda text: "Are you still there?" in text, "the question")
            assert 'action="/play/here"' in stream.text and "given up in" in stream.text
            of = f"/rooms/{(await first.form())['form_key'].split('.')[0]}"
            page = " ".join((await ada.page(of)).split())
            assert "has yet to answer, nudged" in page and "asked whether they are still there" in page
            pressed = await third.browser.post("/play/here", {"nudged": "1"})
            assert pressed.status == 200
            assert "Are you still there?" not in await third.page()
            await stream.until(lambda text: text.count("Are you still there?") == 2, "it asks again")
            assert "Are you still there?" not in partner.text
            await stream.until(lambda text: "no sign of you for a while" in text and "C5" in text, "the end")
            await partner.until(lambda text: "has left; the group goes on." in text, "what became of them")
            await partner.until(lambda text: "round 2 of 5" in text, "the next round")
        page = await ada.page(f"/players/{numbers(shared, session)[third.label]}")
        assert "left (dropped), and the room goes on without them" in page and "gave a sign again" in page
        done = await third.page()
        assert "C5" in done and 'action="/play/records"' not in done
        assert (await third.browser.post("/play/here", {"nudged": "1"})).status == 200, "changes nothing"

    shared.tell(story())
    assert shared.contradictions(session) == []

"""Stories of the door and the lobby: the herd, who is seated with whom, and what happens when things meet."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from itertools import cycle
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.conninfo import make_conninfo

from app.database.connections import Connection, open_pool
from app.players import players
from app.players.people import Person
from app.rooms import dropouts, lobby
from app.rooms.seating import Waiting, decide
from app.sessions.actions import ACTIONS
from app.sessions.conductor import SWEEP, Conductor
from app.sessions.sessions import SessionError, open_session
from app.sessions.studies import Studies
from app.study.model.study import RoomKind
from app.study.reading import parse
from tests.house.conducting import conduct
from tests.house.crowd import CROWD, KINDS, age, come, seat
from tests.house.database import CONTRADICTIONS
from tests.house.guests import Guest, seated, sign_everyone_in
from tests.house.house import House, Opened
from tests.house.server import Server
from tests.house.studies import PAGE, TALK
from tests.house.waits import until

STEP = """
[[step]]
page = "talk"
limit = "60s"
fields = [{name = "belief", ask = "How sure are you?", kind = "integer", min = 0, max = 100}]
"""
HERD = f"""
title = "Herd"
[[room]]
name = "mixed"
seats = {{red = 2, blue = 2}}
count = 60
[[room]]
name = "trio"
seats = {{green = 3}}
[[room]]
name = "plain"
seats = {{any = 4}}
after = "4m"
{STEP}"""
PAIR = f"""
title = "Pair"
[[room]]
name = "pair"
seats = {{red = 1, blue = 1}}
{STEP}"""
SOLO = f"""
title = "Solo"
[[room]]
name = "solo"
seats = {{red = 1}}
[[room]]
name = "twins"
seats = {{blue = 2}}
{STEP}"""
ENTRY = f"""{PAIR}
[entry]
fields = [
    {{name = "age", ask = "Your age", kind = "integer", min = 18, max = 120}},
    {{name = "nick", ask = "What shall we call you?", kind = "text"}},
]
"""


@pytest.mark.parametrize("times", [1, 2])
def test_400_who_sign_in_at_once_all_wait_or_sit_in_a_seat_of_their_own(house: House, times: int) -> None:
    session = house.open(HERD, {"red": 190, "blue": 150, "green": 60})
    server = house.serve(processes=2)
    crowd = [house.guest(server, session, label) for label in session.tokens for _ in range(times)]

    answers = house.tell(sign_everyone_in(crowd, at_once=len(crowd)))

    assert Counter((one.status, one.headers.get("location")) for one in answers) == {
        (303, "/play"): 400 * times
    }
    # The study allows 60 mixed rooms, and its fallback has opened to nobody yet.
    assert dict(house.sql("select type || ' ' || status, count(*) from player group by 1")) == {
        "red playing": 120,
        "red waiting": 70,
        "blue playing": 120,
        "blue waiting": 30,
        "green playing": 60,
    }
    assert house.contradictions(session) == []
    assert house.sql(
        """select types, count(*) from (
            select string_agg(p.type, ' ' order by p.type) as types from player p where p.slot is not null
            group by p.room_id
        ) room group by types order by types"""
    ) == [("blue blue red red", 60), ("green green green", 20)]
    assert house.sql("select count(*) from event where name = 'player_signed_in'") == [(400,)]


# Two at work at the same time. Each stops before every statement and every commit, and the other goes on from
# there: at every pair of such points.


class Steps(psycopg.AsyncConnection[tuple[Any, ...]]):
    """A connection whose work stops before each statement, until somebody lets it go on."""

    on_stop: Callable[[], Awaitable[None]] | None = None

    async def stop(self) -> None:
        if self.on_stop:
            await self.on_stop()

    @asynccontextmanager
    async def committing(self) -> AsyncIterator[None]:
        async with self.transaction():
            yield
            await self.stop()


class StepCursor(psycopg.AsyncCursor[tuple[Any, ...]]):
    async def execute(self, *arguments: Any, **options: Any) -> StepCursor:
        assert isinstance(self.connection, Steps)
        await self.connection.stop()
        await super().execute(*arguments, **options)
        return self


Work = Callable[[Steps], Awaitable[object]]


class Actor:
    """Somebody at work on a connection of their own, moved on step by step."""

    def __init__(self, conn: Steps, watcher: Connection, work: Work) -> None:
        self.conn, self.watcher = conn, watcher
        self.stopped, self.go, self.over = asyncio.Event(), asyncio.Semaphore(0), False
        conn.on_stop = self._stop
        self.task = asyncio.create_task(self._run(work))

    async def step(self) -> bool:
        """One statement further. False: at the end, or waiting for a lock that another holds."""
        if self.stopped.is_set() and not self.over:
            self.stopped.clear()
            self.go.release()
        while not self.stopped.is_set():
            try:
                async with asyncio.timeout(0.01):
                    await self.stopped.wait()
            except TimeoutError:
                if await self.blockers():
                    return False
        return not self.over

    async def steps(self, most: int) -> int:
        """As many statements further as there are, at most so many."""
        for done in range(most):
            if not await self.step():
                return done
        return most

    async def blockers(self) -> list[int]:
        """Whom Postgres says that this one waits for."""
        pid = self.conn.info.backend_pid
        found: list[int] = (
            await (await self.watcher.execute("select pg_blocking_pids(%s)", [pid])).fetchall()
        )[0][0]
        return found

    async def _stop(self) -> None:
        self.stopped.set()
        await self.go.acquire()

    async def _run(self, work: Work) -> None:
        try:
            await work(self.conn)
        finally:
            self.conn.on_stop = None
            self.over = True
            self.stopped.set()


async def finish(*actors: Actor) -> None:
    async with asyncio.timeout(20):
        while not all(actor.over for actor in actors):
            for actor in actors:
                while await actor.step():
                    pass
    for actor in actors:
        await actor.task


class Stage:
    """A new session for each interleaving, on the same connections."""

    def __init__(self, house: House, people: Mapping[str, str], toml: str = PAIR) -> None:
        """`people`: label → type."""
        self.house, self.people = house, people
        self.study = parse({"study.toml": toml.encode(), "pages/talk.html": PAGE.encode()})
        self.id, self.sessions = "", 0

    @asynccontextmanager
    async def up(self) -> AsyncIterator[Stage]:
        async with open_pool(self.house.database, 2) as pool, pool.connection() as self.plain:
            await self.plain.set_autocommit(True)
            await self.plain.execute("set synchronous_commit = off")
            self.conductor = Conductor(self.house.database, Studies(pool))
            self.hands = [await self.hand(), await self.hand()]
            try:
                yield self
            finally:
                for conn in self.hands:
                    await conn.close()

    async def hand(self) -> Steps:
        # A flush for each of thousands of commits would only take time.
        dsn = make_conninfo(self.house.database, options="-c synchronous_commit=off")
        return await Steps.connect(dsn, autocommit=True, cursor_factory=StepCursor)

    async def open(self, *waiting: str, start: bool = True) -> None:
        """A new session in which these people wait."""
        self.sessions += 1
        people = [Person(f"{label}-{self.sessions}", label, type_) for label, type_ in self.people.items()]
        async with self.plain.transaction():
            self.id = (await open_session(self.plain, self.study, people)).id
            self.conductor.studies.known[self.id] = self.study
            if start:
                await ACTIONS["start"](self.plain, self.id, "story")
        await self.arrives(*waiting)(self.hands[0])

    def token(self, label: str) -> str:
        return f"{label}-{self.sessions}"

    def arrives(self, *labels: str) -> Work:
        """What /join does: each signs in, and then there is a seating."""

        async def work(conn: Steps) -> None:
            for label in labels:
                async with conn.committing():
                    await players.sign_in(conn, [players.Arrival(self.token(label), {})])
            async with conn.committing():
                await lobby.seat(conn, self.id, self.study)

        return work

    def withdraws(self, label: str) -> Work:
        async def work(conn: Steps) -> None:
            [(player_id,)] = await self.ask("select id from player where label = %s", label)
            async with conn.committing():
                await dropouts.withdraw(conn, player_id, self.study)

        return work

    def acts(self, action: str) -> Work:
        async def work(conn: Steps) -> None:
            async with conn.committing():
                await ACTIONS[action](conn, self.id, "story")

        return work

    async def conduct(self) -> None:
        """What the conductor of any process does by itself a moment later."""
        await self.conductor.move_on(self.plain, [], everywhere=True)

    async def ask(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Of this session: `player` and `event` have only its own."""
        own = """with player as (select * from player where session_id = %s),
            event as (select e.* from event e join log l on l.id = e.log_id
                where l.session_id = %s and l.room_id is null) """
        return await (
            await self.plain.execute((own + query).encode(), [self.id, self.id, *parameters])
        ).fetchall()

    async def locks(self, actor: Actor) -> set[str]:
        """Tables whose rows this one has locked, or waits to lock."""
        found = await self.plain.execute(
            """select relation::regclass::text from pg_locks
            where pid = %s and locktype in ('relation', 'tuple') and mode in ('RowShareLock', 'RowExclusiveLock',
                'ExclusiveLock', 'AccessExclusiveLock') and relation::regclass::text in ('lobby', 'player', 'room')""",
            [actor.conn.info.backend_pid],
        )
        return {table for (table,) in await found.fetchall()}

    async def statuses(self) -> dict[str, str]:
        return dict(await self.ask("select label, status::text from player order by label"))

    async def check(self) -> None:
        for query in CONTRADICTIONS:
            found = await (await self.plain.execute(query.encode(), {"session": self.id})).fetchall()
            assert not found

    async def interleave(
        self,
        one: Work,
        other: Work,
        before: Callable[[], Awaitable[None]],
        after: Callable[[], Awaitable[None]],
    ) -> int:
        """Both, interleaved at every pair of points; returns at how many."""
        count, here = 0, 0
        while True:
            there = 0
            while True:
                await before()
                first = Actor(self.hands[0], self.plain, one)
                ran = await first.steps(here)
                second = Actor(self.hands[1], self.plain, other)
                went = await second.steps(there)
                await finish(first, second)
                count += 1
                try:
                    await self.check()
                    await after()
                except AssertionError as error:
                    error.add_note(f"the first stopped after {ran} steps, the second after {went}")
                    raise
                there += 1
                if went < there - 1:
                    break  # it was at its end, or waiting for the first: further points are the same
            here += 1
            if ran < here - 1:
                return count


def test_two_who_belong_together_meet_wherever_their_arrivals_cross(house: House) -> None:
    async def story() -> None:
        async with Stage(house, {"R1": "red", "B1": "blue"}).up() as stage:

            async def together() -> None:
                assert await stage.statuses() == {"R1": "playing", "B1": "playing"}
                assert await stage.ask("select count(distinct room_id) from player") == [(1,)]

            await stage.interleave(stage.arrives("R1"), stage.arrives("B1"), stage.open, together)

    house.tell(story())


def test_who_leaves_the_lobby_while_another_arrives_has_left_and_holds_nobody_up(house: House) -> None:
    ending = PAIR + '[dropout]\nsilent = "45s"\nthen = ["end_room"]\n'

    async def story() -> None:
        async with Stage(house, {"R1": "red", "B1": "blue"}, ending).up() as stage:
            seen: set[str] = set()

            async def settled() -> None:
                [(blue, slot)] = await stage.ask("select status::text, slot from player where label = 'B1'")
                assert blue == "left"
                red = (await stage.statuses())["R1"]
                # Who left a seat has ended the room with it.
                assert red == ("waiting" if slot is None else "finished")
                seen.add(red)
                if red == "waiting":
                    # The database knows when to look again, so that the wait has an end.
                    due = await stage.ask("select due_at from lobby where session_id = %s", stage.id)
                    assert due != [(None,)]

            arrives, withdraws = stage.arrives("R1"), stage.withdraws("B1")
            await stage.interleave(arrives, withdraws, lambda: stage.open("B1"), settled)
            await stage.interleave(withdraws, arrives, lambda: stage.open("B1"), settled)
            assert seen == {"waiting", "finished"}

    house.tell(story())


def test_nobody_is_seated_in_a_session_that_has_closed_and_everyone_who_came_has_a_code(house: House) -> None:
    async def story() -> None:
        async with Stage(house, {"R1": "red", "B1": "blue"}, SOLO).up() as stage:
            outcomes: set[str] = set()

            async def paid() -> None:
                await stage.plain.execute("update lobby set due_at = now() where due_at is not null")
                await stage.conduct()
                statuses = await stage.statuses()
                assert statuses["B1"] == "left"
                assert statuses["R1"] in ("invited", "finished", "left")
                assert await _after(stage, "session_closed", "room_opened") == []
                # Nothing is due any more: the conductor of a closed session rests.
                assert await stage.ask("select due_at from lobby where session_id = %s", stage.id) == [
                    (None,)
                ]
                outcomes.add(statuses["R1"])

            arrives, closes = stage.arrives("R1"), stage.acts("close")
            await stage.interleave(arrives, closes, lambda: stage.open("B1"), paid)
            await stage.interleave(closes, arrives, lambda: stage.open("B1"), paid)
            assert outcomes == {"invited", "finished", "left"}

    house.tell(story())


def test_who_arrives_while_the_session_starts_is_seated(house: House) -> None:
    async def story() -> None:
        async with Stage(house, {"R1": "red", "B1": "blue"}).up() as stage:

            async def together() -> None:
                await stage.conduct()
                assert await stage.statuses() == {"R1": "playing", "B1": "playing"}

            await stage.interleave(
                stage.acts("start"), stage.arrives("R1"), lambda: stage.open("B1", start=False), together
            )

    house.tell(story())


def test_nobody_is_seated_during_a_pause_and_everybody_after_it(house: House) -> None:
    async def story() -> None:
        async with Stage(house, {"R1": "red", "B1": "blue"}).up() as stage:
            seen: set[str] = set()

            async def together() -> None:
                assert await _after(stage, "session_paused", "room_opened") == []
                seen.update((await stage.statuses()).values())
                await stage.acts("resume")(stage.hands[0])
                await stage.conduct()
                assert await stage.statuses() == {"R1": "playing", "B1": "playing"}

            await stage.interleave(
                stage.acts("pause"), stage.arrives("R1"), lambda: stage.open("B1"), together
            )
            assert seen == {"waiting", "playing"}

    house.tell(story())


async def _after(stage: Stage, mark: str, name: str) -> list[tuple[Any, ...]]:
    """Events called `name` that the session's log has after `mark`."""
    return await stage.ask(
        "select * from event where name = %s and seq > (select seq from event where name = %s)", name, mark
    )


def test_whoever_kills_a_sign_in_or_a_seating_at_any_point_forgets_nobody(house: House) -> None:
    async def story() -> None:
        async with Stage(house, {"R1": "red", "B1": "blue"}).up() as stage:
            seen: set[tuple[str, str]] = set()
            for saviour in ("another who arrives", "the conductor"):
                steps, killed = 0, True
                while killed:
                    blue_waits = saviour == "the conductor"
                    await stage.open(*["B1"] if blue_waits else [])
                    actor = Actor(stage.hands[1], stage.plain, stage.arrives("R1"))
                    await actor.steps(steps)
                    killed = await _kill(stage, actor)
                    left_behind = (await stage.statuses())["R1"]
                    await stage.check()
                    if blue_waits:
                        await stage.plain.execute(
                            "update player set signed_in_at = signed_in_at - interval '1m'"
                        )
                        await stage.conduct()
                    else:
                        await stage.arrives("B1")(stage.hands[0])
                    await stage.check()
                    expected = "invited" if left_behind == "invited" else "playing"
                    assert (await stage.statuses())["R1"] == expected, (
                        f"{saviour}, killed after {steps} steps"
                    )
                    seen.add((saviour, left_behind))
                    steps += 1
            assert seen == {
                (saviour, status)
                for saviour in ("another who arrives", "the conductor")
                for status in ("invited", "waiting", "playing")
            } - {("another who arrives", "playing")}

    house.tell(story())


async def _kill(stage: Stage, actor: Actor) -> bool:
    """As if the process had died there: its connection breaks. False if it was done before."""
    if actor.over:
        return False
    pid = actor.conn.info.backend_pid
    await stage.plain.execute("select pg_terminate_backend(%s, 5000)", [pid])
    actor.go.release()
    with pytest.raises(psycopg.OperationalError):
        await actor.task
    stage.hands[1] = await stage.hand()
    return True


def test_a_sign_in_that_a_running_seating_has_not_seen_is_not_taken_for_seen(house: House) -> None:
    async def story() -> None:
        async with Stage(house, {"R1": "red", "B1": "blue"}).up() as stage:
            await stage.open()
            seating = Actor(stage.hands[0], stage.plain, stage.arrives("B1"))
            while not {"lobby", "player"} <= await stage.locks(seating):
                assert await seating.step()
            # R1 comes after it has looked, and dies before the seating that belongs to this sign-in.
            await players.sign_in(stage.plain, [players.Arrival(stage.token("R1"), {})])
            await finish(seating)
            assert await stage.statuses() == {"B1": "waiting", "R1": "waiting"}

            await stage.plain.execute("update player set signed_in_at = signed_in_at - interval '1m'")
            await stage.conduct()
            assert await stage.statuses() == {"B1": "playing", "R1": "playing"}
            await stage.check()

    house.tell(story())


def test_a_second_seating_waits_for_the_lobby_and_seats_nobody_twice(house: House) -> None:
    async def story() -> None:
        async with Stage(house, {"R1": "red", "B1": "blue", "R2": "red", "B2": "blue"}).up() as stage:
            await stage.open("R1")
            first = Actor(stage.hands[0], stage.plain, stage.arrives("B1"))
            while not {"lobby", "player"} <= await stage.locks(first):
                assert await first.step()
            # It has looked at who waits, so those who come now are the second one's business.
            second = Actor(stage.hands[1], stage.plain, stage.arrives("R2", "B2"))
            while await second.step():
                pass

            assert await second.blockers() == [first.conn.info.backend_pid]
            assert "lobby" in await stage.locks(second)
            waiting = await stage.statuses()
            assert waiting == {"R1": "waiting", "B1": "waiting", "R2": "waiting", "B2": "waiting"}

            while await first.step():
                pass
            [(released,)] = await stage.ask("select clock_timestamp()")
            await finish(second)
            await stage.check()
            assert set((await stage.statuses()).values()) == {"playing"}
            # Whoever comes late to a lock still has the whole step before them.
            [(limit,)] = await stage.ask("select extract(epoch from max(deadline) - %s) from room", released)
            assert limit >= 60

    house.tell(story())


# Special rooms and fallbacks.


def test_three_red_and_one_blue_get_the_fallback_once_all_four_have_waited_for_it(house: House) -> None:
    session = house.open(TALK, {"red": 3, "blue": 1})
    come(house, session, "R1", "R2", "R3", "B1")
    assert seat(house, session) == 0

    age(house, session, 31, "R1", "R2", "R3")
    assert seat(house, session) == 0, "a blue who has not waited long enough was taken for the fallback"
    assert house.sql("select due_at > now() + interval '25s' from lobby") == [(True,)]

    age(house, session, 31, "B1")
    assert seat(house, session) == 4
    assert (
        house.sql("select data->>'reason' from event where name = 'room_opened' order by log_id")
        == [("3 red + 1 blue were waiting, the longest 0:31; `plain` #1",)] * 2
    )  # in the session's log and in the room's
    assert house.contradictions(session) == []


def test_one_more_blue_in_time_makes_it_the_special_room_with_the_oldest_red(house: House) -> None:
    session = house.open(TALK, {"red": 3, "blue": 2})
    come(house, session, "R1", "R2", "R3", "B1")
    age(house, session, 20, "R3")
    age(house, session, 10, "R1")
    assert seat(house, session) == 0

    come(house, session, "B2")

    assert seat(house, session) == 4
    assert house.sql("select kind, reason from room") == [
        ("mixed", "2 red + 2 blue were waiting, the longest 0:20; `mixed` #1")
    ]
    assert house.sql("select label from player where status = 'playing' order by label") == [
        ("B1",),
        ("B2",),
        ("R1",),
        ("R3",),
    ]


def test_the_conductor_opens_the_fallback_without_anybody_arriving(
    shared: House, server: Server, other_server: Server
) -> None:
    session = shared.open(TALK.replace('after = "30s"', 'after = "1s"'), {"red": 3, "blue": 1})
    guests = _at_both(shared, session, server, other_server)

    async def story() -> None:
        await sign_everyone_in(guests)
        assert await asyncio.gather(*(seated(guest) for guest in guests))

    shared.tell(story())
    assert shared.sql("select kind from room") == [("plain",)]
    assert shared.contradictions(session) == []


def test_among_hundreds_of_the_same_type_the_oldest_are_seated_however_close_they_came(house: House) -> None:
    few = TALK.replace("seats = {red = 2, blue = 2}", "seats = {red = 4}\ncount = 50")
    session = house.open(few, {"red": 400})
    come(house, session, *session.tokens)
    # Each came a microsecond before the one with the next number: less than it takes to look at one.
    house.sql("update player set waiting_since = now() - interval '1s' + interval '1 microsecond' * id")

    assert seat(house, session) == 200
    assert house.sql("select min(id), max(id) from player where status = 'playing'") == [(1, 200)]


def test_nobody_is_seated_before_the_start_and_everybody_without_coming_back_after_it(
    shared: House, server: Server, other_server: Server
) -> None:
    session = shared.open(TALK, start=False)
    guests = _at_both(shared, session, server, other_server)

    async def story() -> None:
        await sign_everyone_in(guests)
        assert shared.sql("select status::text, count(*) from player group by 1") == [("waiting", 4)]
        assert "has not started yet" in await guests[0].page()
        await asyncio.to_thread(shared.act, "start", session)
        assert await asyncio.gather(*(seated(guest) for guest in guests))

    shared.tell(story())
    assert shared.contradictions(session) == []


@pytest.mark.parametrize("started", [True, False])
def test_whoever_has_waited_the_longest_wait_leaves_with_the_lobbys_code(
    shared: House, server: Server, started: bool
) -> None:
    session = shared.open(TALK, {"red": 2}, start=started)
    early, late = shared.guest(server, session, "R1"), shared.guest(server, session, "R2")

    async def story() -> None:
        await sign_everyone_in([early, late])
        age(shared, session, 300, "R1")
        shared.sql("update lobby set due_at = due_at - interval '5m'")

        async def gone() -> bool:
            return "No group was complete in time" in await early.page()

        await until(gone, "the way out of the lobby")
        assert 'id="code">LOBBY<' in await early.page()

    shared.tell(story())
    assert shared.sql("select label, status::text, code, slot from player order by label") == [
        ("R1", "left", "LOBBY", None),
        ("R2", "waiting", None, None),
    ]
    assert shared.sql("select data->>'outcome' from event where name = 'player_left'") == [("lobby",)]


@given(KINDS, CROWD, st.integers(0, 4))
def test_every_decision_is_fair_and_none_leaves_a_room_unopened(
    kinds: list[RoomKind], crowd: list[Waiting], before: int
) -> None:
    made = {kinds[0].name: before}
    placements = decide(kinds, crowd, made)

    people = {one.player_id: one for one in crowd}
    seated = [player_id for placement in placements for player_id, _ in placement.seats]
    assert len(seated) == len(set(seated)), "somebody sits twice"
    for placement in placements:
        assert Counter(wanted for _, wanted in placement.seats) == placement.kind.seats
        assert all(wanted in (people[player_id].type, "any") for player_id, wanted in placement.seats)
        assert all(people[player_id].waited >= placement.kind.after for player_id, _ in placement.seats)

    left = list(crowd)
    for kind in kinds:
        opened = [placement for placement in placements if placement.kind is kind]
        first = made.get(kind.name, 0) + 1
        assert [placement.number for placement in opened] == list(range(first, first + len(opened)))
        assert kind.count is None or not opened or opened[-1].number <= kind.count
        # Special before fallback: a kind takes from those whom the kinds before it left over, oldest first.
        taken = [player_id for placement in opened for player_id, _ in placement.seats]
        for type_ in {one.type for one in crowd}:
            queue = [one.player_id for one in left if one.type == type_ and one.waited >= kind.after]
            in_order = [player_id for player_id in taken if people[player_id].type == type_]
            assert in_order == queue[: len(in_order)], f"{kind.name} passed over an older {type_}"
        left = [one for one in left if one.player_id not in taken]
        full = kind.count is not None and first + len(opened) > kind.count
        assert full or not _fills(kind, left), f"another {kind.seats} could have opened for {left}"


def _fills(kind: RoomKind, people: Sequence[Waiting]) -> bool:
    here = Counter(one.type for one in people if one.waited >= kind.after)
    named = all(here[type_] >= seats for type_, seats in kind.seats.items() if type_ != "any")
    return named and here.total() >= kind.size


# The door.


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
    assert stored(players.token_hash(guest.token))
    assert not stored(guest.token.encode())


# The researcher's actions.


def test_a_pause_moves_every_deadline_and_every_wait_by_exactly_its_length(house: House) -> None:
    session = house.open(TALK, {"red": 7, "blue": 6})
    come(house, session, "R1", "R2", "B1", "B2", "R3")
    age(house, session, 100, "R1", "R2")
    age(house, session, 90, "R3")
    seat(house, session)
    house.act("pause", session)
    # The pause began a minute ago; R4 and two pairs came in the middle of it.
    house.sql("update session set paused_at = paused_at - interval '60s'")
    come(house, session, "R4", "R5", "R6", "B3", "B4")
    assert seat(house, session) == 0, "somebody was seated during a pause"

    before = _times(house)
    [(paused_at,)] = house.sql("select paused_at from session")

    [(earliest,)] = house.sql("select clock_timestamp()")
    house.act("resume", session)
    after = _times(house)
    resumed_at = after["R4"]  # who came during the pause has waited only since it ended
    assert earliest < resumed_at < house.sql("select clock_timestamp()")[0][0]
    assert (resumed_at - paused_at).total_seconds() > 60
    for name in ("mixed-1", "R3"):
        assert after[name] - before[name] == resumed_at - paused_at
    assert after["B4"] == resumed_at
    assert seat(house, session) == 4
    assert house.contradictions(session) == []


def test_nothing_is_due_during_a_pause(house: House) -> None:
    session = house.open(TALK, {"red": 3, "blue": 2})
    come(house, session, "R1", "R2", "R3", "B1", "B2")
    seat(house, session)
    house.act("pause", session)
    house.sql("update room set deadline = now() - interval '1s'")
    house.sql("update lobby set due_at = now() - interval '1s'")
    before = _times(house)

    assert conduct(house) == SWEEP
    assert house.sql("select round from room") == [(1,)]
    assert _times(house) == before

    house.act("resume", session)
    house.sql("update room set deadline = now() - interval '1s'")
    assert 0 < conduct(house) < 60
    assert house.sql("select round from room") == [(2,)]


def test_every_action_done_twice_is_done_once(house: House) -> None:
    session = house.open(TALK, {"red": 3, "blue": 2}, start=False)
    come(house, session, "R1", "R2", "R3", "B1", "B2")
    events = "select name from event where name like 'session_%' order by seq"

    assert "seating begins" in house.act("start", session)
    assert "nothing changed" in house.act("start", session)
    seat(house, session)
    assert "every deadline waits" in house.act("pause", session)
    [(paused_at,)] = house.sql("select paused_at from session")
    assert "nothing changed" in house.act("pause", session)
    assert house.sql("select paused_at from session") == [(paused_at,)]
    house.act("resume", session)
    shifted = _times(house)
    assert "nothing changed" in house.act("resume", session)
    assert _times(house) == shifted
    assert "everyone who came has a code" in house.act("close", session)
    closed = house.sql("select label, status::text, code, finished_at from player order by label")
    assert "nothing changed" in house.act("close", session)
    assert house.sql("select label, status::text, code, finished_at from player order by label") == closed
    assert {(status, code) for _, status, code, _ in closed} == {("finished", "COMPLETE"), ("left", "LOBBY")}
    for action in ("start", "pause", "resume"):
        with pytest.raises(SessionError, match="is closed"):
            house.act(action, session)

    assert house.sql(events) == [(f"session_{name}",) for name in ("started", "paused", "resumed", "closed")]
    assert house.contradictions(session) == []


def _at_both(house: House, session: Opened, *servers: Server) -> list[Guest]:
    """Everybody of the session, in turn at one server and the other."""
    return [house.guest(server, session, label) for label, server in zip(session.tokens, cycle(servers))]


def _timeless(page: str) -> str:
    return re.sub(r'data-now="[0-9]+"|>[0-9]+:[0-9]{2}<|value="0\.0\.[^"]+"', "", page)


def _times(house: House) -> dict[str, datetime]:
    """Deadlines by room, waits by player."""
    return dict(
        house.sql(
            """select name, deadline from room
            union all select label, waiting_since from player where status = 'waiting'"""
        )
    )

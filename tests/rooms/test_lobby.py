"""Stories of the lobby: the herd, who is seated with whom, and what happens when things meet."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from itertools import cycle
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.database.connections import Connection
from app.players import players
from app.rooms import lobby
from app.rooms.seating import Waiting, decide
from app.study.model.study import RoomKind
from app.study.stored import read_study
from tests.house.crossing import Actor, Scene, finish
from tests.house.crowd import CROWD, KINDS, age, come, seat
from tests.house.guests import Guest, seated, sign_everyone_in
from tests.house.house import House, Opened
from tests.house.server import Server
from tests.house.studies import PAIR, STEP, TALK
from tests.house.waits import until

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
SOLO = f"""
title = "Solo"
[[room]]
name = "solo"
seats = {{red = 1}}
[[room]]
name = "twins"
seats = {{blue = 2}}
{STEP}"""
CROSSING = pytest.mark.parametrize(
    "nth",
    [
        pytest.param(1, id="at every pair of points", marks=pytest.mark.slow),
        pytest.param(7, id="at a seventh"),
    ],
)


@pytest.mark.parametrize(
    "times", [pytest.param(1, marks=pytest.mark.slow), 2]
)  # who sends it twice does so once
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


@CROSSING
def test_two_who_belong_together_meet_wherever_their_arrivals_cross(house: House, nth: int) -> None:
    async def story() -> None:
        async with Scene(house, {"R1": "red", "B1": "blue"}).up() as scene:

            async def together() -> None:
                assert await scene.statuses() == {"R1": "playing", "B1": "playing"}
                assert await scene.ask("select count(distinct room_id) from player") == [(1,)]

            await scene.interleave(scene.arrives("R1"), scene.arrives("B1"), scene.open, together, nth)

    house.tell(story())


@CROSSING
def test_who_leaves_the_lobby_while_another_arrives_has_left_and_holds_nobody_up(
    house: House, nth: int
) -> None:
    ending = PAIR + '[dropout]\nsilent = "45s"\nthen = ["end_room"]\n'

    async def story() -> None:
        async with Scene(house, {"R1": "red", "B1": "blue"}, ending).up() as scene:
            seen: set[str] = set()

            async def settled() -> None:
                [(blue, slot)] = await scene.ask("select status::text, slot from player where label = 'B1'")
                assert blue == "left"
                red = (await scene.statuses())["R1"]
                # Who left a seat has ended the room with it.
                assert red == ("waiting" if slot is None else "finished")
                seen.add(red)
                if red == "waiting":
                    # The database knows when to look again, so that the wait has an end.
                    due = await scene.ask("select due_at from lobby where session_id = %s", scene.id)
                    assert due != [(None,)]

            arrives, withdraws = scene.arrives("R1"), scene.withdraws("B1")
            await scene.interleave(arrives, withdraws, lambda: scene.open("B1"), settled, nth)
            await scene.interleave(withdraws, arrives, lambda: scene.open("B1"), settled, nth)
            assert seen == {"waiting", "finished"}

    house.tell(story())


@CROSSING
def test_nobody_is_seated_in_a_session_that_has_closed_and_everyone_who_came_has_a_code(
    house: House, nth: int
) -> None:
    async def story() -> None:
        async with Scene(house, {"R1": "red", "B1": "blue"}, SOLO).up() as scene:
            outcomes: set[str] = set()

            async def paid() -> None:
                await scene.plain.execute("update lobby set due_at = now() where due_at is not null")
                await scene.conduct()
                statuses = await scene.statuses()
                assert statuses["B1"] == "left"
                assert statuses["R1"] in ("invited", "finished", "left")
                assert await _after(scene, "session_closed", "room_opened") == []
                # Nothing is due any more: the conductor of a closed session rests.
                assert await scene.ask("select due_at from lobby where session_id = %s", scene.id) == [
                    (None,)
                ]
                outcomes.add(statuses["R1"])

            arrives, closes = scene.arrives("R1"), scene.acts("close")
            await scene.interleave(arrives, closes, lambda: scene.open("B1"), paid, nth)
            await scene.interleave(closes, arrives, lambda: scene.open("B1"), paid, nth)
            assert outcomes == {"invited", "finished", "left"}

    house.tell(story())


@CROSSING
def test_who_arrives_while_the_session_starts_is_seated(house: House, nth: int) -> None:
    async def story() -> None:
        async with Scene(house, {"R1": "red", "B1": "blue"}).up() as scene:

            async def together() -> None:
                await scene.conduct()
                assert await scene.statuses() == {"R1": "playing", "B1": "playing"}

            await scene.interleave(
                scene.acts("start"), scene.arrives("R1"), lambda: scene.open("B1", start=False), together, nth
            )

    house.tell(story())


@CROSSING
def test_nobody_is_seated_during_a_pause_and_everybody_after_it(house: House, nth: int) -> None:
    async def story() -> None:
        async with Scene(house, {"R1": "red", "B1": "blue"}).up() as scene:
            seen: set[str] = set()

            async def together() -> None:
                assert await _after(scene, "session_paused", "room_opened") == []
                seen.update((await scene.statuses()).values())
                await scene.acts("resume")(scene.hands[0])
                await scene.conduct()
                assert await scene.statuses() == {"R1": "playing", "B1": "playing"}

            await scene.interleave(
                scene.acts("pause"), scene.arrives("R1"), lambda: scene.open("B1"), together, nth
            )
            assert seen == {"waiting", "playing"}

    house.tell(story())


async def _after(scene: Scene, mark: str, name: str) -> list[tuple[Any, ...]]:
    """Events called `name` that the session's log has after `mark`."""
    return await scene.ask(
        "select * from event where name = %s and seq > (select seq from event where name = %s)", name, mark
    )


def test_whoever_kills_a_sign_in_or_a_seating_at_any_point_forgets_nobody(house: House) -> None:
    async def story() -> None:
        async with Scene(house, {"R1": "red", "B1": "blue"}).up() as scene:
            seen: set[tuple[str, str]] = set()
            for saviour in ("another who arrives", "the conductor"):
                steps, killed = 0, True
                while killed:
                    blue_waits = saviour == "the conductor"
                    await scene.open(*["B1"] if blue_waits else [])
                    actor = Actor(scene.hands[1], scene.plain, scene.arrives("R1"))
                    await actor.steps(steps)
                    killed = await _kill(scene, actor)
                    left_behind = (await scene.statuses())["R1"]
                    await scene.check()
                    if blue_waits:
                        await scene.plain.execute(
                            "update player set signed_in_at = signed_in_at - interval '1m'"
                        )
                        await scene.conduct()
                    else:
                        await scene.arrives("B1")(scene.hands[0])
                    await scene.check()
                    expected = "invited" if left_behind == "invited" else "playing"
                    assert (await scene.statuses())["R1"] == expected, (
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


async def _kill(scene: Scene, actor: Actor) -> bool:
    """As if the process had died there: its connection breaks. False if it was done before."""
    if actor.over:
        return False
    pid = actor.conn.info.backend_pid
    await scene.plain.execute("select pg_terminate_backend(%s, 5000)", [pid])
    actor.go.release()
    with pytest.raises(psycopg.OperationalError):
        await actor.task
    scene.hands[1] = await scene.hand()
    return True


def test_a_sign_in_that_a_running_seating_has_not_seen_is_not_taken_for_seen(house: House) -> None:
    async def story() -> None:
        async with Scene(house, {"R1": "red", "B1": "blue"}).up() as scene:
            await scene.open()
            seating = Actor(scene.hands[0], scene.plain, scene.arrives("B1"))
            while not {"lobby", "player"} <= await scene.locks(seating):
                assert await seating.step()
            # R1 comes after it has looked, and dies before the seating that belongs to this sign-in.
            await players.sign_in(scene.plain, [players.Arrival(scene.token("R1"), {})])
            await finish(seating)
            assert await scene.statuses() == {"B1": "waiting", "R1": "waiting"}

            await scene.plain.execute("update player set signed_in_at = signed_in_at - interval '1m'")
            await scene.conduct()
            assert await scene.statuses() == {"B1": "playing", "R1": "playing"}
            await scene.check()

    house.tell(story())


def test_a_second_seating_waits_for_the_lobby_and_seats_nobody_twice(house: House) -> None:
    async def story() -> None:
        async with Scene(house, {"R1": "red", "B1": "blue", "R2": "red", "B2": "blue"}).up() as scene:
            await scene.open("R1")
            first = Actor(scene.hands[0], scene.plain, scene.arrives("B1"))
            while not {"lobby", "player"} <= await scene.locks(first):
                assert await first.step()
            # It has looked at who waits, so those who come now are the second one's business.
            second = Actor(scene.hands[1], scene.plain, scene.arrives("R2", "B2"))
            while await second.step():
                pass

            assert await second.blockers() == [first.conn.info.backend_pid]
            assert "lobby" in await scene.locks(second)
            waiting = await scene.statuses()
            assert waiting == {"R1": "waiting", "B1": "waiting", "R2": "waiting", "B2": "waiting"}

            while await first.step():
                pass
            [(released,)] = await scene.ask("select clock_timestamp()")
            await finish(second)
            await scene.check()
            assert set((await scene.statuses()).values()) == {"playing"}
            # Whoever comes late to a lock still has the whole step before them.
            [(limit,)] = await scene.ask("select extract(epoch from max(deadline) - %s) from room", released)
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
        == [("4 people were waiting (3 red, 1 blue), the longest 0:31; `plain` #1",)] * 2
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
        ("mixed", "4 people were waiting (2 red, 2 blue), the longest 0:20; `mixed` #1")
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
    house.sql("update player set signed_in_at = now() - interval '1s' + interval '1 microsecond' * id")

    assert seat(house, session) == 200
    playing, all_of_them = (
        "select max(id) from player where status = 'playing'",
        "select min(id) + 199 from player",
    )
    assert house.sql(playing) == house.sql(all_of_them)


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
        age(shared, session, 300 if started else 3600, "R1")
        shared.sql("update lobby set due_at = due_at - interval '1h'")

        async def gone() -> bool:
            return "There was no group for you in time" in await early.page()

        await until(gone, "the way out of the lobby")
        assert 'id="code">LOBBY<' in await early.page()

    shared.tell(story())
    assert shared.sql("select label, status::text, code, slot from player order by label") == [
        ("R1", "left", "LOBBY", None),
        ("R2", "waiting", None, None),
    ]
    assert shared.sql("select data->>'outcome' from event where name = 'player_left'") == [("lobby",)]


def test_a_wait_that_ends_after_one_for_a_lock_is_paid_to_its_end(house: House) -> None:
    session = house.open(TALK, {"red": 1})
    come(house, session, "R1")
    age(house, session, 299, "R1")

    async def work(conn: Connection) -> None:
        await conn.execute("select now()")  # from here on it stands still for this transaction
        await until(
            lambda: house.sql("select waiting_since <= clock_timestamp() - interval '5m' from player")[0][0],
            "the end of the wait",
        )
        await lobby.seat(conn, session.id, await read_study(conn, session.id))

    house.do(work)
    ended = "select outcome, finished_at >= waiting_since + interval '5m' from player"
    assert house.sql(ended) == [("lobby", True)]


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


def _at_both(house: House, session: Opened, *servers: Server) -> list[Guest]:
    """Everybody of the session, in turn at one server and the other."""
    return [house.guest(server, session, label) for label, server in zip(session.tokens, cycle(servers))]

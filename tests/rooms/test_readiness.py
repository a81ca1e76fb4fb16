"""Who is not there is not seated: signs of life in the lobby, and a click as a room comes together."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from app.database.connections import open_pool
from app.players import signs_of_life
from app.replay import check
from app.rooms import dropouts, lobby
from app.rooms.lobby import SeatingRuns
from app.rooms.readiness import Gathering, settle
from app.rooms.seating import LobbyView, Waiting, oldest_first, plan
from app.study.reading import check as check_study
from app.study.reading import parse
from app.study.stored import Studies, read_study
from tests.house.conducting import conduct
from tests.house.crowd import age, come, seat
from tests.house.guests import seated
from tests.house.house import House, Opened
from tests.house.server import Server
from tests.house.studies import STEP, as_files, changed

TOML = f"""
title = "Ready"
[[room]]
name = "pair"
seats = {{any = 2}}
[lobby]
max_wait = "10m"
pay_per_minute = 0.15
ready = "20s"
{STEP}"""
PRESENT = changed(TOML, 'ready = "20s"', 'present = "90s"')
READY = parse(as_files(TOML))
HEARD = """insert into process (id, seen_at, figures, heard_since, heard_until)
    values ('ears', 'infinity', '{}', now() - interval '1 hour', now())
    on conflict (id) do update set heard_until = excluded.heard_until"""


# The plan alone.


def calls(id: int, players: Sequence[int], ready: Sequence[int] = (), left: float = 10) -> Gathering:
    reason = "2 people were waiting, the longest 0:09; `pair` #1"
    return Gathering(
        id, "pair", 1, reason, left, tuple((one, "any") for one in players), dict.fromkeys(ready, 5.0)
    )


def crowd(*ids: int) -> list[Waiting]:
    return oldest_first(Waiting(id, "", 60 - id, queued=60 - id) for id in ids)


def pairs(found: Sequence[Any]) -> list[list[int]]:
    return [[player for player, _ in one.seats] for one in found]


def test_those_of_whom_a_room_can_be_made_are_asked_and_nobody_sits_down_yet() -> None:
    found = plan(READY, LobbyView(crowd(1, 2, 3), {}))
    assert (found.opens, pairs(found.asks), found.look) == ([], [[1, 2]], 20)
    # One more: those who are asked already are not free.
    found = plan(READY, LobbyView(crowd(1, 2, 3, 4), {}, gatherings=[calls(7, [1, 2])]))
    assert (found.opens, pairs(found.asks), found.ended, found.look) == ([], [[3, 4]], [], 10)


def test_a_room_opens_as_all_have_clicked_with_the_number_that_is_next_then() -> None:
    view = LobbyView(crowd(1, 2), {"pair": 4}, gatherings=[calls(7, [1, 2], [1, 2])])
    [opens] = plan(READY, view).opens
    assert (opens.number, opens.reason) == (5, "2 people were waiting, the longest 0:09; `pair` #5")
    assert plan(READY, view).ended == [7]


def test_who_has_not_clicked_in_time_comes_last_and_who_has_keeps_their_turn_and_their_word() -> None:
    late = calls(7, [1, 2], [2], left=0)
    found = plan(READY, LobbyView(crowd(1, 2, 3, 4), {}, gatherings=[late]))
    assert (found.missed, found.ended, found.ready) == ({1}, [7], {2: 5.0})
    assert pairs(found.asks) == [[2, 3], [4, 1]], "1 comes after all others"
    # Nobody else is there: they are asked again, and who had clicked need not again.
    alone = plan(READY, LobbyView(crowd(1, 2), {}, gatherings=[late]))
    assert pairs(alone.asks) == [[2, 1]] and alone.ready == {2: 5.0}
    both = plan(READY, LobbyView(crowd(2, 3), {}, gatherings=[calls(7, [1, 2], [2]), calls(8, [3, 4], [3])]))
    assert pairs(both.opens) == [[2, 3]], "two others have left, and these have said so already"


def test_whose_time_is_up_is_not_asked_again_and_again() -> None:
    late = oldest_first([Waiting(1, "", 600), Waiting(2, "", 601), Waiting(3, "", 10)])
    found = plan(READY, LobbyView(late, {}, gatherings=[calls(7, [1, 2], left=0)]))
    assert (found.asks, sorted(found.overdue)) == ([], [1, 2])
    held = plan(READY, LobbyView(late, {}, gatherings=[calls(7, [1, 2], left=3)]))
    assert (held.overdue, held.look) == ([], 3), "who is asked has their time for it"


def test_a_word_does_not_hold_for_ever() -> None:
    old = Gathering(7, "pair", 1, "", 0, ((1, "any"), (2, "any")), {2: 61.0})
    assert settle([old], {1: "", 2: ""}).ready == {}


def test_who_is_not_there_is_passed_over_and_keeps_their_turn_and_their_time() -> None:
    people = [Waiting(1, "", 50, present=False), Waiting(2, "", 40), Waiting(3, "", 30)]
    study = parse(as_files(PRESENT))
    found = plan(study, LobbyView(people, {}))
    assert pairs(found.opens) == [[2, 3]] and found.look == 2, "it is looked whether they are back"
    back = plan(study, LobbyView([Waiting(1, "", 52), Waiting(4, "", 1), Waiting(5, "", 0)], {}))
    assert pairs(back.opens) == [[1, 4]]
    gone = plan(study, LobbyView([Waiting(1, "", 600, present=False)], {}))
    assert gone.overdue == [1], "time goes on for them"


@given(st.integers(0, 10_000))
@settings(max_examples=150, deadline=None)
def test_in_whatever_order_they_click_miss_and_leave_each_is_asked_for_one_room_and_all_who_click_sit(
    seed: int,
) -> None:
    chance, now = random.Random(seed), 0.0
    inside, sat, made, number = dict.fromkeys(range(9), 0.0), set[int](), 0, 0
    queued, out = dict(inside), list[tuple[int, dict[int, float | None], float]]()
    for _ in range(150):
        now += chance.choice([1, 5, 21])
        for _, asked, _ in out:
            for one in asked:
                if asked[one] is None and chance.random() < 0.6:
                    asked[one] = now
        if chance.random() < 0.05 and inside:
            inside.pop(chance.choice(list(inside)))
        view = LobbyView(
            oldest_first(Waiting(one, "", now, queued=now - queued[one]) for one in inside),
            {"pair": made},
            gatherings=[
                Gathering(
                    id, "pair", 1, "", end - now, tuple((one, "any") for one in asked),
                    {one: now - at for one, at in asked.items() if at is not None},
                )
                for id, asked, end in out
            ],
        )  # fmt: skip
        found = plan(READY, view)
        for one in found.missed:
            queued[one] = now
        for room in found.opens:
            made += 1
            for one, _ in room.seats:
                sat.add(one)
                inside.pop(one)
        for one in found.overdue:
            inside.pop(one)
        out = [one for one in out if one[0] not in found.ended]
        for room in found.asks:
            number += 1
            words = {one: now - found.ready[one] if one in found.ready else None for one, _ in room.seats}
            out.append((number, words, now + 20))
        called = [one for _, asked, _ in out for one in asked]
        assert len(called) == len(set(called)) and not sat & set(called)
        assert found.look is not None or not inside
        assert len(inside) - len([one for one in called if one in inside]) < 2 or now >= 600, (
            "two could be asked"
        )
    assert made * 2 == len(sat)
    assert now < 650 or not inside, "nobody waits longer than anybody may, and is asked once more at that"


# In the database.


def asks(house: House, session: Opened) -> dict[str, bool]:
    """Label → has said that they are ready."""
    return dict(
        house.sql(
            "select p.label, a.ready_at is not null from asked a join player p on p.id = a.player_id"
            " where p.session_id = %s order by 1",
            session.id,
        )
    )


def clicks(house: House, session: Opened, *labels: str) -> int:
    found = house.sql(
        "select id from player where session_id = %s and label = any(%s)", session.id, list(labels)
    )

    async def work(conn: Any) -> int:
        study = await read_study(conn, session.id)
        return await lobby.seat(conn, session.id, study, ready=[id for (id,) in found])

    return house.do(work)


def time_is_up(house: House, session: Opened) -> None:
    house.sql("update gathering set deadline = now() where session_id = %s", session.id)
    house.sql("update lobby set due_at = now() where session_id = %s", session.id)
    conduct(house)


def tells_all(house: House, session: Opened) -> None:
    checked = house.read(lambda conn: check.check(conn, session.id))
    assert not checked.differences, checked.differences
    assert house.contradictions(session) == []


def test_a_room_comes_together_and_any_process_carries_it_on(house: House) -> None:
    session = house.open(TOML, {"people": 5})
    come(house, session, "P1", "P2", "P3")
    assert seat(house, session) == 0
    assert asks(house, session) == {"P1": False, "P2": False}
    tells_all(house, session)
    assert clicks(house, session, "P2") == 0
    assert clicks(house, session, "P2", "P3") == 0, "who is not asked says nothing"
    assert asks(house, session) == {"P1": False, "P2": True}
    tells_all(house, session)
    time_is_up(house, session)  # by the conductor of any process
    assert asks(house, session) == {"P2": True, "P3": False}
    tells_all(house, session)
    assert clicks(house, session, "P3") == 2
    assert house.sql("select label from player where status = 'playing' order by 1") == [("P2",), ("P3",)]
    assert asks(house, session) == {} and house.sql("select * from gathering") == []
    come(house, session, "P4")
    seat(house, session)
    assert asks(house, session) == {"P1": False, "P4": False}
    tells_all(house, session)
    assert house.sql(
        "select p.label, e.name from event e join player p on p.id = e.player_id"
        " where e.name in ('player_asked', 'player_ready', 'player_missed', 'player_waits_on') order by e.seq"
    ) == [
        *(("P1", "player_asked"), ("P2", "player_asked"), ("P2", "player_ready")),
        *(("P1", "player_missed"), ("P2", "player_waits_on"), ("P2", "player_asked"), ("P3", "player_asked")),
        *(("P3", "player_ready"), ("P1", "player_asked"), ("P4", "player_asked")),
    ]


def test_who_leaves_a_room_that_comes_together_holds_nobody_up_and_a_pause_stops_the_clock(
    house: House,
) -> None:
    session = house.open(TOML, {"people": 3})
    come(house, session, "P1", "P2")
    seat(house, session)
    before = house.sql("select deadline from gathering")[0][0]
    house.act("pause", session)
    house.sql("update session set paused_at = paused_at - interval '60s'")
    clicks(house, session, "P1")
    time_before = house.sql("select deadline from gathering")[0][0]
    assert time_before == before
    house.act("resume", session)
    assert (house.sql("select deadline from gathering")[0][0] - before).total_seconds() > 60
    [(leaver,)] = house.sql("select id from player where label = 'P2'")

    async def leaves(conn: Any) -> None:
        await dropouts.withdraw(conn, leaver, await read_study(conn, session.id))

    house.do(leaves)
    come(house, session, "P3")
    conduct(house)
    assert asks(house, session) == {"P1": True, "P3": False}, "who had clicked need not again"
    house.act("close", session)
    assert asks(house, session) == {}
    assert house.sql("select distinct status::text from player where signed_in_at is not null") == [("left",)]
    assert house.contradictions(session) == []


def test_only_who_gave_a_sign_of_late_is_seated_and_all_are_where_nobody_listened(house: House) -> None:
    session = house.open(PRESENT, {"people": 4})
    come(house, session, "P1", "P2", "P3")
    age(house, session, 300, "P1")
    age(house, session, 200, "P2")
    house.sql(HEARD)
    assert seat(house, session) == 0, "P3 alone has just come"
    [(second,)] = house.sql("select id from player where label = 'P2'")

    async def sign(conn: Any) -> None:
        [(now,)] = await (await conn.execute("select clock_timestamp()")).fetchall()
        await signs_of_life.put(conn, {second: now})

    house.do(sign)
    house.sql(HEARD)
    [(soon,)] = house.sql("select due_at - now() < interval '3 seconds' from lobby")
    assert soon, "it is looked whether they are back"
    house.sql("update lobby set due_at = now()")
    conduct(house)
    playing = "select label from player where status = 'playing' order by 1"
    assert house.sql(playing) == [("P2",), ("P3",)]
    come(house, session, "P4")
    assert seat(house, session) == 0, "P1 is not there"
    house.sql("delete from process")
    assert seat(house, session) == 2, "no server listened: P1 counts as there"


def test_700_who_click_at_once_on_two_processes_all_sit_down_once(house: House) -> None:
    session = house.open(TOML, {"people": 300})
    come(house, session, *session.tokens)
    seat(house, session)
    assert len(asks(house, session)) == 300
    ids = [id for (id,) in house.sql("select id from player order by random()")]

    async def story() -> None:
        async with open_pool(house.database, 2) as one, open_pool(house.database, 2) as other:
            runs = [SeatingRuns(pool, Studies(pool)) for pool in (one, other)]
            async with asyncio.timeout(60):
                await asyncio.gather(
                    *(
                        runs[(nth + again) % 2].seat(session.id, id, ready=True)
                        for nth, id in enumerate(ids)
                        for again in (0, 1)
                    )
                )

    asyncio.run(story())
    assert house.sql("select status::text, count(*) from player group by 1") == [("playing", 300)]
    assert house.sql("select count(*) from room") == [(150,)]
    tells_all(house, session)


# On the page.


def test_the_page_asks_and_takes_the_click_with_and_without_scripts(shared: House, server: Server) -> None:
    house = shared
    session = house.open(TOML, {"people": 3})
    first, second, third = (house.guest(server, session, label) for label in session.tokens)

    async def story() -> None:
        await first.sign_in()
        async with first.watching() as stream:
            await second.sign_in()
            await stream.until(lambda text: "Your group is here. Are you ready?" in text, "the question")
            clicked = await first.browser.post("/play/here", {"ready": "1"}, {"HX-Request": "true"})
            assert clicked.status == 200 and "You’re ready." in clicked.text
            assert "Are you ready?" in await second.page()
            clicked = await second.browser.post("/play/here", {"ready": "1"}, {"Accept": "text/html"})
            assert (clicked.status, clicked.headers["location"]) == (303, "/play")
            await stream.until(lambda text: 'action="/play/records"' in text, "the room")
        await seated(second)
        await third.sign_in()
        again = await third.browser.post("/play/here", {"ready": "1"}, {"HX-Request": "true"})
        assert again.status == 200 and "Your group is forming" in again.text, "nobody has asked"

    house.tell(story())


def test_who_missed_it_reads_so_until_they_are_asked_again(shared: House, server: Server) -> None:
    house = shared
    session = house.open(TOML, {"people": 4})
    guests = [house.guest(server, session, label) for label in session.tokens]

    async def story() -> None:
        ghost, *others = guests
        await ghost.sign_in()
        for guest in others[:2]:
            await guest.sign_in()
        await ghost.shows("Are you ready?")
        await others[0].browser.post("/play/here", {"ready": "1"}, {"Accept": "text/html"})
        house.sql("update gathering set deadline = now() where session_id = %s", session.id)
        house.sql("update lobby set due_at = now() where session_id = %s", session.id)
        page = await ghost.shows("you did not say in time that you are ready")
        assert "Your group is forming" in page
        assert "You’re ready." in await others[0].page(), "their word holds for the next room"
        await others[1].shows("Are you ready?")
        await others[1].browser.post("/play/here", {"ready": "1"}, {"Accept": "text/html"})
        await seated(others[0])
        await others[2].sign_in()
        page = await ghost.shows("Are you ready?")
        assert "you did not say in time" not in page

    house.tell(story())


def test_wrong_times_are_told_with_their_reason() -> None:
    for text, sentence in (
        (
            'present = "30s"',
            "`present` is 30 s, but the page of somebody in another tab gives a sign once a minute.",
        ),
        ('ready = "2s"', "`ready` is 2 s, too short to see the question and click."),
        ('ready = "10m"', "Who is asked has 600 s to click, but nobody waits longer than 600 s."),
    ):
        [mistake] = check_study(as_files(changed(TOML, 'ready = "20s"', text)))
        assert mistake.sentence == sentence

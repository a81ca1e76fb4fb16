"""Stories of what researchers do to rooms and players while a session runs, seen from both sides.

The researcher and the players are on different server processes throughout.
"""

from __future__ import annotations

import asyncio
import html
import os
import re
import signal
from contextlib import AsyncExitStack
from datetime import datetime, timedelta

from app.export.verify import verify
from app.rehearsal.browser import Browser
from app.study.stored import read_study
from app.web.access.accounts import put_account
from tests.house.desk import desk, numbers
from tests.house.guests import seated, sign_everyone_in
from tests.house.house import House, Opened
from tests.house.pages import words
from tests.house.server import Server
from tests.house.studies import LONG, PATIENT, TALK
from tests.house.table import at_the_table
from tests.house.waits import until

ASKS = re.compile(r"\b1 asks for help")  # not "R1 asks for help", which the log says


def log(house: House, session: Opened, name: str) -> list[tuple[str | None, str | None]]:
    """Whom each such event is about, and who did it."""
    return house.sql(
        """select p.label, e.data->>'by' from event e join log l on l.id = e.log_id
        left join player p on p.id = e.player_id where e.session_id = %s and e.name = %s
        order by e.at, e.log_id, e.seq""",
        *(session.id, name),
    )


def test_a_question_reaches_the_researchers_and_their_answer_the_page_of_who_asked_and_no_other(
    shared: House,
    server: Server,
    other_server: Server,
) -> None:
    session = shared.open(LONG)
    ada = desk(shared, other_server, session)

    async def story() -> None:
        first, second, *_ = (await at_the_table(shared, server, session)).values()
        form = await first.form("/play/help")
        async with first.watching() as asker, second.watching() as stranger:
            for _ in range(2):  # a double click
                asked = await first.browser.post("/play/help", form | {"body": "Where <b>am</b> I?"})
                assert asked.status == 200 and "Where &lt;b&gt;am&lt;/b&gt; I?" in asked.text
            assert ASKS.search(await ada.page())
            of = f"/players/{numbers(shared, session)[first.label]}"
            page = await ada.page(of)
            assert "Where <b>am</b> I?" in page and "slot" in page and "nothing saved yet" in page

            note = await ada.form(of, f"{of}/note")
            for _ in range(2):
                assert (await ada.do(f"{of}/note", note | {"body": "In a room of four."})).status == 200
            await asker.until(lambda text: "In a room of four." in text, "the answer")
            assert not ASKS.search(await ada.page())
            assert "In a room of four." in await first.page()
            assert "In a room of four." not in stranger.text + await second.page()
        refused = [
            await first.browser.post("/play/help", {"body": "x", "form_key": "made up"}),
            await first.browser.post("/play/help", form | {"body": " "}),
            await second.browser.post("/play/help", form | {"body": "with somebody else's key"}),
        ]
        assert [answer.status for answer in refused] == [409, 422, 409]

    shared.tell(story())
    assert shared.sql("select account, body from note order by id") == [
        (None, "Where <b>am</b> I?"),
        ("ada", "In a room of four."),
    ]
    assert [by for _, by in log(shared, session, "note_written")] == ["ada"]


def test_somebody_who_is_done_can_ask_and_hears_the_answer(shared: House, server: Server) -> None:
    session = shared.open(LONG)
    ada = desk(shared, server, session)

    async def story() -> None:
        first, *_ = (await at_the_table(shared, server, session)).values()
        await first.browser.post("/play/leave", {})
        done = await first.browser.post(
            "/play/help", await first.form("/play/help") | {"body": "My code is refused"}
        )
        assert 'hx-sse:connect="/play/live"' in done.text, "its page listens again"
        async with first.watching() as stream:
            of = f"/players/{numbers(shared, session)[first.label]}"
            assert "done (withdrawn), with the code" in await ada.page(of)
            await ada.do(f"{of}/note", await ada.form(of, f"{of}/note") | {"body": "It works now"})
            await stream.until(lambda text: "It works now" in text, "the answer")

    shared.tell(story())


def test_words_for_a_room_stand_on_the_pages_of_all_who_play_there_and_answer_nobody(
    shared: House, server: Server, other_server: Server
) -> None:
    session = shared.open(LONG, {"red": 3, "blue": 2})
    ada = desk(shared, other_server, session)

    async def story() -> None:
        guests = {label: shared.guest(server, session, label) for label in session.tokens}
        await sign_everyone_in(list(guests.values()))
        for label in ("B1", "B2"):
            await seated(guests[label])
        [waits] = [label for label in guests if _room(shared, label) is None]
        asker, *others = [guests[label] for label in guests if label != waits]
        of = f"/rooms/{_room(shared, 'B1')}"
        await asker.browser.post("/play/help", await asker.form("/play/help") | {"body": "Is it on?"})
        form = await ada.form(of, f"{of}/tell")
        assert (await ada.do(f"{of}/tell", form | {"body": " "})).status == 422
        for _ in range(2):  # a double click
            told = await ada.do(f"{of}/tell", form | {"body": "Two minutes more"})
            assert "It stands on the pages of all 4 who play in mixed-1." in told.text
        for guest in (asker, *others):
            assert "Two minutes more" in await guest.page(), guest.label
        assert "Two minutes more" not in await guests[waits].page()
        assert ASKS.search(words(await ada.page())), "whoever waits for a word waits on"
        assert (await others[0].answer({"belief": "6"})).status == 200
        seats = words((await ada.page(of)).partition('aria-label="Seats"')[2])
        row = rf"{others[0].label} has answered page away belief 6 , why \(nothing\) [\d:]{{8}} 0:\d\d\sago"
        assert re.search(row, seats), seats
        assert (await ada.do(f"{of}/end", {})).status == 200
        assert "Nobody plays in mixed-1 any more" in (await ada.do(f"{of}/tell", form | {"body": "Oh"})).text

    shared.tell(story())
    assert shared.sql("select account, body, situation from note where account is not null") == 4 * [
        ("ada", "Two minutes more", "to all in mixed-1")
    ]


def test_words_for_everybody_stand_on_every_page_until_they_are_taken_down(
    shared: House, server: Server, other_server: Server
) -> None:
    session = shared.open(LONG, {"red": 3, "blue": 2})
    ada = desk(shared, other_server, session)

    async def story() -> None:
        guests = [shared.guest(server, session, label) for label in session.tokens]
        await sign_everyone_in(guests)
        async with AsyncExitStack() as stack:
            streams = [await stack.enter_async_context(guest.watching()) for guest in guests]
            await ada.do("/banner", await ada.form("", "/banner") | {"body": "Five minutes <more>"})
            for stream in streams:
                await stream.until(lambda text: "Five minutes <more>" in html.unescape(text), "the banner")
            assert 'value="Five minutes <more>"' in await ada.page()
            shown = [stream.snapshots for stream in streams]
            await ada.do("/banner", await ada.form("", "/banner") | {"body": ""})
            await until(
                lambda: all(stream.snapshots > before for stream, before in zip(streams, shown, strict=True)),
                "every page without it",
            )
            assert not any("Five minutes" in stream.newest() for stream in streams)
            assert "Five minutes" not in await guests[0].page()

    shared.tell(story())


def test_a_room_is_moved_on_and_given_time_once_however_often_it_is_clicked(
    shared: House, server: Server, other_server: Server
) -> None:
    session = shared.open(LONG)
    ada = desk(shared, other_server, session)

    def room() -> tuple[int, int, datetime, str]:
        [found] = shared.sql("select id, position, deadline, status::text from room")
        return found

    async def story() -> None:
        first, *_ = (await at_the_table(shared, server, session)).values()
        id, _, deadline, _ = room()
        of = f"/rooms/{id}"
        page = await ada.page(of)
        assert all(guest in page for guest in session.tokens) and "0 of 4" in page

        async with first.watching() as stream:
            shown = stream.snapshots
            extend = await ada.form(of, f"{of}/extend")
            said = await asyncio.gather(*(ada.do(f"{of}/extend", extend) for _ in range(3)))
            assert sorted("nothing changed" in answer.text for answer in said) == [False, True, True]
            assert room()[2] == deadline + timedelta(seconds=30)
            await until(lambda: stream.snapshots > shown, "the new deadline")

            advance = await ada.form(of, f"{of}/advance")
            said = await asyncio.gather(*(ada.do(f"{of}/advance", advance) for _ in range(3)))
            assert sorted("nothing changed" in answer.text for answer in said) == [False, True, True]
            assert room()[1] == 1
            await stream.until(lambda text: "round 2 of " in text, "the next step")

        await asyncio.to_thread(shared.act, "pause", session)
        refused = await ada.do(f"{of}/advance", {"position": "1"})
        assert refused.status == 409 and "is paused" in refused.text and room()[1] == 1
        await asyncio.to_thread(shared.act, "resume", session)
        wrong = [await ada.do(f"{of}/{action}", {"seconds": "x"}) for action in ("advance", "extend", "fly")]
        assert [answer.status for answer in wrong] == [409, 409, 404]

        for _ in range(2):
            assert (await ada.do(f"{of}/end", {})).status == 200
        assert "closed" in (await ada.page(of)) and "Your code" in await first.page()

    shared.tell(story())
    assert room()[3] == "ended"
    assert [by for _, by in log(shared, session, "deadline_moved")] == ["ada", "story"], "story: the pause"
    assert [by for _, by in log(shared, session, "step_opened")] == ["ada"]
    assert {by for _, by in log(shared, session, "room_ended")} == {"ada"}
    assert shared.contradictions(session) == []


def test_somebody_who_waits_gets_another_type_and_rooms_open_before_their_time(
    shared: House, server: Server, other_server: Server
) -> None:
    session = shared.open(PATIENT, {"red": 4})
    ada = desk(shared, other_server, session)

    async def story() -> None:
        guests = [shared.guest(server, session, label) for label in session.tokens]
        await sign_everyone_in(guests)
        ids = numbers(shared, session)
        of = f"/players/{ids['R2']}"
        assert (await ada.do(f"{of}/retype", {"type": "purple"})).status == 409
        async with guests[1].watching() as stream:
            for _ in range(2):
                assert (await ada.do(f"{of}/retype", {"type": "blue"})).status == 200
            await stream.until(lambda text: 'action="/play/records"' in text, "a seat")
        assert "pair-1" in await ada.page(of)

        assert "Open it now" in await ada.page()
        said = await ada.do("/seat", {"kind": "any"})
        assert "2 people have sat down" in said.text
        await seated(guests[3])
        assert "nothing changed" in (await ada.do("/seat", {"kind": "any"})).text
        assert (await ada.do("/seat", {"kind": "none"})).status == 409

        of = f"/players/{ids['R4']}"
        for _ in range(2):
            assert (await ada.do(f"{of}/dismiss", {"outcome": "complete"})).status == 200
        assert (await ada.do(f"{of}/dismiss", {"outcome": "fame"})).status == 409
        page = await guests[3].page()
        assert "Your code" in page and 'action="/play/records"' not in page

    shared.tell(story())
    assert log(shared, session, "player_retyped") == [("R2", "ada")]
    assert log(shared, session, "player_left") == [("R4", "ada")]
    assert shared.contradictions(session) == []


def test_somebody_who_waits_takes_the_place_of_a_player_and_the_room_goes_on(
    shared: House, server: Server, other_server: Server
) -> None:
    session = shared.open(TALK, {"red": 3, "blue": 3})
    ada = desk(shared, other_server, session)

    async def story() -> None:
        guests = {label: shared.guest(server, session, label) for label in session.tokens}
        for label in ("R1", "R2", "B1", "B2"):
            await guests[label].sign_in()
        for label in ("R1", "R2", "B1", "B2"):
            await seated(guests[label])
        for label in ("R3", "B3"):
            await guests[label].sign_in()
        ids = numbers(shared, session)
        of = f"/players/{ids['R1']}"
        assert (await guests["R1"].answer({"belief": "11"})).status == 200
        await guests["R1"].say("from the first")
        page = await ada.page(of)
        assert "Put somebody in their place" in page and "R3 (red)" in page and "B3 (blue)" not in page
        assert "nothing changed" in (await ada.do(f"{of}/replace", _for(ids["B3"]))).text  # of another type
        async with (
            guests["R1"].watching() as before,
            guests["R3"].watching() as after,
            guests["R2"].watching() as neighbour,
        ):
            for _ in range(2):  # a double click
                assert (await ada.do(f"{of}/replace", _for(ids["R3"]))).status == 200
            await before.until(lambda text: "The researchers have ended your part" in text, "the way out")
            await after.until(lambda text: 'action="/play/records"' in text, "the place")
            assert "from the first" not in after.text and "from the first" not in await guests["R3"].page()
            await ada.shows("R1 from the first")  # the dashboard: it is not who sits there now
            await guests["R3"].say("from the second")
            await ada.shows("R3 from the second")
            assert "from the first" not in await ada.page(f"/players/{ids['R3']}")
            for label in ("R2", "B1", "B2"):
                assert (await guests[label].answer({"belief": "1"})).status == 200
            assert "round 1 of 3" in await guests["R2"].page()  # it waits for the newcomer
            assert (await guests["R3"].answer({"belief": "33"})).status == 200
            await neighbour.until(lambda text: "round 2 of 3" in text, "the next round")
        assert (await guests["R1"].answer({"belief": "12"}, {"form_key": "old"})).status == 409
        assert "Put somebody in their place" not in await ada.page(of)
        told = words(await ada.page(f"/rooms/{_room(shared, 'R3')}"))
        assert "R3 took slot" in told and "R1 left (withdrawn)" in told and "R1 answered talk 1" in told
        assert "R1 : from the first" in told and "R3 : from the second" in told

    shared.tell(story())
    assert shared.sql(
        "select p.label, value from record r join player p on p.id = r.player_id"
        " where field = 'belief' and p.label like 'R%%' and round = 1 order by 1"
    ) == [("R1", "11"), ("R2", "1"), ("R3", "33")]
    assert log(shared, session, "player_replaced") == [("R3", "ada")]
    assert shared.contradictions(session) == []
    study = shared.do(lambda conn: read_study(conn, session.id))
    assert [
        check for check in asyncio.run(verify(shared.database, session.id, study)).checks if not check.ok
    ] == []


def test_the_place_of_somebody_who_left_can_be_taken_and_only_while_the_room_plays(
    shared: House, server: Server, other_server: Server
) -> None:
    session = shared.open(LONG, {"red": 3, "blue": 2})
    ada = desk(shared, other_server, session)

    async def story() -> None:
        guests = {label: shared.guest(server, session, label) for label in session.tokens}
        for label in ("R1", "R2", "B1", "B2", "R3"):
            await guests[label].sign_in()
        ids = numbers(shared, session)
        waits = next(label for label in ("R1", "R2", "R3") if _room(shared, label) is None)
        leaver = next(label for label in ("R1", "R2", "R3") if label != waits)
        await guests[leaver].browser.post("/play/leave", {})
        assert (await ada.do(f"/players/{ids[leaver]}/replace", _for(ids[waits], "withdrawn"))).status == 200
        await seated(guests[waits])
        room = _room(shared, waits)
        assert (await ada.do(f"/rooms/{room}/end", {})).status == 200
        assert (await ada.do(f"/players/{ids['B1']}/replace", _for(ids[leaver]))).status == 409
        assert "Put somebody" not in await ada.page(f"/players/{ids['B1']}")

    shared.tell(story())
    assert shared.contradictions(session) == []


def test_a_code_is_issued_to_who_is_out_or_never_came(
    shared: House, server: Server, other_server: Server
) -> None:
    session = shared.open(LONG, {"red": 2, "blue": 2})
    ada = desk(shared, other_server, session)

    async def story() -> None:
        guest = shared.guest(server, session, "R1")
        await guest.sign_in()
        ids = numbers(shared, session)
        refused = await ada.do(f"/players/{ids['R1']}/issue", {"outcome": "complete"})
        assert refused.status == 409 and "is in the session" in refused.text
        await guest.browser.post("/play/leave", {})
        assert "WITHDRAWN" in await guest.page()
        for label in ("R1", "R2"):
            assert (await ada.do(f"/players/{ids[label]}/issue", {"outcome": "fame"})).status == 409
            for _ in range(2):
                assert (await ada.do(f"/players/{ids[label]}/issue", {"outcome": "complete"})).status == 200
        assert "COMPLETE" in await guest.page()
        late = shared.guest(server, session, "R2")
        assert (await late.sign_in()).status == 303
        assert "COMPLETE" in await late.page()

    shared.tell(story())
    assert log(shared, session, "code_issued") == [("R1", "ada")]
    assert log(shared, session, "player_left") == [("R1", None), ("R2", "ada")]
    assert shared.contradictions(session) == []
    study = shared.do(lambda conn: read_study(conn, session.id))
    verdict = asyncio.run(verify(shared.database, session.id, study))
    assert verdict.ok, str(verdict)


def _for(newcomer: int, outcome: str = "withdrawn") -> dict[str, str]:
    return {"newcomer": str(newcomer), "outcome": outcome}


def _room(house: House, label: str) -> int | None:
    [(room,)] = house.sql("select room_id from player where label = %s", label)
    return None if room is None else int(room)


def test_people_are_found_by_label_room_status_and_by_the_link_they_were_sent(
    shared: House, server: Server
) -> None:
    session, elsewhere = shared.open(LONG), shared.open(LONG, {"red": 1})
    ada = desk(shared, server, session)

    async def found(**asked: str) -> list[str]:
        query = "&".join(f"{name}={value}" for name, value in asked.items())
        return re.findall(r'<th scope="row"><a [^>]*>([^<]*)</a>', await ada.page(f"/players?{query}"))

    async def story() -> None:
        first, *_ = (await at_the_table(shared, server, session)).values()
        await first.answer({"belief": "7", "why": "<script>"})
        assert await found() == ["B1", "B2", "R1", "R2"]
        assert await found(find="r") == ["R1", "R2"] and await found(find="%25") == []
        assert await found(find=f"https://example.org/join/{first.token}") == [first.label]
        assert await found(type="blue", status="playing") == ["B1", "B2"]
        given = """{"PROLIFIC_PID": "5f1cA"}"""
        shared.sql("update player set given = %s where label = 'B2' and session_id = %s", given, session.id)
        assert await found(find="5F1Ca") == ["B2"] and await found(find="5f1c") == []
        assert await found(status="waiting") == [] and "Nobody fits" in await ada.page("/players?find=zzz")

        ids = numbers(shared, session)
        story_of = (await ada.browser.get(f"{ada.here}/players/{ids[first.label]}")).text
        assert "<script>" not in re.sub(r"<script src[^>]*></script>", "", story_of)
        assert "&lt;script&gt;" in story_of and "belief = " in story_of and "sat down in" in story_of
        [stranger] = numbers(shared, elsewhere).values()
        for address in (f"/players/{stranger}", "/players/999999", "/rooms/999999"):
            assert (await ada.browser.get(f"{ada.here}{address}")).status == 404
        assert (await ada.do(f"/players/{stranger}/dismiss", {"outcome": "withdrawn"})).status == 404

    shared.tell(story())


def test_an_observer_sees_everything_and_changes_nothing(shared: House, server: Server) -> None:
    session = shared.open(LONG)
    owner = desk(shared, server, session)

    shared.do(lambda conn: put_account(conn, "oscar", "a long password", observes=True))
    watcher = desk(shared, server, session, "oscar")

    async def story() -> None:
        await at_the_table(shared, server, session)
        [(room,)] = shared.sql("select id from room")
        player = next(iter(numbers(shared, session).values()))
        for page in ("", "/players", f"/players/{player}", f"/rooms/{room}"):
            assert "observer" in (await watcher.page(page)).partition("<header")[0]
            assert "observer" not in (await owner.page(page)).partition("<header")[0]
        wall = (await owner.page("?wall=true")).partition("<header")[0]
        assert "observer wall" in wall, "nothing to click on a projector"
        tries = {
            "/pause": {},
            "/close": {},
            "/banner": {"body": "x", "form_key": "k"},
            "/seat": {"kind": "four"},
            f"/rooms/{room}/end": {},
            f"/players/{player}/dismiss": {"outcome": "withdrawn"},
            f"/players/{player}/note": {"body": "x", "form_key": "k"},
        }
        for action, form in tries.items():
            answer = await watcher.do(action, form)
            assert (
                answer.status == 403 and "You watch this session, and change nothing here" in answer.text
            ), action
        outside = Browser(server.base)
        for action, form in (tries | {"/players/999999/note": {}}).items():
            assert (await outside.post(f"{owner.here}{action}", form)).status == 303, "to the log-in"
        outside.close()

    shared.tell(story())
    assert shared.sql("select count(*) from note") == [(0,)]
    assert shared.sql("select status::text from session") == [("running",)]
    assert shared.sql("select count(*) from player where status = 'playing'") == [(4,)]


def test_a_process_that_dies_is_missed_within_seconds_and_one_that_ends_is_not(house: House) -> None:
    session = house.open(LONG)
    server = house.serve(processes=2)
    ada = desk(house, server, session)
    assert "gone without a word" not in house.tell(ada.page())
    os.kill(house.workers()[0], signal.SIGKILL)

    async def missed() -> bool:
        return "1 gone without a word" in await ada.page()

    house.tell(until(missed, "the process is missed"))
    server.stop()
    assert house.sql("select count(*) from process where seen_at > now() - interval '3 seconds'") == [(0,)]


def test_the_dashboard_draws_who_came_and_what_was_saved_and_when_a_fallback_opens(
    shared: House, server: Server
) -> None:
    session = shared.open(PATIENT, {"red": 3, "blue": 1})
    ada = desk(shared, server, session)

    async def story() -> None:
        guests = [shared.guest(server, session, label) for label in session.tokens]
        await until(lambda: shared.sql("select 1 from pulse"), "a beat before they come")
        await sign_everyone_in(guests)
        for guest in guests:
            if 'action="/play/records"' in await guest.page():
                assert (await guest.answer({"belief": "5"})).status == 200

        async def drawn() -> bool:
            return len(re.findall(r"<small>[1-9]\d* a minute</small>", await ada.page())) == 2

        # The next beat; each is taken every five seconds.
        await until(drawn, "both curves")
        page = await ada.page()
        assert len(re.findall(r'<path class="curve-\d" d="M', page)) == 2 and "opens in" in page
        assert re.search(
            r'id="count-waiting".*?<small class="num">\d:\d\d</small>', page
        )  # half had a seat by then

    shared.tell(story())

    def newest() -> tuple[int, int]:
        query = "select max(signed_in), max(records) from pulse where session_id = %s"
        return tuple(shared.sql(query, session.id)[0])

    asyncio.run(until(lambda: newest() == (4, 2), "all that was saved"))

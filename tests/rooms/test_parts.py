"""Solo steps: each goes through them at their own pace, before the lobby and after the room, and waits for nobody."""

from __future__ import annotations

import asyncio

from app.database.connections import Connection
from app.export.verify import verify
from app.replay.check import check as replay_check
from app.study.reading import parse
from tests.house.guests import Guest
from tests.house.house import House, Opened
from tests.house.server import Server
from tests.house.solo import solo_files
from tests.house.studies import PAGE
from tests.house.waits import until


def opened(house: House, people: int) -> Opened:
    return house.open_files(solo_files(), {"red": people})


async def through_before(guest: Guest) -> None:
    await guest.sign_in({"age": "30"})
    await guest.shows("want to take part.")
    await guest.answer({"agree": "yes"})
    await guest.shows("page 2 of 3")
    await guest.answer({})
    await guest.shows("How many of you?")
    await guest.answer({"size": "2"})


def statuses(house: House, session: Opened) -> dict[str, tuple[str, str | None, str | None]]:
    found = house.sql(
        "select label, status::text, outcome, code from player where session_id = %s", session.id
    )
    return {label: tuple(rest) for label, *rest in found}


def holds(house: House, session: Opened, study: dict[str, bytes] | None = None) -> None:
    assert house.contradictions(session) == []
    assert house.read(lambda conn: replay_check(conn, session.id)).differences == []
    verdict = asyncio.run(verify(house.database, session.id, parse(study or solo_files())))
    assert verdict.ok, str(verdict)


def test_everybody_goes_through_what_comes_before_and_after_alone(shared: House, server: Server) -> None:
    session = opened(shared, 4)
    ann, ben, cat, dan = (shared.guest(server, session, label) for label in ("R1", "R2", "R3", "R4"))

    async def story() -> None:
        await cat.sign_in({"age": "30"})
        await cat.shows("want to take part.")
        form = await cat.form("/play/leave")
        await cat.browser.post(
            "/play/leave", {**form, "form_key": (await cat.form())["form_key"], "decline": "yes"}
        )
        await cat.shows(">NO<")

        await dan.sign_in({"age": "30"})
        await dan.answer({"agree": "yes"})
        await dan.shows("page 2 of 3")
        await dan.answer({})
        await dan.shows("How many of you?")
        await dan.answer({"size": "4"})
        assert "last attempt" in await dan.shows("That is not right. Two hats.")
        await dan.answer({"size": "4"})
        await dan.shows("WRONG")

        await through_before(ann)
        await ann.shows('id="wait"')
        await through_before(ben)
        await ann.shows("How sure are you?")
        await ann.answer({"belief": "70"})
        await ben.shows("How sure are you?")
        await ben.answer({"belief": "20"})
        await ann.shows("How was it?")
        await ann.answer({"mood": "7"})
        page = await ann.shows("Why?")
        assert ">70<" in page and ">20<" not in page
        await ann.answer({"why": ""})
        await ann.shows("DONE")
        await ben.shows("How was it?")  # who is slower keeps nobody
        await ben.answer({"mood": "1"})
        await ben.shows("Why?")
        await ben.answer({"why": "So."})
        await ben.shows("DONE")

    shared.tell(story())
    assert statuses(shared, session) == {
        "R1": ("finished", "complete", "DONE"),
        "R2": ("finished", "complete", "DONE"),
        "R3": ("left", "declined", "NO"),
        "R4": ("left", "failed_check", "WRONG"),
    }
    holds(shared, session)


def test_whose_game_ended_early_goes_through_what_names_that_and_keeps_what_it_brought(
    shared: House, server: Server
) -> None:
    session = opened(shared, 3)
    ann, ben, cat = (shared.guest(server, session, label) for label in ("R1", "R2", "R3"))

    async def story() -> None:
        await asyncio.gather(*(through_before(one) for one in (ann, ben)))
        await asyncio.gather(*(one.shows("How sure are you?") for one in (ann, ben)))
        await ben.browser.post("/play/leave", await ben.form("/play/leave"))
        await ben.shows(">OUT<")
        page = await ann.shows("How was it?")
        assert "Somebody in your group left" in page and "page 1 of 1" not in page
        assert statuses(shared, session)["R1"] == ("after", "partner_left", "ALONE")
        await ann.browser.post("/play/leave", await ann.form("/play/leave"))
        await ann.shows("ALONE")  # what it was stands

        await through_before(cat)
        await cat.shows('id="wait"')
        await asyncio.to_thread(shared.do, lambda conn: hurry(conn, session))
        page = await cat.shows("How was it?")
        assert "There was no group for you in time." in page and "NONE" not in page
        await cat.answer({"mood": "2"})
        await cat.shows("NONE")  # the second page is for those who completed

    shared.tell(story())
    assert statuses(shared, session) == {
        "R1": ("finished", "partner_left", "ALONE"),
        "R2": ("left", "withdrawn", "OUT"),
        "R3": ("left", "lobby", "NONE"),
    }
    verdict = asyncio.run(verify(shared.database, session.id, parse(solo_files())))
    assert verdict.ok, str(verdict)


async def hurry(conn: Connection, session: Opened) -> None:
    """Whoever waits has waited for longer than anybody may."""
    # The lobby first, as everybody else does: a seating may be on its way.
    await conn.execute("update lobby set due_at = now() where session_id = %s", [session.id])
    await conn.execute(
        "update player set waiting_since = waiting_since - interval '11 minutes'"
        " where session_id = %s and status = 'waiting'",
        [session.id],
    )


SURVEY = """
title = "By oneself"
[[treatment]]
name = "frame"
levels = ["gain", "loss"]
at = "door"
[[before]]
page = "gain"
only = {frame = "gain"}
[[before]]
page = "loss"
only = {frame = "loss"}
[[before]]
page = "about"
limit = "5m"
fields = [{name = "mood", ask = "How are you?", kind = "integer", min = 1, max = 7}]
"""
SURVEY_PAGES = {f"pages/{name}.html": PAGE.encode() for name in ("gain", "loss", "about")}


def test_a_study_without_rooms_waits_for_nobody_and_treats_people_as_they_come(
    shared: House, server: Server
) -> None:
    survey = {"study.toml": SURVEY.encode()} | SURVEY_PAGES
    session = shared.open_files(survey, {"red": 4}, start=False)

    async def go_through(label: str) -> None:
        guest = shared.guest(server, session, label)
        await guest.sign_in()
        await guest.shows("page 1 of 2")
        await guest.answer({})
        page = await guest.shows("How are you?")
        assert 'role="timer"' in page and "group" not in page
        await guest.answer({"mood": "3"})
        await guest.shows("COMPLETE")

    async def story() -> None:
        await asyncio.gather(*map(go_through, ("R1", "R2", "R3", "R4")))

    shared.tell(story())
    assert {outcome for _, outcome, _ in statuses(shared, session).values()} == {"complete"}
    found = shared.sql("select treatment->>'frame', drawn from player where session_id = %s", session.id)
    assert sorted(nth for _, nth in found) == [1, 2, 3, 4]
    assert sorted(level for level, _ in found) == ["gain", "gain", "loss", "loss"]
    asked = shared.sql(
        "select p.treatment->>'frame', r.step from record r join player p on p.id = r.player_id"
        " where r.session_id = %s and r.field = 'clicked'",
        session.id,
    )
    assert len(asked) == 4 and all(level == step for level, step in asked)
    holds(shared, session, survey)
    shared.do(
        lambda conn: conn.execute('update player set treatment = \'{"frame": "none"}\' where drawn = 2')
    )
    assert "who came as number 2" in str(asyncio.run(verify(shared.database, session.id, parse(survey))))


def test_a_part_in_which_nothing_is_for_somebody_is_one_that_they_are_through_with(
    shared: House, server: Server
) -> None:
    some = "def some(room):\n    return {slot for slot, mood in room.said('mood').items() if mood > 4}\n"
    toml = SURVEY[: SURVEY.index("[[treatment]]")] + SURVEY[SURVEY.rindex("[[before]]") :]
    for_some = {
        "study.toml": f'{toml}[[after]]\npage = "loss"\nwhen = "some"\n'.encode(),
        "hooks.py": some.encode(),
    }
    session = shared.open_files(survey := for_some | SURVEY_PAGES, {"red": 2}, start=False)
    ann, ben = (shared.guest(server, session, label) for label in session.tokens)

    async def story() -> None:
        for one, mood in ((ann, "3"), (ben, "7")):
            await one.sign_in()
            await one.answer({"mood": mood})
        await ann.shows("COMPLETE")
        await ben.shows("page 2 of 2")
        await ben.shows('action="/play/records"')  # once it has been decided whether it is for them
        await ben.answer({})
        await ben.shows("COMPLETE")

    shared.tell(story())
    holds(shared, session, survey)


def test_nobody_is_waited_for_who_gives_no_sign_and_what_was_reached_stands(
    shared: House, server: Server
) -> None:
    session = opened(shared, 3)
    ann, ben, cat = (shared.guest(server, session, label) for label in ("R1", "R2", "R3"))

    async def overdue(conn: Connection) -> None:
        for query in (
            "delete from sign where player_id in (select id from player where session_id = %s)",
            "update room set deadline = now() where session_id = %s and player_id is not null",
        ):
            await conn.execute(query, [session.id])

    async def just_begun(conn: Connection) -> None:
        """This server may have listened for long enough, since other stories were told."""
        await conn.execute("update process set heard_since = now()")
        await overdue(conn)

    async def listened(conn: Connection) -> None:
        await conn.execute("update process set heard_since = heard_since - interval '1 day'")
        await overdue(conn)

    def waits_on() -> bool:
        where = "where session_id = %s and player_id is not null and status = 'playing'"
        query = "select min(deadline) > now() + interval '20 minutes' from room "
        return bool(shared.sql(query + where, session.id)[0][0])

    async def are_out() -> bool:
        await asyncio.to_thread(shared.do, listened)
        return all(status in ("left", "finished") for status, *_ in statuses(shared, session).values())

    async def story() -> None:
        await asyncio.gather(*(through_before(one) for one in (ann, ben)))
        for one in (ann, ben):
            await one.shows("How sure are you?")
            await one.answer({"belief": "1"})
        await asyncio.gather(*(one.shows("How was it?") for one in (ann, ben)))
        await cat.sign_in({"age": "30"})
        await cat.shows("want to take part.")
        await asyncio.to_thread(shared.do, just_begun)
        await until(waits_on, "a wait as long again, since nobody has listened so long")
        await until(are_out, "they are out")

    shared.tell(story())
    assert statuses(shared, session) == {
        "R1": ("finished", "complete", "DONE"),
        "R2": ("finished", "complete", "DONE"),
        "R3": ("left", "dropped", "OUT"),
    }


def test_closing_gives_everybody_the_code_of_what_they_reached(shared: House, server: Server) -> None:
    session = opened(shared, 4)
    ann, ben, cat, dan = (shared.guest(server, session, label) for label in ("R1", "R2", "R3", "R4"))

    async def story() -> None:
        await asyncio.gather(*(through_before(one) for one in (ann, ben, cat)))
        for one in (ann, ben):
            await one.answer({"belief": "1"}) if "How sure are you?" in await one.page() else None
        await dan.sign_in({"age": "30"})
        await dan.shows("want to take part.")
        await asyncio.to_thread(shared.act, "close", session)
        for one in (ann, ben, cat, dan):
            await one.shows('id="code"')

    shared.tell(story())
    assert {status for status, *_ in statuses(shared, session).values()} <= {"left", "finished"}
    assert statuses(shared, session)["R4"] == ("left", "lobby", "NONE")
    assert shared.sql(
        "select count(*) from room where session_id = %s and status = 'playing'", session.id
    ) == [(0,)]

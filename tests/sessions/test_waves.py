"""Stories of waves: the second day knows the first, lets in who was there, and forgets with it."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import zipfile
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest

from app.database.connections import Connection
from app.export import export
from app.export.verify import verify
from app.players.door import Places
from app.players.links import links_again
from app.players.people import Person
from app.replay.check import check as replay_check
from app.rooms.earlier import earlier_of
from app.sessions.actions import ACTIONS
from app.sessions.erasing import erase
from app.sessions.sessions import SessionError
from app.study.reading import parse
from tests.house.guests import Guest
from tests.house.house import House, Opened
from tests.house.rehearsing import told_of_one_that_held
from tests.house.server import Server
from tests.house.shell import Shell, is_refused
from tests.house.studies import PAGE
from tests.house.waits import until
from tests.house.waves import (
    AGAIN,
    DAY_ONE,
    FIRST,
    SECOND,
    all_of_day_one,
    as_bytes,
    day_one,
    folder,
    goes_on,
    numbers,
)

PEOPLE = [Person("", "Ana", ""), Person("bens-own-8f3kqz2w", "Ben", ""), Person("", "Cy", "")]
OFFERS = {"Ana": (3, 7), "Ben": (1, 2)}


@pytest.fixture
def shell(shared: House, tmp_path: Path) -> Shell:
    return Shell(shared, tmp_path)


def opened(house: House, places: Places | None = None, people: list[Person] = PEOPLE) -> Opened:
    """The first day, with the tokens that were made."""
    first = house.open_study(parse(as_bytes(FIRST)), people, places=places)
    again = house.read(lambda conn: links_again(conn, first.id))
    made = {one.label: one.token for one in (*again.people, *people) if one.token}
    return Opened(first.id, made)


def kept(house: House, session_id: str, files: dict[str, str]) -> None:
    """What holds of either day."""
    assert house.contradictions(Opened(session_id, {})) == []
    assert house.read(lambda conn: replay_check(conn, session_id)).differences == []
    verdict = asyncio.run(verify(house.database, session_id, parse(as_bytes(files))))
    assert verdict.ok, str(verdict)


def exported(house: House, session_id: str, folder: Path) -> dict[str, str]:
    path = folder / f"{session_id}.zip"
    asyncio.run(export.write_zip(house.database, session_id, parse(as_bytes(SECOND)), path))
    with zipfile.ZipFile(path) as zipped:
        return {name: zipped.read(name).decode() for name in zipped.namelist()}


def test_the_second_day_knows_the_first(shell: Shell, server: Server) -> None:
    house, first = shell.house, opened(shell.house)
    guests = {label: house.guest(server, first, label) for label in ("Ana", "Ben", "Cy")}

    async def only_ana_and_ben() -> None:
        await all_of_day_one([guests["Ana"], guests["Ben"]], OFFERS)
        assert (await guests["Cy"].sign_in({"age": "40"})).status == 303

    house.tell(only_ana_and_ben())
    told = goes_on(shell, first, "--links", "links.csv")
    second = Opened(told["session"], first.tokens)
    assert told == {"session": second.id, "players": 2, "from": first.id}
    with (shell.folder / "links.csv").open(encoding="utf-8") as file:
        lines = list(csv.reader(file))[1:]
    assert [(token, label) for token, label, *_ in lines] == [(first.tokens["Ana"], "Ana")], (
        "a list keeps its own"
    )
    house.act("start", second)

    ana, ben = (house.guest(server, second, label) for label in ("Ana", "Ben"))

    async def another_day() -> None:
        door = await ana.browser.get(f"/join/{ana.token}")
        assert "Day two" in door.text and "By this link you have been in “Day one”, too." in door.text
        before = await ana.browser.get(f"/join/{ana.token}?in={first.id}")
        assert "You were here before, and you are done." in before.text and "Day one" in before.text
        for guest in (ana, ben):
            assert (await guest.sign_in()).status == 303
        page = " ".join((await ana.shows("Would you change it?")).split())
        assert "Yesterday, at 30, you offered 3 and then 7, and were paid €12.00." in page, page[-3000:]
        assert "you offered 1 and then 2" in " ".join((await ben.page()).split())
        for guest in (ana, ben):
            await guest.answer({"change": "Yes"})
        assert "10" in await ana.shows("How was it?")
        for guest in (ana, ben):
            await guest.answer({"mood": "4"})
        for guest in (ana, ben):
            await guest.shows("COMPLETE")

    house.tell(another_day())
    files = exported(house, second.id, shell.folder)
    players = list(csv.DictReader(io.StringIO(files["players.csv"])))
    was = numbers(house, first.id)
    assert list(players[0])[-2:] == ["earlier_player", "session"]
    assert [(one["label"], int(one["earlier_player"])) for one in players] == [
        (one, was[one]) for one in ("Ana", "Ben")
    ]
    assert json.loads(files["manifest.json"])["session"]["from"] == {
        "session": first.id,
        "outcomes": ["complete"],
    }
    paid = [(one["label"], one["total"]) for one in csv.DictReader(io.StringIO(files["payments.csv"]))]
    assert paid == [("Ana", "8.00"), ("Ben", "4.50")], (
        "3.00 and half of what they earned on the first day, and no more"
    )
    quotes = [
        one["value"] for one in csv.DictReader(io.StringIO(files["results.csv"])) if one["name"] == "quote"
    ]
    assert sorted(quotes) == ["“Ana likes plums”", "“Ben likes plums”"]
    assert "they offered 2 and 7" in files["rooms.csv"], "the lobby's hook knows it, too"
    kept(house, first.id, FIRST)
    kept(house, second.id, SECOND)
    house.sql(
        'update earlier set said = said || \'{"earned": "99"}\' where player_id = %s',
        numbers(house, second.id)["Ben"],
    )
    verdict = asyncio.run(verify(house.database, second.id, parse(as_bytes(SECOND))))
    assert [one.name for one in verdict.checks if not one.ok] == ["pasts_are_told_again"]


def test_by_the_link_for_everybody_the_same_id_is_the_same_person_and_nobody_new_comes_in(
    shell: Shell, server: Server, other_server: Server
) -> None:
    house, first = shell.house, opened(shell.house, Places(), [])
    ids = {f"d-{nth}": f"{nth:024x}" for nth in (1, 2, 3)}

    def by_door(session: str, label: str, at: Server = server) -> tuple[Guest, str]:
        guest = Guest(at.base, "", label)
        house.guests.append(guest)
        return guest, f"/s/{session}?PROLIFIC_PID={ids[label]}"

    async def one_day() -> None:
        came = [by_door(first.id, label) for label in ids]
        for guest, link in came:
            assert (await guest.browser.post(link, {"age": "30"})).status == 303
        await day_one([guest for guest, _ in came[:2]], {"d-1": (3, 7), "d-2": (1, 2)})

    house.tell(one_day())
    alone = is_refused(shell.type("open", folder(shell, "second", SECOND), "--from", first.id))
    assert "All 2 of Day one came by its link for everybody" in alone
    told = goes_on(shell, first, "--door")
    second = told["session"]
    assert told["players"] == 0 and told["door"].endswith(f"/s/{second}")
    house.do(lambda conn: _start(conn, second))

    async def another_day() -> None:
        for nth in (3, 4):
            ids["x"] = f"{nth:024x}"
            stranger, link = by_door(second, "x")
            for answer in (await stranger.browser.get(link), await stranger.browser.post(link, {})):
                assert (
                    answer.status == 403 and "for those who came to the end of the part before" in answer.text
                )
        assert house.sql("select count(*) from player where session_id = %s", second) == [(0,)]
        # At the same moment through two processes
        here, there = by_door(second, "d-1"), by_door(second, "d-1", other_server)
        came = await asyncio.gather(*(guest.browser.post(link, {}) for guest, link in (here, there, here)))
        assert {one.status for one in came} == {303}
        other, link = by_door(second, "d-2")
        assert (await other.browser.post(link, {})).status == 303
        for guest, _ in (here, there):
            assert "you offered 3 and then 7" in " ".join((await guest.shows("Would you change it?")).split())

    house.tell(another_day())
    found = house.sql("select label, door_id from player where session_id = %s order by id", second)
    assert sorted(found) == [(label, ids[label]) for label in ("d-1", "d-2")]
    assert numbers(house, second).keys() <= numbers(house, first.id).keys()
    kept(house, second, SECOND)


def test_by_the_link_for_everybody_people_keep_their_names_in_whatever_order_they_come(
    shell: Shell, server: Server
) -> None:
    house = shell.house
    mood = '{name = "mood", ask = "How is it?", kind = "scale", min = 1, max = 5}'
    once = {
        "study.toml": f'title = "Once"\n[[before]]\npage = "ask"\nfields = [{mood}]\n',
        "pages/ask.html": PAGE,
    }
    first = house.open_study(parse(as_bytes(once)), [], places=Places())
    numbers_of = {f"d-{nth}": f"{nth:024x}" for nth in range(1, 7)}

    async def comes(session: str, label: str) -> None:
        guest = Guest(server.base, "", label)
        house.guests.append(guest)
        answer = await guest.browser.post(f"/s/{session}?PROLIFIC_PID={numbers_of[label]}", {})
        assert answer.status == 303, answer.text
        await guest.shows("How is it?")
        await guest.answer({"mood": "3"})
        await guest.shows("COMPLETE")

    async def day(session: str, *together: list[str]) -> None:
        for labels in together:
            await asyncio.gather(*(comes(session, label) for label in labels))

    house.tell(day(first.id, *([label] for label in numbers_of)))
    second = goes_on(shell, first, "--door", files=once)["session"]
    house.do(lambda conn: _start(conn, second))
    house.tell(day(second, ["d-3"], ["d-2"], ["d-6", "d-5"], ["d-1"], ["d-4"]))
    found = dict(house.sql("select label, door_id from player where session_id = %s", second))
    assert found == numbers_of
    kept(house, second, once)


async def _start(conn: Connection, session_id: str) -> None:
    await ACTIONS["start"](conn, session_id, "story")


def test_what_is_erased_on_the_first_day_the_second_forgets(shell: Shell, server: Server) -> None:
    house, first = shell.house, opened(shell.house)
    both = [house.guest(server, first, label) for label in OFFERS]
    house.tell(all_of_day_one(both, OFFERS))
    second = Opened(goes_on(shell, first)["session"], first.tokens)
    third = goes_on(shell, first, "--name", "Another")["session"]
    house.act("start", second)
    ana, ben = (house.guest(server, second, label) for label in OFFERS)

    async def up_to_the_results() -> None:
        for guest in (ana, ben):
            await guest.browser.post(f"/join/{guest.token}?in={second.id}", {})
        for guest in (ana, ben):
            await guest.shows("Would you change it?")
            await guest.answer({"change": "Yes"})
        await ana.shows("How was it?")

    house.tell(up_to_the_results())
    with pytest.raises(SessionError, match="just now, which goes on from what they said here"):
        house.do(lambda conn: erase(conn, first.id, "ada", "asked", label="Ana"))
    house.act("close", second)
    said = house.do(lambda conn: erase(conn, first.id, "ada", "asked", label="Ana"))
    assert f"They are in Day two ({second.id}) and Another ({third}), too" in said

    ids = numbers(house, second.id)
    known = house.read(lambda conn: earlier_of(conn, ids.values()))
    assert ids["Ana"] not in known and known[ids["Ben"]].said("offer") == 2
    files = exported(house, second.id, shell.folder)
    assert "(erased)" in files["rooms.csv"] and "they offered" not in files["rooms.csv"] + files["events.csv"]
    assert "Ana likes plums" not in str(files) and "Ben likes plums" in files["results.csv"]
    earlier = [one["earlier_player"] for one in csv.DictReader(io.StringIO(files["players.csv"]))]
    assert earlier == ["", str(numbers(house, first.id)["Ben"])]
    left = house.sql("select earlier::text from earlier where session_id = any(%s)", [second.id, third])
    assert len(left) == 2 and "Ana" not in str(left)
    kept(house, first.id, FIRST)
    kept(house, second.id, SECOND)


def test_whoever_goes_on_reads_what_is_known_here_and_is_erased_there_once_they_are_done(
    shell: Shell, server: Server
) -> None:
    house = shell.house
    may = as_bytes({**FIRST, "study.toml": f"{DAY_ONE}[privacy]\nerase = true\n"})
    first = house.open_study(
        parse(may), [Person(f"{one}-own-8f3kqz2w", one.title(), "") for one in ("ana", "ben")]
    )
    both = [house.guest(server, first, label) for label in OFFERS]
    house.tell(all_of_day_one(both, OFFERS))
    second = Opened(goes_on(shell, first)["session"], first.tokens)
    yesterday = both[0]
    known = "What you answered and earned in the part of the study before this one."
    waits = (
        "It is done as soon as you are done in the next part of the study, which goes by what you said here."
    )
    today = house.guest(server, second, "Ana")

    async def about(guest: Guest) -> str:
        return (await guest.browser.get("/play/privacy")).text

    async def story() -> None:
        page = await about(yesterday)
        assert known not in page and waits not in page and "Delete it" in page
        await today.sign_in()
        assert known in await about(today)
        assert waits in await about(yesterday)
        await yesterday.browser.post("/play/privacy", {"sure": "yes"})
        assert f"You have asked for this. {waits}" in await about(yesterday)
        # The clock of whoever does it goes round meanwhile: Ben, who is in no later part, is gone first.
        await both[1].browser.post("/play/privacy", {"sure": "yes"})
        await until(partial(_is_gone, both[1]), "the deletion of who is in no later part")
        assert not await _is_gone(yesterday) and known in await about(today)
        await today.browser.post("/play/leave", await today.form("/play/leave"))
        await until(partial(_is_gone, yesterday), "the deletion of who is done in the later part")
        assert known not in await about(today)

    house.tell(story())
    kept(house, first.id, {**FIRST, "study.toml": f"{DAY_ONE}[privacy]\nerase = true\n"})


async def _is_gone(guest: Guest) -> bool:
    return "What was personal has been deleted" in (await guest.browser.get("/play/privacy")).text


def test_a_link_leads_where_its_person_is_or_may_still_come_in(shell: Shell, server: Server) -> None:
    house, first = shell.house, opened(shell.house)
    ana, ben = (house.guest(server, first, label) for label in OFFERS)
    house.tell(all_of_day_one([ana, ben], OFFERS))
    second = Opened(goes_on(shell, first)["session"], first.tokens)

    async def while_both_are_open() -> None:
        page = (await ana.browser.get(f"/join/{ana.token}")).text
        assert "Day two" in page and "Come in" in page
        await ana.sign_in()

    async def after_the_second_has_closed() -> None:
        page = (await ana.browser.get(f"/join/{ana.token}")).text
        assert "and you are done" in page and "<title>Day two" in page, "the newest in which she has been"
        assert (await ana.browser.post(f"/join/{ana.token}?in={first.id}", {})).status == 303
        assert "COMPLETE" in await ana.page(), "and the code of the first day is there as well"
        late = (await ben.browser.get(f"/join/{ben.token}")).text
        assert "<title>Day one" in late and "“Day two”, to which this link leads, too, is closed" in late

    house.tell(while_both_are_open())
    house.act("close", second)
    house.tell(after_the_second_has_closed())


def test_a_third_wave_goes_on_from_the_second_and_links_are_made_again(shell: Shell, server: Server) -> None:
    house, first = shell.house, opened(shell.house)
    house.tell(all_of_day_one([house.guest(server, first, label) for label in OFFERS], OFFERS))
    second = Opened(goes_on(shell, first)["session"], first.tokens)
    house.act("start", second)
    both = [house.guest(server, second, label) for label in OFFERS]

    async def day_two() -> None:
        for guest in both:
            await guest.sign_in()
        for what in ({"change": "No"}, {"mood": "2"}):
            for guest in both:
                await guest.shows("Would you" if "change" in what else "How was it?")
                await guest.answer(what)
        for guest in both:
            await guest.shows("COMPLETE")

    house.tell(day_two())
    third = goes_on(shell, second, files=FIRST)["session"]
    ids = numbers(house, third)
    past = house.read(lambda conn: earlier_of(conn, [ids["Ana"]]))[ids["Ana"]]
    assert (past.session, past["mood"], past.pay) == (second.id, 2, Decimal("8.00"))
    assert past.earlier.session == first.id and past.earlier.rounds("offer") == {1: 3, 2: 7}
    assert past.earlier.entry == {"age": 30} and not past.earlier.earlier
    again = house.read(lambda conn: links_again(conn, third))
    assert [(one.label, one.token) for one in again.people] == [("Ana", first.tokens["Ana"])]


def test_a_survey_without_rooms_goes_on_from_another(shell: Shell, server: Server) -> None:
    house = shell.house
    mood = '{name = "mood", ask = "How is it?", kind = "scale", min = 1, max = 5}'
    asked = f'[[before]]\npage = "ask"\nfields = [{mood}]\n'
    shows = 'show = [{hook = "then", ask = "Then", kind = "integer"}]\n'
    once = {"study.toml": f'title = "Once"\n{asked}', "pages/ask.html": PAGE}
    page = (
        PAGE + "{% block before %}{% if earlier %}<p>It was {{ earlier.mood }}.</p>{% endif %}{% endblock %}"
    )
    hook = "def then(room):\n    return {seat.slot: 10 + (seat.earlier.said('mood') or 0) for seat in room.seats}\n"
    again = {"study.toml": f'title = "Again"\n{asked}{shows}', "pages/ask.html": page, "hooks.py": hook}
    opened = house.open_study(parse(as_bytes(once)), [Person("eve-8f3kqz2w-4pnx-c7", "Eve", "")])
    eve = house.guest(server, opened, "Eve")

    async def answers(said: str) -> str:
        assert (await eve.sign_in()).status == 303
        before = await eve.shows("How is it?")
        await eve.answer({"mood": said})
        await eve.shows("COMPLETE")
        return before

    house.tell(answers("2"))
    second = Opened(goes_on(shell, opened, files=again)["session"], opened.tokens)
    house.act("start", second)
    page_two = house.tell(answers("5"))
    assert "It was 2." in page_two and "12" in page_two, page_two[-3000:]
    kept(house, second.id, again)


def test_what_a_hook_quotes_of_the_first_day_as_it_fails_alone_is_forgotten_with_it(
    shell: Shell, server: Server
) -> None:
    house = shell.house
    asked = '[[before]]\npage = "ask"\nfields = [{name = "why", ask = "Why?", kind = "text"}]\n'
    once = {"study.toml": f'title = "Once"\n{asked}', "pages/ask.html": PAGE}
    hook = (
        "def quotes(room):\n    why = room.seats[0].earlier.said('why') or ''\n"
        "    if 'plums' in why:\n        raise ValueError(why)\n    return {}\n"
    )
    again = {
        "study.toml": f'title = "Again"\n{asked}on_end = "quotes"\n',
        "pages/ask.html": PAGE,
        "hooks.py": hook,
    }
    first = house.open_study(parse(as_bytes(once)), [Person("eve-8f3kqz2w-4pnx-c8", "Eve", "")])
    eve = house.guest(server, first, "Eve")

    async def answers(why: str, then: str) -> None:
        assert (await eve.sign_in()).status == 303
        await eve.shows("Why?")
        await eve.answer({"why": why})
        await eve.shows(then)

    house.tell(answers("plums at night", "COMPLETE"))
    second = Opened(goes_on(shell, first, files=again)["session"], first.tokens)
    house.tell(answers("so", "You can’t go on just yet."))
    told = "select count(*) from event where session_id = %s and data::text like '%%plums at night%%'"
    assert house.sql(told, second.id) == [(1,)]
    house.act("close", second)
    house.do(lambda conn: erase(conn, first.id, "ada", "asked", label="Eve"))
    assert house.sql(told, second.id) == [(0,)]


def test_who_can_be_invited_and_who_is_through_later(shell: Shell, server: Server) -> None:
    house, first = shell.house, opened(shell.house)
    folder(shell, "second", SECOND)
    wrong = {"again.html": AGAIN.replace("earlier.offer", "earlier.ofer")}
    folder(shell, "wrong", {**SECOND, **{f"pages/{name}": text for name, text in wrong.items()}})

    def refused(*line: str) -> str:
        return is_refused(shell.type("open", *line))

    assert "Nobody could be invited" in refused("second", "--from", first.id)
    assert "no session “nowhere1”" in refused("second", "--from", "nowhere1")
    assert "Give --from, too" in refused("second", "--from-outcomes", "complete")
    assert "Write complete." in refused("second", "--from", first.id, "--from-outcomes", "compelte")
    listed = shell.people("label\nZoe\n")
    assert "Leave --players out" in refused("second", "--from", first.id, "--players", str(listed))

    house.tell(all_of_day_one([house.guest(server, first, label) for label in OFFERS], OFFERS))
    typo = shell.type("open", "wrong", "--from", first.id)
    assert typo.returncode == 2 and "again.html:4" in typo.stderr and "Did you mean `offer`?" in typo.stderr
    said = shell.type("open", "second", "--from", first.id, "--json")
    assert "note: Day one is running." in said.stderr
    second = json.loads(said.stdout)["session"]
    assert "note: pages or hooks ask for `earlier`" in shell.type("open", "second", "--door").stderr

    cy = house.guest(server, first, "Cy")

    async def leaves() -> None:
        await cy.sign_in({"age": "40"})
        await cy.browser.post("/play/leave", await cy.form("/play/leave"))

    house.tell(leaves())
    assert (
        shell.type("add", second, "--finished").stdout
        == "Nobody is through since, and invited to Day two now.\n"
    )
    assert "goes on from no other session" in is_refused(shell.type("add", first.id, "--finished"))
    some = json.loads(
        shell.type(
            "open", "second", "--from", first.id, "--from-outcomes", "complete,withdrawn", "--json"
        ).stdout
    )
    assert some["players"] == 3


@pytest.mark.slow
def test_a_rehearsal_of_the_second_day_makes_up_a_first(shell: Shell, server: Server) -> None:
    house, first = shell.house, opened(shell.house)
    house.tell(all_of_day_one([house.guest(server, first, label) for label in OFFERS], OFFERS))
    second = goes_on(shell, first)["session"]
    line = (
        "rehearse",
        "--session",
        second,
        "--players",
        "4",
        "--over",
        "1s",
        "--speed",
        "max",
        "--drop",
        "0%",
    )
    told_of_one_that_held(shell.type(*line, "--flaky", "0%", "--url", server.base, "--json"))
    made = house.read(_made_up)
    assert made == [(None, 0, 4)], "made up: no bot is told what a person said"


async def _made_up(conn: Connection) -> list[tuple[object, ...]]:
    found = await conn.execute(
        "select s.from_session_id, count(e.earlier_id), count(*) from earlier e join session s on s.id = e.session_id"
        " where s.name = 'Day two, a rehearsal' group by s.id"
    )
    return await found.fetchall()

"""A session that the version before began goes on in this one: the same pages, cookies and forms, and every answer; and
one that people came to by the one link, with pages that each goes through alone, begun by a later version before."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from app.database import clock
from app.database.embedded import Postgres
from app.database.queries import SQL_FOLDER
from app.export import export
from app.export.verify import verify
from app.rehearsal.browser import Browser
from app.replay.check import check as replay_check
from app.study.stored import read_study
from tests.house.database import an_empty_database
from tests.house.desk import Desk
from tests.house.guests import Guest
from tests.house.house import House, Opened
from tests.house.server import Server
from tests.house.waits import until

BEFORE = Path(__file__).parent / "version_before"
ALONE = BEFORE / "alone"
ITS_LAST = "0016_bots"  # migration
LAST_OF_ALONE = "0044_drawn_at_door"
TIME = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?\+00(:00)?")
RECEIPT = "14"  # the number of what P1 had said
# What somebody says who is asked for it, by its field
SAYS = {"belief": "50", "verdict": "yes", "mood": "4"}


@dataclass(frozen=True, slots=True)
class Begun:
    """What the version before left: a database, and what browsers had of its pages."""

    house: House
    running: Opened  # P1 … P12
    waiting: Opened  # Q1 … Q3: people are in, and it has not been started
    browsers: Mapping[str, Mapping[str, Any]]  # by label, ada's too

    def guest(self, server: Server, label: str) -> Guest:
        """With the cookies that they had."""
        session = self.running if label.startswith("P") else self.waiting
        guest = self.house.guest(server, session, label)
        guest.browser.cookies |= self.browsers[label]["cookies"]
        return guest

    def guests(self, server: Server, *labels: str) -> list[Guest]:
        return [self.guest(server, label) for label in labels]


@contextmanager
def as_it_was_left(postgres: Postgres, folder: Path, last: str, at: str) -> Iterator[str]:
    """The address of the database as if it had been left a minute ago. `last`: its newest migration; `at`: when."""
    data = (folder / "data.sql").read_text(encoding="utf-8")
    by = clock.now() - datetime.fromisoformat(at)
    data = TIME.sub(lambda found: (datetime.fromisoformat(found[0]) + by).isoformat(), data)
    scripts = [path for path in sorted((SQL_FOLDER / "migrations").iterdir()) if path.stem <= last]
    with an_empty_database(postgres) as url:
        with psycopg.connect(url) as conn:
            conn.execute(
                "create table migration (name text primary key, applied_at timestamptz default now())"
            )
            for path in [*scripts, folder / "triggers.sql"]:
                conn.execute(path.read_bytes())
            conn.execute("set session_replication_role = replica")  # what the triggers did is in the data
            conn.execute(data.encode())
            applied = {
                name for (name,) in conn.execute("select name from migration") if "triggers" not in name
            }
        assert applied == {path.stem for path in scripts}
        yield url


@pytest.fixture
def begun(postgres: Postgres, tmp_path: Path) -> Iterator[Begun]:
    told = json.loads((BEFORE / "browsers.json").read_text(encoding="utf-8"))
    with as_it_was_left(postgres, BEFORE, ITS_LAST, told["at"]) as url:
        house = House(url, tmp_path)
        running, waiting = (
            Opened(id, {label: one["token"] for label, one in told["browsers"].items() if label[0] == letter})
            for letter, id in told["sessions"].items()
        )
        yield Begun(house, running, waiting, told["browsers"])
        house.leave()


async def to_the_end(
    guests: Sequence[Guest], code: str = "DONE", says: Mapping[str, str] = SAYS, ends: Mapping[str, str] = {}
) -> None:
    """Each answers whatever they are asked, until everybody has this code, or the one that `ends` has for them."""

    async def is_done(guest: Guest) -> bool:
        page = await guest.page()
        for field, value in says.items():
            if f'name="{field}"' in page and "Saved." not in page:
                assert (await guest.answer({field: value})).status in (200, 409), "409: it has just ended"
        return f'id="code">{ends.get(guest.label, code)}<' in page

    async def all_are() -> bool:
        return all([await is_done(guest) for guest in guests])

    await until(all_are, f"the code {code} for {[guest.label for guest in guests]}")


def test_a_session_that_the_version_before_began_goes_on_and_ends_in_this_one(begun: Begun) -> None:
    house = begun.house
    server = house.serve()  # which migrates

    async def story() -> None:
        await everybody_is_where_they_were(begun, server)
        await what_was_open_in_a_browser_is_taken(begun, server)
        await to_the_end(begun.guests(server, *(f"P{number}" for number in range(1, 7))))
        await who_waited_and_who_comes_play(begun, server)
        await a_session_that_was_open_is_started_and_closed(begun, server)

    house.tell(story())
    house.act("close", begun.running)
    done = dict.fromkeys((*begun.running.tokens, *begun.waiting.tokens), "DONE")
    codes = done | {"P11": "OUT", "P12": "", "Q3": "WAITED"}
    records = all_holds(house, begun.running, {label: codes[label] for label in begun.running.tokens})
    [said] = [one for one in records if one["record"] == RECEIPT]
    assert (said["field"], said["value"], said["late"]) == ("belief", "40", "false")
    all_holds(house, begun.waiting, {label: codes[label] for label in begun.waiting.tokens})


async def everybody_is_where_they_were(begun: Begun, server: Server) -> None:
    shown = {
        "P1": ("round 1 of 2", 'value="40"', "the hats", "Saved.", "Is it so, =really?", "Can I go?"),
        "P2": ("round 1 of 2", "half typed", "Is it so, =really?"),
        "P5": ("How is it?", "round 2 of 2"),
        "P6": ("How is it?", "round 1 of 2"),
        "P7": (">DONE<",),
        "P9": ("You’re in.",),
        "P11": (">OUT<",),
    }
    for guest in begun.guests(server, *shown):
        page = await guest.page()
        assert [words for words in shown[guest.label] if words not in page] == [], (guest.label, page[-3000:])
    judges = [await guest.page() for guest in begun.guests(server, "P3", "P4")]
    assert ["Is it so?" in page for page in judges] == [False, True], "one of two is asked"
    assert begun.house.sql("select count(*) from draft") == [(1,)], "none of steps that are over"


async def what_was_open_in_a_browser_is_taken(begun: Begun, server: Server) -> None:
    """Forms of pages that the version before had rendered."""
    kept = begun.browsers
    first, other, late, judge, *slow = begun.guests(server, "P1", "P2", "P3", "P4", "P5", "P6")
    again = await first.browser.post("/play/records", kept["P1"]["sent"])
    assert (again.status, again.headers["receipt"]) == (200, kept["P1"]["receipt"]), (
        "stored once, and told so"
    )
    for guest in (first, other):
        assert (await guest.browser.post("/play/messages", kept[guest.label]["message"])).status == 200
    assert "I am sure." in await other.page() and "It is." in await first.page()
    assert (await other.answer({"belief": "55"}, kept["P2"]["form"])).status == 200
    await first.shows("round 2 of 2")

    # In a room that has gone on, to a step that asks the other one
    assert (await late.answer({"belief": "99"}, kept["P3"]["late"])).status == 200
    said = (
        "select late from record r join player p on p.id = r.player_id where p.label = 'P3' and value = '99'"
    )
    assert begun.house.sql(said) == [(True,)]
    assert (await late.answer({"verdict": "no"}, kept["P4"]["form"])).status == 409
    assert (await judge.answer({"verdict": "yes"}, kept["P4"]["form"])).status == 200
    for guest in slow:
        assert (await guest.answer({"mood": "1"}, kept[guest.label]["form"])).status == 200, guest.label


async def who_waited_and_who_comes_play(begun: Begun, server: Server) -> None:
    waited, comes = begun.guests(server, "P9", "P10")
    async with waited.watching() as page:
        assert (await comes.sign_in({"age": "30"})).status == 303
        await page.until(lambda text: "How sure are you?" in text, "a seat")
    await to_the_end([waited, comes])


async def a_session_that_was_open_is_started_and_closed(begun: Begun, server: Server) -> None:
    """By a researcher who is still logged in."""
    browser = Browser(server.base)
    begun.house.browsers.append(browser)
    browser.cookies |= begun.browsers["ada"]["cookies"]
    ada = Desk(browser, begun.waiting)
    both = begun.guests(server, "Q1", "Q2")
    for guest in both:
        assert "You’re in." in await guest.page()
    await ada.do("/start", {})
    await to_the_end(both)
    late = begun.guest(server, "Q3")
    assert (await late.sign_in({"age": "33"})).status == 303
    await ada.do("/close", {})
    await late.shows(">WAITED<")
    await ada.shows("closed")


def all_holds(house: House, session: Opened, codes: Mapping[str, str]) -> list[dict[str, str]]:
    """Constraints, logs, tables and files agree, and each has this code; the lines of records.csv."""
    assert house.contradictions(session) == []
    assert house.read(lambda conn: replay_check(conn, session.id)).differences == []
    study = house.do(lambda conn: read_study(conn, session.id))
    path = house.folder / f"{session.id}.zip"
    asyncio.run(export.write_zip(house.database, session.id, study, path))
    verdict = asyncio.run(verify(house.database, session.id, study, exported=path))
    assert verdict.ok, str(verdict)
    with zipfile.ZipFile(path) as zipped:
        players, records = (
            list(csv.DictReader(io.StringIO(zipped.read(name).decode())))
            for name in ("players.csv", "records.csv")
        )
    assert {one["label"]: one["code"] for one in players} == dict(codes)
    return records


# By the one link: where each was as it was begun
WHERE_ALONE = {
    "consent": ("page 1 of 3", "I have read this"),
    "rules": ("page 2 of 3",),
    "tried": (
        "page 3 of 3",
        "This is your last attempt.",
        "That is not right. Two of you.",
        ">nobody<",
    ),
    "draft": ("page 3 of 3", "half typed", "You can try 2 times."),
    "said": ("How sure are you?", 'value="40"', "Are you there?"),
    "open": ("How sure are you?", "Are you there?"),
    "about": ("How was it?", "page 1 of 2", "Your group is done."),
    "bye": ("Why?", "page 2 of 2", "60", "one for bye"),
    "alone": ("How was it?", "Somebody in your group left"),
    "lobby": ("You’re in.", "5 more people are on their way."),
    "line": ("is your place in line",),
    "done": (">DONE<", "complete?cc=DONE&from=XXXX"),
    "no": (">NO<",),
    "young": (">YOUNG<",),
}
SAYS_ALONE = {"size": "2", "belief": "50", "mood": "4", "why": "now"}
ENDS_ALONE = {"alone": "ALONE", "left": "OUT", "fails": "WRONG", "no": "NO", "young": "YOUNG"}  # not DONE


def test_whoever_was_at_pages_alone_as_the_version_before_left_goes_on_there_to_their_end(
    postgres: Postgres, tmp_path: Path
) -> None:
    """With a way back in the study that the `check` of this version refuses."""
    told = json.loads((ALONE / "people.json").read_text(encoding="utf-8"))
    session, kept = Opened(told["session"], {}), told["people"]
    with as_it_was_left(postgres, ALONE, LAST_OF_ALONE, told["at"]) as url, ExitStack() as stack:
        house = House(url, tmp_path)
        stack.callback(house.leave)
        server = house.serve()
        guests = {label: Guest(server.base, "", label) for label in kept}
        house.guests += guests.values()

        async def story() -> None:
            for label, guest in guests.items():
                link = f"/s/{session.id}?PROLIFIC_PID={kept[label]['id']}"
                assert (await guest.browser.post(link, {"age": "30"})).status == 303, label
            for label, words in WHERE_ALONE.items():
                page = await guests[label].page()
                assert [one for one in words if one not in page] == [], (label, page[-4000:])
            await what_was_open_alone_is_taken(guests, kept)
            async with guests["line"].watching() as line:
                await line.until(lambda text: "page 1 of 3" in text, "the place of who has failed")
            await guests["line"].answer({"agree": "yes"})
            for label in ("line", "consent"):
                await guests[label].shows("page 2 of 3")
                await guests[label].answer({})  # it is only read
            await to_the_end([*guests.values()], "DONE", SAYS_ALONE, ENDS_ALONE)

        house.tell(story())
        house.act("close", session)
        codes = {one["label"]: ENDS_ALONE.get(label, "DONE") for label, one in kept.items()}
        records = all_holds(house, session, codes)
    said = {
        (one["field"], one["value"])
        for one in records
        if one["record"] == kept["said"]["receipt"].partition(":")[0]
    }
    assert said == {("belief", "40")}
    tries = [one["value"] for one in records if one["step"] == "quiz" and one["field"] == "size"]
    assert tries.count("4") == 3, "two wrong ones of whoever is out, one of whoever was right then"


async def what_was_open_alone_is_taken(
    guests: Mapping[str, Guest], kept: Mapping[str, Mapping[str, Any]]
) -> None:
    """Forms of pages that the version before had rendered."""
    again = await guests["said"].browser.post("/play/records", kept["said"]["sent"])
    assert (again.status, again.headers["receipt"]) == (200, kept["said"]["receipt"])
    reply = await guests["open"].browser.post("/play/messages", kept["open"]["message"] | {"body": "Yes."})
    assert reply.status == 200 and "Yes." in await guests["said"].page()
    again = await guests["fails"].answer({"size": "4", "guess": "nobody"}, kept["fails"]["wrong"])
    assert again.status == 200, "the first attempt, once more"
    for label, said, then in (
        ("open", {"belief": "55"}, "How was it?"),
        ("tried", {"size": "2"}, "How sure are you?"),  # with who was in the lobby
        ("fails", {"size": "4"}, ">WRONG<"),
        ("consent", {"agree": "yes"}, "page 2 of 3"),
        ("rules", dict[str, str](), "page 3 of 3"),
        ("about", {"mood": "2"}, "page 2 of 2"),
        ("bye", {"why": "then"}, ">DONE<"),
        ("alone", {"mood": "1"}, ">ALONE<"),
    ):
        assert (await guests[label].answer(said, kept[label]["form"])).status == 200, label
        await guests[label].shows(then)

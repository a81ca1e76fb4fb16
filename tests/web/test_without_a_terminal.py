"""In a real browser, without a terminal: from nothing to people who are paid, data, and what was erased by mistake."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from app.database.embedded import Postgres
from tests.house.barriers import barriers_at_all_sizes
from tests.house.database import an_empty_database
from tests.house.house import House
from tests.house.prolific import STUDY_ID, TOKEN, FakeProlific
from tests.house.recruited import THERE, participant, submission
from tests.house.shell import Shell
from tests.house.stage import DESK, Stage, log_in
from tests.house.studies import as_files
from tests.house.waits import apart

pytestmark = pytest.mark.browser
FOUR = """
title = "Four at a table"
[door]
ids = ["PROLIFIC_PID"]
[[room]]
name = "table"
seats = {any = 4}
[finish]
codes = {complete = "TABLE-DONE"}
[pay]
base = 2.5
currency = "GBP"
participant = "PROLIFIC_PID"
[[step]]
page = "talk"
limit = "60s"
score = "by_seat"
fields = [
    {name = "belief", ask = "How sure are you?", kind = "integer", min = 0, max = 100},
    {name = "why", ask = "Why?", kind = "text"},
]
"""
HOOKS = "def by_seat(room):\n    return {slot: slot for slot in room.slots}\n"
WORDS = [f"As number {nth} would say" for nth in range(1, 5)]
Tables = dict[str, list[dict[str, str]]]


@pytest.fixture
def fake() -> Iterator[FakeProlific]:
    with FakeProlific().running() as fake:
        fake.study = THERE
        for nth in range(1, 5):
            fake.add(submission(nth), participant(nth), code="TABLE-DONE")
        yield fake


class Desk:
    """The researcher's browser, which looks at each page that it comes to for what would keep somebody out."""

    def __init__(self, page: Page) -> None:
        self.page, self.barriers = page, list[str]()

    def look(self, name: str) -> None:
        self.barriers.extend(barriers_at_all_sizes(self.page, name))
        self.page.set_viewport_size({"width": DESK["width"], "height": DESK["height"]})

    def uploads(self, folder: Path) -> None:
        for name, body in as_files(FOUR, HOOKS).items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(body)
        # What it says depends on whether others have opened sessions that everybody sees.
        self.page.locator("main a.button[href='/admin/studies']").click()
        self.look("studies")
        self.page.locator("input[name=folder]").set_input_files(folder)
        self.page.get_by_role("button", name="Upload the folder").click()
        expect(self.page.get_by_text("It can run.")).to_be_visible(timeout=60_000)
        expect(self.page.get_by_text("A room table has 4 people.")).to_be_visible()
        self.look("study")
        self.page.get_by_role("link", name="See its pages").click()
        self.page.get_by_role("combobox", name="Place").select_option(label="talk")
        self.page.get_by_role("button", name="Show").click()
        expect(self.page.frame_locator("iframe").first.get_by_label("How sure are you?")).to_be_visible()
        self.look("its pages")
        self.page.get_by_role("link", name="The study").click()

    def opens_the_door(self) -> str:
        """And says where it is."""
        self.page.get_by_role("link", name="Open a session").click()
        self.page.get_by_label("Places").fill("four")
        self.page.get_by_role("button", name="Open the session").click()
        expect(
            self.page.get_by_text("Places must be a whole number up to 100,000, or nothing: “four” is none.")
        ).to_be_visible()
        self.look("new session")
        self.page.get_by_label("Places").fill("4")
        self.page.get_by_role("button", name="Open the session").click()
        expect(self.page.get_by_text("The session is open.")).to_be_visible()
        self.look("opened")
        door = self.page.locator("#door-link").inner_text()
        self.page.get_by_role("link", name="Go to the session").click()
        expect(self.page.get_by_role("heading", name="What to do next")).to_be_visible()
        self.look("session that nobody has come to")
        return door.partition("?")[0]

    def closes(self) -> None:
        self.page.get_by_text("More…").click()
        self.page.locator("#confirm-close summary").click()
        self.page.get_by_role("button", name="Close the session").click()
        expect(self.page.get_by_role("heading", name="It is over: what to do now")).to_be_visible()
        self.look("session that is over")

    def pays(self) -> None:
        """By the recruiter, whom the session is connected with first."""
        self.page.locator(".next").get_by_role("link", name="Recruiter").click()
        self.page.get_by_label("Study id").fill(STUDY_ID)
        self.page.get_by_label("API token").fill(TOKEN)
        self.page.get_by_role("button", name="Connect").click()
        pay = self.page.get_by_role("link", name="Pay bonuses…")
        expect(pay).to_be_visible(timeout=20_000)  # it has been read there
        pay.click()
        self.page.get_by_label("I have looked: 4 people, £10.00 in all").check()
        self.page.get_by_role("button", name="Pay them").click()
        expect(self.page.get_by_text("paid so far: 4 people")).to_be_visible(timeout=30_000)

    def archives(self, here: str) -> None:
        self.page.goto(here)
        self.page.get_by_role("button", name="Archive", exact=True).click()
        expect(self.page.get_by_role("button", name="Back into the list")).to_be_visible()
        self.page.get_by_role("link", name="All sessions").click()
        expect(self.page.get_by_role("heading", name="Sessions", exact=True)).to_be_visible()
        of_it = here[here.index("/admin") :]
        expect(self.page.locator(f"main a[href='{of_it}']")).to_have_count(0)
        self.page.get_by_role("link", name="Archived sessions").click()
        expect(self.page.get_by_role("link", name="Four at a table")).to_have_attribute("href", of_it)
        self.look("archived sessions")

    def erases(self, here: str, label: str) -> None:
        self.page.goto(f"{here}/players")
        self.page.get_by_role("link", name=label).click()
        self.page.locator("#act-erase summary").click()
        self.page.get_by_label("I am sure").check()
        self.page.locator("#act-erase").get_by_role("button", name="Erase").click()
        expect(self.page.locator("#said")).not_to_be_empty()

    def downloads(self, here: str) -> Tables:
        self.page.goto(here)
        return tables_in(self.page, self.page.get_by_role("link", name="Download", exact=True))


def tables_in(page: Page, link: Locator) -> Tables:
    with page.expect_download() as coming:
        link.click()
    with zipfile.ZipFile(coming.value.path()) as export:
        return {
            name: list(csv.DictReader(io.StringIO(export.read(name).decode(), newline="")))
            for name in export.namelist()
            if name.endswith(".csv") and "/" not in name
        }


def said(tables: Tables, field: str) -> list[str]:
    return sorted(row["value"] for row in tables["records.csv"] if row["field"] == field)


def they_play(stage: Stage, desk: Desk, door: str) -> None:
    people = [stage.page() for _ in range(4)]
    for nth, person in enumerate(people, 1):
        ids = f"PROLIFIC_PID={participant(nth)}&STUDY_ID={STUDY_ID}&SESSION_ID={submission(nth)}"
        person.goto(f"{door}?{ids}")
        person.get_by_role("button").last.click()
        person.wait_for_url("**/play")
    desk.page.get_by_role("button", name="Start seating").click()
    for nth, person in enumerate(people, 1):
        person.get_by_label("How sure are you?").fill(f"{60 + nth}")
        person.get_by_label("Why?").fill(WORDS[nth - 1])
        person.get_by_role("button", name="Save").click()
    for person in people:
        expect(person.get_by_text("TABLE-DONE")).to_be_visible(timeout=20_000)


def test_a_researcher_gets_from_nothing_to_people_who_are_paid_and_to_data_that_come_back(
    alone: Stage, fake: FakeProlific, postgres: Postgres, tmp_path: Path
) -> None:
    """All of it on pages, but for the backup and the way back, which whoever runs the server types."""
    alone.bear("422")
    alone.bear("does not match the recipient window's origin")  # axe, which asks frames without any rights
    alone.serve(PROLIFIC_URL=fake.base, NETWORKLAB_KEY="k" * 44)
    desk = Desk(alone.page(DESK))
    log_in(alone, desk.page)
    desk.uploads(tmp_path / "four")
    door = desk.opens_the_door()
    here = desk.page.url
    they_play(alone, desk, door)
    desk.closes()
    played = tables_in(desk.page, desk.page.get_by_role("link", name="Download", exact=True))
    assert said(played, "belief") == ["61", "62", "63", "64"]
    desk.pays()
    assert sorted(fake.received().values()) == [1, 2, 3, 4], "pounds, by seat, on top of the base"
    desk.archives(here)
    shell = Shell(alone.house, tmp_path)
    assert apart(lambda: shell.type("backup", tmp_path / "backups")).returncode == 0
    before = desk.downloads(here)
    assert (before["records.csv"], said(before, "why")) == (played["records.csv"], WORDS)
    [erased] = [row for row in before["players.csv"] if row["slot"] == "2"]
    desk.erases(here, erased["label"])
    after = desk.downloads(here)
    theirs = [row["value"] for row in before["records.csv"] if row["player"] == erased["player"]]
    assert said(after, "why") == ["", *(one for one in WORDS if one not in theirs)]
    ids = [participant(nth) for nth in range(1, 5)]
    assert [sum(one in str(tables) for one in ids) for tables in (before, after)] == [4, 3]
    assert [row for row in after["players.csv"] if row["slot"] != "2"] == [
        row for row in before["players.csv"] if row["slot"] != "2"
    ]
    with an_empty_database(postgres) as url:
        (tmp_path / "there").mkdir()
        there = House(url, tmp_path / "there")
        assert apart(lambda: Shell(there, tmp_path).type("restore", tmp_path / "backups")).returncode == 0
        base = apart(lambda: there.serve(1)).base
        try:
            restored = desk.downloads(here.replace(alone.server.base, base))
        finally:
            there.leave()
    assert restored == before, "they are there again"
    assert desk.barriers == []

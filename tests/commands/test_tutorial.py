"""The story of the tutorial: its own words, files and commands, from an empty folder to the data."""

from __future__ import annotations

import csv
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal

import pytest

from app.config import PROJECT
from app.rehearsal.browser import Browser
from tests.house.guests import Guest
from tests.house.house import House
from tests.house.server import Server
from tests.house.shell import Shell

TUTORIAL = PROJECT / "docs" / "tutorial.md"
BLOCK = re.compile(r"(?:`([\w./-]+)` is[^\n]*:\n\n)?```(\w+)\n(.*?)```", re.DOTALL)
# What waits for Ctrl-C: the server of the house serves, and tests/preview tells of --dev.
STAYS_OPEN = {"networklab serve", "networklab serve --dev giving"}
GIVEN = [(2, 5, 10), (0, 0, 0), (10, 10, 10), (1, 2, 3), (7, 0, 4)]  # by round


def blocks() -> Iterator[tuple[str, str, str]]:
    """The file that a block is, if it is one, the language and the text."""
    yield from BLOCK.findall(TUTORIAL.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "rehearses",
    [pytest.param(True, marks=pytest.mark.slow, id="with bots"), pytest.param(False, id="without")],
)
def test_the_tutorial_leads_from_an_empty_folder_to_data_by_its_own_words(
    shell: Shell, house: House, rehearses: bool
) -> None:
    shell = Shell(house, shell.folder)
    session, done = "", list[str]()
    for file, language, text in blocks():
        if file:
            path = shell.folder / file
            assert path.parent.parent in (shell.folder, shell.folder / "giving"), "a folder that `new` made"
            path.write_text(text, encoding="utf-8")
            continue
        for line in text.splitlines() if language == "bash" else ():
            done.append(line)
            if line.startswith("rm "):
                (shell.folder / line.removeprefix("rm ")).unlink()
                continue
            if line in STAYS_OPEN:
                if line == "networklab serve":
                    play(house, house.serve(processes=1), session)
                continue
            if "rehearse" in line and not rehearses:
                continue
            program, *words = shlex.split(line.replace("SESSION", session))
            assert program == "networklab"
            typed = shell.type(*words, typed="a long password\n" if "admin" in words else "")
            # How evenly the dashboard ticks is of the machine, too, on which other stories are told meanwhile.
            broken = [*re.findall(r"^NOT +(\d)", typed.stdout, re.MULTILINE)]
            assert typed.returncode == 0 or broken == ["6"], "\n".join([line, typed.stdout, typed.stderr])
            if "open" in words:
                session = re.findall(r"Session (\w+),", typed.stdout)[0]
        if language == "python":
            printed = subprocess.run(
                [sys.executable, "-c", text], cwd=shell.folder, capture_output=True, text=True, check=True
            )
            assert [float(mean) for mean in re.findall(r"^\d +([\d.]+)$", printed.stdout, re.MULTILINE)] == [
                pytest.approx(sum(given) / 3, abs=1e-5) for given in GIVEN
            ]
    assert STAYS_OPEN.issubset(done) and len(done) == 12, "a command that nobody tried"
    if rehearses:
        assert (shell.folder / "rehearsed" / "analysis.py").exists()
    with (shell.folder / "giving-data" / "rounds.csv").open(encoding="utf-8", newline="") as file_:
        rows = list(csv.DictReader(file_))
    assert len(rows) == 15
    for row in rows:
        given = GIVEN[int(row["round"]) - 1]
        each = Decimal("1.8") * sum(given) / 3
        assert Decimal(row["income"]) == 10 - int(row["given"]) + each, row
    with (shell.folder / "giving-data" / "players.csv").open(encoding="utf-8", newline="") as file_:
        assert [row["code"] for row in csv.DictReader(file_)] == 3 * ["GAVE"]


def play(house: House, server: Server, session: str) -> None:
    """Three browsers open the one link, once the session has been started on its page."""
    ada = house.researcher(server, "grace")

    async def story() -> None:
        started = await ada.post(f"/admin/sessions/{session}/start", {"i": "1"})
        assert started.status in (200, 303), started
        guests = [Guest(server.base, "") for _ in range(3)]
        for guest in guests:
            await by_the_link(guest.browser, session)
        for round_, given in enumerate(GIVEN, 1):
            for guest in guests:
                await guest.shows(f"{round_} of 5")
            for guest, amount in zip(guests, given, strict=True):
                assert (await guest.answer({"given": str(amount)})).status in (200, 303)
        for guest in guests:
            await guest.shows("GAVE")
            guest.leave()

    house.tell(story())


async def by_the_link(browser: Browser, session: str) -> None:
    assert (await browser.get(f"/s/{session}")).status == 200
    assert (await browser.post(f"/s/{session}", {"age": "30"})).status in (200, 303)

"""Stories of the last page: the code, and the way back to whoever sent somebody."""

from __future__ import annotations

import asyncio
import csv
import zipfile
from pathlib import Path

from app.export import export
from app.export.verify import verify
from app.players.people import Person
from app.sessions.actions import issue
from app.sessions.erasing import erase
from app.study.reading import parse
from tests.house.desk import desk, numbers
from tests.house.guests import Guest
from tests.house.house import House, Opened
from tests.house.server import Server
from tests.house.studies import PAIR, as_files

BACK = f"""{PAIR}
[finish]
per_person = true
codes = {{complete = "C1", withdrawn = "C4"}}
[finish.redirect]
complete = "https://panel.example.org/done"
withdrawn = "https://panel.example.org/out/{{rid}}?who={{label}}&cc={{code}}"
"""
TURK = {"turkSubmitTo": "https://workersandbox.mturk.com", "assignmentId": "3A&B"}


def people(session: str, **given: dict[str, str]) -> list[Person]:
    return [
        Person(f"{session}-{label}-0123456789", label, "red", brought) for label, brought in given.items()
    ]


async def left(guest: Guest) -> str:
    await guest.sign_in()
    await guest.browser.post("/play/leave", {})
    return await guest.shows("You have left the study.")


def code_on(page: str) -> str:
    return page.partition('id="code">')[2].partition("<")[0]


def test_each_goes_back_with_what_they_came_with_or_is_told_that_they_cannot(
    shared: House, server: Server
) -> None:
    came = people("back", A={"rid": "7/..?x#", "also": "1"}, B={"also": "2"}, T=TURK)
    session = shared.open_study(parse(as_files(BACK)), came)
    ada = desk(shared, server, session)

    async def story() -> None:
        a, b, t = (shared.guest(server, session, label) for label in "ABT")
        page = await left(a)
        code = code_on(page)
        assert f'href="https://panel.example.org/out/7%2F..%3Fx%23?who=A&cc={code}"' in page
        assert "sends you back to the people who invited you, with your code" in page
        page = await left(b)
        assert code_on(page)[:3] == code[:3] == "C4-" and code_on(page) != code, "each has their own"
        assert "No button can send you back" in page and "panel.example.org" not in page
        ids = numbers(shared, session)
        told = await ada.shows("needs rid", f"/players/{ids['B']}")
        assert f"Code {code_on(page)}" in told
        assert "Way back" not in await ada.page(f"/players/{ids['A']}")
        assert code in await ada.page("/players") and code in await ada.page(f"/players/{ids['A']}")
        page = await left(t)
        assert 'action="https://workersandbox.mturk.com/mturk/externalSubmit"' in page
        assert f'name="code" value="{code_on(page)}"' in page and 'value="3A&B"' in page
        policies = {label: await policy_of(guest) for label, guest in (("A", a), ("T", t))}
        assert "mturk" not in policies["A"]
        first, second = policies["T"].split(", ")
        assert "form-action https://workersandbox.mturk.com 'self'; base-uri" in first
        assert second == policies["A"].replace("form-action", "form-action https://workersandbox.mturk.com")
        assert (await t.browser.get("/play/privacy")).headers["content-security-policy"] != policies["T"]

    shared.tell(story())


async def policy_of(guest: Guest) -> str:
    """Of two headers the second."""
    answer = await guest.browser.get("/play")
    return answer.headers["content-security-policy"]


def test_codes_of_ones_own_are_the_same_on_the_page_in_the_files_and_for_verify(
    shared: House, server: Server, other_server: Server, tmp_path: Path
) -> None:
    study = parse(as_files(BACK))
    session = shared.open_study(study, people("own", A={"rid": "1"}, B={}, C={}))
    pages: dict[str, str] = {}

    async def story() -> None:
        for label in "ABC":
            guest = shared.guest(server, session, label)
            pages[label] = code_on(await left(guest))
            guest.goes_to(other_server)
            assert code_on(await guest.page()) == pages[label], "whichever process makes it"

    shared.tell(story())
    assert len({*pages.values()}) == 3
    first = files_of(shared, session, tmp_path / "first.zip")
    assert first == {"players.csv": pages, "payments.csv": pages}
    ids = numbers(shared, session)
    said = shared.do(lambda conn: issue(conn, session.id, study, ids["B"], "complete", "ada"))
    given = said.removeprefix("B has the code ").removesuffix(" now.")
    assert given[:3] == "C1-" and given[3:] != pages["B"][3:], "no letters that were seen fit another outcome"
    shared.act("close", session)
    shared.do(lambda conn: erase(conn, session.id, "ada", "asked", label="C"))
    after = files_of(shared, session, tmp_path / "after.zip")
    assert after["players.csv"] == {"A": pages["A"], "B": given, f"erased {ids['C']}": "C4"}
    assert verdict(shared, session, tmp_path / "first.zip") == [], "it was right when it was written"
    forged = tmp_path / "forged.zip"
    with zipfile.ZipFile(tmp_path / "after.zip") as old, zipfile.ZipFile(forged, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(pages["A"].encode(), given.encode()))
    broken = verdict(shared, session, forged)
    assert f"player {ids['A']} has the code {given} in payments.csv, which is not theirs" in broken


def files_of(house: House, session: Opened, to: Path) -> dict[str, dict[str, str]]:
    """Label → code, in both files that have codes."""
    study = parse(as_files(BACK))
    asyncio.run(export.write_zip(house.database, session.id, study, to))
    with zipfile.ZipFile(to) as packed:
        return {
            name: {
                line["label"]: line["code"]
                for line in csv.DictReader(packed.read(name).decode().splitlines())
                if line["code"]
            }
            for name in ("players.csv", "payments.csv")
        }


def verdict(house: House, session: Opened, exported: Path) -> list[str]:
    found = asyncio.run(verify(house.database, session.id, parse(as_files(BACK)), exported=exported))
    return [row for check in found.checks if not check.ok for row in check.rows]

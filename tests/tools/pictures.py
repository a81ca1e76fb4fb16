"""Takes the pictures in docs/pictures/ of a session that really runs: `python -m tests.tools.pictures`.

With `--compare` those in docs/ stay, and it says which of them differ from what pages look like today, the most
different first, and names a page on which to look at them. `--only studies` takes some of them.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from playwright.sync_api import Page, sync_playwright
from psycopg.conninfo import make_conninfo

from app.config import PROJECT
from app.database.embedded import Postgres
from app.database.running import migrate_at
from app.rehearsal.bots import Bot
from app.rehearsal.habits import Habits
from app.study.reading import parse, read_folder
from app.web.access.accounts import put_account
from app.web.access.logins import log_in
from app.web.processes import free_port
from tests.house.browser import chromium, launch_arguments
from tests.house.house import House, Opened
from tests.house.server import Server
from tests.house.studies import RUMOUR, changed
from tests.tools.apart import compare, page_of, told, unshown
from tests.tools.camera import DESKTOP, PHONE, Camera

PICTURES = PROJECT / "docs" / "pictures"
PARTS = "player", "researcher", "studies", "rehearsal", "ways_out", "preview"  # in this order
PEOPLE = {"red": 50, "blue": 47, "green": 5}
YOU, LEAVER = "R1", "G3"
SMALL = {  # what of rumour.toml is other in a session that shows the ways out
    "seats = {red = 2, blue = 2}": "seats = {red = 1, blue = 1}\ncount = 1",
    "seats = {any = 4}\n": "seats = {green = 4}\ncount = 1\n",
    'silent = "45s"': 'silent = "8s"',
    "base = 4.00": "base = 4.00\noutcomes = {full = 0.50, dropped = 1.00}",
    'grace  = "20s"': 'grace  = "7s"',
    'chat   = "neighbours"': 'chat   = "neighbours"\non_end = "settle"\n'
    'results = [{name = "mood", ask = "The mood", kind = "number"}]',
    "[lobby]": '[[quota]]\nfield = "age"\nmin = 60\nmost = 1\n\n[standby]\nplaces = 5\n\n[lobby]',
}
FAILS = """def settle(room):
    believed = room.said("belief")
    gone = [seat for seat in room.seats if not seat.plays]
    return {"mood": {slot: sum(believed.values()) // (len(believed) - len(gone)) for slot in room.slots}}
"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.tools.pictures", description=__doc__)
    parser.add_argument(
        "--compare", action="store_true", help="leave docs/ as it is, and say what differs; 1: something"
    )
    parser.add_argument("--only", choices=PARTS, action="append", help="these pictures (default: all)")
    options = parser.parse_args()
    parts = options.only or [*PARTS]
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="networklab-pictures-") as home:
        Path(home).chmod(0o755)
        to = Path(tempfile.mkdtemp(prefix="pictures-today-")) if options.compare else PICTURES
        with Postgres(Path(home)) as postgres:
            asyncio.run(migrate_at(postgres.dsn))
            house = House(make_conninfo(postgres.dsn), Path(home))
            try:
                _take(house, to, parts)
            finally:
                house.leave()
    if options.compare:
        sys.exit(_compare(to, len(parts) == len(PARTS)))


def _compare(taken: Path, all_of_them: bool) -> int:
    with sync_playwright() as playwright:
        chrome = playwright.chromium.launch(executable_path=chromium(), args=launch_arguments())
        found = compare(chrome, PICTURES, taken, all_of_them)
        chrome.close()
    print("\n".join([*told(found), *(f"{name}: no chapter has it" for name in unshown(PICTURES))]))
    if not any(one.stale for one in found):
        return 0
    (taken / "apart.html").write_text(page_of(found, PICTURES, taken), encoding="utf-8")
    print(f"Look at {taken / 'apart.html'}; without --compare they are taken anew.")
    return 1


def _take(house: House, to: Path, parts: Sequence[str]) -> None:
    session = house.open_folder(RUMOUR, PEOPLE)
    server = house.serve(2)
    named = house.serve(1, NETWORKLAB_URL="https://lab.example.edu")  # as people reach it
    house.do(lambda conn: put_account(conn, "ada", "correct horse battery"))
    small = _open_small(house)
    link, key, other = (house.do(lambda conn: log_in(conn, "ada", once=True)) for _ in range(3))
    if {"player", "researcher"} & {*parts}:
        crowd = threading.Thread(target=lambda: asyncio.run(_crowd(server, session)), daemon=True)
        crowd.start()
    with sync_playwright() as playwright:
        chrome = playwright.chromium.launch(executable_path=chromium(), args=launch_arguments())
        camera = Camera(chrome, to)
        takes: Mapping[str, Callable[[], None]] = dict(
            player=lambda: _player(camera, server, session),
            researcher=lambda: _researcher(camera, server, session, link),
            studies=lambda: _studies(camera, named, (session.id, small.id), other),
            rehearsal=lambda: _rehearsal(camera, house, server),
            ways_out=lambda: _ways_out(camera, server, small, key),
            preview=lambda: _preview(camera, house.folder),
        )
        for part in PARTS:
            if part in parts:
                takes[part]()
        chrome.close()


async def _crowd(server: Server, session: Opened) -> None:
    study = parse(read_folder(RUMOUR))
    chance = random.Random(7)

    async def come(label: str, token: str) -> None:
        await asyncio.sleep(chance.uniform(0, 8) if label != "B47" else 30)  # they come as people do
        await Bot(server.base, token, study, Habits(think=(1, 6), talk=0.5), label).play()

    await asyncio.gather(
        *(come(label, token) for label, token in session.tokens.items() if label not in (YOU, LEAVER))
    )


def _player(camera: Camera, server: Server, session: Opened) -> None:
    page = camera.page(PHONE)
    page.goto(f"{server.base}/join/{session.tokens[YOU]}")
    camera.take_both(page, "join")
    page.get_by_label("Your age in years").fill("33")
    page.get_by_label("Every week").check()
    page.get_by_role("button", name="Come in").click()
    page.wait_for_url("**/play")
    page.get_by_text("Live", exact=True).wait_for()
    camera.take_both(page, "lobby")
    page.locator("#talk li").first.wait_for(timeout=150_000)
    page.locator("#body").fill("I heard the same at the bakery.")
    page.get_by_role("button", name="Send").click()
    page.locator("#talk li.own").wait_for()
    page.evaluate("scrollTo(0, 0)")
    camera.take_both(page, "room")
    page.get_by_text("I need help").click()
    page.locator("#help-body").fill("My neighbours say nothing. Is that right?")
    page.get_by_role("button", name="Ask for help").click()
    page.locator("#help .saved").get_by_text("They have your question").wait_for()
    page.locator("#help").scroll_into_view_if_needed()
    camera.take_both(page, "help")
    page.context.close()
    leaver = camera.page(PHONE)
    leaver.goto(f"{server.base}/join/{session.tokens[LEAVER]}")
    leaver.get_by_label("Your age in years").fill("33")
    leaver.get_by_label("Every week").check()
    leaver.get_by_role("button", name="Come in").click()
    leaver.get_by_text("Leave the study").click()
    leaver.get_by_role("button", name="Leave for good").click()
    leaver.locator("#code").wait_for()
    camera.take_both(leaver, "done")
    leaver.goto(f"{server.base}/join/no-such-link")
    camera.take_both(leaver, "problem")
    leaver.context.close()


def _researcher(camera: Camera, server: Server, session: Opened, key: str) -> None:
    page = camera.page(DESKTOP)
    place = f"{server.base}/admin/sessions/{session.id}"
    page.goto(f"{server.base}/admin/login")
    camera.take_both(page, "login")
    page.goto(f"{server.base}/admin/login?key={key}&to=/admin/sessions/{session.id}")
    page.locator(".room.playing").nth(20).wait_for()
    page.wait_for_timeout(3000)  # the rates need two ticks
    page.get_by_text("Everything works").wait_for(timeout=120_000)  # not of a machine that does much else
    camera.take_both(page, "monitor")
    page.set_viewport_size({"width": DESKTOP[0], "height": DESKTOP[1]})
    page.emulate_media(color_scheme="dark")
    camera.take(page, "monitor-dark")
    page.emulate_media(color_scheme="light")
    page.get_by_text("More…").click()
    camera.take_both(page, "more")
    page.get_by_text("More…").click()
    page.locator(".asks a").first.click()
    page.locator("#note").fill("Yes, they may also stay silent.")
    page.wait_for_timeout(1500)  # until the page has its figures and its line says Live
    page.evaluate("scrollTo(0, 0)")
    camera.take_both(page, "player")
    page.locator("#story a[href*='/rooms/']").first.click()
    page.get_by_text("Who sees whom").wait_for()
    page.wait_for_timeout(1500)  # until the page has its figures and its line says Live
    camera.take_both(page, "one-room")
    for address, name in (
        (f"{place}?wall=true", "wall"),
        (f"{place}/players?status=playing", "people"),
        (f"{place}/rooms", "rooms"),
        (f"{place}/data", "data"),
        (f"{server.base}/admin", "sessions"),
    ):
        page.goto(address)
        page.wait_for_timeout(1200)  # until the page has its figures and its line says Live
        camera.take_both(page, name)
    page.goto(f"{place}/answers")
    page.get_by_label("Held against each other").select_option("by type")
    page.locator(".legend").first.wait_for()
    camera.take_both(page, "answers")
    page.goto(f"{place}/replay")
    page.locator(".rooms a").first.click()
    page.locator("#story table a").first.click()
    page.locator(".shown").wait_for()
    camera.take_both(page, "replay")


def _studies(camera: Camera, server: Server, compared: tuple[str, str], key: str) -> None:
    """From the shelf to a session with the link for everybody, with texts to paste."""
    page = camera.page(DESKTOP)
    page.goto(f"{server.base}/admin/login?key={key}&to=/admin/studies")
    shelf = page.locator(".shelf li")
    for title in ("Wisdom of crowds", "A common project"):
        shelf.filter(has=page.get_by_role("heading", name=title)).get_by_role("button").click()
        page.get_by_text("It can run.").wait_for(timeout=60_000)
        page.goto(f"{server.base}/admin/studies")
    camera.take_both(page, "studies")
    page.get_by_role("link", name="A common project").click()
    camera.take_both(page, "study")
    page.get_by_role("link", name="Open a session").click()
    page.get_by_label("One link for everybody").check()
    page.get_by_label("Places").fill("120")
    page.get_by_label("more, as some will not finish").fill("20")
    camera.take_both(page, "new-session")
    page.get_by_role("button", name="Open the session").click()
    page.locator("#door-link").wait_for()
    camera.take_both(page, "opened")
    page.get_by_role("link", name="Go to the session").click()
    page.get_by_role("link", name="step by step").first.click()
    page.get_by_role("heading", name="Prolific").wait_for()
    camera.take_both(page, "set-up")
    page.goto(f"{server.base}/admin/compare?a={compared[0]}&b={compared[1]}")
    page.locator(".sides").first.wait_for()
    camera.take_both(page, "compare")
    page.context.close()


def _open_small(house: House) -> Opened:
    """A small session in which somebody falls silent, somebody stands by, somebody comes too late and a hook fails."""
    toml = (RUMOUR / "study.toml").read_text()
    for old, new in SMALL.items():
        toml = changed(toml, old, new)
    files = read_folder(RUMOUR) | {"study.toml": toml.encode(), "hooks.py": FAILS.encode()}
    return house.open_files(files, {"red": 2, "blue": 3})


def _ways_out(camera: Camera, server: Server, session: Opened, key: str) -> None:
    pages = {label: camera.page(PHONE) for label in session.tokens}

    def come_in(label: str, age: int = 33) -> Page:
        page = pages[label]
        page.goto(f"{server.base}/join/{session.tokens[label]}")
        page.get_by_label("Your age in years").fill(str(age))
        page.get_by_label("Every week").check()
        page.get_by_role("button", name="Come in").click()
        return page

    stays, silent = come_in("R1", 61), come_in("B1")
    silent.locator("#nudge").wait_for(timeout=60_000)
    camera.take_both(silent, "nudged")
    stays.get_by_role("button", name="I’m here").click()
    late = come_in("B2", 70)
    late.locator("#code").wait_for()
    camera.take_both(late, "full")
    standby = come_in("R2")
    standby.get_by_text("You are on standby").wait_for()
    camera.take_both(standby, "standby")
    silent.locator("#code").wait_for(timeout=60_000)
    camera.take_both(silent, "dropped")
    stays.get_by_text("has left; you go on alone").wait_for()
    stays.evaluate("scrollTo(0, 0)")
    camera.take_both(stays, "left-behind")
    stays.locator("#step input[type=range]").fill("60")
    for box in stays.locator("#step fieldset").all():
        box.locator("input").first.check()
    stays.get_by_label("Of 10 people").fill("4")
    stays.get_by_role("button", name="Save my answers").click()
    stays.get_by_role("main").get_by_text("go on just yet").wait_for()
    camera.take_both(stays, "stopped")
    desk = camera.page(DESKTOP)
    desk.goto(f"{server.base}/admin/login?key={key}&to=/admin/sessions/{session.id}")
    desk.locator(".rooms a").first.click()
    desk.get_by_text("Who sees whom").wait_for()
    desk.wait_for_timeout(1500)  # until the page has its figures and its line says Live
    camera.take_both(desk, "stopped-room")


def _rehearsal(camera: Camera, house: House, server: Server) -> None:
    """A report, of people who are ten times as fast."""
    report = house.folder / "rehearsal.html"
    subprocess.run(
        [
            *(sys.executable, "-m", "app", "rehearse", "--session", str(RUMOUR), "--url", server.base),
            *("--players", "100", "--over", "2m", "--speed", "10", "--report", str(report)),
        ],
        env=os.environ | {"DATABASE_URL": house.database, "PYTHONPATH": str(PROJECT)},
        check=True,
    )
    page = camera.page((1280, 1000))
    page.goto(report.as_uri())
    camera.take(page, "rehearsal")


def _preview(camera: Camera, home: Path) -> None:
    command = [sys.executable, "-m", "app", "serve", "--dev", str(RUMOUR), "--port", str(free_port())]
    process = subprocess.Popen(
        command, env=os.environ | {"NETWORKLAB_HOME": str(home)}, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    page = camera.page(DESKTOP)
    page.goto(next(line.strip() for line in process.stdout if "http" in line))
    for number in "234":
        page.locator(f"#frame-{number} iframe").wait_for()
        page.keyboard.press(number)
    page.frame_locator("#frame-1 iframe").locator("#newest").wait_for(timeout=90_000)
    camera.take(page, "preview-desktop")
    page.context.close()
    process.terminate()
    process.communicate()


if __name__ == "__main__":
    main()

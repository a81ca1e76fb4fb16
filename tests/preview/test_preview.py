"""Stories of somebody who writes a study and sees it at each save: `serve --dev`."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import FrameLocator, Locator, Page, expect
from pytest_playwright.pytest_playwright import CreateContextCallback

from app.config import PROJECT
from app.preview.changes import changed_parts
from app.preview.slips import Slip, of_page, slip
from app.preview.strangers import cast
from app.preview.watched_files import Saves
from app.rehearsal.browser import Browser
from app.rehearsal.page import HIDDEN
from app.rehearsal.sending import FROM_PAGE
from app.study.model.study import Study
from app.study.reading import parse, read_folder
from app.study.syntax.lines import Spot
from app.study.syntax.mistakes import Mistake
from app.web import templates
from app.web.processes import free_port
from tests.house.classics import files_of
from tests.house.house import House
from tests.house.market import market
from tests.house.stage import DESK, Stage
from tests.house.studies import RUMOUR, as_files, changed
from tests.house.waits import until


def rumour(old: str = "", new: str = "") -> Study:
    files = read_folder(RUMOUR)
    toml = files["study.toml"].decode()
    return parse(files | {"study.toml": changed(toml, old, new).encode()})


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('title = "Rumour"', 'title = "Gossip"'),
        ("How sure are you", "How certain are you"),
        ('low = "not at all"', 'low = "no"'),
        ("base = 4.00", "base = 5.00"),
        ("RUMOUR-DONE", "GOSSIP-DONE"),
        ('title = "Rumour"', 'title = "Rumour"\nlanguage = "de"'),
        ("[entry]", '[texts]\n"Come in" = "Start"\n[entry]'),
    ],
)
def test_words_pay_and_codes_reach_the_session_that_runs(old: str, new: str) -> None:
    assert rumour(old, new) != rumour() and changed_parts(rumour(), rumour(old, new)) == ()


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        ("red = 2, blue = 2", "red = 1, blue = 1", "rooms"),
        ('max_wait = "6m"', 'max_wait = "7m"', "lobby"),
        ('kind = "ring"', 'kind = "complete"', "networks"),
        ("repeat = 30", "repeat = 3", "steps"),
        ("max = 100", "max = 10", "steps"),
        ("A guess", "A hunch", "steps"),
        ("min = 18", "min = 16", "entry"),
    ],
)
def test_what_rooms_and_steps_are_made_of_needs_a_fresh_session(old: str, new: str, part: str) -> None:
    assert changed_parts(rumour(), rumour(old, new)) == (part,)


def test_words_of_moves_reach_the_session_that_runs_and_what_they_take_needs_a_fresh_one() -> None:
    before, words = market(), market(3, **{'"Give it"': '"Hand it over"', '"How much?"': '"How many?"'})
    assert words != before and changed_parts(before, words) == ()
    assert changed_parts(before, market(3, **{"max = 100": "max = 50"})) == ("steps",)


def test_words_of_pages_that_people_see_alone_reach_the_session_that_runs() -> None:
    alone = '[[before]]\npage = "talk"\nname = "read"\nbutton = "Go on"\n'
    asks = 'fields = [{name = "size", ask = "How many?", kind = "integer", min = 1}]\n'
    before = rumour("[[room]]", f"{alone}[[room]]")
    assert (
        changed_parts(before, rumour("[[room]]", f"{alone.replace('Go on', 'I have read it')}[[room]]")) == ()
    )
    assert changed_parts(before, rumour("[[room]]", f"{alone}{asks}[[room]]")) == ("before",)
    assert changed_parts(before, rumour()) == ("before",)
    assert len(cast(parse(as_files(f'title = "Alone"\n{alone}')), 4)) == 4


def test_an_author_goes_through_solo_steps_and_jumps_to_any_part() -> None:
    alone = '[[before]]\npage = "talk"\nname = "consent"\nfields = [{name = "yes", ask = "I agree.", kind = "tick"}]\n'
    after = '[[after]]\npage = "talk"\nname = "about"\nfields = [{name = "mood", ask = "?", kind = "text"}]\n'

    async def story(study: Path, address: str) -> None:
        window = Browser(address.removesuffix("/dev"))

        async def press(what: str) -> None:
            assert (await window.post(f"/dev/{what}", {}, FROM_PAGE)).status == 204

        await window_shows(window, "consent 1", "alone", "act-before", "act-after")
        await press("answer")
        await window_shows(window, "talk 1 · mixed-1")
        await press("part/after")
        shown = await window_shows(window, "about 1")
        assert shown.count("about 1") == 4
        await press("answer")
        await window_shows(window, "finished")
        await press("part/playing")
        await window_shows(window, "talk 1 · mixed-1")
        await press("part/before")
        shown = await window_shows(window, "consent 1", "alone")

        # What somebody said in a part before, made up: what a page asks for next, too.
        player = Browser(re.findall(r'src="(http://127[^/"]+)/', shown)[0])

        async def reads(words: str) -> None:
            async def there() -> bool:
                return words in (await player.get("/play")).text

            await until(there, f"{words} on a player's page")

        told = "{% if earlier %}Offered {{ earlier.offer }}.{% endif %}"
        await reads("A rumour goes around")
        write(study / "pages" / "talk.html", ("A rumour goes around", told))
        await reads("Offered 1.")
        write(study / "pages" / "talk.html", ("earlier.offer", "earlier.hope + 3"))
        await reads("Offered 4.")
        player.close()
        window.close()

    with preview(("[[room]]", f"{alone}[[room]]"), ("[dropout]", f"{after}[dropout]")) as (study, address):
        asyncio.run(story(study, address))


def test_so_many_come_that_everybody_in_the_window_is_seated() -> None:
    types = Counter(person.type for person in cast(rumour(), 4))
    assert types == {"red": 2, "blue": 2}
    pairs = cast(rumour("red = 2, blue = 2", "red = 1, blue = 1"), 4)
    assert [person.type for person in pairs] == ["red", "blue", "red", "blue"]
    three = cast(
        rumour('name  = "mixed"\nseats = {red = 2, blue = 2}', 'name = "x"\ncount = 9\nseats = {any = 3}'), 4
    )
    assert [person.label for person in three][3:] == ["Player 4", "Bot 5", "Bot 6"]
    assert {person.type for person in three} == {"red", "blue", "green"}
    untyped = parse(files_of("prisoner"))
    assert {person.type for person in cast(untyped, 4)} == {""}, "or “2 player were waiting” is told"


def test_the_mark_below_a_mistake_is_where_the_window_shows_it() -> None:
    toml = files_of("two_games")["study.toml"].replace(b"max = 100}", b"max = 1000000000000}")
    sides = next(nth for nth, line in enumerate(toml.decode().split("\n"), 1) if '"price", ask' in line)
    lines = slip(Mistake("study.toml", Spot(sides, 82, 3), "x", "y"), {"study.toml": toml}).excerpt.split(
        "\n"
    )
    assert len(lines) == 2 and max(map(len, lines)) <= 72 and lines[1].endswith("^~~")


def test_a_save_is_told_once_it_has_stood_still(tmp_path: Path) -> None:
    (tmp_path / "pages").mkdir()
    (tmp_path / "study.toml").write_text("a")
    saves, page = Saves(tmp_path), tmp_path / "pages" / "talk.html"
    assert saves.new() == []
    page.write_text("half")
    assert saves.new() == []
    page.write_text("half, and the rest")
    assert saves.new() == []  # it has grown since the last look
    assert saves.new() == [page] and saves.new() == []
    page.unlink()
    assert saves.new() == [] and saves.new() == [page]


def test_a_page_that_breaks_while_people_play_is_told_with_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    page, slips = "pages/talk.html", list[Slip]()
    study = parse(read_folder(RUMOUR) | {page: b"<p>\n{{ 100 // 0 }}\n</p>"}, opened=True)
    monkeypatch.setattr(templates, "told_of_broken", [lambda *broken: slips.append(of_page(*broken))])
    for _ in range(2):  # once, however many pages there are
        templates.render_own(study, "talk", "front.html")
    [slip] = slips
    assert slip.mistake.file == page and "It breaks while people play" in slip.mistake.sentence
    assert slip.mistake.spot is not None and slip.mistake.spot.line == 2, slip
    assert "{{ 100 // 0 }}" in slip.excerpt and "^" in slip.excerpt


@dataclass(frozen=True, slots=True)
class Desk:
    """Where somebody writes a study, with the window of its preview open."""

    folder: Path
    window: Page

    def write(self, name: str, *changes: tuple[str, str]) -> None:
        write(self.folder / name, *changes)

    def player(self, number: int) -> FrameLocator:
        return self.window.frame_locator(f"#frame-{number} iframe")

    @property
    def names(self) -> list[str]:
        return self.window.locator(".frame .name b").all_inner_texts()


def sees(what: Locator) -> None:
    expect(what).to_be_visible()


def says(what: Locator, words: str) -> None:
    expect(what).to_contain_text(words)


@contextmanager
def preview(
    *changes: tuple[str, str], hooks: str = "", project: Path = PROJECT
) -> Iterator[tuple[Path, str]]:
    """`serve --dev` with rumour, changed; where it is, and the address of its window."""
    with tempfile.TemporaryDirectory(prefix="networklab-preview-") as place:
        root = Path(place)
        root.chmod(0o755)  # Postgres may run as somebody else
        shutil.copytree(RUMOUR, root / "study")
        write(root / "study" / "study.toml", *changes)
        if hooks:
            (root / "study" / "hooks.py").write_text(hooks)
        port = free_port()
        with (root / "log").open("wb") as log:
            popen = subprocess.Popen(
                [sys.executable, "-m", "app", "serve", "--dev", str(root / "study"), "--port", str(port)],
                env=os.environ
                | {
                    "NETWORKLAB_HOME": str(root),
                    "DATABASE_URL": "postgresql://nowhere/x",
                    "PYTHONPATH": str(project),
                },
                cwd=project,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        try:
            assert popen.stdout is not None
            address = next((line.strip() for line in popen.stdout if "/dev" in line and "http" in line), "")
            assert address == f"http://127.0.0.1:{port}/dev", (root / "log").read_text()
            yield root / "study", address
            popen.send_signal(signal.SIGTERM)
            assert popen.wait(15) == 0
        finally:
            popen.kill()
            popen.communicate()


def write(file: Path, *changes: tuple[str, str]) -> None:
    """All of them in one save."""
    text = file.read_text()
    for old, new in changes:
        text = changed(text, old, new)
    file.write_text(text)


@pytest.fixture
def desk(tmp_path: Path, new_context: CreateContextCallback) -> Iterator[Desk]:
    stage = Stage(House("", tmp_path), new_context)
    with preview(('"40s"', '"30m"')) as (study, address):  # it is the story that moves on
        window = stage.page(DESK)
        window.goto(address)
        stage.bear(
            "network error|Failed to load resource|Failed to fetch"
        )  # a frame that goes on lets go of its live page
        yield Desk(study, window)
    assert stage.complaints() == []


async def window_shows(browser: Browser, *words: str) -> str:
    """What of the window's stream has all of them."""
    async with asyncio.timeout(30):
        async for message in browser.stream("/dev/live"):
            if all(word in message for word in words):
                return message
    raise AssertionError(f"the window never had {words}")


def test_a_seating_that_a_hook_has_stopped_is_told_and_goes_on_with_the_next_save() -> None:
    fails = "def together(lobby):\n    raise ValueError('no idea')\n"
    seats = "def together(lobby):\n    four = [one.player for one in lobby.waiting[:4]]\n    return [('mixed', four)]\n"

    async def story(study: Path, address: str) -> None:
        browser = Browser(address.removesuffix("/dev"))

        await window_shows(browser, "hooks.py:2", "no idea", "The seating waits until it is mended.")
        (study / "hooks.py").write_text(seats)
        shown = await window_shows(browser, "talk 1 · mixed-1")
        browser.close()
        [player, *_] = re.findall(r'src="(http://127.0.0.1:\d+)/', shown)
        for there, at, frames in ((address.removesuffix("/dev"), "/dev", True), (player, "/play", False)):
            answer = await asyncio.to_thread(httpx.get, f"{there}{at}")
            policies = answer.headers["content-security-policy"]  # both, as one text
            assert ("frame-src" in policies) == frames, (
                "only the window has frames, and nothing of a study is in it"
            )
            assert "frame-ancestors http://localhost" in policies

    with preview(('"6m"', '"6m"\nseat = "together"'), hooks=fails) as (study, address):
        asyncio.run(story(study, address))


def test_who_writes_on_our_templates_sees_it_in_what_is_made_of_them_once(tmp_path: Path) -> None:
    """Around the key of the next form, a template is kept as bytes: an answer comes 150 times from each player."""
    for folder in ("app", "sql", "static", "studies", "templates"):
        shutil.copytree(PROJECT / folder, tmp_path / folder)

    async def story(address: str) -> None:
        window = Browser(address.removesuffix("/dev"))

        seated = await window_shows(window, "talk 1 · mixed-1", "127.0.0.1")
        player = Browser(re.findall(r'src="(http://[^/"]+)/', seated)[0])

        async def answer() -> str:
            page = (await player.get("/play")).text
            keys = dict(HIDDEN.findall(page))
            said = {"belief": "1", "trust": "1", "passed_on": "yes", "source": "A guess", "agree": "1"}
            answered = await player.post("/play/records", {"form_key": keys["form-key"], **said}, FROM_PAGE)
            return answered.text

        assert (await answer()).startswith("Saved. ")
        write(tmp_path / "templates" / "player" / "_saved.html", ("{{ ngettext", "Kept. {{ ngettext"))
        await window_shows(window, "_saved.html: loaded again.")
        assert (await answer()).startswith("Kept. Saved. ")
        player.close()
        window.close()

    with preview(project=tmp_path) as (_, address):
        asyncio.run(story(address))


@pytest.mark.browser
def test_who_writes_a_study_sees_each_save_in_four_players_pages(desk: Desk) -> None:
    window, one = desk.window, desk.player(1)
    for number in range(1, 5):
        sees(desk.player(number).get_by_text("A rumour goes around"))
    expect(window.locator(".frame .name b")).to_have_count(4)
    assert len(set(desk.names)) == 4, "each frame is another player in the same room"
    monitor = window.frame_locator("#desk iframe")
    says(monitor.locator("#count-playing"), "4")

    desk.write("pages/talk.html", ("A rumour goes around", "They say in town"))
    sees(one.get_by_text("They say in town"))
    desk.write("study.toml", ("How sure are you", "How certain are you"))
    sees(one.get_by_text("How certain are you"))
    says(one.locator("#where"), "round 1 of 30")

    desk.write("study.toml", ('limit  = "30m"', 'limit  = "soon"'))
    slip = window.locator("#slips li")
    line = 1 + (desk.folder / "study.toml").read_text().splitlines().index('limit  = "soon"')
    says(slip, f"study.toml:{line}:10")
    says(slip, '`limit` is "soon", which is not a duration.')
    expect(window.locator("#players")).to_be_hidden()
    sees(window.locator("#desk"))
    desk.write("study.toml", ('"soon"', '"30m"'))
    expect(window.locator("#slips")).to_have_count(0)
    sees(one.get_by_text("How certain are you"))

    desk.write("pages/talk.html", ("They say in town", "{{ place.nobody.name }}"))
    says(slip, "pages/talk.html:3")
    says(slip, "there is no `nobody` here")
    expect(window.locator("#players")).to_be_hidden()
    desk.write("pages/talk.html", ("{{ place.nobody.name }}", "They say in town"))
    expect(window.locator("#slips")).to_have_count(0)
    sees(one.get_by_text("How certain are you"))

    window.keyboard.press("n")
    says(one.locator("#where"), "round 2 of 30")
    window.keyboard.press("a")
    says(one.locator("#where"), "round 3 of 30")
    for number in (2, 3, 4):
        window.keyboard.press(str(number))
    says(one.locator("#answered"), "2 of 2 neighbours have answered")

    window.keyboard.press("e")
    sees(one.get_by_label("Your age in years"))
    # The form says something else, too, so that nothing is typed into the page that is about to go.
    desk.write(
        "study.toml", ("red = 2, blue = 2", "red = 1, blue = 1"), ("Your age in years", "Your age today")
    )
    says(window.locator(".strip"), "A fresh session: rooms changed.")
    one.get_by_label("Your age today").fill("40")
    one.get_by_label("Never").check()
    one.get_by_role("button", name="Come in").click()
    sees(one.get_by_text(re.compile("You talk with (Ash|Birch)")))
    window.locator(".strip b").first.click()  # keys typed into a frame are the frame's
    window.keyboard.press("d")
    window.keyboard.press("d")
    expect(one.locator("body")).to_have_css("background-color", "rgb(20, 22, 26)")
